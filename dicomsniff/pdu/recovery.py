"""Where the place among the PDUs is lost, and how it is found again: what a hole or a senseless header leaves."""

from dicomsniff.pdu.framing import CONTROL_BODY, LOST, NO_PACKET, PDU_HEADER, PDU_REST, PDV_HEADER, PDV_VALUE, Framing
from dicomsniff.pdu.recognize import SEARCH_OVERLAP, find_header
from dicomsniff.pdu.types import MissingBytes, PduEvent, SkippedBytes


class Recovery(Framing):
    """Framing that goes on behind a hole, and behind a header that is none; bytes passed over are reported."""

    __slots__ = ("_skip_first", "_skipped")

    def __init__(self, flow: bytes, origin: int, *, show_data: bool) -> None:
        super().__init__(flow, origin, show_data=show_data)
        self._skipped = 0
        self._skip_first = NO_PACKET

    def _decode(self, data: bytes, at: int, end: int) -> list[PduEvent]:
        events: list[PduEvent] = []
        while at < end:
            if self._state is LOST:
                before = at
                at = self._search(data, at, end, events)
                self.position += at - before
            else:
                at = self._frame(data, at, end, events)
                self._note_loss()
        return events

    def _note_loss(self) -> None:
        if self._state is LOST:
            # What waits is no header, but one may begin at its second byte.
            self._skip_first = self._mark
            self._skipped += 1
            del self._pending[0]

    def _lose(self, length: int) -> list[PduEvent]:
        """Take a gap: within a fragment its length says where to go on, elsewhere a header must be found."""
        before: list[PduEvent] = []
        if self._state is LOST:
            self._skipped += len(self._pending)
            before = self._report_skipped()
        self._skip_first = self._mark
        place = self.position
        self.position += length
        span = self._span(self._mark, place)
        self._command_cut = True
        if self._state is PDV_VALUE and length < self._pdv_left:
            self._pdv_left -= length
            self._pdu_left -= length
            return [MissingBytes(span, length, resynchronized=False)]
        if self._state is PDV_VALUE and length == self._pdv_left:
            self._pdv_left = 0
            self._pdu_left -= length
            events: list[PduEvent] = [MissingBytes(span, length, resynchronized=False)]
            self._end_of_pdv(events, 0)
            return events
        events = [self._finish_pdv()] if self._state is PDV_VALUE else before
        inside = self._state in (PDV_VALUE, PDV_HEADER, CONTROL_BODY, PDU_REST)
        left = self._pdu_left - len(self._pending) if inside else -1
        self._pending.clear()
        events.append(MissingBytes(span, length, resynchronized=left != length))
        if left == length:
            self._state = PDU_HEADER
        elif left > length:
            self._pdu_left = left - length
            self._state = PDU_REST
        else:
            self._state = LOST
        return events

    def _search(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        """Look for a PDU header; the bytes before it are counted and reported."""
        carried = len(self._pending)
        window = bytes(self._pending) + data[at:end]
        found = find_header(window, 0)
        if found < 0:
            keep = min(SEARCH_OVERLAP, len(window))
            self._skipped += len(window) - keep
            self._pending[:] = window[len(window) - keep :]
            return end
        self._pending.clear()
        self._skipped += found
        events += self._report_skipped(found - carried)
        if found >= carried:
            self._state = PDU_HEADER
            return at + found - carried
        self._pdu_start = self.position - (carried - found)
        self._first = self._mark
        self._state = PDU_HEADER
        head, self.position = window[found:carried], self._pdu_start
        events += self._decode(head, 0, len(head))
        return at

    def _report_skipped(self, used: int = 0) -> list[PduEvent]:
        """Report what was passed over; it ends `used` bytes after `position`."""
        skipped, self._skipped = self._skipped, 0
        if not skipped:
            return []
        start = max(self.position + used - skipped, 0)
        return [SkippedBytes(self._span(self._skip_first, start, used), skipped)]
