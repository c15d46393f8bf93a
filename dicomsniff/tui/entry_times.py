"""How an exchange says when something came: in seconds since the association began, or by the time of day."""

from dicomsniff.quantities import timestamp

RELATIVE, ABSOLUTE = TIMES = ("relative", "absolute")
"""What settings call the two ways."""
SHORT, LONG = 12, 15
"""Cells that a time of day takes with milliseconds and with microseconds."""
DATE, YEAR = 6, 5
"""Cells that month and day take before it, and the year before those."""


def in_seconds(nanoseconds: int, width: int) -> str:
    """Write a time since the association's start; a long one with fewer decimals."""
    decimals = 6 if width > 9 else 4
    value = nanoseconds / 1e9
    whole = f"{value:.{decimals}f}"
    while len(whole) > width and decimals:
        decimals -= 1
        whole = f"{value:.{decimals}f}"
    return whole


def moment(time: int, digits: int, *, dated: bool, width: int = 0) -> str:
    """Write a time (ns since 1970) by the clock, in UTC, and the date where one is needed to tell days apart.

    In few cells the year goes first, then the ends of seconds; 0 cells are as many as it takes.
    """
    text = timestamp(time, digits).removesuffix("Z").replace("T", " ")
    if not dated:
        text = text.partition(" ")[2] or text
    elif 0 < width < YEAR + DATE + SHORT:
        text = text[YEAR:]
    return text[:width].removesuffix(".") if width else text


def spans_days(first: int | None, last: int | None) -> bool:
    """Whether two times are on different days (UTC)."""
    return first is not None and last is not None and timestamp(first, 0)[:10] != timestamp(last, 0)[:10]
