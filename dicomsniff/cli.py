"""The command line: arguments, exit status, choice of view."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import IO, TYPE_CHECKING, Any

import click

from dicomsniff import __version__
from dicomsniff.capture.packets import CaptureError
from dicomsniff.command_line import Commands, understood
from dicomsniff.export.formats import DataSets, find_view, format_names
from dicomsniff.interruption import INTERRUPTED, taken_over
from dicomsniff.live_options import sniffing_options
from dicomsniff.output import OutputError, has_terminal, say_error, written
from dicomsniff.printable import printable
from dicomsniff.progress import progress_shown

if TYPE_CHECKING:
    from dicomsniff.capture.losses import Losses
    from dicomsniff.capture.packets import LiveSource
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy
    from dicomsniff.sniffing.plan import Plan

LEAST_KEY, MAX_KEY = 8, 4096
"""Bytes that the secret of pseudonyms has."""


class ExitStatus(IntEnum):
    """What the program's exit status says."""

    DONE = 0
    FOUND = 1
    WRONG_CALL = 2
    UNREADABLE = 3
    INTERRUPTED = INTERRUPTED


_FOLLOW_HELP = "The file is still growing: print each message as it comes, until Ctrl-C."


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="CAPTURE... | COMMAND [ARGS]...",
)
@click.version_option(__version__, message="dicomsniff %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Who refused what, why, and which message went unanswered: DICOM traffic explained.

    `dicomsniff CAPTURE` opens a capture in the terminal UI (where standard output is not a terminal, it prints what
    `show` prints). CAPTURE is a pcap, pcapng or snoop file, also compressed, or - for standard input; several, such as
    the files of a ring buffer, are read as one, in time order. A capture named like a command is written ./show.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(ExitStatus.WRONG_CALL)


def privacy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is to be withheld, which the command takes as `privacy`."""
    for option in (
        click.option("--keep-phi", is_flag=True, help="Show protected health information; it is withheld otherwise."),
        click.option("--redact-uids", is_flag=True, help="Withhold UIDs too, except those registered in the standard."),
        click.option("--redact-network", is_flag=True, help="Withhold addresses and AE titles too."),
        click.option("--pseudonym-key", metavar="FILE",
                     help="Derive placeholders of withheld values from the secret in FILE: the same in every run."),
    ):  # fmt: skip
        command = option(command)
    return command


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what DICOM over TLS is read with, which the command takes as `keys`."""
    command = _with_keys(command)
    for option in (
        click.option("--tls-key", "tls_keys", metavar="FILE", multiple=True,
                     help="Read TLS with the server's RSA private key in FILE (PEM), for RSA key exchange only."),
        click.option("--tls-keylog", "tls_key_logs", metavar="FILE", multiple=True,
                     help="Read TLS with the key log in FILE, as SSLKEYLOGFILE makes it; may be repeated."),
    ):  # fmt: skip
        command = option(command)
    return command


def _with_keys(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the files with keys on as one, `keys`."""

    @wraps(command)
    def call(*args: Any, tls_key_logs: tuple[str, ...], tls_keys: tuple[str, ...], **options: Any) -> Any:
        from dicomsniff.key_files import KeyFileError, KeyFiles

        growing = bool(options.get("follow")) or "plan" in options  # which has no end of its own
        try:
            keys = KeyFiles(tls_key_logs, tls_keys, growing=growing)
        except KeyFileError as error:
            raise click.UsageError(str(error)) from None
        return command(*args, keys=keys, **options)

    return call


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is to be shown of a capture, which the command takes as `selection`."""
    command = _with_selection(command)
    for option in (
        click.option("--to", "until", metavar="TIME", help="Show nothing later; TIME as for --from."),
        click.option("--from", "since", metavar="TIME",
                     help="Show nothing earlier than TIME, in UTC: 14:30 of any day, or 2026-01-31T14:30:05."),
        click.option("--association", "associations", metavar="N[,M...]", help="Show only these associations."),
        click.option("--filter", "expression", metavar="EXPRESSION",
                     help="Show only what EXPRESSION chooses; `dicomsniff filter` explains it."),
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
        from dicomsniff.filter.filter import Filter
        from dicomsniff.filter.selection import Period, Selection

        since_then = understood("--from", Period, since) if since is not None else Period()
        until_then = understood("--to", lambda text: Period(None, text), until) if until is not None else Period()
        selection = Selection(
            understood("--filter", Filter, expression) if expression is not None else None,
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


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every reading command takes."""
    for option in (
        click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N",
                     help="Treat TCP port N as DICOM even where none is recognized; may be repeated."),
        click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True),
    ):  # fmt: skip
        command = option(command)
    return selection_options(key_options(privacy_options(_with_privacy(command))))


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
    return click.option("-o", "--output", metavar="FILE", help=said)(command)


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


@click.command()
@reading_options
@terminal_options
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
def open_(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    privacy: "Privacy",
    selection: "Selection",
    follow: bool,
    keys: "KeyFiles",
    color: str,
    pager: bool,
) -> None:
    """Open captures in the terminal UI, or print them where standard output is not a terminal."""
    from dicomsniff.library import Capture, open_source

    if not has_terminal() or "-" in captures:
        _show(captures, ports, follow=follow, keys=keys, privacy=privacy, selection=selection, color=color, pager=pager)
        return
    if selection.reads_data:
        raise click.UsageError(
            "--filter: data[…] reads all data sets again, which `show` can do and the terminal UI cannot"
        )
    from dicomsniff.tui.session import run

    with Capture(open_source(captures, follow=follow), ports=ports, keys=keys) as opened:
        if run(opened, privacy, selection):
            raise click.exceptions.Exit(ExitStatus.INTERRUPTED)


cli.opening = open_


@cli.command()
@reading_options
@click.option("--contexts", is_flag=True, help="Say what was negotiated, and what follows from it.")
@click.option("--summary", is_flag=True, help="Print one line for each association, and how the capture went.")
@terminal_options
@click.option("--only-problems", is_flag=True, help="Show only associations in trouble, or with a warning.")
@click.option("--sort", type=click.Choice(["duration", "start", "worst"]),
              help="Print the longest, the first or the worst association first.")  # fmt: skip
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
def show(captures: tuple[str, ...], ports: tuple[int, ...], *, sort: str | None, follow: bool, **asked: Any) -> None:
    """Print each association: who, with whom, how it went, its timeline and its findings."""
    if follow and (sort or asked["summary"]):
        raise click.UsageError("--follow prints messages as they come: it does not go with --sort or --summary")
    _show(captures, ports, follow=follow, sort=sort or "", **asked)


def _show(paths: tuple[str, ...], ports: tuple[int, ...], *, follow: bool = False, **asked: Any) -> None:
    """Print captures, with what `Asked` takes."""
    if not follow:
        _write("show", "text", paths, ports, **asked)
        return
    from dicomsniff.capture.reader import CaptureReader
    from dicomsniff.pager import on_terminal

    if len(paths) != 1:
        raise click.UsageError("--follow takes one CAPTURE")
    color = asked.pop("color")
    asked.pop("pager")
    with written(None, paths) as file, on_terminal(file, color=color, pager=False) as out:
        _follow(CaptureReader(paths[0], follow=True), "text", out, ports, **asked)


def _write(
    command: str,
    form: str,
    paths: tuple[str, ...],
    ports: tuple[int, ...],
    output: str | None = None,
    *,
    keys: "KeyFiles",
    color: str = "never",
    pager: bool = False,
    **asked: Any,
) -> None:
    """Write captures in a command's format, with what `Asked` takes; leave with the status that says how it went."""
    from dicomsniff.export.view import Asked, write_view
    from dicomsniff.library import Capture, open_source
    from dicomsniff.pager import on_terminal

    view, asking = find_view(command, form), Asked(**asked)
    with (
        written(output, paths) as file,
        on_terminal(file, color=color, pager=pager) as out,
        Capture(
            open_source(paths), collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys
        ) as capture,
        progress_shown(capture.reader, out) as shown,
    ):
        if asking.selection.reads_data and capture.is_pipe:
            raise click.UsageError("--filter: data[…] reads data sets again, which needs a file, not a pipe")
        failed = write_view(view, capture, shown, asking)
    if capture.truncated:
        raise CaptureError(f"the capture is cut off: {capture.truncated}; what could be read is shown")
    if failed:
        raise click.exceptions.Exit(ExitStatus.FOUND)


def _follow(
    reader: "LiveSource", form: str, out: IO[str], ports: tuple[int, ...], *, keys: "KeyFiles", **asked: Any
) -> None:
    """Write packets as they come; Ctrl-C and its like end that in order."""
    from dicomsniff.export.view import Asked, write_view
    from dicomsniff.library import Capture

    view, asking = find_view("live", form), Asked(**asked)
    capture = Capture(reader, collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys)
    with capture, taken_over(reader.stop):
        write_view(view, capture, out, asking)


@cli.command()
@reading_options
@format_option("export", default="json", show_default=True)
@data_sets_option(default=DataSets.ALL.value, show_default=True)
@output_option
def export(
    captures: tuple[str, ...], ports: tuple[int, ...], form: str, output: str | None, data_sets: str, **asked: Any
) -> None:
    """Write the transcript of a capture: every association, context, message and finding."""
    _write("export", form, captures, ports, output, data_sets=DataSets(data_sets), **asked)


@cli.command()
@sniffing_options
@format_option("live", "Follow on standard output, without the terminal UI.")
@data_sets_option()
@click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N",
              help="Treat TCP port N as DICOM even where none is recognized; may be repeated.")  # fmt: skip
@selection_options
@key_options
@privacy_options
@_with_privacy
def live(
    plan: "Plan",
    form: str | None,
    data_sets: str | None,
    ports: tuple[int, ...],
    *,
    privacy: "Privacy",
    selection: "Selection",
    keys: "KeyFiles",
) -> None:
    """Sniff interfaces until Ctrl-C: in the terminal UI, or as lines on standard output."""
    from dicomsniff.sniffing.source import LiveSource

    if data_sets is not None and form != "jsonl":
        raise click.UsageError("--data-sets goes with --format jsonl: nothing else here writes data sets")
    if plan.write == "-":
        _capture_only(plan)
        return
    reader = LiveSource(plan)
    if form is None and has_terminal():
        from dicomsniff.library import Capture
        from dicomsniff.tui.session import run

        with Capture(reader, ports=ports, keys=keys) as capture:
            if run(capture, privacy, selection):
                raise click.exceptions.Exit(ExitStatus.INTERRUPTED)
    else:
        depth = DataSets(data_sets or DataSets.ALL)
        asked = {"privacy": privacy, "selection": selection, "data_sets": depth}
        _follow(reader, form or "text", sys.stdout, ports, keys=keys, **asked)
    _end_of_sniffing(reader.truncated, reader.losses.total)


def _capture_only(plan: "Plan") -> None:
    """Write packets to standard output, for somebody else to read."""
    from dicomsniff.sniffing.process import CapturerProcess

    if os.isatty(1):
        raise click.UsageError("-w - writes packets, which a terminal cannot show; pipe them to a program or a file")
    capturer = CapturerProcess(plan, lambda _: None)
    try:
        with taken_over(capturer.stop):
            capturer.wait()
    finally:
        capturer.close()
    _end_of_sniffing(capturer.failure, capturer.losses)


def _end_of_sniffing(failure: str, losses: "Losses") -> None:
    """Leave with the status of a capture that is not whole where something went wrong or was lost."""
    if failure or any(losses):
        raise CaptureError("; ".join(filter(None, (failure, f"the capturer lost {losses}" if any(losses) else ""))))


@cli.command()
def interfaces() -> None:
    """List what can be sniffed here, and what permission is missing."""
    from dicomsniff.sniffing.interfaces import list_interfaces, missing_permission

    for interface in list_interfaces():
        print(printable(f"{interface.name:16} {', '.join(interface.addresses) or 'no address'}"))
    if missing := missing_permission():
        raise CaptureError(missing)


@cli.command()
@reading_options
@click.option("--fail-on", type=click.Choice(["error", "warning", "note"]), default="error", show_default=True,
              help="The lowest severity that makes the exit status 1.")  # fmt: skip
@format_option("check", default="text", show_default=True)
@terminal_options
@output_option
def check(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    fail_on: str,
    form: str,
    output: str | None,
    color: str,
    pager: bool,
    **asked: Any,
) -> None:
    """Print what is wrong, and nothing else; the exit status says whether anything shown is as bad as --fail-on."""
    from dicomsniff.findings.finding import Severity

    shown: dict[str, Any] = {"color": color, "pager": pager} if form == "text" else {}
    _write("check", form, captures, ports, output, fail_on=Severity(fail_on), names=captures, **shown, **asked)


@cli.command()
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(code: str | None, form: str) -> None:
    """List the findings there are; with CODE, say what one means, by which clause, and what to do about it."""
    from dicomsniff.export.rules import list_lines, rule_lines, rules_json
    from dicomsniff.findings.catalogue import RULES, find_rule, nearest_codes

    if code is None:
        print(rules_json(RULES) if form == "json" else "\n".join(list_lines()))
        return
    rule = find_rule(code.lower())
    if rule is None:
        near = nearest_codes(code)
        hint = f"; there is {', '.join(near)}" if near else "; `dicomsniff rules` lists them"
        raise click.ClickException(f"there is no rule {code}{hint}")
    print(rules_json((rule,)) if form == "json" else "\n".join(rule_lines(rule)))


@cli.command("filter")
def filter_() -> None:
    """Explain what --filter takes: the language, the fields, and examples."""
    from dicomsniff.export.filters import filter_lines

    print("\n".join(filter_lines()))


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the transcript, and what may change in it."""
    from dicomsniff.export.transcript import schema_text

    print(schema_text(), end="")


def run(args: list[str]) -> int:
    """Run the program; every way out gives an exit status and, where something is wrong, one line."""
    status = int(ExitStatus.DONE)
    try:
        # Not cli.main(): that ends with status 1 where a pipe closes, which here means that `check` found something.
        try:
            with cli.make_context("dicomsniff", args) as context:
                cli.invoke(context)
        except click.exceptions.Exit as leave:
            status = leave.exit_code
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # The reader of our output has gone, as in `| head`: nothing more to say.
    except (KeyboardInterrupt, click.exceptions.Abort):
        status = ExitStatus.INTERRUPTED
    except (click.ClickException, OutputError) as error:
        say_error(_call_text(error))
        status = ExitStatus.WRONG_CALL
    except CaptureError as error:
        say_error(str(error))
        status = ExitStatus.WRONG_CALL if error.wrong_call else ExitStatus.UNREADABLE
    except OSError as error:
        say_error(f"{error.filename or f'a temporary file in {tempfile.gettempdir()}'}: {error.strerror or error}")
        status = ExitStatus.UNREADABLE
    except Exception as error:  # a defect must not pass for a finding, which is what status 1 says
        if sys.flags.dev_mode:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} (line {place.lineno} of {place.filename})"
        say_error(f"internal error, please report: {said}")
        status = ExitStatus.UNREADABLE
    return status


def _call_text(error: click.ClickException | OutputError) -> str:
    """Say in a line what is wrong with the call, and how it goes where that helps."""
    if not isinstance(error, click.ClickException):
        return str(error)
    said = error.format_message().rstrip(".")
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return said
    usage = " ".join([error.ctx.command_path, *error.ctx.command.collect_usage_pieces(error.ctx)])
    return f"{said} (usage: {usage})"
