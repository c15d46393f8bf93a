"""Frames the records of one side; bytes come in pieces, with holes between them where the capture has any."""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from dicomsniff.dictionary.tls import RECORD_HEADER
from dicomsniff.tls.protection import TAIL

LONGEST_PLAINTEXT = 1 << 14
"""Bytes of plaintext that a record holds at most (RFC 8446 §5.1)."""
MAX_BODY = LONGEST_PLAINTEXT + 2048
"""Bytes of a protected record's body (RFC 5246 §6.2.3); TLS 1.3 allows fewer (RFC 8446 §5.2)."""
MAX_PIECES = 256
"""Pieces with holes between them that are kept; more are not waited for."""
_ANY = re.compile(rb"[\x14-\x17]\x03[\x00-\x04][\x00-\x48]", re.DOTALL)
"""How a record may begin: type, version, upper half of its length."""
_SSLV2 = re.compile(rb"[\x80-\xff].\x01[\x00\x03][\x00-\x04]", re.DOTALL)
"""How a ClientHello begins in the form of SSL 2.0."""
_LEAST_SSLV2 = 11


class Record(NamedTuple):
    """A record as it was sent; `before` is the end of what lay before it."""

    header: bytes
    body: bytes
    start: int
    end: int
    before: bytes

    @property
    def kind(self) -> int:
        """The content type in its header."""
        return self.header[0]


class SslV2Hello(NamedTuple):
    """A ClientHello in the form of SSL 2.0."""

    body: bytes
    start: int
    end: int


class Hole(NamedTuple):
    """From `start` nothing can be framed: bytes are missing; more come at `end`."""

    start: int
    end: int


class Junk(NamedTuple):
    """At `start` no record begins."""

    start: int


class Awaited(NamedTuple):
    """Bytes up to offset `until` are of a record that is not whole, if one `is_begun`; else there the next one begins.

    If `header`, unless it is empty, stands there, a record begins, and so many bytes from there on are of that.
    """

    until: int
    header: bytes
    length: int
    is_begun: bool


class _Piece:
    __slots__ = ("data", "position", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.data = bytearray()
        self.position = 0


class RecordReader:
    """Shows one record at a time: `next` again shows the same one, until it is taken, or rejected.

    Once it is to search, every place where a record may begin is shown, in order.
    """

    __slots__ = ("_begins", "_header", "_last", "_needed", "_pieces", "_searching", "size")

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self._header = _ANY
        self._searching = False
        self._last = b""
        """The header of the last record."""
        self._begins = True
        self._needed = 0
        """Bytes from the position on before which nothing can be shown."""
        self.size = 0
        """Bytes that wait."""

    @property
    def is_flooded(self) -> bool:
        """Whether more pieces wait than are kept."""
        return len(self._pieces) > MAX_PIECES

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        return self._pieces[-1].start + len(self._pieces[-1].data) if self._pieces else 0

    @property
    def position(self) -> int:
        """The offset of what is shown, or will be."""
        return self._pieces[0].start + self._pieces[0].position if self._pieces else 0

    @property
    def awaited(self) -> Awaited | None:
        """The bytes that must come before there is anything to show; None where any may be enough."""
        if len(self._pieces) != 1 or self._searching:
            return None
        piece = self._pieces[0]
        begin = piece.start + piece.position
        is_begun = len(piece.data) > piece.position
        length = RECORD_HEADER + int.from_bytes(self._last[3:], "big")
        return Awaited(begin + self._needed if is_begun else begin, self._last, length, is_begun)

    def feed(self, data: bytes, start: int) -> bool:
        """Take bytes; return whether `next` may have something to show for them."""
        pieces = self._pieces
        if not pieces or start != pieces[-1].start + len(pieces[-1].data):
            pieces.append(_Piece(start))
        piece = pieces[-1]
        piece.data += data
        self.size += len(data)
        return len(pieces) > 1 or len(piece.data) - piece.position >= self._needed

    def skip(self, start: int, end: int) -> None:
        """Take note of a hole."""
        if not self._pieces:
            self._pieces.append(_Piece(start))
        self._pieces.append(_Piece(end))

    def next(self) -> Record | SslV2Hello | Hole | Junk | None:
        """Show what comes next; None where more bytes are needed."""
        while self._pieces:
            piece = self._pieces[0]
            if self._searching:
                self._search(piece)
            shown = self._framed(piece)
            if self._searching and isinstance(shown, Junk):
                self._pass_byte(piece)
                continue
            if shown is not None or len(self._pieces) == 1:
                return shown
            if not self._searching:
                return Hole(piece.start + piece.position, self._pieces[1].start)
            self._leave()
        return None

    def run(self, kind: int) -> Iterator[tuple[bytes, memoryview, int, int, bytes]]:
        """Yield the fields of whole records of a type that lie one behind the other; each has to be taken.

        A body is a view of bytes that go with the next record.
        It ends where anything else comes, a record of another version than the last one too; `next` shows that then.
        """
        piece = self._pieces[0]
        data, at, version, begins = piece.data, piece.position, self._last[1:3], piece.start
        furthest = len(data) - RECORD_HEADER
        with memoryview(data) as view:
            while at <= furthest and data[at] == kind:
                body = at + RECORD_HEADER
                header = bytes(view[at:body])
                length = header[3] << 8 | header[4]
                end = body + length
                if end > len(data) or length > MAX_BODY or header[1:3] != version:
                    return
                yield header, view[body:end], begins + at, begins + end, bytes(view[max(0, at - TAIL) : at])
                self._last, at = header, end

    def take(self, end: int) -> None:
        """Go on behind what was shown: at `end`."""
        piece = self._pieces[0]
        self.size -= end - piece.start - piece.position
        piece.position = end - piece.start
        self._searching = self._begins = False
        self._needed = RECORD_HEADER

    def search(self, version: bytes | None = None) -> None:
        """Search on for the next place where a record, of that version, may begin: not where one was just shown."""
        self._header = (
            re.compile(rb"[\x14-\x17]" + re.escape(version) + rb"[\x00-\x48]", re.DOTALL) if version else _ANY
        )
        self._begins = False
        if len(self._pieces) > 1 and self._framed(self._pieces[0]) is None:
            self._leave()
        elif self._pieces:
            self._pass_byte(self._pieces[0])
        self._searching = True

    def trim(self) -> None:
        """Let go of bytes that are not needed any more; to be called when nothing more is shown."""
        if self._pieces:
            piece = self._pieces[0]
            passed = piece.position - TAIL
            if passed > 0:
                del piece.data[:passed]
                piece.start += passed
                piece.position = TAIL

    def go_to(self, start: int, before: bytes) -> None:
        """Go on at `start`, where a record begins; `before` are the bytes before it, up to TAIL of them."""
        self.clear()
        piece = _Piece(start - len(before))
        piece.data += before
        piece.position = len(before)
        self._pieces.append(piece)
        self._searching = self._begins = False
        self._needed = RECORD_HEADER

    def clear(self) -> None:
        """Let go of everything."""
        self._pieces.clear()
        self.size = 0

    def _leave(self) -> None:
        piece = self._pieces.popleft()
        self.size -= len(piece.data) - piece.position

    def _pass_byte(self, piece: _Piece) -> None:
        piece.position += 1
        self.size -= 1

    def _search(self, piece: _Piece) -> None:
        found = self._header.search(piece.data, piece.position)
        position = found.start() if found else max(piece.position, len(piece.data) - RECORD_HEADER + 2)
        self.size -= position - piece.position
        piece.position = position

    def _framed(self, piece: _Piece) -> Record | SslV2Hello | Junk | None:
        data, at = piece.data, piece.position
        there = len(data) - at
        self._needed = RECORD_HEADER
        if there < RECORD_HEADER:
            return None
        if self._header.match(data, at) is None:
            if self._begins and _SSLV2.match(data, at):
                return self._sslv2(piece)
            return Junk(piece.start + at)
        length = RECORD_HEADER + (data[at + 3] << 8 | data[at + 4])
        if length > RECORD_HEADER + MAX_BODY:
            return Junk(piece.start + at)
        if there < length:
            self._needed = length
            return None
        begin = piece.start + at
        self._last = bytes(data[at : at + RECORD_HEADER])
        with memoryview(data) as view:  # a slice of it is no copy
            body = bytes(view[at + RECORD_HEADER : at + length])
            return Record(self._last, body, begin, begin + length, bytes(view[max(0, at - TAIL) : at]))

    def _sslv2(self, piece: _Piece) -> SslV2Hello | Junk | None:
        data, at = piece.data, piece.position
        length = 2 + ((data[at] & 0x7F) << 8 | data[at + 1])
        if not _LEAST_SSLV2 <= length <= MAX_BODY:
            return Junk(piece.start + at)
        if len(data) - at < length:
            self._needed = length
            return None
        begin = piece.start + at
        return SslV2Hello(bytes(data[at + 2 : at + length]), begin, begin + length)
