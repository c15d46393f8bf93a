"""What it costs to look at a data set, and how much it may: work grows with the bytes sent, not with what they become.

A header costs more than the byte or two that a deflate stream has for it; text with many escape sequences, values or
components costs more than as many plain bytes. Costs are about the time it takes to convert a byte of plain text.
"""

HEADER = 16
"""What an element, an item or a fragment costs, beside what is looked at of its value."""
MAX_ELEMENTS = 100_000
"""Elements, items and fragments that are judged; a data set may have more."""
MAX_LISTED = 50_000
"""Elements and items whose values are listed."""
MAX_SHOWN = 4_000_000
"""What the values listed of one data set may cost, so that they fit into memory: of plain text as many bytes."""
UNLIMITED = 1 << 62
TOO_DEAR = "it inflates to far more elements than is usual for its length"
"""What is said of a data set that costs more than it may."""
_LEAST, _PER_BYTE = 512, 12
"""What a deflated data set may cost: at least, and for each byte sent. Sound ones cost half of that, or less."""
_DEAR = 8
ESCAPE = b"\x1b"
_SEPARATORS = (b"\\", ESCAPE, b"^", b"=")


def value_cost(value: bytes) -> int:
    """Return what it costs to convert a value."""
    return len(value) + _DEAR * sum(map(value.count, _SEPARATORS))


def has_odd_escapes(value: bytes) -> bool:
    """Whether there are more ESC than escape sequences can be, as each has three bytes or more (ISO 2022)."""
    return 3 * value.count(ESCAPE) > len(value)


def affordable(sent: int) -> int:
    """Return what a deflated data set may cost of which `sent` bytes came."""
    return _LEAST + _PER_BYTE * sent
