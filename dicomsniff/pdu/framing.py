"""PDU and PDV headers, and what they announce (PS3.8 §9.3): a stream's bytes, and its holes -> PDUs and PDVs.

One state machine: `State` says what the next byte is taken for, one method takes it. Headers lead from PDU to PDV to
its value and back. A hole, or a header that makes no sense, leads to LOST, and the next header that is one back from
there. Passing over bytes (capture/skip.py) is a step of the same machine that needs no bytes, only their number.
"""

import struct
from collections import defaultdict
from collections.abc import Callable
from enum import Enum

from dicomsniff.capture.skip import Skip, Unreadable
from dicomsniff.dictionary.pdu_types import PDU_TYPES, pdu_type_name
from dicomsniff.pdu.decode import HEADER_LENGTH, SHORTEST_BODY, decode_control_pdu, decode_cut_associate
from dicomsniff.pdu.holes import Holes
from dicomsniff.pdu.recognize import CANDIDATE, MAX_CONTROL_PDU, SEARCH_OVERLAP, find_header
from dicomsniff.pdu.types import MalformedPdu, MissingBytes, PduEvent, Pdv, PdvBytes, PdvRun, SkippedBytes, UnknownPdu
from dicomsniff.quantities import counted, is_are
from dicomsniff.span import PacketMark, Source, Span

MAX_COMMAND_FRAGMENT = 1 << 20
"""Bytes kept of a command fragment; what is beyond is counted only."""
MAX_UNKNOWN_PDU = 1 << 16
"""Bytes: an unknown PDU type announcing more is taken for lost synchronization, not for a PDU."""
FOREVER = 1 << 62
"""Bytes: beyond the end of any stream."""
SINGLY = 16
"""Holes told one by one after the place among PDUs was lost; further ones are told together."""
MAX_TOGETHER = 256
"""Holes told together at most."""
NO_PACKET = PacketMark(0, 0, 0)

_HEADER = struct.Struct(">BxL").unpack_from
_HEADERS = struct.Struct(">BxLLBB").unpack_from
"""Of a P-DATA-TF and its first PDV: type and length, length, context and message control header."""
_HEADERS_LENGTH = 2 * HEADER_LENGTH
"""Bytes of a P-DATA-TF with a single PDV that are not the fragment's."""
ABORT_WITHIN = "; its last bytes, which came by themselves, are an A-ABORT, sent within the PDU"
"""What the problem of an unfinished PDU ends with, where its sender broke it off so."""
_ABORT = b"\7\0\0\0\0\4"
"""The header of an A-ABORT (PS3.8 §9.3.8)."""
_REPEAT = struct.Struct(">BBLLBB").pack


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
    """Walks the PDUs of one direction, from `position` of its stream on.

    With `show_data`, the bytes of data set fragments are handed on as PdvBytes; with `collect`, those passed over too:
    whoever passes over them keeps them.
    """

    __slots__ = (
        "_collect",
        "_command_cut",
        "_context",
        "_doubtful",
        "_first",
        "_header",
        "_holes",
        "_holes_told",
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
        "_pdv_start",
        "_pending",
        "_show_data",
        "_skip_first",
        "_skipped",
        "_state",
        "counts",
        "position",
        "source",
    )

    def __init__(self, source: Source | None, *, collect: bool, show_data: bool) -> None:
        self.source = source
        """What positions and spans count in."""
        self.position = 0
        """Bytes of the source taken so far, those missing included."""
        self.counts: dict[str, int] = defaultdict(int)
        """PDUs seen whole since this was cleared, by name."""
        self._collect = collect
        self._kept: list[bytes] = []
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
        self._skipped = 0
        """Bytes in which a header was searched in vain so far."""
        self._skip_first = NO_PACKET
        """The packet of the first of them."""
        self._holes: Holes | None = None
        self._holes_told = 0
        """Holes that were told one by one since the place was lost."""

    @property
    def fragment(self) -> tuple[int, int] | None:
        """The data set fragment that is coming: its presentation context, and how much of it came or is missing."""
        if self._state is not PDV_VALUE or self._header & 1:
            return None
        return self._context, self.position - self._pdv_start

    @property
    def is_inside(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return bool(self._pending) if self._state is PDU_HEADER else self._state is not LOST

    @property
    def underway(self) -> int:
        """The type of the PDU that has begun and not ended, but for the PDVs of a P-DATA-TF; 0 where there is none."""
        if self._state is PDU_HEADER and self._pending:
            return self._pending[0]
        return self._pdu_type if self._state is CONTROL_BODY else 0

    def begin(self, position: int, skipped: int, first: PacketMark, *, at_header: bool) -> list[PduEvent]:
        """Begin at `position` of the stream; the `skipped` bytes before it, from packet `first` on, are no PDUs."""
        self.position, self._skipped, self._skip_first = position, skipped, first
        self._mark = self._last = max(self._last, first)  # nothing may follow it
        self._state = PDU_HEADER if at_header else LOST
        return self._report_skipped() if at_header else []

    def arrive(self, mark: PacketMark) -> None:
        """Note which packet the next bytes come from; out of order, it may be an earlier one than the last."""
        self._mark = mark
        if mark > self._last:
            self._last = mark
        else:
            self._first = min(self._first, mark)
            self._pdv_first = min(self._pdv_first, mark)

    def feed(self, data: bytes, at: int, end: int) -> list[PduEvent]:
        """Take `data[at:end]`, the next bytes of the stream; `arrive` has told of their packet."""
        events: list[PduEvent] = []
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
                at = self._search(data, at, end, events)
            self.position += at - before
        return events

    def skip(self, unneeded: int) -> Skip | None:
        """Return what need not be fed: the rest of a data set fragment, at most `unneeded` bytes of the data set.

        Where the current P-DATA-TF is one fragment of a data set that goes on, PDUs that repeat its header are
        such bytes as well: most of a large data set is made of them.
        """
        if self._state is not PDV_VALUE or self._header & 1:
            return None
        kept = self._kept if self._collect else None
        left = self._pdv_left
        if left > unneeded:
            return Skip(self.position + unneeded, kept=kept)
        until = self.position + left
        fragment = self._pdu_length - HEADER_LENGTH
        if self._header or left != self._pdu_left or fragment != self._pdv_length or self._pdv_number:
            return Skip(until, kept=kept)
        period = _HEADERS_LENGTH + fragment
        repeat = _REPEAT(4, 0, self._pdu_length, self._pdu_length - 4, self._context, 0)
        return Skip(until, repeat, period, until + (unneeded - left) // fragment * period, kept)

    def pass_over(self, count: int, skip: Skip | None) -> list[PduEvent]:
        """Count bytes that were not fed because a skip, as it is now, allowed it; decode them where they were kept."""
        if skip is not None and skip.unreadable is not None:
            self._pass_unreadable(count, skip.unreadable)
            return []
        seen = skip.seen if skip is not None else None
        if self._kept:
            if seen is not None:
                self.arrive(max(self._mark, seen))
            kept = b"".join(self._kept)
            self._kept.clear()
            return self.feed(kept, 0, len(kept))
        events: list[PduEvent] = []
        if count >= self._pdv_left:
            # The fragment ended, and others like it followed, each the only one of its P-DATA-TF.
            period = HEADER_LENGTH + self._pdu_length
            whole, beyond = divmod(count - self._pdv_left, period)
            first = self._last
            if seen is not None:
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
            self.position += _HEADERS_LENGTH
            self._pdv_start = self.position
            count = beyond - _HEADERS_LENGTH
            self._pdv_left, self._pdu_left = self._pdv_length, self._pdv_length
            self._pdv_received = self._pdv_number = 0
        self.position += count
        self._pdv_left -= count
        self._pdu_left -= count
        self._pdv_received += count
        return events

    def end(self, short: bytes = b"") -> list[PduEvent]:
        """End the stream: return what was left incomplete, marked so; `short` was the last segment."""
        events: list[PduEvent] = []
        if self._state is PDV_VALUE:
            events.append(self._finish_pdv(ended=False))
        cut = self._cut_associate()
        state, self._state = self._state, PDU_HEADER
        waiting, header = len(self._pending), bytes(self._pending) if state is PDU_HEADER else b""
        self._pending.clear()
        if state is LOST:
            self._skipped += waiting
            return events + self._report_skipped()
        if state is not PDU_HEADER:
            events += cut
            name, missing = pdu_type_name(self._pdu_type), self._pdu_left - waiting
            announced, lacking = counted(self._pdu_length, "byte"), counted(missing, "byte")
            detail = f"{name} announces {announced}; the stream ends {lacking} before its end"
            if state is not CONTROL_BODY and short.startswith(_ABORT):
                detail += ABORT_WITHIN
        elif waiting:
            detail = f"the stream ends {counted(waiting, 'byte')} into a PDU header"
        else:
            return events
        self._malformed(events, "pdu-incomplete", detail, 0, header)
        return events

    def _whole_pdata(self, data: bytes, at: int, end: int, events: list[PduEvent]) -> int:
        """Take a P-DATA-TF of one PDV, if all of it is there: so most messages come, and one step is all it takes.

        Without this short cut, `show` takes 1.11 times the CPU on many C-ECHOs; nothing else depends on it.
        """
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
        doubtful = self._doubtful or (self._pdu_start == 0 and kind not in PDU_TYPES)  # a stream of another protocol?
        if not _is_possible(kind, length) or (doubtful and not _makes_sense(kind, length)):
            detail = f"not a PDU header: {pdu_type_name(kind)} with a length of {counted(length, 'byte')}"
            swapped = int.from_bytes(length.to_bytes(4, "big"), "little")
            if kind in PDU_TYPES and kind != 4 and _makes_sense(kind, swapped):
                detail += f", in the other byte order {swapped}" if swapped <= MAX_CONTROL_PDU else ""
            self._malformed(events, "pdu-header", detail, used, bytes(pending))
            self._doubtful = False
            self._state = LOST
            # What waits is no header, but one may begin at its second byte.
            self._skip_first = self._mark
            self._skipped += 1
            del pending[0]
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
        if used == self._pdu_left:
            self._end_of_pdu(events, used, data[at : at + used])
            return at + used
        self._pending += data[at : at + used]
        if len(self._pending) == self._pdu_left:
            body = bytes(self._pending)
            self._pending.clear()
            self._end_of_pdu(events, used, body)
        return at + used

    def _end_of_pdu(self, events: list[PduEvent], used: int, body: bytes = b"") -> None:
        """A PDU is whole; it ends `used` bytes after `position`. Of a P-DATA-TF the body is not kept."""
        self.counts[pdu_type_name(self._pdu_type)] += 1
        if self._pdu_type != 4:
            pdu = decode_control_pdu(self._pdu_type, body, self._span(self._first, self._pdu_start, used))
            self._doubtful = isinstance(pdu, UnknownPdu) or len(body) < SHORTEST_BODY
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
            self._malformed(
                events, "pdv-too-short", f"a PDV announces {counted(length, 'byte')}; its own header needs 2", used
            )
            self._end_bad_pdv(events, used)
            if self._pdu_left:  # where the next PDV begins is anyone's guess
                self.counts[pdu_type_name(self._pdu_type)] += 1
                self._state = PDU_REST
        else:
            pending.clear()
            rest = counted(self._pdu_left, "byte")
            detail = f"{rest} at the end of a P-DATA-TF {is_are(self._pdu_left)} too few for a PDV"
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
            detail = f"a PDV announces {counted(length, 'byte')} where its P-DATA-TF has {self._pdu_left + 2} left"
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

    def lose(self, length: int, *, is_exact: bool = True) -> list[PduEvent]:
        """Take a gap: within a fragment its length says where to go on, elsewhere a header must be found."""
        before: list[PduEvent] = []
        if self._state is LOST:
            self._skipped += len(self._pending)
            if self._holes_told >= SINGLY:
                return self._join_holes(length)
            self._holes_told += 1
            before = self._report_skipped()
        self._skip_first = self._mark
        place = self.position
        before += self._cut_associate()
        self.position += length
        span = self._span(self._mark, place)
        self._command_cut = True
        if is_exact and self._state is PDV_VALUE and length < self._pdv_left:
            self._pdv_left -= length
            self._pdu_left -= length
            return [MissingBytes(span, length, resynchronized=False)]
        if is_exact and self._state is PDV_VALUE and length == self._pdv_left:
            self._pdv_left = 0
            self._pdu_left -= length
            events: list[PduEvent] = [MissingBytes(span, length, resynchronized=False)]
            self._end_of_pdv(events, 0)
            return events
        events = [self._finish_pdv()] if self._state is PDV_VALUE else before
        inside = is_exact and self._state in (PDV_VALUE, PDV_HEADER, CONTROL_BODY, PDU_REST)
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

    def _join_holes(self, length: int) -> list[PduEvent]:
        """Take a gap where nothing is readable anyway: there are many where the rest of each packet is lacking."""
        self._pending.clear()
        told = self._report_skipped() if self._holes is not None and self._holes.count >= MAX_TOGETHER else []
        if self._holes is None:
            if not self._skipped:
                self._skip_first = self._mark
            self._holes = Holes(self.position - self._skipped, self.position, self._mark)
        self.position += length
        self._holes.add(self.position, length, self._mark, self._skipped)
        return told

    def skip_unreadable(self, pass_time: Callable[[int], None]) -> Skip | None:
        """Return what need not be fed where holes wait for further ones: packets without a header, but with a hole."""
        if self._holes is None or self._pending or self._state is not LOST:
            return None
        room = MAX_TOGETHER - self._holes.count
        return Skip(FOREVER, lacks=True, unreadable=Unreadable(CANDIDATE, room, self._mark, pass_time))

    def _pass_unreadable(self, count: int, passed: Unreadable) -> None:
        self.arrive(passed.mark)
        self.position += count
        self._skipped += passed.readable
        if self._holes is not None:
            self._holes.add(self.position, passed.cut, passed.mark, self._skipped, passed.packets)

    def tell_holes(self) -> list[PduEvent]:
        """Tell of holes that were to be told together with further ones."""
        if self._holes is None:
            return []
        events = self._report_skipped(-len(self._pending))
        self._skip_first = self._mark
        return events

    def _cut_associate(self) -> list[PduEvent]:
        """Return what is there of an A-ASSOCIATE PDU that does not go on."""
        if self._state is not CONTROL_BODY or self._pdu_type not in (1, 2):
            return []
        span = self._span(self._first, self._pdu_start)
        cut = decode_cut_associate(self._pdu_type, bytes(self._pending), self._pdu_length, span)
        return [] if cut is None else [cut]

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
        self._holes_told = 0
        self._skipped += found
        events += self._report_skipped(found - carried)
        if found >= carried:
            self._state = PDU_HEADER
            return at + found - carried
        self._pdu_start = self.position - (carried - found)
        self._first = self._mark
        self._state = PDU_HEADER
        head, self.position = window[found:carried], self._pdu_start
        events += self.feed(head, 0, len(head))
        return at

    def _report_skipped(self, used: int = 0) -> list[PduEvent]:
        """Report what was passed over; it ends `used` bytes after `position`."""
        skipped, self._skipped = self._skipped, 0
        holes, self._holes = self._holes, None
        events: list[PduEvent] = []
        if skipped:
            start = max(self.position + used - skipped, 0) if holes is None else holes.start
            places = 1 if holes is None else holes.pieces(skipped)
            events.append(SkippedBytes(self._span(self._skip_first, start, used), skipped, places))
        if holes is not None:
            events.append(holes.told(self.source))
        return events

    @property
    def holds_holes(self) -> bool:
        """Whether holes wait for further ones, to be told together."""
        return self._holes is not None

    def _malformed(self, events: list[PduEvent], code: str, detail: str, used: int, header: bytes = b"") -> None:
        events.append(MalformedPdu(self._span(self._first, self._pdu_start, used), code, detail, header))

    def _span(self, first: PacketMark, start: int, used: int = 0) -> Span:
        last = self._last
        if first is last:
            return Span(last.number, last.number, last.time, last.time, last.offset, self.source, start,
                        self.position + used)  # fmt: skip
        return Span(
            min(first.number, last.number),
            max(first.number, last.number),
            min(first.time, last.time),
            max(first.time, last.time),
            min(first.offset, last.offset),
            self.source,
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
