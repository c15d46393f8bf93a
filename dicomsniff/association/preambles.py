"""What stands on a connection before what it carries: headers of the PROXY protocol, the opening of an HTTP tunnel.

A load balancer sends the first, to tell the server who the client is (HAProxy's proxy-protocol.txt). A client sends the
second to a proxy that is to connect it to somebody else, and the proxy answers it (RFC 9110 §9.3.6).
"""

import re
from typing import NamedTuple

from dicomsniff.capture.segments import Endpoint

MAX_PREAMBLE = 1 << 13
"""Bytes of a preamble; what is longer is none."""
PROXY, TUNNEL = "a header of the PROXY protocol", "the opening of an HTTP tunnel (CONNECT)"
_VERSION_2 = b"\r\n\r\n\0\r\nQUIT\n"
_HEADER = 16
"""Bytes of a header of version 2 before the addresses."""
_WIDTHS = {1: 4, 2: 16}
"""Bytes of an address, by the upper half of a header's 14th byte: IPv4 and IPv6."""
_VERSION_1 = rb"PROXY (?:TCP[46] (\S+) \S+ (\d{1,5}) \d{1,5}|UNKNOWN[^\r\n]*)\r\n"
_REQUEST = rb"CONNECT [^\r\n ]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*\r\n"
_ANSWER = rb"HTTP/1\.[01] 2\d\d(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n"
_BEGINS = (b"PROXY ", _VERSION_2, b"CONNECT ")
_FIRST = (b"P", b"\r", b"C")


class Preambles(NamedTuple):
    """What a side begins with before what it carries: how many bytes that takes, and what it is."""

    length: int = 0
    names: tuple[str, ...] = ()
    client: Endpoint | None = None
    """Who the client is, as a header of the PROXY protocol says."""
    is_whole: bool = True
    """Whether none has begun that may go on."""

    @property
    def is_tunnel(self) -> bool:
        """Whether the other side answers it."""
        return TUNNEL in self.names


NOTHING = Preambles()


def find_preambles(first_bytes: bytes) -> Preambles:
    """Return what the first bytes of a client are of that."""
    at = 0
    names: tuple[str, ...] = ()
    client: Endpoint | None = None
    while at <= MAX_PREAMBLE:
        rest = first_bytes[at:]
        name, length, said = _first(rest) if rest[:1] in _FIRST else ("", 0, None)
        if not length:
            may_go_on = len(rest) <= MAX_PREAMBLE and any(rest[: len(each)] == each[: len(rest)] for each in _BEGINS)
            return Preambles(at, names, client, is_whole=not (may_go_on and rest))
        at, names, client = at + length, (*names, name), said or client
    return Preambles(at, names, client)


def behind(first_bytes: bytes) -> bytes:
    """Return the first bytes of a side without what stands before what it carries; all where that is not known yet."""
    return first_bytes[found.length :] if (found := find_preambles(first_bytes)).is_whole else first_bytes


def find_answer(first_bytes: bytes) -> Preambles:
    """Return what the first bytes of a server are of the answer to the opening of a tunnel."""
    found = re.match(_ANSWER, first_bytes[:MAX_PREAMBLE])
    if found is not None:
        return Preambles(found.end(), (TUNNEL,))
    begins = first_bytes[:7] == b"HTTP/1."[: len(first_bytes)] and len(first_bytes) <= MAX_PREAMBLE
    return Preambles(is_whole=not begins)


def _first(data: bytes) -> tuple[str, int, Endpoint | None]:
    """Return the first preamble: what it is, its length, 0 for none that is whole, and the client that it names."""
    if found := re.match(_VERSION_1, data):
        client = _endpoint(found[1].decode("ascii", "replace"), int(found[2])) if found[1] else None
        return PROXY, found.end(), client
    if data.startswith(_VERSION_2) and len(data) >= _HEADER and data[12] >> 4 == 2:
        end = _HEADER + int.from_bytes(data[14:16], "big")
        width = _WIDTHS.get(data[13] >> 4, 0) if data[12] & 0xF else 0
        if len(data) < end or end > MAX_PREAMBLE:
            return "", 0, None
        if not width or end < _HEADER + 2 * width + 4:
            return PROXY, end, None
        port = int.from_bytes(data[_HEADER + 2 * width : _HEADER + 2 * width + 2], "big")
        return PROXY, end, _endpoint(data[_HEADER : _HEADER + width], port)
    if found := re.match(_REQUEST, data[:MAX_PREAMBLE]):
        return TUNNEL, found.end(), None
    return "", 0, None


def _endpoint(address: str | bytes, port: int) -> Endpoint | None:
    from ipaddress import ip_address

    try:
        return Endpoint(str(ip_address(address)), port)
    except ValueError:
        return None
