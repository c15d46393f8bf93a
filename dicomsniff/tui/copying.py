"""What is selected -> what can be copied of it, and the command line that opens it again."""

import os
import shlex

from dicomsniff.dimse.message import Message
from dicomsniff.filter.fields import FIELDS, Subject
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.choice import Choice
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.session import Place, Session


def copyable(session: Session, pane: RowList, *, of_selection: bool = True) -> list[Choice]:
    """Return what can be copied of a row and of the selection, the nearest first: no more than the gate lets show.

    Where the row has nothing to do with the selection, nothing is copied of that.
    """
    found = [part for part in pane.copied(pane.cursor) if part.says.strip()] if pane.count else []
    if of_selection:
        found += [Choice("SOP Instance UID", uid) for uid in instances(session)]
    if pane.count > 1 and (everything := pane.everything()):
        found.append(Choice("all rows", everything))
    here = session.here if of_selection else None
    if session.capture.path and (here is not None or not of_selection):
        name = _name(session.capture, session.gate)
        what = "command line" if name else "command line, P names the file"
        found.append(Choice(what, reopening_command(name or "CAPTURE", here)))
    return [*{each.says: each for each in reversed(found)}.values()][::-1]


def instances(session: Session) -> list[str]:
    """Return the SOP Instance UIDs that the selected message names, or the request that it responds to."""
    shown, entry = session.shown, session.entry
    if shown is None or entry is None or not isinstance(entry.event, Message):
        return []
    message = entry.event
    request = message.operation.request if message.operation is not None else message
    found = session.capture.found.of(shown)
    named = [uid for each in (message, request) for uid in FIELDS["instance"].values(Subject(shown, found, each))]
    return [session.gate.uid(uid) for uid in dict.fromkeys(named)]


def reopening_command(name: str, here: Place | None) -> str:
    """Return the command line that opens a capture, at a place in it if there is one."""
    if here is None:
        return shlex.join(["dicomsniff", name])
    asked = f"association == {here.association.id}"
    if here.entry is not None and isinstance(here.entry.event, Message) and here.entry.event.number:
        asked += f" and message == {here.entry.event.number}"
    return shlex.join(["dicomsniff", name, "--filter", asked])


def _name(capture: Capture, gate: Gate) -> str:
    """Return the path of the capture's file, unless its name is withheld."""
    name = os.path.basename(capture.path)
    return os.path.abspath(capture.path) if name and gate.file_name(name) == name else ""
