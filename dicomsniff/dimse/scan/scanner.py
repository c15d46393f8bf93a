"""The bytes of a data set as they come -> an outline of it: structure, problems, a few small values (PS3.5)."""

from io import BufferedIOBase
from operator import attrgetter
from typing import IO

from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.scan.element_kinds import PIXEL_DATA, TRANSFER_SYNTAX_UID
from dicomsniff.dimse.scan.elements import ElementWalk
from dicomsniff.dimse.scan.events import ElementSink
from dicomsniff.dimse.scan.file_meta import GROUP, find_file_meta
from dicomsniff.dimse.scan.inflated import InflatedWalk
from dicomsniff.dimse.scan.outline import DataSetOutline, ProblemList, named
from dicomsniff.dimse.scan.syntax import Decision, Encoding, decide_syntax, fitting_syntax
from dicomsniff.dimse.scan.value_checks import KeptValues
from dicomsniff.pdu.framing import FOREVER

Readable = BufferedIOBase | IO[bytes]
"""A file that is read from any place."""
_PIECE = 1 << 16
_ELEMENT = 8
"""Bytes of the shortest element."""


class DataSetScanner:
    """Scans a data set as sent. Feed it in order; bytes before `wanted` need not be fed.

    `wanted` counts bytes of the data set as sent, and is beyond any where nothing more is looked at.
    A sink is told of every element, those of file meta information included.
    """

    __slots__ = (
        "_decision",
        "_enough",
        "_gathered",
        "_has_file_meta",
        "_inflated",
        "_lost",
        "_named_syntax",
        "_negotiated",
        "_problems",
        "_sink",
        "_start",
        "_walk",
        "wanted",
    )

    def __init__(self, transfer_syntax: str | None, sink: ElementSink | None = None) -> None:
        self.wanted = 0
        self._negotiated = transfer_syntax
        self._sink = sink
        self._problems = ProblemList()
        self._gathered = bytearray()
        """The first bytes, until they tell the encoding."""
        self._enough = 0
        """How many of them it takes to look again: twice as many as the last time, however few come at once."""
        self._start = 0
        """Where the data set proper begins, behind file meta information."""
        self._has_file_meta = False
        self._named_syntax: str | None = None
        """The transfer syntax that file meta information names."""
        self._decision: Decision | None = None
        self._walk: ElementWalk | None = None
        self._inflated: InflatedWalk | None = None
        self._lost = ""

    @property
    def contradiction(self) -> str:
        """Say how the first bytes contradict the transfer syntax that was negotiated; empty where they do not."""
        return self._decision.problem if self._decision is not None else ""

    def feed(self, offset: int, data: bytes) -> None:
        """Take bytes of the data set; if they begin after `wanted`, some were lost, and scanning stops."""
        if self.wanted == FOREVER:
            return
        if offset > self.wanted:
            self._stop(f"bytes from {self.wanted} on are missing from the capture")
            return
        while self._walk is None or self._inflated is not None:
            start = self.wanted - offset
            fresh = data[start : start + _PIECE]
            if not fresh:
                return
            self.wanted += len(fresh)
            if self._inflated is not None:
                self._inflate(self._inflated, fresh)
                continue
            self._gathered += fresh
            if len(self._gathered) >= self._enough:
                self._enough = 2 * len(self._gathered)
                self._begin(final=False)
        if self.wanted != FOREVER:
            self._walk.feed(data, offset)
            self.wanted = self._walk.wanted

    def read_on(self, content: Readable, size: int) -> None:
        """Take the next bytes that are wanted out of a file, of whose bytes the first `size` are the data set."""
        content.seek(self.wanted)
        self.feed(self.wanted, content.read(min(_PIECE, size - self.wanted)))

    def lose(self) -> None:
        """Stop scanning: an unknown number of bytes is missing."""
        self._stop("bytes are missing from the capture")

    def ends_with_pixels(self, length: int) -> bool:
        """Whether the `length` bytes that came end where the Pixel Data does; unknown of a deflated data set: no."""
        walk = self._walk
        return walk is not None and self._inflated is None and not self._lost and walk.ends_with_pixels(length)

    def finish(self, length: int, *, whole: bool) -> DataSetOutline:
        """Say what the data set is. `length` bytes came; without `whole` bytes of it are missing from the capture."""
        if self.wanted < length:
            self._stop(f"bytes from {self.wanted} on are missing from the capture")
        whole = whole and not self._lost
        if self._decision is None:
            self._begin(final=True, whole=whole)
        if self._inflated is not None:
            self._end_deflated(self._inflated, whole=whole)
        elif self._walk is not None:
            self._walk.finish(length, whole=whole)
        return self._outline(length)

    def _stop(self, why: str) -> None:
        self._lost = self._lost or why
        self.wanted = FOREVER

    def _begin(self, *, final: bool, whole: bool = True) -> None:
        """Find out how the data set is encoded, once enough of it came."""
        if not self._has_file_meta:
            meta = find_file_meta(bytes(self._gathered), final=final)
            if meta is None:
                return
            if meta.found:
                self._has_file_meta, self._named_syntax = True, meta.transfer_syntax
                self._problems.add("data-set-file-meta", meta.found, 0)
                if self._sink is not None:
                    meta_walk = ElementWalk(Encoding(), ProblemList(), meta.begin, self._sink)
                    meta_walk.feed(bytes(self._gathered[: meta.end]), 0)
                    meta_walk.finish(meta.end or len(self._gathered), whole=False)
                if meta.end is None:
                    self._stop("the end of its file meta information was not found")
                    self._gathered.clear()
                    return
                self._start = meta.end
                del self._gathered[: meta.end]
        negotiated, head = self._negotiated or self._named_syntax, bytes(self._gathered)
        decision = self._decision = decide_syntax(head, negotiated, final=final, whole=whole)
        if decision is None:
            return
        if head[:2] == b"\0\0" and len(head) >= _ELEMENT and not decision.encoding.deflated:
            number = int.from_bytes(head[2:4], "little" if decision.encoding.little else "big")
            text = f"{named(number)} at byte {self._start} belongs in a command set, not in a data set"
            self._problems.add("data-set-command-element", text, self._start, number)
        if decision.problem:
            self._problems.add("data-set-wrong-syntax", decision.problem, self._start)
        if decision.syntax is None:
            self._stop(decision.why)
            return
        self._gathered.clear()
        if decision.encoding.deflated:
            self._walk = ElementWalk(decision.encoding, self._problems, sink=self._sink)
            self._inflated = InflatedWalk(self._walk, decision.window, self._sink)
            if self._inflated.wrapping:
                self._problems.add("data-set-deflate", self._inflated.wrapping, 0)
            self._inflate(self._inflated, head)
        else:
            self._walk = ElementWalk(decision.encoding, self._problems, self._start, self._sink)
            self._walk.kept.agreed = uid_text(negotiated)
            if head[:2] == GROUP:
                tag = 0x00020000 | int.from_bytes(head[2:4], "little")
                self._walk.kept.note_unusual(tag, self._start, "is an element of files")
            self._walk.feed(head, self._start)
            self.wanted = self._walk.wanted

    def _inflate(self, inflated: InflatedWalk, data: bytes) -> None:
        inflated.feed(data)
        if inflated.lost:
            self._stop(inflated.lost)

    def _end_deflated(self, inflated: InflatedWalk, *, whole: bool) -> None:
        problem = inflated.finish(whole=whole)
        if problem:
            self._problems.add("data-set-deflate", problem, inflated.total)
        self._lost = self._lost or inflated.lost

    def _outline(self, length: int) -> DataSetOutline:
        walk, decision = self._walk, self._decision
        if walk is None or decision is None:
            kept, headers, stopped, last = KeptValues(self._problems), 0, "", -1
        else:
            kept, headers, stopped, last = walk.kept, walk.headers, walk.stopped, walk.last
            known = self._negotiated if not decision.guessed else None
            kept.check_fragments(PIXEL_DATA, known)
        if self._named_syntax:
            kept.values[TRANSFER_SYNTAX_UID] = self._named_syntax
        if decision is None:
            syntax, why = self._negotiated, ""
        else:
            fragments = kept.fragments
            syntax, why = fitting_syntax(
                decision,
                self._negotiated,
                walk.departure if walk is not None else "",
                codec=fragments.codec if fragments else "",
                codec_syntax=fragments.syntax if fragments else "",
                encapsulated=fragments is not None,
                native=kept.native,
            )
        return DataSetOutline(
            transfer_syntax=syntax,
            guessed=bool(why),
            why=why,
            bytes=length,
            elements=headers,
            problems=tuple(sorted(self._problems.listed, key=attrgetter("offset"))),
            unlisted=self._problems.unlisted,
            encapsulated=kept.pixels(),
            values=kept.values,
            referenced=tuple(kept.referenced),
            reference_counts=kept.reference_counts,
            failure_reasons=kept.failure_reasons,
            has_file_meta=self._has_file_meta,
            unexamined=self._lost or stopped,
            unusual=kept.unusual,
            other_vr=kept.other_vr,
            last=last,
        )
