"""What the commands that read captures have in common: options, and what commands take in their place."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from dicomsniff.commands.command_line import understood
from dicomsniff.commands.key_options import key_options
from dicomsniff.export.formats import DataSets, format_names

LEAST_KEY, MAX_KEY = 8, 4096
"""Bytes that the secret of pseudonyms has."""


def privacy_options(command: Callable[..., Any], *, shows_phi: bool = True) -> Callable[..., Any]:
    """Add what is to be withheld, which the command takes as `privacy`.

    Without `shows_phi`, the help does not offer `--keep-phi`: the command has no use for it, or refuses it.
    """
    command = _with_privacy(command)
    for option in (
        click.option("--keep-phi", is_flag=True, hidden=not shows_phi,
                     help="Show protected health information; it is withheld otherwise."),
        click.option("--redact-uids", is_flag=True, help="Withhold UIDs too, except those registered in the standard."),
        click.option("--redact-network", is_flag=True, help="Withhold addresses and AE titles too."),
        click.option("--pseudonym-key", metavar="FILE", type=click.Path(),
                     help="Derive placeholders of withheld values from the secret in FILE: the same in every run."),
    ):  # fmt: skip
        command = option(command)
    return command


def _fields(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the fields that a filter may begin with."""
    from dicomsniff.filter.fields import FIELDS

    return [CompletionItem(name, help=field.says) for name, field in FIELDS.items() if name.startswith(incomplete)]


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is to be taken of a capture, which the command takes as `selection`."""
    command = _with_selection(command)
    for option in (
        click.option("--to", "until", metavar="TIME", help="Take nothing later; TIME as for --from."),
        click.option("--from", "since", metavar="TIME",
                     help="Take nothing earlier than TIME, in UTC: 14:30 of any day, or 2026-01-31T14:30:05."),
        click.option("--association", "associations", metavar="N[,M...]", help="Take only these associations."),
        click.option("--filter", "expression", metavar="EXPRESSION", shell_complete=_fields,
                     help="Take only what EXPRESSION chooses; `dicomsniff filter` explains it."),
    ):  # fmt: skip
        command = option(command)
    return command


def _with_selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the options about what is shown on as one, `selection`."""

    @wraps(command)
    def call(
        *args: Any,
        expression: str | None,
        associations: str | None,
        since: str | None,
        until: str | None,
        only_problems: bool = False,
        **options: Any,
    ) -> Any:
        from dicomsniff.filter.selection import Period, Selection

        asked = None
        if expression is not None:
            from dicomsniff.filter.filter import Filter

            asked = understood("--filter", Filter, expression)
        since_then = understood("--from", Period, since) if since is not None else Period()
        until_then = understood("--to", lambda text: Period(None, text), until) if until is not None else Period()
        selection = Selection(
            asked,
            associations=understood("--association", _numbers, associations) if associations is not None else (),
            period=since_then & until_then,
            only_problems=only_problems,
        )
        return command(*args, selection=selection, **options)

    return call


def _numbers(text: str) -> frozenset[int]:
    numbers = frozenset(int(each) if each.strip().isdecimal() else 0 for each in text.split(","))
    if 0 in numbers:
        raise ValueError("expected numbers of associations such as 3 or 3,5")
    return numbers


def reading_options(command: Callable[..., Any], *, shows_phi: bool = True) -> Callable[..., Any]:
    """Add what every command takes that reads captures as one; `shows_phi` as for `privacy_options`."""
    captures = click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=click.Path())
    return selection_options(decoding_options(captures(command), shows_phi=shows_phi))


def decoding_options(command: Callable[..., Any], *, shows_phi: bool = True) -> Callable[..., Any]:
    """Add how captures are read, and what of them is shown; `shows_phi` as for `privacy_options`."""
    return key_options(privacy_options(port_option(command), shows_phi=shows_phi))


def port_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add where DICOM is to be found, which the command takes as `ports`."""
    said = "Treat TCP port N as DICOM even where none is recognized; may be repeated."
    option = click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N", help=said)
    return option(command)


def _with_privacy(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the options about privacy on as one, `privacy`."""

    @wraps(command)
    def call(
        *args: Any, keep_phi: bool, redact_uids: bool, redact_network: bool, pseudonym_key: str | None, **options: Any
    ) -> Any:
        from dicomsniff.privacy.gate import Privacy

        key = _read_key(pseudonym_key) if pseudonym_key is not None else None
        privacy = Privacy(keep_phi=keep_phi, redact_uids=redact_uids, redact_network=redact_network, key=key)
        return command(*args, privacy=privacy, **options)

    return call


def _read_key(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            key = file.read(MAX_KEY).strip()
    except OSError as error:
        raise click.UsageError(f"--pseudonym-key: {path}: {error.strerror}") from None
    if len(key) < LEAST_KEY:
        raise click.UsageError(f"--pseudonym-key: {path}: a secret has at least {LEAST_KEY} bytes")
    return key


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add where to write to."""
    said = "Write to FILE when all is complete; a new FILE is readable by you only, an old one keeps its permissions."
    return click.option("-o", "--output", metavar="FILE", type=click.Path(), help=said)(command)


def terminal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how text is shown on a terminal."""
    for option in (
        click.option("--pager/--no-pager", default=True, help="Show text page by page on a terminal ($PAGER, less)."),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                     help="Colour text; auto: on a terminal, unless NO_COLOR is set."),
    ):  # fmt: skip
        command = option(command)
    return command


def data_sets_option(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add of which data sets a transcript has digests and elements."""
    said = (
        "Write digests and elements of no data set, of those of queries, matches and retrievals (C-FIND, C-MOVE, "
        "C-GET), or of all; the fewer, the faster."
    )
    names = [each.value for each in reversed(DataSets)]
    return click.option("--data-sets", type=click.Choice(names), help=said, **options)


def format_option(command: str, text: str = "What to write.", **options: Any) -> Callable[..., Any]:
    """Add the choice among a command's formats."""
    names = format_names(command)
    return click.option("--format", "form", type=click.Choice(names), help=text, **options)
