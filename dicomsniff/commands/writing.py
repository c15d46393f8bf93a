"""Captures written to their end in a format; the exit status says how it went."""

from typing import TYPE_CHECKING, Any

from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.ending import ExitStatus
from dicomsniff.commands.progress import SilenceWatch, progress_shown
from dicomsniff.export.formats import find_view
from dicomsniff.garbage import none_while_loading
from dicomsniff.output import written

if TYPE_CHECKING:
    from dicomsniff.key_files import KeyFiles


def write_captures(
    command: str,
    form: str,
    paths: tuple[str, ...],
    ports: tuple[int, ...] = (),
    output: str | None = None,
    *,
    keys: "KeyFiles",
    color: str = "never",
    pager: bool = False,
    **asked: Any,
) -> None:
    """Write captures in a command's format, with what `Asked` takes; leave with the status that says how it went."""
    with none_while_loading():
        from dicomsniff.commands.pager import on_terminal
        from dicomsniff.export.view import Asked, write_view
        from dicomsniff.library import Capture, open_source

        view = find_view(command, form)
    asking = Asked(**asked)
    view.refuse(output)
    if view.writes_files:
        asking, output = asking._replace(output=output or "", names=paths), None
    with (
        written(output, paths) as file,
        on_terminal(file, color=color, pager=pager) as out,
        SilenceWatch(paths) as silence,
        Capture(
            open_source(paths), collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys
        ) as capture,
        progress_shown(capture.reader, out) as shown,
    ):
        silence.watch(capture)
        if asking.selection.reads_data and capture.is_pipe:
            from click import UsageError

            raise UsageError("--filter: data[…] reads data sets again, which needs a file, not a pipe")
        failed = write_view(view, capture, shown, asking)
    refuse_cut_off(capture.truncated, "shown")
    if failed:
        from click.exceptions import Exit

        raise Exit(ExitStatus.FOUND)


def refuse_cut_off(truncated: str, done: str) -> None:
    """Say why a capture is not whole, if it is not; `done` is what was done with what there is of it."""
    if truncated:
        raise CaptureError(f"the capture is cut off: {truncated}; what could be read is {done}")
