"""Reads the numbers and vectors that handshake messages are made of (RFC 8446 §3)."""


class MalformedHandshakeError(ValueError):
    """A handshake message does not have the layout it should."""


class WireReader:
    """Reads `data` in order; MalformedHandshakeError where it ends too early."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        """Bytes still unread."""
        return len(self._data) - self._position

    def take(self, length: int) -> bytes:
        """Read `length` bytes."""
        if length > self.left:
            raise MalformedHandshakeError(f"{length} bytes announced, {self.left} there")
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def uint(self, length: int) -> int:
        """Read an unsigned number of `length` bytes."""
        return int.from_bytes(self.take(length), "big")

    def vector(self, length: int) -> bytes:
        """Read a vector whose own length takes `length` bytes."""
        return self.take(self.uint(length))

    def uints(self, length: int) -> tuple[int, ...]:
        """Read a vector of 16 bit numbers whose own length takes `length` bytes."""
        data = self.vector(length)
        return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2))
