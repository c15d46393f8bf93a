"""The bytes of one stream -> PDUs and PDVs; recognition at its start, recovery after a hole (PS3.8 §9.3)."""

import struct
from collections import Counter
from enum import Enum

from dicomsniff.capture.segments import Flow
from dicomsniff.dictionary.pdu_types import PDU_TYPES, pdu_type_name
from dicomsniff.pdu.decode import HEADER_LENGTH, decode_control_pdu
from dicomsniff.pdu.recognize import (
    ENOUGH,
    MAX_CONTROL_PDU,
    SEARCH_OVERLAP,
    Verdict,
    find_header,
    find_message_start,
    judge_cut_off,
    judge_start,
    name_foreign,
)
from dicomsniff.pdu.types import MalformedPdu, MissingBytes, PduEvent, Pdv, PdvBytes, PdvRun, SkippedBytes, UnknownPdu
from dicomsniff.provenance import PacketMark, Span

MAX_COMMAND_FRAGMENT = 1 << 20
"""Bytes kept of a command fragment; what is beyond is counted only."""
MAX_UNKNOWN_PDU = 1 << 16
"""Bytes: an unknown PDU type announcing more is taken for lost synchronization, not for a PDU."""
FOREVER = 1 << 62
_REPEAT = struct.Struct(">BBLLBB")

_HEADER = struct.Struct(">BxL").unpack_from
_NO_PACKET = PacketMark(0, 0, 0)


class State(Enum):
    """What the next byte of the stream is taken for."""

    UNDECIDED = "the start of a stream whose protocol is not known yet"
    SEARCHING = "traffic that may become DICOM: the stream's beginning was not captured"
    FOREIGN = "another protocol"
    PDU_HEADER = "a PDU header"
    CONTROL_BODY = "the body of a PDU other than P-DATA-TF"
    PDV_HEADER = "a PDV header"
    PDV_VALUE = "a fragment"
    PDU_REST = "bytes of a P-DATA-TF that belong to no PDV"
    LOST = "anything: the next header is searched"


class PduStream:
    """Decodes one direction. Feed it bytes and gaps in order; `set_quiet` says which bytes need not be fed.

    With `collect`, the bytes of data set fragments are handed on as PdvBytes.
    """

    __slots__ = (
        "_chunk",
        "_collect",
        "_command_cut",
        "_context",
        "_doubtful",
        "_first",
        "_followed",
        "_fresh",
        "_header",
        "_kept",
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
        "_pending",
        "_skip_first",
        "_skipped",
        "_state",
        "_unseen",
        "_waiting_first",
        "counts",
        "flow",
        "foreign",
        "origin",
        "position",
    )

    def __init__(self, flow: bytes, origin: int, *, collect: bool = False, known_start: bool = True) -> None:
        self.flow = flow
        self.origin = origin
        self.position = 0
        self.counts: Counter[str] = Counter()
        """PDUs seen whole, by name."""
        self.foreign = ""
        """The other protocol's name, where the stream's first bytes tell it."""
        self._collect = collect
        self._state = State.UNDECIDED if known_start else State.SEARCHING
        self._pending = bytearray()
        self._mark = self._last = self._first = self._pdv_first = _NO_PACKET
        self._pdu_start = 0
        self._pdu_type = self._pdu_length = self._pdu_left = 0
        self._pdv_left = self._pdv_received = self._pdv_length = self._pdv_number = 0
        self._context = self._header = 0
        self._command_cut = False
        """Whether bytes of the command fragment are missing: what follows them cannot be joined to what precedes."""
        self._doubtful = False
        """Whether the PDU before made no sense, so that the next header must."""
        self._fresh = True
        """Whether the waiting bytes begin where the stream, or what follows a hole, does."""
        self._unseen = 0
        """Bytes missing from the capture before the stream was recognized."""
        self._skipped = 0
        self._skip_first = _NO_PACKET
        self._followed: Flow | None = None
        self._kept: list[bytes] = []
        self._waiting_first = _NO_PACKET
        self._chunk = 0

    @property
    def recognized(self) -> bool:
        """Whether the stream is being read as DICOM."""
        return self._state not in (State.UNDECIDED, State.SEARCHING, State.FOREIGN)

    @property
    def is_inside(self) -> bool:
        """Whether a PDU has begun and not ended."""
        if self._state is State.PDU_HEADER:
            return bool(self._pending)
        return self._state in (State.CONTROL_BODY, State.PDV_HEADER, State.PDV_VALUE, State.PDU_REST)

    def set_quiet(self, flow: Flow) -> None:
        """Tell the stage before which bytes need not be fed: they continue a data set fragment, or are not DICOM.

        Where the current P-DATA-TF is one fragment of a data set that goes on, PDUs that repeat its header are
        such bytes as well: most of a large data set is made of them.
        """
        flow.repeat, flow.kept = b"", None
        self._followed = flow
        if self._state is State.FOREIGN:
            flow.quiet_until = FOREVER
        elif self._state is State.PDV_VALUE and not self._header & 1:
            if self._collect:
                flow.kept = self._kept
            flow.quiet_until = self.position + self._pdv_left
            if self._header == 0 and self._pdv_left == self._pdu_left and self._pdv_number == 0:
                flow.period = HEADER_LENGTH + self._pdu_length
                flow.repeat = _REPEAT.pack(4, 0, self._pdu_length, self._pdu_length - 4, self._context, 0)
        else:
            flow.quiet_until = self.position

    def feed(self, offset: int, data: bytes, start: int, end: int, mark: PacketMark) -> list[PduEvent]:
        """Take `data[start:end]`, which begins at `offset` of the stream; bytes skipped as quiet are counted first."""
        passed = self._pass_over(offset - self.position) if offset > self.position else []
        self._arrive(mark)
        if self._state in (State.UNDECIDED, State.SEARCHING, State.FOREIGN):
            if self._skip_first is _NO_PACKET:
                self._skip_first = mark
            self.position += end - start
            if self._state is State.FOREIGN:
                return []
            if not self._pending:
                self._waiting_first = mark
            self._pending += data[start:end]
            self._chunk = end - start
            events = self._recognize(complete=False)
            if self._chunk >= len(self._pending):
                self._waiting_first = mark
            return events
        return passed + self._decode(data, start, end)

    def gap(self, offset: int, length: int, mark: PacketMark) -> list[PduEvent]:
        """Take note that `length` bytes at `offset` are missing; keep the place where the framing still tells it."""
        passed = self._pass_over(offset - self.position) if offset > self.position else []
        self._arrive(mark)
        if self._state in (State.UNDECIDED, State.SEARCHING):
            passed += self._recognize(complete=True)
        if self.recognized:
            return passed + self._lose(length)
        self.position += length
        if self._state is State.UNDECIDED:
            self._state = State.SEARCHING
        self._pending.clear()
        return passed

    def accept(self) -> list[PduEvent]:
        """Read the stream as DICOM from here on: the other direction is, or the user says so."""
        if self.recognized:
            return []
        waiting = bytes(self._pending)
        self._pending.clear()
        begins_here = self._state is State.UNDECIDED
        self._state = State.PDU_HEADER if begins_here else State.LOST
        self.position -= len(waiting)
        self._skipped = self.position - self._unseen
        events = self._report_skipped() if begins_here else []
        # What waited came in an earlier packet than the rest.
        early, mark = max(0, len(waiting) - self._chunk), self._mark
        self._mark = self._waiting_first if early else mark
        events += self._decode(waiting, 0, early)
        self._mark = mark
        return events + self._decode(waiting, early, len(waiting))

    def close(self, end: int = 0, last: PacketMark = _NO_PACKET) -> list[PduEvent]:
        """No more bytes come: hand on what is incomplete, as such. Quiet bytes up to `end`, in packet `last`, count."""
        events: list[PduEvent] = []
        if end > self.position:
            events = self._pass_over(end - self.position)
            self._arrive(last)
        if self._state in (State.UNDECIDED, State.SEARCHING):
            events += self._recognize(complete=True)
        if not self.recognized:
            return events
        if self._state is State.PDV_VALUE:
            events.append(self._finish_pdv(ended=False))
        state, self._state = self._state, State.PDU_HEADER
        if state is State.LOST:
            self._skipped += len(self._pending)
            self._pending.clear()
            events += self._report_skipped()
        elif state in (State.CONTROL_BODY, State.PDV_HEADER, State.PDV_VALUE, State.PDU_REST):
            name = pdu_type_name(self._pdu_type)
            missing = self._pdu_left - len(self._pending)
            detail = f"{name} announces {self._pdu_length} bytes; the stream ends {missing} bytes before its end"
            events.append(MalformedPdu(self._span(self._first, self._pdu_start), "pdu-incomplete", detail))
        elif self._pending:
            detail = f"the stream ends {len(self._pending)} bytes into a PDU header"
            events.append(MalformedPdu(self._span(self._first, self._pdu_start), "pdu-incomplete", detail))
        self._pending.clear()
        return events

    def _arrive(self, mark: PacketMark) -> None:
        """Note which packet the next bytes come from; out of order, it may be an earlier one than the last."""
        self._mark = mark
        if mark > self._last:
            self._last = mark
        else:
            self._first = min(self._first, mark)
            self._pdv_first = min(self._pdv_first, mark)

    def _recognize(self, *, complete: bool) -> list[PduEvent]:
        waiting = self._pending
        if self._state is State.UNDECIDED:
            verdict = judge_start(waiting)
            if verdict is Verdict.WAIT and (complete or len(waiting) >= ENOUGH):
                verdict = judge_cut_off(waiting)
            if verdict is Verdict.DICOM:
                return self.accept()
            if verdict is Verdict.OTHER:
                self.foreign = name_foreign(waiting)
                self._state = State.FOREIGN
                self._pending = bytearray()
            return []
        at = 0 if self._fresh and judge_start(waiting) is Verdict.DICOM else find_message_start(waiting)
        if at < 0:
            self._fresh = self._fresh and len(waiting) < ENOUGH
            del waiting[: -(ENOUGH - 1)]
            return []
        del waiting[:at]
        self._state = State.UNDECIDED
        return self.accept()

    def _decode(self, data: bytes, at: int, end: int) -> list[PduEvent]:
        events: list[PduEvent] = []
        while at < end:
            before = at
            state = self._state
            if state is State.PDV_VALUE:
                at = self._pdv_value(data, at, end, events)
            elif state is State.PDU_HEADER:
                at = self._pdu_header(data, at, end, events)
            elif state is State.PDV_HEADER:
                at = self._pdv_header(data, at, end, events)
            elif state is State.CONTROL_BODY:
                at = self._control_body(data, at, end, events)
            elif state is State.PDU_REST:
                at = self._pdu_rest(at, end)
            else:
                at = self._search(data, at, end, events)
            self.position += at - before
        return events

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
            self._lose_place(bytes(pending), events, used)
            return at + used
        pending.clear()
        self._pdu_type, self._pdu_length, self._pdu_left = kind, length, length
        self._pdv_number = 0
        self._state = State.PDV_HEADER if kind == 4 else State.CONTROL_BODY
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
        span = self._span(self._first, self._pdu_start, used)
        if self._pdu_type != 4:
            body = bytes(self._pending)
            self._pending.clear()
            pdu = decode_control_pdu(self._pdu_type, body, span)
            self._doubtful = isinstance(pdu, UnknownPdu)
            events.append(pdu)
        elif self._pdv_number == 0:
            events.append(MalformedPdu(span, "pdata-without-pdv", "P-DATA-TF without a PDV"))
        self._state = State.PDU_HEADER

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
                self._state = State.PDU_REST
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
        self._command_cut = False
        if self._pdv_left > self._pdu_left:
            detail = f"a PDV announces {length} bytes where its P-DATA-TF has {self._pdu_left + 2} left"
            self._malformed(events, "pdv-beyond-pdu", detail, used)
            self._pdv_left = self._pdu_left
        self._state = State.PDV_VALUE
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
        elif self._collect:
            events.append(PdvBytes(self._context, data[at : at + used]))
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
        self._state = State.PDV_HEADER
        if self._pdu_left == 0:
            self._end_of_pdu(events, used)

    def _pdu_rest(self, at: int, end: int) -> int:
        used = min(self._pdu_left, end - at)
        self._pdu_left -= used
        if self._pdu_left == 0:
            self._state = State.PDU_HEADER
        return at + used

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
            self._state = State.PDU_HEADER
            return at + found - carried
        self._pdu_start = self.position - (carried - found)
        self._first = self._mark
        self._state = State.PDU_HEADER
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

    def _lose(self, length: int) -> list[PduEvent]:
        """Take a gap: within a fragment its length says where to go on, elsewhere a header must be found."""
        before: list[PduEvent] = []
        if self._state is State.LOST:
            self._skipped += len(self._pending)
            before = self._report_skipped()
        self._skip_first = self._mark
        place = self.position
        self.position += length
        span = self._span(self._mark, place)
        self._command_cut = True
        if self._state is State.PDV_VALUE and length < self._pdv_left:
            self._pdv_left -= length
            self._pdu_left -= length
            return [MissingBytes(span, length, resynchronized=False)]
        if self._state is State.PDV_VALUE and length == self._pdv_left:
            self._pdv_left = 0
            self._pdu_left -= length
            events: list[PduEvent] = [MissingBytes(span, length, resynchronized=False)]
            self._end_of_pdv(events, 0)
            return events
        events = [self._finish_pdv()] if self._state is State.PDV_VALUE else before
        inside = self._state in (State.PDV_VALUE, State.PDV_HEADER, State.CONTROL_BODY, State.PDU_REST)
        left = self._pdu_left - len(self._pending) if inside else -1
        self._pending.clear()
        events.append(MissingBytes(span, length, resynchronized=left != length))
        if left == length:
            self._state = State.PDU_HEADER
        elif left > length:
            self._pdu_left = left - length
            self._state = State.PDU_REST
        else:
            self._state = State.LOST
        return events

    def _lose_place(self, header: bytes, events: list[PduEvent], used: int) -> None:
        kind, length = _HEADER(header)
        detail = f"{header.hex(' ')} is no PDU header: {pdu_type_name(kind)} with a length of {length} bytes"
        self._malformed(events, "pdu-header", detail, used)
        self._skip_first = self._mark
        self._skipped += 1
        self._pending[:] = header[1:]
        self._doubtful = False
        self._state = State.LOST

    def _pass_over(self, count: int) -> list[PduEvent]:
        """Count bytes that were not handed on because `set_quiet` allowed it; decode them where they were kept."""
        if self._kept:
            if self._followed is not None:
                self._arrive(max(self._mark, self._followed.repeated_in))
            kept = b"".join(self._kept)
            self._kept.clear()
            return self._decode(kept, 0, len(kept))
        if self._state is not State.PDV_VALUE:
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
                self._state = State.PDU_HEADER
                return events
            self._first = self._pdv_first = self._last
            self._pdu_start = self.position
            self.position += _REPEAT.size
            count = beyond - _REPEAT.size
            self._pdv_left, self._pdu_left = self._pdv_length, self._pdv_length
            self._pdv_received = self._pdv_number = 0
        self.position += count
        self._pdv_left -= count
        self._pdu_left -= count
        self._pdv_received += count
        return events

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
