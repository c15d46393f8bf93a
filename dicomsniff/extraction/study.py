"""The study and series that an object belongs to, read from its data set."""

from dicomsniff.dictionary.information_models import SERIES_INSTANCE_UID, STUDY_INSTANCE_UID
from dicomsniff.dimse.scan.events import Header
from dicomsniff.dimse.scan.scanner import DataSetScanner, Readable
from dicomsniff.pdu.fields import plain_text

_MAX_UID = 256
"""Bytes that are looked at of a UID; one has 64 at most."""


class _Uids:
    """Takes the two UIDs from what a walk comes to (`ElementSink`); `over` says that they cannot come any more."""

    def __init__(self) -> None:
        self.longest = _MAX_UID
        self.values: dict[int, str] = {}
        self.over = False
        self._depth = 0

    def element(self, header: Header, value: bytes) -> bool:
        """Take an element of the data set itself."""
        if not self._depth:
            if header.tag in (STUDY_INSTANCE_UID, SERIES_INSTANCE_UID):
                self.values[header.tag] = plain_text(value)
            self.over = header.tag >= SERIES_INSTANCE_UID
        return False

    def begin(self, header: Header, *, pixels: bool) -> None:  # noqa: ARG002
        """Go into a sequence, or into pixel data."""
        self._depth += 1

    def begin_item(self, offset: int) -> None:  # noqa: ARG002
        """Go into an item."""
        self._depth += 1

    def fragment(self, start: int, length: int) -> None:
        """Pass over pixel data."""

    def end(self, offset: int) -> None:  # noqa: ARG002
        """Leave what was gone into last."""
        self._depth -= 1

    def keep(self, inflated: bytes) -> None:
        """What is deflated is read as it comes."""


def read_study(content: Readable, size: int, transfer_syntax: str) -> tuple[str | None, str | None]:
    """Return Study and Series Instance UID of a data set of `size` bytes; None for what it does not have."""
    uids = _Uids()
    scanner = DataSetScanner(transfer_syntax, uids)
    while scanner.wanted < size and not uids.over:
        scanner.read_on(content, size)
    if not uids.over:
        scanner.finish(size, whole=False)
    return uids.values.get(STUDY_INSTANCE_UID), uids.values.get(SERIES_INSTANCE_UID)
