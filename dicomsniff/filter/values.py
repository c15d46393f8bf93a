"""What fields are compared with: numbers, durations, sizes, times, networks and text."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Test = Callable[[Any], bool]
"""Says of one value of a field whether it is as asked for."""

ORDER: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
TEXT_OPERATORS = ("==", "!=", "~", "!~")
ADDRESS_OPERATORS = ("==", "!=", "in", "~", "!~")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_DURATION = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000}
_DURATION |= {"h": 3_600_000_000_000}
_SIZE = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}
_SIZE |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?")
_DAY = 86_400_000_000_000


def number(text: str) -> int:
    """Read a number, decimal or hexadecimal: `42792`, `0xA728`, `A728H` as the standard writes it."""
    said = text.strip()
    try:
        return int(said[:-1], 16) if said[-1:] in ("H", "h") else int(said, 0)
    except ValueError:
        raise ValueError("expected a number such as 42752, 0xA700 or A700H") from None


def duration(text: str) -> int:
    """Read a duration (ns): `2s`, `150 ms`, `1.5min`."""
    return _scaled(text, _DURATION, "a duration such as 2s, 150ms or 1.5min")


def size(text: str) -> int:
    """Read a number of bytes: `512`, `10MB`, `64KiB`."""
    return _scaled(text, _SIZE, "a size such as 512, 10MB or 64KiB")


def _scaled(text: str, units: dict[str, int], example: str) -> int:
    found = _NUMBER.match(text.strip())
    unit = text.strip()[found.end() :].strip().casefold() if found else None
    if found is None or unit not in units:
        raise ValueError(f"expected {example}")
    whole, _, part = found[0].partition(".")
    return int(whole) * units[unit] + (int(part) * units[unit] // 10 ** len(part) if part else 0)


def moment(text: str) -> tuple[int, bool]:
    """Read a time in UTC: (ns since 1970, False), or of a time of day (ns since midnight, True)."""
    found = _TIME_OF_DAY.fullmatch(text.strip())
    if found is not None:
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if hour < 24 and minute < 60 and second < 60:
            fraction = int((found[4] or "").ljust(9, "0"))
            return ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + fraction, True
    try:
        # The fraction is read apart: a datetime has microseconds, a capture nanoseconds.
        whole, fraction_text = re.fullmatch(r"(.*?)(?:\.(\d{1,9}))?Z?", text.strip()).groups()  # type: ignore[union-attr]
        read = datetime.fromisoformat(whole).replace(tzinfo=UTC)
        fraction = int((fraction_text or "").ljust(9, "0"))
        return int(read.timestamp()) * 1_000_000_000 + fraction, False
    except (ValueError, OverflowError):
        raise ValueError("expected a time in UTC such as 14:30, 14:30:05.2 or 2026-01-31T14:30:05") from None


def time_test(operator: str, text: str) -> Test:
    """Compare times (ns since 1970) with one; of a time of day, of any day."""
    value, daily = moment(text)
    compare = _ordered(operator)
    return lambda time: compare(time % _DAY if daily else time, value)


def number_test(read: Callable[[str], int]) -> Callable[[str, str], Test]:
    """Compare numbers, which `read` reads."""

    def make(operator: str, text: str) -> Test:
        value, compare = read(text), _ordered(operator)
        return lambda found: compare(found, value)

    return make


def rank_test(ranks: list[str]) -> Callable[[str, str], Test]:
    """Compare words that have an order, the least first."""

    def make(operator: str, text: str) -> Test:
        if text.casefold() not in ranks:
            raise ValueError(f"expected {', '.join(ranks[:-1])} or {ranks[-1]}")
        value, compare = ranks.index(text.casefold()), _ordered(operator)
        return lambda found: compare(ranks.index(found), value)

    return make


def text_test(operator: str, text: str) -> Test:
    """Compare text: whole and without regard to case; `~` searches for a regular expression."""
    if operator in ("~", "!~"):
        search = _pattern(text).search
        return (lambda found: search(found) is not None) if operator == "~" else (lambda found: search(found) is None)
    value = text.casefold()
    if operator in ("==", "!="):
        return lambda found: (found.casefold() == value) is (operator == "==")
    raise ValueError(f"text is compared with {_listed(TEXT_OPERATORS)}")


def _pattern(text: str) -> "re.Pattern[str]":
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


def address_test(operator: str, text: str) -> Test:
    """Compare addresses with one, or with a network: `10.1.0.0/16`."""
    if operator in ("~", "!~"):
        return text_test(operator, text)
    if operator not in ADDRESS_OPERATORS:
        raise ValueError(f"addresses are compared with {_listed(ADDRESS_OPERATORS)}")
    try:
        network: IPv4Network | IPv6Network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("expected an address or network such as 10.1.2.3 or 10.1.0.0/16") from None

    def within(found: str) -> bool:
        try:
            address = ip_address(found)
        except ValueError:
            return False
        return (address.version == network.version and address in network) is (operator != "!=")

    return within


def _ordered(operator: str) -> Callable[[Any, Any], bool]:
    if operator not in ORDER:
        raise ValueError(f"it is compared with {_listed(list(ORDER))}")
    return ORDER[operator]


def _listed(operators: Sequence[str]) -> str:
    return f"{', '.join(operators[:-1])} and {operators[-1]}"
