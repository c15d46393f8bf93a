"""Every format that is written of one capture, and what it says, whether it is text or files."""

import io
import os
import tempfile
from collections.abc import Iterator

from dicomsniff.export.formats import FORMATS
from dicomsniff.export.view import Asked, View, write_view
from dicomsniff.library import Capture


def view_names() -> list[tuple[str, str]]:
    """Return the commands that write one capture, each with the formats that it writes."""
    return [(command, form.name) for form in FORMATS for command in form.commands if command != "diff"]


def said_by(view: type[View], capture: Capture, asked: Asked) -> str:
    """Return what a view writes of a capture; of one that writes files, what is in all of them."""
    out = io.StringIO()
    if not view.writes_files:
        write_view(view, capture, out, asked)
        return out.getvalue()
    with tempfile.TemporaryDirectory() as directory:
        write_view(view, capture, out, asked._replace(output=directory))
        return "".join(text for name in sorted(os.listdir(directory)) for text in _lines(os.path.join(directory, name)))


def _lines(path: str) -> Iterator[str]:
    if path.endswith(".csv"):
        with open(path, encoding="utf-8") as file:
            yield from file
        return
    from pyarrow import parquet

    for column in parquet.read_table(path).itercolumns():
        yield from (f"{each}\n" for each in column.cast("string").to_pylist())
