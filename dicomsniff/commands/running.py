"""The way into the commands."""

from functools import partial
from typing import TYPE_CHECKING

from dicomsniff.commands.ending import ExitStatus, ended
from dicomsniff.commands.writing import write_captures
from dicomsniff.garbage import none_while_loading

if TYPE_CHECKING:
    from dicomsniff.key_files import KeyFiles

KEY_LOG = "--tls-keylog"


def run(args: list[str]) -> int:
    """Run the program with these arguments; return its exit status."""
    if args[:1] == ["show"] and (plain := _split(args[1:])) is not None:
        from dicomsniff.key_files import KeyFileError, KeyFiles

        captures, key_logs = plain
        try:
            return ended(partial(_show, captures, KeyFiles(key_logs)))
        except KeyFileError:  # said below, as that of any other command
            pass
    with none_while_loading():
        from dicomsniff.commands import cli

    return cli.run(args)


def _split(args: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the captures and the key logs that `show` is to read; None where there is anything else to parse."""
    captures, key_logs = [], []
    each = iter(args)
    for arg in each:
        if arg == KEY_LOG:
            arg = next(each, "-")
            key_logs.append(arg)
        else:
            captures.append(arg)
        if arg.startswith("-"):
            return None
    return (tuple(captures), tuple(key_logs)) if captures else None


def _show(captures: tuple[str, ...], keys: "KeyFiles") -> int:
    """Do what `show` does without any other option: it starts in seven eighths of the time without what parses them."""
    write_captures("show", "text", captures, keys=keys, color="auto", pager=True)
    return ExitStatus.DONE
