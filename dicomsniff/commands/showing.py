"""Captures shown as they grow, or in the terminal UI."""

import sys
from typing import IO, TYPE_CHECKING, Any, cast

import click

from dicomsniff.commands.ending import ExitStatus
from dicomsniff.commands.progress import SilenceWatch
from dicomsniff.commands.watching_options import NOBODY, Watching
from dicomsniff.commands.writing import refuse_cut_off
from dicomsniff.export.formats import find_view
from dicomsniff.garbage import short_pauses
from dicomsniff.interruption import taken_over
from dicomsniff.output import say_error, written

if TYPE_CHECKING:
    from dicomsniff.capture.packets import LiveSource
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.library import Capture
    from dicomsniff.privacy.gate import Privacy


def follow_files(
    form: str, paths: tuple[str, ...], ports: tuple[int, ...], watching: Watching = NOBODY, **asked: Any
) -> None:
    """Write what comes to a file, or to files one after the other."""
    from dicomsniff.commands.pager import on_terminal
    from dicomsniff.library import open_source

    refuse_several(paths)
    color = asked.pop("color", "never")
    asked.pop("pager", None)
    with (
        written(None, paths) as file,
        on_terminal(file, color=color, pager=False) as out,
        SilenceWatch(paths) as silence,
    ):
        follow_capture(
            cast("LiveSource", open_source(paths, follow=True)), form, out, ports, watching, silence, **asked
        )


def follow_capture(
    reader: "LiveSource",
    form: str,
    out: IO[str],
    ports: tuple[int, ...],
    watching: Watching,
    silence: SilenceWatch | None = None,
    *,
    keys: "KeyFiles",
    **asked: Any,
) -> None:
    """Write packets as they come; Ctrl-C and its like end that in order. What is not whole is said, as of any file."""
    from dicomsniff.export.view import Asked, write_view
    from dicomsniff.library import Capture

    view, asking = find_view("live", form), Asked(**asked)
    capture = Capture(reader, collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys)
    with capture, taken_over(reader.stop), short_pauses():
        if silence is not None:
            silence.watch(capture)
        watching.add_to(capture, asking.privacy, form, out)
        write_view(view, capture, out, asking)
        if capture.reader.is_file:
            refuse_cut_off(capture.truncated, "shown")


def watch_in_ui(capture: "Capture", watching: Watching, privacy: "Privacy", selection: "Selection") -> None:
    """Show a capture in the terminal UI until the user quits, then say what was not said there."""
    from dicomsniff.lean import load_without

    load_without("asyncio", "ssl")  # of which OpenSSL takes 4 MB of memory
    from dicomsniff.tui.running import run

    watching.add_to(capture, privacy, None, sys.stdout)
    with short_pauses():
        interrupted = run(capture, privacy, selection)
    for notice in capture.pop_notices():
        say_error(notice)
    if interrupted:
        raise click.exceptions.Exit(ExitStatus.INTERRUPTED)


def refuse_several(paths: tuple[str, ...]) -> None:
    """Refuse to follow more than one capture."""
    if len(paths) != 1:
        raise click.UsageError("--follow takes one CAPTURE; a directory, or a pattern in quotes, stands for many files")


def refuse_statistics(watching: Watching) -> None:
    """Refuse what the terminal UI has no place for."""
    if watching.stats:
        raise click.UsageError(
            "--stats prints lines: it goes with --format text or jsonl of live, or with show --follow"
        )
