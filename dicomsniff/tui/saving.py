"""What is selected -> files, by names that nothing has so far or that were asked for.

What writes them is loaded when something is to be written: it takes 5 MB that hardly anybody needs.
"""

import os
from contextlib import closing
from io import StringIO

from dicomsniff.association.consumer import PduWatcher
from dicomsniff.capture.packets import CaptureError
from dicomsniff.dimse.collection import Collect
from dicomsniff.export.formats import find_view, format_names
from dicomsniff.export.view import Asked, run_view, write_view
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import Selection
from dicomsniff.library import Capture
from dicomsniff.output import OutputError, replaced, written
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.choice import Choice

AS_SENT = Choice("this object, as sent", "with all that identifies the patient")
DE_IDENTIFIED = Choice("this object, de-identified", "identity is overwritten; pixels stay")
ALL_AS_SENT = Choice("all objects, as sent", "every one that the association stored")
ALL_DE_IDENTIFIED = Choice("all objects, de-identified", "every one that the association stored")
EXTRACTIONS = (AS_SENT, DE_IDENTIFIED, ALL_AS_SENT, ALL_DE_IDENTIFIED)

MAX_TRIED = 10_000
"""Names that are tried for a file."""

_ANSWERS = {
    "text": "what `dicomsniff show` prints",
    "json": "transcript: every association, context, message and finding",
    "jsonl": "the transcript as lines",
    "html": "a report to send to somebody",
    "md": "a report for an issue tracker",
    "log": "as the logs of DCMTK and pynetdicom read",
    "csv": "four tables, in a zip file",
    "parquet": "four tables, in a zip file",
}
PACKETS = Choice("pcapng", "its packets; what identifies the patient is overwritten")
_SUFFIXES = {"text": "txt", "csv": "csv.zip", "parquet": "parquet.zip"}
_COMMANDS = ("export", "show")


def formats() -> list[Choice]:
    """Return the formats in which an association can be written."""
    names = (name for command in _COMMANDS for name in format_names(command))
    return [*(Choice(name, _ANSWERS.get(name, "")) for name in names), PACKETS]


def export_name(number: int, form: str) -> str:
    """Return a name for the file of an association in a format."""
    return _free(f"association-{number}", f".{_SUFFIXES.get(form, form)}")


def export(capture: Capture, number: int, form: str, privacy: Privacy, path: str) -> str:
    """Write an association in a format; return the path of the file, and what is to be said of it.

    Raises CaptureError, OutputError or OSError where that cannot be done.
    """
    if form == PACKETS.what:
        return _export_packets(capture, number, privacy, path)
    command = next(each for each in _COMMANDS if form in format_names(each))
    view = find_view(command, form)
    view.refuse(path)
    asked = Asked(
        contexts=True, privacy=privacy, selection=Selection(associations=[number]), names=(capture.reader.name,)
    )
    with _again(capture, view.collect(asked)) as again:
        if view.writes_files:
            write_view(view, again, StringIO(), asked._replace(output=path))
        else:
            with written(path, [capture.path] if capture.path else []) as out:
                write_view(view, again, out, asked)
    return path


def _export_packets(capture: Capture, number: int, privacy: Privacy, path: str) -> str:
    from dicomsniff.scrubbing.scrubbing import Scrubbing

    with (
        closing(Scrubbing(privacy._replace(keep_phi=False), Selection(associations=[number]))) as scrubbing,
        _again(capture, collect=True, watcher=scrubbing.watcher) as again,
        replaced(path, [capture.path] if capture.path else [], force=True) as out,
    ):
        scrubbing.run(again, out)
    return f"{path}: {'; '.join(scrubbing.said)}"


def extract_name(number: int, message: int, chosen: Choice) -> str:
    """Return a name for the directory of objects that were stored in an association."""
    is_one = chosen in (AS_SENT, DE_IDENTIFIED)
    return _free(f"association-{number}-message-{message}" if is_one else f"association-{number}-objects", "")


def extract(capture: Capture, number: int, message: int, chosen: Choice, privacy: Privacy, path: str) -> str:
    """Write objects that were stored in an association as DICOM files in a directory; return what was written.

    Files of the same names are written over. Raises CaptureError, OutputError or OSError where that cannot be done.
    """
    from dicomsniff.extraction.directory import ObjectDirectory
    from dicomsniff.extraction.identity import DeIdentifier
    from dicomsniff.extraction.objects import Extraction, Wanted

    asked = f"association == {number}"
    if chosen in (AS_SENT, DE_IDENTIFIED):
        asked = f"{asked} and message == {message}"
    hider = DeIdentifier(privacy._replace(keep_phi=False)) if chosen in (DE_IDENTIFIED, ALL_DE_IDENTIFIED) else None
    asking = Asked(privacy=privacy._replace(keep_phi=True), selection=Selection(Filter(asked)))
    with _again(capture, Wanted().fields) as again:
        directory = ObjectDirectory(path, force=True)
        view = Extraction(again, StringIO(), asking, directory=directory, wanted=Wanted(), hider=hider)
        run_view(view)
    return f"{path}: {view.summary}"


def _again(capture: Capture, collect: Collect, watcher: PduWatcher | None = None) -> Capture:
    again = capture.again(collect=collect, findings=True, watcher=watcher)
    if again is None:
        raise CaptureError("the capture cannot be read again: it is live, or came through a pipe; save it first")
    return again


def _free(stem: str, suffix: str) -> str:
    """Return a name in the current directory that nothing has, numbered from the second one on."""
    for number in range(1, MAX_TRIED):
        path = f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
        if not os.path.lexists(path):
            return path
    raise OutputError(f"{stem}{suffix}: that name and {MAX_TRIED:,} numbered ones are there already")
