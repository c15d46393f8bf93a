"""The man page, made from the help of every command: click's objects -> lines of roff."""

import re
from collections.abc import Iterator

import click

from dicomsniff.commands.cli import cli
from dicomsniff.commands.showing import ExitStatus

STATUSES = {
    ExitStatus.DONE: "Done; `live` that was ended by Ctrl-C, too.",
    ExitStatus.FOUND: "`check` found what it is to fail on.",
    ExitStatus.WRONG_CALL: "The call is wrong.",
    ExitStatus.UNREADABLE: "The capture cannot be read, or not all of it, or results cannot be written.",
    ExitStatus.INTERRUPTED: "Interrupted.",
}
"""What each exit status says."""
_SEE_ALSO = "tcpdump(8), dumpcap(1), editcap(1), pcap-filter(7)"


def page_lines() -> Iterator[str]:
    """Yield the page."""
    yield '.TH DICOMSNIFF 1 "" dicomsniff "User Commands"'
    yield ".SH NAME"
    yield r"dicomsniff \- protocol analyzer for DICOM networks"
    yield ".SH SYNOPSIS"
    yield from _synopsis("dicomsniff", cli.opening)
    for name, command in commands():
        yield from _synopsis(f"dicomsniff {name}", command)
    yield ".SH DESCRIPTION"
    yield from _text(cli.help)
    yield ".SH OPTIONS"
    yield from _options(cli)
    yield from _options(cli.opening)
    yield ".SH COMMANDS"
    for name, command in commands():
        yield f".SS {_escaped(name)}"
        yield from _text(command.help)
        yield from _options(command)
    yield ".SH EXIT STATUS"
    for status, said in STATUSES.items():
        yield from (".TP", f".B {int(status)}", _marked(said))
    yield ".SH SEE ALSO"
    yield _SEE_ALSO


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield the commands by name, but for hidden ones."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None and not command.hidden:
            yield name, command


def _synopsis(name: str, command: click.Command) -> Iterator[str]:
    pieces = command.collect_usage_pieces(click.Context(command))
    yield f"\\fB{_escaped(name)}\\fR {_escaped(' '.join(pieces))}"
    yield ".br"


def _options(command: click.Command) -> Iterator[str]:
    for option in command.params:
        record = option.get_help_record(click.Context(command))
        if isinstance(option, click.Option) and record is not None:
            yield ".TP"
            yield _marked(re.sub(r"(?<![\w-])(--?\w[\w-]*)", r"`\1`", record[0]))
            yield _marked(record[1])


def _text(said: str | None) -> Iterator[str]:
    """Yield paragraphs."""
    for paragraph in (said or "").split("\n\n"):
        yield ".PP"
        yield _marked(" ".join(paragraph.split()))


def _marked(said: str) -> str:
    """Return text with what stands between back quotes in bold."""
    return re.sub("`([^`]+)`", r"\\fB\1\\fR", _escaped(said))


def _escaped(said: str) -> str:
    """Return text in which nothing is a request of roff's; hyphens can be copied."""
    said = said.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\[u2026]").replace("'", "\\(aq")
    return f"\\&{said}" if said.startswith((".", "'")) else said
