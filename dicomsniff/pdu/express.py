"""The express lane: which bytes need not be fed because they only continue a data set, and what they amounted to."""

import struct

from dicomsniff.capture.segments import Flow
from dicomsniff.pdu.decode import HEADER_LENGTH
from dicomsniff.pdu.framing import PDU_HEADER, PDV_VALUE
from dicomsniff.pdu.recovery import Recovery
from dicomsniff.pdu.types import PduEvent, PdvRun

FOREVER = 1 << 62
"""Bytes: beyond the end of any stream."""
_REPEAT = struct.Struct(">BBLLBB")
_HEADERS = 2 * HEADER_LENGTH
"""Bytes of a P-DATA-TF with a single PDV that are not the fragment's."""


class ExpressLane(Recovery):
    """Framing that says which bytes need not be fed, and counts them when it sees that they were not.

    With `collect`, they are kept by whoever passes over them, and decoded.
    """

    __slots__ = ("_collect", "_followed", "_kept")

    def __init__(self, flow: bytes, origin: int, *, collect: bool, show_data: bool) -> None:
        super().__init__(flow, origin, show_data=show_data)
        self._collect = collect
        self._followed: Flow | None = None
        self._kept: list[bytes] = []

    def _let_pass(self, flow: Flow, unneeded: int) -> None:
        """Say what may be passed over: what is left of a data set fragment, `unneeded` bytes of data sets at most.

        Where the current P-DATA-TF is one fragment of a data set that goes on, PDUs that repeat its header are
        such bytes as well: most of a large data set is made of them.
        """
        flow.repeat, flow.kept = b"", None
        self._followed = flow
        if self._state is not PDV_VALUE or self._header & 1:
            flow.quiet_until = self.position
            return
        if self._collect:
            flow.kept = self._kept
        left = self._pdv_left
        if left > unneeded:
            flow.quiet_until = self.position + unneeded
            return
        flow.quiet_until = self.position + left
        fragment = self._pdu_length - HEADER_LENGTH
        if self._header == 0 and left == self._pdu_left and fragment == self._pdv_length and self._pdv_number == 0:
            flow.period = _HEADERS + fragment
            flow.repeat = _REPEAT.pack(4, 0, self._pdu_length, self._pdu_length - 4, self._context, 0)
            flow.quiet_limit = flow.quiet_until + (unneeded - left) // fragment * flow.period

    def _pass_over(self, count: int) -> list[PduEvent]:
        """Count bytes that were not handed on because `_let_pass` allowed it; decode them where they were kept."""
        if self._kept:
            if self._followed is not None:
                self._arrive(max(self._mark, self._followed.repeated_in))
            kept = b"".join(self._kept)
            self._kept.clear()
            return self._decode(kept, 0, len(kept))
        if self._state is not PDV_VALUE:
            self.position += count
            return []
        events: list[PduEvent] = []
        if count >= self._pdv_left:
            # The fragment ended, and others like it followed, each the only one of its P-DATA-TF.
            period = HEADER_LENGTH + self._pdu_length
            whole, beyond = divmod(count - self._pdv_left, period)
            first = self._last
            if self._followed is not None:
                seen = self._followed.repeated_in if whole or beyond else self._followed.last_mark
                self._last = max(self._last, seen)
            self._pdv_received += self._pdv_left
            self.position += self._pdv_left
            events.append(self._finish_pdv())
            self.counts["P-DATA-TF"] += whole + 1
            start = self.position
            if whole:
                self.position += whole * period
                events.append(PdvRun(self._context, whole, self._pdv_length, first, self._last, start, self.position))
            if not beyond:
                self._state = PDU_HEADER
                return events
            self._first = self._pdv_first = self._last
            self._pdu_start = self.position
            self.position += _HEADERS
            self._pdv_start = self.position
            count = beyond - _HEADERS
            self._pdv_left, self._pdu_left = self._pdv_length, self._pdv_length
            self._pdv_received = self._pdv_number = 0
        self.position += count
        self._pdv_left -= count
        self._pdu_left -= count
        self._pdv_received += count
        return events
