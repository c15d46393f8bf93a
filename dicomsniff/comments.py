"""Error Comments: a gate gets to know the identifying values that they may tell, where no view decodes data sets."""

from collections.abc import Iterable
from contextlib import suppress

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.capture.packets import CaptureError
from dicomsniff.dimse.message import Message
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate

MAX_REREAD_FOR_COMMENTS = 1000
"""Data sets that are read again in a run; of comments beyond, what looks like a name or number is withheld still."""
_TAG = bytes.fromhex("0000 0209")
"""Error Comment, as it is sent: looked for before a command set is taken apart, which most have none in."""
REREAD_BYTES = 1 << 18
"""Bytes of a message that are read again; what identifies somebody stands at its beginning (PS3.5 §7.1)."""


class CommentReader:
    """Rereads the data set that a comment is about, that of its request, so that the gate knows what not to tell.

    From a pipe nothing is read again: the gate withholds then what looks like a name or number, and no word.
    """

    def __init__(self, capture: Capture, gate: Gate, *, rereads: bool = True) -> None:
        self._capture, self._gate = capture, gate
        self._left = MAX_REREAD_FOR_COMMENTS if rereads else 0

    def take(self, updates: Iterable[Update]) -> None:
        """Take timeline entries before they are shown."""
        for association, entry in updates:
            event = entry.event
            if isinstance(event, Message) and _TAG in event.command.raw:
                self._gate.know_title(association.requestor.ae_title)
                self._gate.know_title(association.acceptor.ae_title)
                for message in (event.request, event):
                    if message is not None and message.data_set is not None:
                        self._learn(association, message)

    def _learn(self, association: Association, message: Message) -> None:
        if not self._left or self._capture.is_pipe:
            return
        self._left -= 1
        with suppress(OSError, CaptureError):  # whoever reads the capture itself says so
            decoded = self._capture.data_set(association, message, REREAD_BYTES)
            if decoded is not None:
                self._gate.learn(decoded)
