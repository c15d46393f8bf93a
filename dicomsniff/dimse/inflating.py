"""A deflate stream, piece by piece -> what it inflates to, as far as it goes; what is wrong with it (PS3.5 §A.5)."""

import zlib

MAX_INFLATED = 256 << 20
"""Bytes a deflated data set may grow to; what is beyond is not looked at."""
BLOCK = 4096
"""Bytes inflated at once, at fixed places of the stream: what comes out does not depend on how the bytes come."""
RAW_DEFLATE = -zlib.MAX_WBITS
"""zlib's `wbits` of a stream as it must be (RFC 1951)."""
WRAPPED = {zlib.MAX_WBITS: "a zlib stream (RFC 1950)", zlib.MAX_WBITS | 16: "a gzip stream (RFC 1952)"}
"""The same of one that is in another format, which some senders send."""

_PIECE = 1 << 16
_TRAILER = 9
"""Bytes behind the stream that are let pass: one NUL (PS3.5 §A.5), or what gzip puts there, as some senders do."""


class Inflater:
    """Inflates one stream. Feed it in order, no more than BLOCK bytes at once: they may become a thousand times more.

    `sent` counts the bytes taken, `total` those they inflated to. `exceeded` tells that `limit` bytes were reached and
    more would come; `broken` says why the stream cannot be inflated further. What precedes either is handed out.
    """

    __slots__ = ("_behind", "_limit", "_stream", "_waiting", "_window", "broken", "exceeded", "sent", "total")

    def __init__(self, window: int = RAW_DEFLATE, limit: int = MAX_INFLATED) -> None:
        self.broken = ""
        self.exceeded = False
        self.sent = self.total = 0
        self._behind = 0
        """Bytes that follow the end of the stream."""
        self._limit, self._window = limit, window
        self._stream = zlib.decompressobj(wbits=window)
        self._waiting = bytearray()

    @property
    def ended(self) -> bool:
        """Whether the end of the stream was reached, with nothing wrong before it."""
        return self._stream.eof and not self.broken and not self.exceeded

    @property
    def stopped(self) -> bool:
        """Whether nothing more is handed out, whatever comes."""
        return bool(self._stream.eof or self.broken or self.exceeded)

    @property
    def wrapping(self) -> str:
        """Say in which other format the stream is, empty where it is in none."""
        wrapper = WRAPPED.get(self._window)
        return f"the deflate stream is in {wrapper}, which it must not be" if wrapper else ""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes of the stream; return what the block that they fill inflates to, in pieces."""
        self._waiting += data
        if len(self._waiting) < BLOCK:
            return []
        block = bytes(self._waiting[:BLOCK])
        del self._waiting[:BLOCK]
        return self._inflate(block)

    def finish(self) -> list[bytes]:
        """End the stream: return what its last bytes inflate to."""
        block = bytes(self._waiting)
        self._waiting.clear()
        return self._inflate(block)

    def end_problem(self, *, whole: bool) -> str:
        """Say what is wrong with the stream or its end; without `whole` bytes are missing, and its end may be too."""
        if self.broken or self.exceeded:
            return self.broken
        if not self._stream.eof:
            text = f"the data set ends before its deflate stream, after {self.total} inflated bytes"
            return text if whole else ""
        return f"{self._behind} bytes follow the deflate stream" if self._behind > _TRAILER else ""

    def _inflate(self, data: bytes) -> list[bytes]:
        self.sent += len(data)
        if self._stream.eof:
            self._behind += len(data)
            return []
        pieces: list[bytes] = []
        full = True
        # Each turn yields a full piece or is the last: behind the end, zlib hands the same bytes back for ever.
        while full and not self.stopped:
            room = self._limit - self.total
            size = min(_PIECE, room + 1)
            piece = self._decompress(data, size)
            full = len(piece) == size
            if len(piece) > room:
                self.exceeded, piece = True, piece[:room]
            self.total += len(piece)
            pieces.append(piece)
            data = self._stream.unconsumed_tail
        if self._stream.eof:
            self._behind += len(self._stream.unused_data)
        return pieces

    def _decompress(self, data: bytes, size: int) -> bytes:
        before = self._stream.copy()
        try:
            return self._stream.decompress(data, size)
        except zlib.error as error:
            piece = _inflate_to_break(before, data)[:size]
            self.broken = f"after {self.total + len(piece)} inflated bytes the deflate stream is broken: {error}"
            return piece


def _inflate_to_break(stream: "zlib._Decompress", data: bytes) -> bytes:
    """Return what precedes the place where a stream breaks: zlib keeps nothing of the call that fails."""
    out = bytearray()
    try:
        for at in range(len(data)):
            out += stream.decompress(data[at : at + 1])
    except zlib.error:
        pass
    return bytes(out)
