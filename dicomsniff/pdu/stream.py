"""The bytes of one stream -> PDUs and PDVs, once they are recognized as DICOM (PS3.8 §9.3)."""

from dicomsniff.capture.segments import Flow
from dicomsniff.dictionary.pdu_types import pdu_type_name
from dicomsniff.pdu.express import FOREVER, ExpressLane
from dicomsniff.pdu.framing import LOST, NO_PACKET, PDU_HEADER, PDV_VALUE
from dicomsniff.pdu.opening import Opening
from dicomsniff.pdu.types import MalformedPdu, MissingBytes, PduEvent
from dicomsniff.provenance import PacketMark, join_spans


class PduStream(ExpressLane):
    """Decodes one direction. Feed it bytes and gaps in order; `set_quiet` says which bytes need not be fed.

    With `collect`, the bytes of all data set fragments are handed on as PdvBytes; with `examine`, of those only that
    are fed.
    """

    __slots__ = ("_opening", "_unseen", "recognized")

    def __init__(
        self, flow: bytes, origin: int, *, collect: bool = False, examine: bool = False, known_start: bool = True
    ) -> None:
        super().__init__(flow, origin, collect=collect, show_data=collect or examine)
        self.recognized = False
        """Whether the stream is being read as DICOM."""
        self._opening = Opening(known_start=known_start)
        self._unseen: MissingBytes | None = None
        """What the capture lacks of the bytes before the stream was recognized."""

    @property
    def foreign(self) -> str:
        """The other protocol's name, where the stream's first bytes tell it."""
        return self._opening.foreign

    @property
    def is_other(self) -> bool:
        """Whether the stream was found to carry another protocol."""
        return self._opening.other and not self.recognized

    @property
    def is_inside(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return bool(self._pending) if self._state is PDU_HEADER else self._state is not LOST

    def set_quiet(self, flow: Flow, unneeded: int = FOREVER) -> None:
        """Tell the stage before which bytes need not be fed: they continue a data set fragment, or are not DICOM.

        `unneeded` is how many further bytes of the current message's data set (of fragments' values, without PDU and
        PDV headers) nobody wants to see; no byte of the data set beyond them is passed over.
        """
        if self.recognized:
            self._let_pass(flow, unneeded)
        else:
            flow.repeat, flow.kept = b"", None
            flow.quiet_until = FOREVER if self._opening.other else self.position

    def feed(self, offset: int, data: bytes, start: int, end: int, mark: PacketMark) -> list[PduEvent]:
        """Take `data[start:end]`, which begins at `offset` of the stream; bytes skipped as quiet are counted first."""
        passed = self._pass_over(offset - self.position) if offset > self.position else []
        self._arrive(mark)
        if self.recognized:
            return passed + self._decode(data, start, end)
        if self._skip_first == NO_PACKET:
            self._skip_first = mark
        self.position += end - start
        return self.accept() if self._opening.feed(data[start:end], mark) else []

    def gap(self, offset: int, length: int, mark: PacketMark) -> list[PduEvent]:
        """Take note that `length` bytes at `offset` are missing; keep the place where the framing still tells it."""
        events = self._pass_over(offset - self.position) if offset > self.position else []
        self._arrive(mark)
        if not self.recognized and self._opening.end():
            events += self.accept()
        if self.recognized:
            return events + self._lose(length)
        start, before = self.position, self._unseen
        self.position += length
        span = self._span(mark, start)
        if before is not None:
            span, length = join_spans(before.span, span), before.length + length
        self._unseen = MissingBytes(span, length, resynchronized=True)
        self._opening.drop()
        return events

    def accept(self) -> list[PduEvent]:
        """Read the stream as DICOM from here on: the other direction is, or the user says so."""
        if self.recognized:
            return []
        self.recognized = True
        early, latest = self._opening.take()
        begins_here = self._opening.at_start
        self._state = PDU_HEADER if begins_here else LOST
        self.position -= len(early) + len(latest)
        unseen, self._unseen = self._unseen, None
        self._skipped = self.position - (unseen.length if unseen is not None else 0)
        events: list[PduEvent] = [unseen] if unseen is not None else []
        events += self._report_skipped() if begins_here else []
        mark = self._mark
        self._mark = self._opening.first if early else mark
        events += self._decode(early, 0, len(early))
        self._mark = mark
        return events + self._decode(latest, 0, len(latest))

    def close(self, end: int = 0, last: PacketMark = NO_PACKET) -> list[PduEvent]:
        """No more bytes come: hand on what is incomplete, as such. Quiet bytes up to `end`, in packet `last`, count."""
        events: list[PduEvent] = []
        if end > self.position:
            events = self._pass_over(end - self.position)
            self._arrive(last)
        if not self.recognized and self._opening.end():
            events += self.accept()
        return events + self._end() if self.recognized else events

    def _end(self) -> list[PduEvent]:
        events: list[PduEvent] = []
        if self._state is PDV_VALUE:
            events.append(self._finish_pdv(ended=False))
        state, self._state = self._state, PDU_HEADER
        waiting = len(self._pending)
        self._pending.clear()
        if state is LOST:
            self._skipped += waiting
            return events + self._report_skipped()
        if state is not PDU_HEADER:
            name, missing = pdu_type_name(self._pdu_type), self._pdu_left - waiting
            detail = f"{name} announces {self._pdu_length} bytes; the stream ends {missing} bytes before its end"
        elif waiting:
            detail = f"the stream ends {waiting} bytes into a PDU header"
        else:
            return events
        events.append(MalformedPdu(self._span(self._first, self._pdu_start), "pdu-incomplete", detail))
        return events
