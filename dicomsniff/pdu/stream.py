"""The bytes of one stream that is DICOM -> PDUs and PDVs (PS3.8 §9.3)."""

from collections.abc import Callable

from dicomsniff.capture.skip import Skip
from dicomsniff.pdu.framing import FOREVER, NO_PACKET, Framing
from dicomsniff.pdu.types import PduEvent
from dicomsniff.span import PacketMark, Source


class PduStream:
    """Decodes one direction. Feed it bytes and gaps in order; `skip` says which bytes need not be fed.

    With `collect`, the bytes of all data set fragments are handed on as PdvBytes; with `examine`, of those only that
    are fed. Whoever passes over bytes tells, with what comes next, how far the skip went on (`skipped`).
    """

    __slots__ = ("_framing",)

    def __init__(self, source: Source | None, *, collect: bool = False, examine: bool = False) -> None:
        self._framing = Framing(source, collect=collect, show_data=collect or examine)

    def begin(self, position: int, skipped: int, first: PacketMark, *, at_header: bool) -> list[PduEvent]:
        """Begin at `position` of the stream, where a PDU begins or, without `at_header`, one is searched.

        The `skipped` bytes before it, from packet `first` on, are no PDUs.
        """
        return self._framing.begin(position, skipped, first, at_header=at_header)

    @property
    def source(self) -> Source | None:
        """What offsets count in."""
        return self._framing.source

    @property
    def position(self) -> int:
        """Bytes of the stream taken so far, those missing included."""
        return self._framing.position

    @property
    def counts(self) -> dict[str, int]:
        """PDUs seen whole, by name; whoever takes note of them may clear it."""
        return self._framing.counts

    @property
    def fragment(self) -> tuple[int, int] | None:
        """The data set fragment that is coming: its presentation context, and how much of it came or is missing."""
        return self._framing.fragment

    @property
    def is_inside(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return self._framing.is_inside

    @property
    def requests_association(self) -> bool:
        """Whether an A-ASSOCIATE-RQ has begun, and not ended (PS3.8 §9.3.2)."""
        return self._framing.underway == 1

    def skip(self, unneeded: int = FOREVER) -> Skip | None:
        """Say which bytes need not be fed: they continue a data set fragment.

        `unneeded` is how many further bytes of the current message's data set (of fragments' values, without PDU and
        PDV headers) nobody wants to see; no byte of the data set beyond them is passed over.
        """
        return self._framing.skip(unneeded)

    def feed(
        self, offset: int, data: bytes, start: int, end: int, mark: PacketMark, skipped: Skip | None = None
    ) -> list[PduEvent]:
        """Take `data[start:end]`, which begins at `offset` of the stream; those passed over before count first."""
        framing = self._framing
        passed = framing.pass_over(offset - framing.position, skipped) if offset > framing.position else []
        framing.arrive(mark)
        found = framing.feed(data, start, end)
        return passed + found if passed else found

    def gap(
        self, offset: int, length: int, mark: PacketMark, skipped: Skip | None = None, *, is_exact: bool = True
    ) -> list[PduEvent]:
        """Take note that `length` bytes at `offset` are missing; keep the place where the framing still tells it.

        It does not where that length is not exact.
        """
        framing = self._framing
        events = framing.pass_over(offset - framing.position, skipped) if offset > framing.position else []
        framing.arrive(mark)
        return events + framing.lose(length, is_exact=is_exact)

    @property
    def holds_holes(self) -> bool:
        """Whether holes wait for further ones, to be told together."""
        return self._framing.holds_holes

    def skip_unreadable(self, pass_time: Callable[[int], None]) -> Skip | None:
        """Say which bytes need not be fed after a hole, if any: packets that end with another one, all unreadable.

        `pass_time` is told when (ns since 1970) they were captured.
        """
        return self._framing.skip_unreadable(pass_time)

    def tell_holes(self, end: int = 0, skipped: Skip | None = None) -> list[PduEvent]:
        """Tell of holes that were to be told together with further ones; bytes passed over up to `end` count."""
        framing = self._framing
        if end > framing.position:
            framing.pass_over(end - framing.position, skipped)
        return framing.tell_holes()

    def close(
        self, end: int = 0, last: PacketMark = NO_PACKET, skipped: Skip | None = None, short: bytes = b""
    ) -> list[PduEvent]:
        """End: return what is left incomplete, marked so; bytes passed over up to `end`, in `last`, count.

        `short` is the last segment, if it is as short as an A-ABORT.
        """
        framing = self._framing
        events: list[PduEvent] = []
        if end > framing.position:
            events = framing.pass_over(end - framing.position, skipped)
            if skipped is None or skipped.unreadable is None:  # which knows the last packet itself
                framing.arrive(last)
        return events + framing.end(short)
