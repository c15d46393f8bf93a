"""Handshake messages, put together from the contents of records (RFC 8446 §4, RFC 5246 §7.4)."""

from typing import NamedTuple

MAX_MESSAGE = 1 << 18
"""Bytes of a handshake message that is kept: a chain of certificates takes some kB, of post-quantum ones some tens."""
HEADER = 4
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, END_OF_EARLY_DATA = 0, 1, 2, 4, 5
ENCRYPTED_EXTENSIONS, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 8, 11, 12, 13
SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED, KEY_UPDATE = 14, 15, 16, 20, 24
COMPRESSED_CERTIFICATE = 25
KINDS = frozenset([0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 67, 254])
"""Types of messages that there are (IANA, TLS HandshakeType)."""


class Message(NamedTuple):
    """A handshake message, header and all; it lies in the records from `start` to `end`."""

    kind: int
    raw: bytes
    start: int
    end: int

    @property
    def body(self) -> bytes:
        """What is behind the header."""
        return self.raw[HEADER:]


class MessageReader:
    """Takes the contents of handshake records of one side in order."""

    __slots__ = ("_left", "_pending", "_start")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._start = 0
        self._left = 0
        """Bytes still to come of a message that is too long to keep."""

    @property
    def is_between(self) -> bool:
        """Whether no message has begun and not ended."""
        return not self._pending and not self._left

    def reset(self) -> None:
        """Forget what has begun: what comes does not continue it."""
        self._pending.clear()
        self._left = 0

    def feed(self, content: bytes, start: int, end: int) -> tuple[list[Message], int]:
        """Take the content of a record; return the messages it completes, and the length of one that is too long."""
        messages: list[Message] = []
        too_long = 0
        if self._left:
            passed = min(self._left, len(content))
            self._left -= passed
            content = content[passed:]
        pending = self._pending
        if not pending:
            self._start = start
        pending += content
        while len(pending) >= HEADER:
            length = HEADER + int.from_bytes(pending[1:HEADER], "big")
            if length > MAX_MESSAGE:
                too_long = length
                self._left = max(0, length - len(pending))
                del pending[:length]
            elif len(pending) < length:
                break
            else:
                messages.append(Message(pending[0], bytes(pending[:length]), self._start, end))
                del pending[:length]
            self._start = start
        return messages, too_long


def looks_whole(content: bytes) -> bool:
    """Whether the content of a record begins with a message that there is, and that ends within it."""
    return (
        len(content) >= HEADER
        and content[0] in KINDS
        and HEADER + int.from_bytes(content[1:HEADER], "big") <= len(content)
    )


def begins_hello(content: bytes) -> bool:
    """Whether the content of a record begins with a hello of any version from SSL 3.0 on."""
    is_short = int.from_bytes(content[1:HEADER], "big") <= MAX_MESSAGE
    return content[:1] in (b"\x01", b"\x02") and is_short and content[HEADER : HEADER + 1] == b"\x03"
