"""Error Comments: a gate gets to know the identifying values of a capture that they may tell, before it shows them."""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.capture.packets import CaptureError
from dicomsniff.dimse.message import Message
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import ERROR_COMMENT, Gate

if TYPE_CHECKING:
    from dicomsniff.dimse.dataset_element import DecodedDataSet

MAX_DATA_SETS, MAX_ELEMENTS = 10_000, 500_000
"""Data sets that are read again in a run, and their elements; of comments, what looks like a name or number is withheld
still where there are more."""
HEAD = 1 << 14
"""Bytes of a data set that are kept of a pipe; what identifies somebody stands at its beginning (PS3.5 §7.1)."""
RECENT = 256
"""Data sets whose first bytes are kept of a pipe."""
REREAD_BYTES = 1 << 18
"""Bytes of a message that are read again."""
_TAG = bytes.fromhex("0000 0209")
"""Error Comment, as it is sent: looked for before a command set is taken apart, which most have none in."""


class CommentReader:
    """With the first comment, rereads the data sets of the capture from its start, so that the gate knows its values.

    What is still being sniffed, or comes from a pipe, is not known beforehand: there it is what came last before the
    comment, of a pipe if the capture keeps `HEAD` bytes of data sets. `stopped` says that nobody waits any more.
    """

    def __init__(self, capture: Capture, gate: Gate, stopped: Callable[[], bool] = lambda: False) -> None:
        self._capture, self._gate, self._stopped = capture, gate, stopped
        self._data_sets, self._elements = MAX_DATA_SETS, MAX_ELEMENTS
        self._recent: deque[tuple[Association, Message]] = deque()
        self._knows_all = False

    def take(self, updates: Iterable[Update]) -> None:
        """Take timeline entries before they are shown."""
        for association, entry in updates:
            event = entry.event
            if not isinstance(event, Message):
                continue
            if event.data_set is not None and not self._knows_all:
                self._keep(association, event)
            if has_comment(event):
                self._gate.know_title(association.requestor.ae_title)
                self._gate.know_title(association.acceptor.ae_title)
                self._learn()

    def _keep(self, association: Association, message: Message) -> None:
        """Keep a message for a comment that may come; let go of the first one of many."""
        self._recent.append((association, message))
        if len(self._recent) > RECENT:
            _, oldest = self._recent.popleft()
            if oldest.data_set is not None:
                oldest.data_set.head = b""

    def _learn(self) -> None:
        """Let the gate know what a comment may tell: the whole capture, or what came of it."""
        with suppress(OSError, CaptureError):  # whoever reads the capture itself says so
            again = None if self._knows_all else self._capture.again()
            if again is not None:
                self._knows_all = True
                with again:
                    for updates, _ in again.blocks():
                        for association, entry in updates:
                            if isinstance(entry.event, Message):
                                self._learn_message(again, association, entry.event)
                        if self._stopped():
                            return
        while self._recent:
            association, message = self._recent.popleft()
            if again is None:
                self._learn_message(self._capture, association, message)

    def _learn_message(self, capture: Capture, association: Association, message: Message) -> None:
        if message.data_set is None or not self._data_sets or self._elements <= 0:
            return
        with suppress(OSError, CaptureError):
            decoded = _decoded(capture, association, message)
            if decoded is not None:
                self._data_sets -= 1
                self._elements -= len(decoded.elements)
                self._gate.learn(decoded)


def has_comment(message: Message) -> bool:
    """Whether a message has an Error Comment."""
    # A Message ID of 2306 looks like the tag.
    return _TAG in message.command.raw and bool(message.command.value(ERROR_COMMENT))


def _decoded(capture: Capture, association: Association, message: Message) -> "DecodedDataSet | None":
    """Return the beginning of a message's data set; None where it is gone, or the gate knows it as it was shown."""
    if not capture.is_pipe:
        return capture.data_set(association, message, REREAD_BYTES)
    if message.data_set is None or not message.data_set.head:
        return None
    head, message.data_set.head = message.data_set.head, b""
    from dicomsniff.dimse.dataset import decode_data_set

    return decode_data_set(BytesIO(head), association.transfer_syntax(message.context_id), len(head))
