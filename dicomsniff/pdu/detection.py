"""Whether one direction of a connection is DICOM: what comes first waits until the connection's protocol is known.

A direction whose beginning was captured is judged once, by its first ENOUGH bytes. Where they are no PDU, they may
still be damaged, or stand before PDUs, as a load balancer's PROXY line does. The other direction decides: if it is
DICOM, this one is read from its first byte on, just as if the other had been recognized before. So everything that
came waits until then (association/recognition.py says how long), nothing of it is passed over, and what is decoded
depends neither on how packets cut the bytes nor on which direction was recognized first.

A direction whose beginning is missing is searched for a P-DATA-TF that begins a command set. Only what may begin one
waits; the bytes before it, or before the other direction is recognized, are told as skipped.
"""

from typing import NamedTuple

from msgspec.structs import replace

from dicomsniff.pdu.framing import NO_PACKET
from dicomsniff.pdu.recognize import ENOUGH, Verdict, find_message_start, judge_cut_off, judge_start
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import MissingBytes, PduEvent
from dicomsniff.span import PacketMark, Span, join_spans


class Piece(NamedTuple):
    """What waits: bytes at `offset` of the stream, or `missing` bytes that the capture lacks there."""

    offset: int
    data: bytes
    missing: int
    mark: PacketMark


class Detection:
    """Keeps the first bytes of a direction, and judges them."""

    __slots__ = ("_first", "_fresh", "_known_start", "_position", "_unseen", "pieces", "verdict", "waiting")

    def __init__(self, *, known_start: bool) -> None:
        self.verdict = Verdict.WAIT
        self.waiting = 0
        """Bytes that wait."""
        self._known_start = known_start
        self.pieces: list[Piece] = []
        """What waits, in order."""
        self._position = 0
        """Bytes of the stream that came so far, those missing included."""
        self._first = NO_PACKET
        """The packet of the first byte that came."""
        self._unseen: tuple[Span, int] | None = None
        """What the capture lacks of the bytes before those that wait, and how many these are."""
        self._fresh = True
        """Whether all that came since the capture of the stream began still waits."""

    @property
    def beginning(self) -> bytes:
        """The waiting bytes before the first hole."""
        if len(self.pieces) == 1:
            return self.pieces[0].data  # as of most connections, whose first segment tells
        holes = (number for number, piece in enumerate(self.pieces) if piece.missing)
        return b"".join(piece.data for piece in self.pieces[: next(holes, None)])

    @property
    def begins_at(self) -> int:
        """Where in the stream what waits begins: all before it is missing, or was let go of."""
        return self.pieces[0].offset if self.pieces else self._position

    @property
    def at_header(self) -> bool:
        """Whether what waits is read from its first byte on, not searched."""
        return self._known_start or self.verdict is Verdict.DICOM

    def feed(self, offset: int, data: bytes, mark: PacketMark) -> Verdict:
        """Take bytes; what was said of a stream is not changed by what follows."""
        if self._first == NO_PACKET:
            self._first = mark
        self._position = offset + len(data)
        self.pieces.append(Piece(offset, data, 0, mark))
        self.waiting += len(data)
        if self.verdict is Verdict.WAIT:
            beginning = self.beginning
            if self._known_start:
                self.verdict = judge_start(beginning)
            else:
                self._search(beginning)
        return self.verdict

    def gap(self, offset: int, length: int, mark: PacketMark) -> Verdict:
        """Take note that `length` bytes at `offset` are missing."""
        self._position = offset + length
        if self.end() is not Verdict.WAIT:
            self.pieces.append(Piece(offset, b"", length, mark))
            return self.verdict
        # What follows is not the stream's beginning, and does not continue what waits.
        self._known_start = False
        self._drop(self.waiting)
        span, before = replace(Span.at(mark), start=offset, end=self._position), self._unseen
        if before is not None:
            span, length = join_spans(before[0], span), before[1] + length
        self._unseen = span, length
        return self.verdict

    def end(self) -> Verdict:
        """Judge once more where the stream ends, or has a hole: there will be no more to tell by."""
        if self.verdict is Verdict.WAIT and self._known_start and judge_cut_off(self.beginning) is Verdict.DICOM:
            self.verdict = Verdict.DICOM
        return self.verdict

    @property
    def knows_start(self) -> bool:
        """Whether what waits first is what the sender sent first."""
        return self._known_start

    @property
    def lacks_start(self) -> bool:
        """Whether all that came is a hole at the beginning."""
        return not self._known_start and self._first == NO_PACKET

    def pass_over(self, length: int) -> None:
        """The first `length` bytes of the stream stand before what it carries: judge by those behind them."""
        if length:
            self._drop(min(length - self.begins_at, len(self.beginning)))
            self.verdict = judge_start(self.beginning)

    def replay(self, pdus: PduStream) -> list[PduEvent]:
        """The connection is DICOM: read what waits; `pdus` goes on behind it."""
        position = self.begins_at
        events: list[PduEvent] = []
        skipped = 0 if self._known_start else position
        if self._unseen is not None:
            span, length = self._unseen
            events.append(MissingBytes(replace(span, source=pdus.source), length, resynchronized=True))
            skipped -= length
        events += pdus.begin(position, skipped, self._first, at_header=self.at_header)
        for offset, data, missing, mark in self.pieces:
            events += pdus.gap(offset, missing, mark) if missing else pdus.feed(offset, data, 0, len(data), mark)
        return events

    def _search(self, beginning: bytes) -> None:
        """Look for where DICOM begins in a stream whose own beginning is missing."""
        at = 0 if self._fresh and judge_start(beginning) is Verdict.DICOM else find_message_start(beginning)
        if at >= 0:
            self.verdict = Verdict.DICOM
            self._drop(at)
        else:
            self._fresh = self._fresh and len(beginning) < ENOUGH
            self._drop(max(0, len(beginning) - ENOUGH + 1))

    def _drop(self, count: int) -> None:
        """Let go of the first `count` bytes that wait."""
        self.waiting -= count
        while count and count >= len(self.pieces[0].data):
            count -= len(self.pieces.pop(0).data)
        if count:
            offset, data, missing, mark = self.pieces[0]
            self.pieces[0] = Piece(offset + count, data[count:], missing, mark)
