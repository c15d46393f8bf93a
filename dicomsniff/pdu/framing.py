"""PDU and PDV headers, and what they announce (PS3.8 §9.3): a stream's bytes -> PDUs and PDVs, while all are there."""

import struct
from collections import defaultdict
from enum import Enum

from dicomsniff.dictionary.pdu_types import PDU_TYPES, pdu_type_name
from dicomsniff.pdu.decode import HEADER_LENGTH, decode_control_pdu
from dicomsniff.pdu.recognize import MAX_CONTROL_PDU
from dicomsniff.pdu.types import MalformedPdu, PduEvent, Pdv, PdvBytes, UnknownPdu
from dicomsniff.provenance import PacketMark, Span

MAX_COMMAND_FRAGMENT = 1 << 20
"""Bytes kept of a command fragment; what is beyond is counted only."""
MAX_UNKNOWN_PDU = 1 << 16
"""Bytes: an unknown PDU type announcing more is taken for lost synchronization, not for a PDU."""
NO_PACKET = PacketMark(0, 0, 0)

_HEADER = struct.Struct(">BxL").unpack_from
_HEADERS = struct.Struct(">BxLLBB").unpack_from
"""Of a P-DATA-TF and its first PDV: type and length, length, context and message control header."""
_HEADERS_LENGTH = 2 * HEADER_LENGTH


class State(Enum):
    """What the next byte of the stream is taken for."""

    PDU_HEADER = "a PDU header"
    CONTROL_BODY = "the body of a PDU other than P-DATA-TF"
    PDV_HEADER = "a PDV header"
    PDV_VALUE = "a fragment"
    PDU_REST = "bytes of a P-DATA-TF that belong to no PDV"
    LOST = "anything: the next header is searched"


PDU_HEADER, CONTROL_BODY, PDV_HEADER, PDV_VALUE, PDU_REST, LOST = State
"""A module's name is found much faster than an Enum's member, and every PDU asks for several."""


class Framing:
    """Walks the PDUs of one direction up to where a header makes no sense: there the state is LOST.

    With `show_data`, the bytes of data set fragments are handed on as PdvBytes.
    """

    __slots__ = (
        "_command_cut",
        "_context",
        "_doubtful",
        "_first",
        "_header",
        "_last",
        "_mark",
        "_pdu_left",
        "_pdu_length",
        "_pdu_start",
        "_pdu_type",
        "_pdv_first",
        "_pdv_left",
        "_pdv_length",
        "_pdv_number",
        "_pdv_received",
        "_pdv_start",
        "_pending",
        "_show_data",
        "_state",
        "counts",
        "flow",
        "origin",
        "position",
    )

    def __init__(self, flow: bytes, origin: int, *, show_data: bool) -> None:
        self.flow = flow
        self.origin = origin
        self.position = 0
        """Bytes of the stream taken so far, those missing included."""
        self.counts: dict[str, int] = defaultdict(int)
        """PDUs seen whole, by name."""
        self._show_data = show_data
        self._state = PDU_HEADER
        self._pending = bytearray()
        self._mark = self._last = self._first = self._pdv_first = NO_PACKET
        self._pdu_start = self._pdv_start = 0
        self._pdu_type = self._pdu_length = self._pdu_left = 0
        self._pdv_left = self._pdv_received = self._pdv_length = self._pdv_number = 0
        self._context = self._header = 0
        self._command_cut = False
        """Whether bytes of the command fragment are missing: what follows them cannot be joined to what precedes."""
        self._doubtful = False
        """Whether the PDU before made no sense, so that the next header must."""

    @property
    def fragment(self) -> tuple[int, int] | None:
        """The data set fragment that is coming: its presentation context, and how much of it came or is missing."""
        if self._state is not PDV_VALUE or self._header & 1:
            return None
        return self._context, self.position - self._pdv_start

    def _arrive(self, mark: PacketMark) -> None:
        """Note which packet the next bytes come from; out of order, it may be an earlier one than the last."""
        self._mark = mark
        if mark > self._last:
            self._last = mark
        else:
            self._first = min(self._first, mark)
            self._pdv_first = min(self._pdv_first, mark)

    def _frame(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        """Take `data[at:end]`; return how far that went, which is less than `end` where the place is lost."""
        while at < end:
            before = at
            state = self._state
            if state is PDV_VALUE:
                at = self._pdv_value(data, at, end, events)
            elif state is PDU_HEADER:
                at = self._whole_pdata(data, at, end, events)
                if at == before:
                    at = self._pdu_header(data, at, end, events)
            elif state is PDV_HEADER:
                at = self._pdv_header(data, at, end, events)
            elif state is CONTROL_BODY:
                at = self._control_body(data, at, end, events)
            elif state is PDU_REST:
                at = self._pdu_rest(at, end)
            else:
                break
            self.position += at - before
        return at

    def _whole_pdata(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        """Take a P-DATA-TF of one PDV, if all of it is there: so most messages come, and one step is all it takes."""
        if end - at < _HEADERS_LENGTH or self._pending or self._doubtful:
            return at
        kind, length, pdv_length, context, header = _HEADERS(data, at)
        stop: int = at + HEADER_LENGTH + length
        if kind != 4 or length != pdv_length + 4 or not 2 <= pdv_length <= MAX_COMMAND_FRAGMENT or stop > end:
            return at
        value, kept = data[at + _HEADERS_LENGTH : stop], b""
        if header & 1:
            kept = value
        elif self._show_data and value:
            events.append(PdvBytes(context, value, 0))
        size, start, mark = pdv_length - 2, self.position, self._mark
        place = (start, start + stop - at, length, 0)
        events.append(Pdv(context, header, size, size, kept, mark, self._last, *place, mark, True))
        self.counts["P-DATA-TF"] += 1
        return stop

    def _pdu_header(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        pending = self._pending
        if not pending:
            self._first, self._pdu_start = self._mark, self.position
        used = min(HEADER_LENGTH - len(pending), end - at)
        pending += data[at : at + used]
        if len(pending) < HEADER_LENGTH:
            return at + used
        kind, length = _HEADER(pending)
        if not _is_possible(kind, length) or (self._doubtful and not _makes_sense(kind, length)):
            detail = f"{pending.hex(' ')} is no PDU header: {pdu_type_name(kind)} with a length of {length} bytes"
            self._malformed(events, "pdu-header", detail, used)
            self._doubtful = False
            self._state = LOST
            return at + used
        pending.clear()
        self._pdu_type, self._pdu_length, self._pdu_left = kind, length, length
        self._pdv_number = 0
        self._state = PDV_HEADER if kind == 4 else CONTROL_BODY
        if length == 0:
            self._end_of_pdu(events, used)
        return at + used

    def _control_body(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        used = min(self._pdu_left - len(self._pending), end - at)
        self._pending += data[at : at + used]
        if len(self._pending) == self._pdu_left:
            self._end_of_pdu(events, used)
        return at + used

    def _end_of_pdu(self, events: list[PduEvent], used: int) -> None:
        """A PDU is whole; it ends `used` bytes after `position`."""
        self.counts[pdu_type_name(self._pdu_type)] += 1
        if self._pdu_type != 4:
            body = bytes(self._pending)
            self._pending.clear()
            pdu = decode_control_pdu(self._pdu_type, body, self._span(self._first, self._pdu_start, used))
            self._doubtful = isinstance(pdu, UnknownPdu)
            events.append(pdu)
        elif self._pdv_number == 0:
            span = self._span(self._first, self._pdu_start, used)
            events.append(MalformedPdu(span, "pdata-without-pdv", "P-DATA-TF without a PDV"))
        self._state = PDU_HEADER

    def _pdv_header(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        pending = self._pending
        if not pending:
            self._pdv_first = self._mark
        # Its first four bytes tell whether the other two belong to it.
        target = min(4 if len(pending) < 4 else HEADER_LENGTH, self._pdu_left)
        used = min(target - len(pending), end - at)
        pending += data[at : at + used]
        if len(pending) < target:
            return at + used
        length = int.from_bytes(pending[:4], "big")
        if target == HEADER_LENGTH:
            self._begin_pdv(length, pending[4], pending[5], events, used)
        elif target == 4 and length >= 2 and self._pdu_left > 4:
            return at + used
        elif target == 4 and length < 2:
            pending.clear()
            self._pdu_left -= 4
            self._malformed(events, "pdv-too-short", f"a PDV announces {length} bytes; its own header needs 2", used)
            self._end_bad_pdv(events, used)
            if self._pdu_left:  # where the next PDV begins is anyone's guess
                self.counts[pdu_type_name(self._pdu_type)] += 1
                self._state = PDU_REST
        else:
            pending.clear()
            detail = f"{self._pdu_left} bytes at the end of a P-DATA-TF are no PDV"
            self._pdu_left = 0
            self._malformed(events, "pdu-trailing-bytes", detail, used)
            self._end_bad_pdv(events, used)
        return at + used

    def _end_bad_pdv(self, events: list[PduEvent], used: int) -> None:
        self._pdv_number += 1
        if self._pdu_left == 0:
            self._end_of_pdu(events, used)

    def _begin_pdv(self, length: int, context: int, header: int, events: list[PduEvent], used: int) -> None:
        self._pending.clear()
        self._pdu_left -= HEADER_LENGTH
        self._context, self._header = context, header
        self._pdv_length, self._pdv_left, self._pdv_received = length - 2, length - 2, 0
        self._pdv_start = self.position + used
        self._command_cut = False
        if self._pdv_left > self._pdu_left:
            detail = f"a PDV announces {length} bytes where its P-DATA-TF has {self._pdu_left + 2} left"
            self._malformed(events, "pdv-beyond-pdu", detail, used)
            self._pdv_left = self._pdu_left
        self._state = PDV_VALUE
        if self._pdv_left == 0:
            self._end_of_pdv(events, used)

    def _pdv_value(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        used = min(self._pdv_left, end - at)
        self._pdv_left -= used
        self._pdu_left -= used
        self._pdv_received += used
        if self._header & 1:
            room = 0 if self._command_cut else MAX_COMMAND_FRAGMENT - len(self._pending)
            self._pending += data[at : at + min(used, room)]
        elif self._show_data:
            events.append(PdvBytes(self._context, data[at : at + used], self.position - self._pdv_start))
        if self._pdv_left == 0:
            self._end_of_pdv(events, used)
        return at + used

    def _finish_pdv(self, used: int = 0, *, ended: bool = True) -> Pdv:
        data = bytes(self._pending)
        self._pending.clear()
        self._pdv_number += 1
        return Pdv(
            self._context,
            self._header,
            self._pdv_length,
            self._pdv_received,
            data,
            self._pdv_first,
            self._last,
            self._pdu_start,
            self.position + used,
            self._pdu_length,
            self._pdv_number - 1,
            self._first,
            ended,
        )

    def _end_of_pdv(self, events: list[PduEvent], used: int) -> None:
        """A fragment is whole; it ends `used` bytes after `position`."""
        events.append(self._finish_pdv(used))
        self._state = PDV_HEADER
        if self._pdu_left == 0:
            self._end_of_pdu(events, used)

    def _pdu_rest(self, at: int, end: int) -> int:
        used = min(self._pdu_left, end - at)
        self._pdu_left -= used
        if self._pdu_left == 0:
            self._state = PDU_HEADER
        return at + used

    def _malformed(self, events: list[PduEvent], code: str, detail: str, used: int) -> None:
        events.append(MalformedPdu(self._span(self._first, self._pdu_start, used), code, detail))

    def _span(self, first: PacketMark, start: int, used: int = 0) -> Span:
        last = self._last
        return Span(
            min(first.number, last.number),
            max(first.number, last.number),
            min(first.time, last.time),
            max(first.time, last.time),
            min(first.offset, last.offset),
            self.flow,
            self.origin,
            start,
            self.position + used,
        )


def _is_possible(kind: int, length: int) -> bool:
    """Whether a header may be one at all; P-DATA-TF may announce any length (PS3.8 §9.3.5)."""
    return kind == 4 or length <= (MAX_CONTROL_PDU if kind in PDU_TYPES else MAX_UNKNOWN_PDU)


def _makes_sense(kind: int, length: int) -> bool:
    """Whether a header has the length its type needs (PS3.8 §9.3)."""
    if kind in (1, 2):
        return length >= 68
    return length >= HEADER_LENGTH if kind == 4 else kind in PDU_TYPES and length == 4
