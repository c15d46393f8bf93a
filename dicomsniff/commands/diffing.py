"""Reads two captures and writes what differs."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.pager import on_terminal
from dicomsniff.commands.progress import SilenceWatch, progress_shown
from dicomsniff.comments import HEAD, CommentReader
from dicomsniff.comparing.comparison import Side, compare, file_and_number
from dicomsniff.export.diff import Diff
from dicomsniff.filter.selection import Selection
from dicomsniff.library import Capture, open_source
from dicomsniff.output import say_error, written
from dicomsniff.privacy.gate import Gate, Privacy

if TYPE_CHECKING:
    from dicomsniff.key_files import KeyFiles


def write_diff(
    form: type[Diff],
    names: tuple[str, str],
    output: str | None,
    *,
    privacy: Privacy,
    selection: Selection,
    keys: "KeyFiles",
    ports: Iterable[int],
    color: str,
    pager: bool,
) -> list[str]:
    """Write what differs between two captures, or associations of them; return what is wrong with the captures."""
    gate, sides, cut_off, shown_names = Gate(privacy), [], [], []
    asked = [file_and_number(name) for name in names]
    paths = [path for path, _ in asked]
    if paths == ["-", "-"]:
        raise CaptureError("standard input can be read once only: name a file for one of the two", wrong_call=True)
    with ExitStack() as stack:
        file = stack.enter_context(written(output, paths))
        out = stack.enter_context(on_terminal(file, color=color, pager=pager))
        silence = stack.enter_context(SilenceWatch(paths))
        for path, number in asked:
            if selection.reads_data and path == "-":
                raise CaptureError(
                    "--filter: data[…] reads data sets again, which needs a file, not a pipe", wrong_call=True
                )
            heads = 0 if privacy.keep_phi else HEAD
            capture = stack.enter_context(Capture(open_source([path]), ports=ports, heads=heads, keys=keys))
            if path == "-":
                silence.watch(capture)
            side = Side(number, selection)
            sides.append(side)
            with progress_shown(capture.reader, out):
                learn = (lambda _: None) if privacy.keep_phi else CommentReader(capture, gate).take
                side.read(capture, learn)
            shown_names.append(capture.marked_name)
            if capture.truncated:
                cut_off.append(f"{path}: the capture is cut off: {capture.truncated}; what could be read is compared")
            for notice in capture.pop_notices():
                say_error(notice)
        form(compare(*sides), (shown_names[0], shown_names[1]), gate, out).write()
        out.flush()
    return cut_off
