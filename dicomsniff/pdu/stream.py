"""The bytes of one stream -> PDUs and PDVs, once they are recognized as DICOM (PS3.8 §9.3)."""

from dicomsniff.capture.skip import Skip
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.framing import FOREVER, NO_PACKET, Framing
from dicomsniff.pdu.tls import TlsStream
from dicomsniff.pdu.types import MissingBytes, PduEvent
from dicomsniff.span import PacketMark, Span, join_spans

_ALL = Skip(FOREVER)


class PduStream:
    """Decodes one direction. Feed it bytes and gaps in order; `skip` says which bytes need not be fed.

    With `collect`, the bytes of all data set fragments are handed on as PdvBytes; with `examine`, of those only that
    are fed. Whoever passes over bytes tells, with what comes next, how far the skip went on (`skipped`).
    """

    __slots__ = ("_detection", "_first", "_framing", "_mark", "_position", "_unseen", "recognized")

    def __init__(
        self,
        flow: bytes,
        initial_sequence: int,
        *,
        collect: bool = False,
        examine: bool = False,
        known_start: bool = True,
    ) -> None:
        self.recognized = False
        """Whether the stream is being read as DICOM."""
        self._framing = Framing(flow, initial_sequence, collect=collect, show_data=collect or examine)
        self._detection = Detection(known_start=known_start)
        self._first = self._mark = NO_PACKET
        self._position = 0
        self._unseen: MissingBytes | None = None
        """What the capture lacks of the bytes before the stream was recognized."""

    @classmethod
    def within(cls, flow: bytes, initial_sequence: int, position: int) -> "PduStream":
        """Return a stream known to be DICOM that reads all data from `position`, where a PDU begins."""
        stream = cls(flow, initial_sequence, collect=True)
        stream._framing.begin(position, 0, NO_PACKET, at_header=True)
        stream.recognized = True
        return stream

    @property
    def position(self) -> int:
        """Bytes of the stream taken so far, those missing included."""
        return self._framing.position if self.recognized else self._position

    @property
    def counts(self) -> dict[str, int]:
        """PDUs seen whole, by name."""
        return self._framing.counts

    @property
    def fragment(self) -> tuple[int, int] | None:
        """The data set fragment that is coming: its presentation context, and how much of it came or is missing."""
        return self._framing.fragment

    @property
    def is_other(self) -> bool:
        """Whether the stream was found to carry another protocol."""
        return self._detection.other and not self.recognized

    @property
    def is_inside(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return self._framing.is_inside

    @property
    def requests_association(self) -> bool:
        """Whether an A-ASSOCIATE-RQ has begun, and not ended (PS3.8 §9.3.2)."""
        return (self._framing.underway if self.recognized else self._detection.underway) == 1

    @property
    def foreign(self) -> str:
        """The other protocol's name, where the stream's first bytes tell it."""
        return self._detection.foreign

    @property
    def tls(self) -> TlsStream | None:
        """The handshake of a stream that carries TLS."""
        return self._detection.tls

    def skip(self, unneeded: int = FOREVER) -> Skip | None:
        """Say which bytes need not be fed: they continue a data set fragment, or are not DICOM.

        `unneeded` is how many further bytes of the current message's data set (of fragments' values, without PDU and
        PDV headers) nobody wants to see; no byte of the data set beyond them is passed over.
        """
        if self.recognized:
            return self._framing.skip(unneeded)
        detection = self._detection
        return _ALL if detection.other and (detection.tls is None or detection.tls.done) else None

    def feed(
        self, offset: int, data: bytes, start: int, end: int, mark: PacketMark, skipped: Skip | None = None
    ) -> list[PduEvent]:
        """Take `data[start:end]`, which begins at `offset` of the stream; those passed over before count first."""
        framing = self._framing
        if self.recognized:
            passed = framing.pass_over(offset - framing.position, skipped) if offset > framing.position else []
            framing.arrive(mark)
            found = framing.feed(data, start, end)
            return passed + found if passed else found
        self._mark = mark
        if self._first == NO_PACKET:  # a copy of it, where the stream waited on a shelf
            self._first = mark
        self._position = offset + end - start
        return self.accept() if self._detection.feed(data[start:end], mark) else []

    def gap(self, offset: int, length: int, mark: PacketMark, skipped: Skip | None = None) -> list[PduEvent]:
        """Take note that `length` bytes at `offset` are missing; keep the place where the framing still tells it."""
        framing = self._framing
        events: list[PduEvent] = []
        if not self.recognized:
            self._mark = mark
            self._position = offset
            if not self._detection.end():
                self._lose_unseen(length, mark)
                return []
            events = self.accept()
        if offset > framing.position:
            events += framing.pass_over(offset - framing.position, skipped)
        framing.arrive(mark)
        return events + framing.lose(length)

    def _lose_unseen(self, length: int, mark: PacketMark) -> None:
        """Note bytes missing before the stream is recognized: they are told once it is."""
        start, before = self._position, self._unseen
        self._position += length
        flow, initial_sequence = self._framing.flow, self._framing.initial_sequence
        span = Span.at(mark)._replace(flow=flow, initial_sequence=initial_sequence, start=start, end=self._position)
        if before is not None:
            span, length = join_spans(before.span, span), before.length + length
        self._unseen = MissingBytes(span, length, resynchronized=True)
        self._detection.drop()

    def accept(self) -> list[PduEvent]:
        """Read the stream as DICOM from here on: the other direction is, or the user says so."""
        if self.recognized:
            return []
        self.recognized = True
        framing, detection = self._framing, self._detection
        early, latest = detection.take()
        position = self._position - len(early) - len(latest)
        framing.arrive(self._mark)
        framing.foreign = detection.foreign
        unseen = self._unseen
        skipped = position - (unseen.length if unseen is not None else 0)
        events: list[PduEvent] = [] if unseen is None else [unseen]
        events += framing.begin(position, skipped, self._first, at_header=detection.at_start)
        if early:
            framing.arrive(detection.first)
            events += framing.feed(early, 0, len(early))
            framing.arrive(self._mark)
        return events + framing.feed(latest, 0, len(latest))

    def close(self, end: int = 0, last: PacketMark = NO_PACKET, skipped: Skip | None = None) -> list[PduEvent]:
        """End: return what is left incomplete, marked so; bytes passed over up to `end`, in `last`, count."""
        events: list[PduEvent] = []
        if self.recognized:
            if end > self._framing.position:
                events = self._framing.pass_over(end - self._framing.position, skipped)
                self._framing.arrive(last)
        else:
            self._position = max(self._position, end)
            if self._detection.end():
                events = self.accept()
        return events + self._framing.end() if self.recognized else events
