"""Times, durations, sizes and counts as people read them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

_Thing = TypeVar("_Thing")
_EPOCH = datetime(1970, 1, 1)


def timestamp(time: int, digits: int) -> str:
    """Write a time (ns since 1970) as ISO 8601 in UTC with `digits` after the second, or none."""
    seconds, fraction = divmod(time, 1_000_000_000)
    try:
        # Counted from 1970 on, not asked of the system: some know no time before it, others none after 3000.
        moment = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        moment = f"{seconds}s"  # a damaged record may carry any number
    return moment + f".{fraction:09d}"[: digits + 1 if digits else 0] + "Z"


def time_of_day(time: int, digits: int) -> str:
    """Write the time of day in UTC: `14:03:09.123`."""
    return timestamp(time, digits).partition("T")[2].removesuffix("Z") or timestamp(time, digits)


def duration(nanoseconds: int) -> str:
    """Write a duration with three significant digits: `12.3 ms`. Where a clock was set back, it is not known."""
    if nanoseconds < 0:
        return "an unknown time"
    if nanoseconds >= 120_000_000_000:
        minutes, seconds = divmod(round(nanoseconds / 1e9), 60)
        return f"{minutes} min {seconds} s"
    for unit, scale in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1000)):
        if nanoseconds >= scale:
            amount = nanoseconds / scale
            return f"{amount:.{max(0, 3 - len(str(int(amount))))}f} {unit}"
    return f"{nanoseconds} ns" if nanoseconds else "0 s"


def after(time: int) -> str:
    """`1.20 s after`, of a time in ns; `right after` of none."""
    return f"{duration(time)} after" if time else "right after"


def byte_size(count: int) -> str:
    """Write a number of bytes: `524 kB`."""
    if count < 10_000:
        return f"{count} B"
    unit, scale = next(
        (pair for pair in (("kB", 1000), ("MB", 1_000_000)) if count < 1000 * pair[1]), ("GB", 1_000_000_000)
    )
    return f"{count / scale:.{1 if count < 100 * scale else 0}f} {unit}"


def counted(count: int, noun: str, form: str = "") -> str:
    """Write how many there are: `1 context`, `3 contexts`, `2 other statuses`, `0 matches`; `form` as for `format`."""
    many = "" if count == 1 else "es" if noun.endswith(("s", "ch", "x")) else "s"
    return f"{count:{form}} {noun}{many}"


def is_are(count: int) -> str:
    """Return the verb that agrees with how many there are: `1 byte is`, `2 bytes are`."""
    return "is" if count == 1 else "are"


def of_all(part: int, whole: int, noun: str) -> str:
    """Write how many of all: `2 of 3 contexts`, `none of 3 contexts`, `all 3 contexts`, `1 context`, `no context`."""
    if part == whole:
        return f"both {counted(2, noun)[2:]}" if whole == 2 else f"{'all ' if whole > 2 else ''}{counted(whole, noun)}"
    return f"{part or 'none'} of {counted(whole, noun)}" if whole > 1 else f"no {noun}"


def some_of(things: Sequence[_Thing], most: int = 5, name: Callable[[_Thing], str] = str) -> str:
    """Name the first few, and say how many more there are: `A, B and 5 more`."""
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return ", ".join(map(name, things[:most])) + more


def in_seconds(nanoseconds: int | None) -> float | None:
    """Return a duration in seconds, as machines read it; None where it is not known.

    What answers before its question has ended, or by a clock that was set back, has waited for no time that is known.
    """
    return None if nanoseconds is None or nanoseconds < 0 else round(nanoseconds / 1e9, 9)
