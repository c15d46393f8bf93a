"""The way into the commands."""

from functools import partial

from dicomsniff.commands.ending import ExitStatus, ended
from dicomsniff.commands.writing import write_captures
from dicomsniff.garbage import none_while_loading


def run(args: list[str]) -> int:
    """Run the program with these arguments; return its exit status."""
    if args[:1] == ["show"] and args[1:] and not any(each.startswith("-") for each in args):
        return ended(partial(_show, tuple(args[1:])))
    with none_while_loading():
        from dicomsniff.commands import cli

    return cli.run(args)


def _show(captures: tuple[str, ...]) -> int:
    """Do what `show CAPTURE...` does without any option.

    There is nothing to parse, and it starts in seven eighths of the time without what could.
    """
    from dicomsniff.key_files import KeyFiles

    write_captures("show", "text", captures, keys=KeyFiles(), color="auto", pager=True)
    return ExitStatus.DONE
