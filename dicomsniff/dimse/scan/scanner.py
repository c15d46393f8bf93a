"""The bytes of a data set as they come -> an outline of it: structure, problems, a few small values (PS3.5)."""

import zlib
from operator import attrgetter

from dicomsniff.dimse.scan.elements import ElementWalk
from dicomsniff.dimse.scan.file_meta import find_file_meta
from dicomsniff.dimse.scan.kept import KeptValues
from dicomsniff.dimse.scan.kinds import PIXEL_DATA, TRANSFER_SYNTAX_UID
from dicomsniff.dimse.scan.nesting import FOREVER
from dicomsniff.dimse.scan.outline import DataSetOutline, ProblemList
from dicomsniff.dimse.scan.syntax import Decision, decide_syntax, fitting_syntax

MAX_INFLATED = 1 << 26
"""Bytes a deflated data set may grow to; what is beyond is not looked at."""
_PIECE = 1 << 16
_BLOCK = 4096
"""Bytes that are inflated at once, at fixed places: so what is found does not depend on how the bytes come."""

_TRAILER = 9
"""Bytes behind a deflate stream that are let pass: one NUL (PS3.5 §A.5), or what gzip puts there, as some do."""


class DataSetScanner:
    """Scans a data set as sent. Feed it in order; bytes before `wanted` need not be fed.

    `wanted` counts bytes of the data set as sent, and is beyond any where nothing more is looked at.
    """

    __slots__ = (
        "_behind",
        "_decision",
        "_gathered",
        "_given_up",
        "_has_file_meta",
        "_inflated",
        "_inflater",
        "_lost",
        "_named_syntax",
        "_negotiated",
        "_problems",
        "_start",
        "_walk",
        "wanted",
    )

    def __init__(self, transfer_syntax: str | None) -> None:
        self.wanted = 0
        self._negotiated = transfer_syntax
        self._problems = ProblemList()
        self._gathered = b""
        """Bytes that wait: the first ones until they tell the encoding, deflated ones until a block is full."""
        self._start = 0
        """Where the data set proper begins, behind file meta information."""
        self._has_file_meta = False
        self._named_syntax: str | None = None
        """The transfer syntax that file meta information names."""
        self._decision: Decision | None = None
        self._walk: ElementWalk | None = None
        self._inflater: zlib._Decompress | None = None
        self._inflated = self._behind = 0
        """Bytes inflated, and bytes that follow the deflate stream."""
        self._given_up = False
        """Whether the rest of a deflate stream is not looked at."""
        self._lost = ""

    def feed(self, offset: int, data: bytes) -> None:
        """Take bytes of the data set; where they begin behind `wanted`, bytes were lost and no more is looked at."""
        if self.wanted == FOREVER:
            return
        if offset > self.wanted:
            self._stop(f"bytes from {self.wanted} on are missing from the capture")
            return
        while self._walk is None or self._inflater is not None:
            start = self.wanted - offset
            fresh = data[start : start + _PIECE]
            if not fresh:
                return
            self.wanted += len(fresh)
            self._gathered = self._gathered + fresh if self._gathered else fresh
            if self._inflater is None:
                self._begin(final=False)
            else:
                self._inflate_blocks()
        if self.wanted != FOREVER:
            self._walk.feed(data, offset)
            self.wanted = self._walk.wanted

    def lose(self) -> None:
        """Bytes are missing, nobody knows how many: no more is looked at."""
        self._stop("bytes are missing from the capture")

    def finish(self, length: int, *, whole: bool) -> DataSetOutline:
        """Say what the data set is. `length` bytes came; without `whole` bytes of it are missing from the capture."""
        if self.wanted < length:
            self._stop(f"bytes from {self.wanted} on are missing from the capture")
        whole = whole and not self._lost
        if self._decision is None:
            self._begin(final=True, whole=whole)
        if self._inflater is not None:
            self._end_deflated(whole=whole)
        elif self._walk is not None:
            self._walk.finish(length, whole=whole)
        return self._outline(length)

    def _stop(self, why: str) -> None:
        self._lost = self._lost or why
        self.wanted = FOREVER

    def _begin(self, *, final: bool, whole: bool = True) -> None:
        """Find out how the data set is encoded, once enough of it came."""
        if not self._has_file_meta:
            meta = find_file_meta(self._gathered, final=final)
            if meta is None:
                return
            if meta.found:
                self._has_file_meta, self._named_syntax = True, meta.transfer_syntax
                self._problems.add("data-set-file-meta", meta.found, 0)
                if meta.end is None:
                    self._stop("the end of its file meta information was not found")
                    self._gathered = b""
                    return
                self._start, self._gathered = meta.end, self._gathered[meta.end :]
        negotiated = self._negotiated or self._named_syntax
        decision = self._decision = decide_syntax(self._gathered, negotiated, final=final, whole=whole)
        if decision is None:
            return
        if decision.problem:
            self._problems.add("data-set-wrong-syntax", decision.problem, self._start)
        if decision.syntax is None:
            self._stop(decision.why)
        elif decision.encoding.deflated:
            self._walk = ElementWalk(decision.encoding, self._problems)
            self._inflater = zlib.decompressobj(wbits=decision.window)
            if decision.window > 0:
                text = "the deflate stream is in a zlib stream (RFC 1950), which it must not be"
                self._problems.add("data-set-deflate", text, 0)
            self._inflate_blocks()
        else:
            gathered, self._gathered = self._gathered, b""
            self._walk = ElementWalk(decision.encoding, self._problems, self._start)
            self._walk.feed(gathered, self._start)
            self.wanted = self._walk.wanted

    def _inflate_blocks(self) -> None:
        blocks = len(self._gathered) // _BLOCK * _BLOCK
        for at in range(0, blocks, _BLOCK):
            self._inflate(self._gathered[at : at + _BLOCK])
        self._gathered = self._gathered[blocks:]

    def _inflate(self, data: bytes) -> None:
        inflater, walk = self._inflater, self._walk
        while inflater is not None and walk is not None and not self._given_up:
            if inflater.eof:
                self._behind += len(data)
                return
            try:
                inflated = inflater.decompress(data, _PIECE)
            except zlib.error as error:
                text = f"after {self._inflated} inflated bytes the deflate stream is broken: {error}"
                self._problems.add("data-set-deflate", text, self._inflated)
                self._given_up = True
                self._stop("its deflate stream is broken")
                return
            if inflated:
                walk.feed(inflated, self._inflated)
                self._inflated += len(inflated)
            if self._inflated > MAX_INFLATED:
                self._given_up = True
                self._stop(f"it inflates to more than {MAX_INFLATED} bytes")
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            if not data and len(inflated) < _PIECE:
                return

    def _end_deflated(self, *, whole: bool) -> None:
        self._inflate(self._gathered)
        inflater, walk = self._inflater, self._walk
        if inflater is None or walk is None:
            return
        ended = inflater.eof and not self._given_up
        walk.finish(self._inflated, whole=ended)
        if whole and not self._lost and not inflater.eof:
            text = f"the data set ends before its deflate stream, after {self._inflated} inflated bytes"
            self._problems.add("data-set-deflate", text, self._inflated)
        elif ended and self._behind > _TRAILER:
            text = f"{self._behind} bytes follow the deflate stream"
            self._problems.add("data-set-deflate", text, self._inflated)

    def _outline(self, length: int) -> DataSetOutline:
        walk, decision = self._walk, self._decision
        if walk is None or decision is None:
            kept, headers, stopped = KeptValues(self._problems), 0, ""
        else:
            kept, headers, stopped = walk.kept, walk.headers, walk.stopped
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
            has_file_meta=self._has_file_meta,
            unexamined=self._lost or stopped,
        )
