"""What stands on a connection before what it carries: headers of the PROXY protocol, the opening of a tunnel.

A load balancer sends the first, to tell the server who the client is (HAProxy's proxy-protocol.txt). A client sends the
second to a proxy that is to connect it to somebody else, and the proxy answers it: over HTTP (RFC 9110 §9.3.6), where a
proxy that wants to know who asks refuses it, and is asked again, or by SOCKS (socks.py).

Several may follow each other, so what a side begins with is known when a byte comes that begins none.
"""

import re
from typing import NamedTuple

from dicomsniff.association import socks
from dicomsniff.capture.segments import Endpoint

MAX_PREAMBLE = 1 << 13
"""Bytes of a preamble; what is longer is none."""
MAX_ANSWERS = 1 << 14
"""Bytes of all answers to the opening of a tunnel, those included that refuse it at first."""
PROXY, TUNNEL = "a header of the PROXY protocol", "the opening of an HTTP tunnel (CONNECT)"
SOCKS = "the opening of a SOCKS tunnel"
BEGINS_1, BEGINS_2 = b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"
"""What headers of both versions of the PROXY protocol begin with."""
BEGINS_REQUEST, BEGINS_ANSWER = b"CONNECT ", b"HTTP/1."
"""What asks for a tunnel, and what answers, begin with."""
_HEADER = 16
"""Bytes of a header of version 2 before the addresses."""
_WIDTHS = {1: 4, 2: 16}
"""Bytes of an address, by the upper half of a header's 14th byte: IPv4 and IPv6."""
_VERSION_1 = rb"PROXY (?:TCP[46] (\S+) \S+ (\d{1,5}) \d{1,5}|UNKNOWN[^\r\n]*)\r\n"
_REQUEST = rb"CONNECT [^\r\n ]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*\r\n"
_ANSWER = rb"HTTP/1\.[01] (\d)\d\d(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,5})[ \t]*\r\n", re.IGNORECASE)
_BEGINS = (BEGINS_1, BEGINS_2, BEGINS_REQUEST)
_FIRST = (*(each[:1] for each in _BEGINS), b"\4", b"\5")
_OPENINGS = socks.BEGINNINGS.union(each[:length] for each in _BEGINS for length in range(3))
"""The first two bytes of preambles, or what there is of these; what answers them does not matter without them."""


class Preambles(NamedTuple):
    """What a side begins with before what it carries: how many bytes that takes, and what it is."""

    length: int = 0
    names: tuple[str, ...] = ()
    client: Endpoint | None = None
    """Who the client is, as a header of the PROXY protocol says."""
    is_whole: bool = True
    """Whether nothing may follow that belongs to it."""
    requests: tuple[str, ...] = ()
    """Which tunnels are asked for, in order: each of them is answered."""
    answered: int = 0
    """Bytes of the server's answers to them."""


NOTHING = Preambles()


def may_open(*sides: bytes) -> bool:
    """Whether one of both sides may begin with a preamble: of most connections two bytes tell that none does."""
    return not _OPENINGS.isdisjoint([side[:2] for side in sides])


def find_preambles(first_bytes: bytes) -> Preambles:
    """Return what the first bytes of a client are of that."""
    at = 0
    names: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    client: Endpoint | None = None
    while at <= MAX_PREAMBLE:
        rest = first_bytes[at:]
        name, length, said = _first(rest) if rest[:1] in _FIRST else ("", 0, None)
        if not length:
            return Preambles(at, names, client, not _may_begin(rest), requests)
        at, client = at + length, said or client
        names = names if name in names else (*names, name)
        requests = (*requests, name) if name in (TUNNEL, SOCKS) else requests
    return Preambles(at, names, client, requests=requests)


def _may_begin(rest: bytes) -> bool:
    """Whether bytes may be the beginning of a preamble that is not whole yet."""
    is_begun = any(_is_begun(rest, each) for each in _BEGINS) or socks.request_length(rest) == 0
    return is_begun and len(rest) <= MAX_PREAMBLE


def _is_begun(data: bytes, begins: bytes) -> bool:
    """Whether something begins so, as far as it goes."""
    return data[: len(begins)] == begins[: len(data)]


def behind(first_bytes: bytes) -> bytes:
    """Return the first bytes of a side without what stands before what it carries; all where that is not known yet."""
    return first_bytes[found.length :] if (found := find_preambles(first_bytes)).is_whole else first_bytes


def find_answers(first_bytes: bytes, requests: tuple[str, ...]) -> Preambles:
    """Return what the first bytes of a server are of the answers to requests; named if the last opens a tunnel.

    What is no such answer, or is too long, is nothing.
    """
    at = 0
    names: tuple[str, ...] = ()
    for request in requests:
        answer = socks.answer_length if request == SOCKS else _answer_of_http
        length, is_open = answer(first_bytes[at:])
        if not length or at + length > MAX_ANSWERS:
            return NOTHING._replace(is_whole=length is None or at + length > MAX_ANSWERS)
        at += length
        names = (request,) if is_open else ()
    return Preambles(at, names) if at <= len(first_bytes) else NOTHING._replace(is_whole=False)


def _answer_of_http(data: bytes) -> tuple[int | None, bool]:
    """Return the length of an answer, 0 where it has only begun, None for none; and whether it opens the tunnel.

    What only says that others follow belongs to it (RFC 9110 §15.2), and one that opens a tunnel has no content
    (§9.3.6).
    """
    at = 0
    while at <= MAX_ANSWERS:
        head = data[at : at + MAX_PREAMBLE]
        found = re.match(_ANSWER, head)
        if found is None:
            return (0 if len(head) < MAX_PREAMBLE and _is_begun(head, BEGINS_ANSWER) else None), False
        at += found.end()
        if found[1] != b"1":
            is_open = found[1] == b"2"
            length = None if is_open else _CONTENT_LENGTH.search(found[0])
            return at + (int(length[1]) if length is not None else 0), is_open
    return None, False


def begins_answer(first_bytes: bytes) -> bool:
    """Whether bytes of a server may begin an answer, as far as they go."""
    return _is_begun(first_bytes, BEGINS_ANSWER) or first_bytes[:1] in socks.BEGINS_ANSWER


def openings(*sides: bytes) -> list[int]:
    """Return how many bytes stand before what each side carries; none do behind a tunnel that was not opened."""
    found = _answers(*sides)
    if found is None:
        return [find_preambles(side).length for side in sides]
    client, _, answers = found
    if not answers.names:
        return [0] * len(sides)
    return [find_preambles(side).length if side is client else answers.length for side in sides]


def found_preambles(*sides: bytes) -> Preambles:
    """Return what stands before what both sides carry, with the length of what answers it."""
    found = _answers(*sides)
    if found is None:
        return max(map(find_preambles, sides), key=lambda each: each.length)
    client, _, answers = found
    return find_preambles(client)._replace(answered=answers.length)


def beginnings(*sides: bytes) -> list[bytes]:
    """Return the first bytes of the sides behind what stands before them, without those that have none there."""
    found = _answers(*sides)
    if found is None:
        return [each for side in sides if (each := behind(side))]
    client, server, answers = found
    return [each for each in (behind(client), server[answers.length :]) if each] if answers.names else [*sides]


def may_go_on(*sides: bytes) -> bool:
    """Whether more may follow of the answers that one side gives to the opening of a tunnel by the other."""
    found = _answers(*sides)
    return found is not None and not found[2].is_whole


def _answers(first: bytes = b"", second: bytes = b"") -> tuple[bytes, bytes, Preambles] | None:
    """Return the side that asks for a tunnel, the one that answers, and its answers; None where there are not both."""
    for client, server in ((first, second), (second, first)):
        if server and client and (requests := find_preambles(client).requests):
            return client, server, find_answers(server, requests)
    return None


def _first(data: bytes) -> tuple[str, int, Endpoint | None]:
    """Return the first preamble: what it is, its length, 0 for none that is whole, and the client that it names."""
    if found := re.match(_VERSION_1, data[:MAX_PREAMBLE]):
        client = _endpoint(found[1].decode("ascii", "replace"), int(found[2])) if found[1] else None
        return PROXY, found.end(), client
    if data.startswith(BEGINS_2) and len(data) >= _HEADER and data[12] >> 4 == 2:
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
    if length := socks.request_length(data[:MAX_PREAMBLE]):
        return SOCKS, length, None
    return "", 0, None


def _endpoint(address: str | bytes, port: int) -> Endpoint | None:
    from ipaddress import ip_address

    try:
        return Endpoint(str(ip_address(address)), port)
    except ValueError:
        return None
