"""The opening of a SOCKS tunnel: what a client sends to a proxy before what it carries, and what the proxy answers.

Version 5 is RFC 1928, with the password of RFC 1929; version 4 has no RFC. A length of 0 says that bytes have only
begun such an opening, None that they begin none.
"""

MAX_METHODS = 9
"""Methods of authentication that a client offers; one that offers more is none."""
CONNECT = 1
VERSION_4, VERSION_5, PASSWORD = 4, 5, 1
"""The first bytes of requests, and of the password that version 5 may ask for."""
GRANTED_4, _GRANTED_5 = 0x5A, 0
_ANSWER_4 = 8
"""Bytes of an answer of version 4."""
_NOT_RESOLVED = b"\0\0\0"
"""What an address of version 4 begins with where the name of the host stands behind it."""
WIDTHS = {1: 4, 4: 16}
"""Bytes of an address, by its type: IPv4 and IPv6."""
NAMED = 3
"""The type of an address that is a name, with its length before it."""
BEGINNINGS = frozenset(
    (b"\4", b"\5", bytes((VERSION_4, CONNECT)), *(bytes((VERSION_5, each)) for each in range(1, MAX_METHODS + 1)))
)
"""What the first bytes of a client look like, the first one and the first two."""
BEGINS_ANSWER = (b"\5", b"\0")
"""The first bytes of answers."""


def request_length(data: bytes) -> int | None:
    """Return how many bytes of a client open a tunnel."""
    if data[:2] not in BEGINNINGS:
        return None
    return _request_4(data) if data[0] == VERSION_4 else _request_5(data)


def answer_length(data: bytes) -> tuple[int | None, bool]:
    """Return how many bytes of a server answer that, and whether it opens the tunnel."""
    if data[:1] == b"\0":
        is_whole = len(data) >= _ANSWER_4
        return (_ANSWER_4 if is_whole else 0), is_whole and data[1] == GRANTED_4
    if data[:1] != b"\5":
        return None if data else 0, False
    at = 4 if data[2:3] == bytes((PASSWORD,)) else 2  # behind the method, and whether a password was right
    length = _addressed(data[at:])
    return (None if length is None else at + length if length else 0), bool(length) and data[at + 1] == _GRANTED_5


def _request_4(data: bytes) -> int | None:
    """Version, command, port, address, the user's name, and perhaps that of the host, each of these to a zero byte."""
    end = data.find(b"\0", 8) + 1
    is_named = data[4:7] == _NOT_RESOLVED and data[7:8] != b"\0"
    return data.find(b"\0", end) + 1 if end and is_named else end


def _request_5(data: bytes) -> int | None:
    """The methods offered, perhaps a user and password, and where to connect."""
    at = 2 + data[1] if len(data) > 1 else len(data)
    if data[at : at + 1] == bytes((PASSWORD,)):
        for _ in ("user", "password"):
            at += 1
            at += data[at] if at < len(data) else 0
        at += 1
    length = _addressed(data[at:])
    if length and data[at + 1] != CONNECT:
        return None
    return at + length if length else length


def _addressed(data: bytes) -> int | None:
    """Return how many bytes a request or answer of version 5 has, which ends with an address and a port."""
    if data[:1] not in (b"", b"\5") or data[2:3] not in (b"", b"\0"):
        return None
    if len(data) < len(b"\5\0\0\1\0"):
        return 0
    width = WIDTHS.get(data[3], 1 + data[4] if data[3] == NAMED else None)
    if width is None:
        return None
    length = 4 + width + 2
    return length if len(data) >= length else 0
