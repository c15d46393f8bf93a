"""DER (X.690), as much of it as certificates need: elements one behind the other, object identifiers, times."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
_LONG = 0x80
MAX_IDENTIFIER = 64
"""Bytes of an object identifier; none that is in use has as many, and longer ones take long."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?(Z|[+-]\d{4})?")
"""Month, day, hour, minute, second, and zone: the last two may lack, and a second may be divided (X.680 §46, §47)."""
_TURN = 50
"""Years of two digits from this one on are of the twentieth century (RFC 5280 §4.1.2.5.1)."""


class Element(NamedTuple):
    """An element: its tag, what is in it, and all of it as it stands there."""

    tag: int
    content: bytes
    raw: bytes

    def parts(self) -> list["Element"]:
        """Return the elements within."""
        return list(elements(self.content))


def elements(data: bytes) -> Iterator[Element]:
    """Yield elements that lie one behind the other; ValueError where one goes beyond the end, or its tag is long."""
    at = 0
    while at < len(data):
        tag, length, begin = data[at], data[at + 1] if at + 1 < len(data) else _LONG, at + 2
        if length > _LONG:
            begin += length - _LONG
            length = int.from_bytes(data[at + 2 : begin], "big")
        elif length == _LONG:
            raise ValueError("no length, or one that DER does not know")
        end = begin + length
        if end > len(data) or tag & 0x1F == 0x1F:
            raise ValueError("an element that goes beyond the end, or is of no kind that is read")
        yield Element(tag, data[begin:end], data[at:end])
        at = end


def sole(data: bytes) -> Element:
    """Return the one element there is; ValueError where there is another number of them."""
    (found,) = elements(data)
    return found


def identifier(element: Element) -> str:
    """Return an object identifier with dots: `2.5.4.3`."""
    length = len(element.content)
    if element.tag != OBJECT_IDENTIFIER or not 0 < length <= MAX_IDENTIFIER or element.content[-1] & 0x80:
        raise ValueError("no object identifier")
    numbers, number = [], 0
    for byte in element.content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def time(element: Element) -> int | None:
    """Return a time in ns since 1970, with whatever DER leaves out of one that BER may have; None where it is none."""
    digits = {UTC_TIME: 2, GENERALIZED_TIME: 4}.get(element.tag, 0)
    said, found = element.content[:digits], _TIME.fullmatch(element.content[digits:])
    if not said.isdigit() or found is None:
        return None
    year, (month, day, hour, minute) = int(said), map(int, found.group(1, 2, 3, 4))
    if element.tag == UTC_TIME:
        year += 1900 if year >= _TURN else 2000
    try:
        then = datetime(year, month, day, hour, minute, min(int(found[5] or 0), 59), tzinfo=UTC)
    except ValueError:
        return None
    zone = found[6] or b"Z"
    ahead = 0 if zone == b"Z" else int(zone[:1] + b"1") * (60 * int(zone[1:3]) + int(zone[3:]))
    return int((then - _EPOCH).total_seconds() - 60 * ahead) * 1_000_000_000


def bits(element: Element) -> bytes:
    """Return the whole bytes of a bit string."""
    if element.tag != BIT_STRING or element.content[:1] != b"\0":
        raise ValueError("no bit string of whole bytes")
    return element.content[1:]
