"""Sizes and times as people write them in options: `100MB`, `1h` -> bytes, seconds."""

import re

_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SPANS = {"S": 1, "M": 60, "H": 3600, "D": 86_400}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([a-z]*)", re.IGNORECASE)


def read_size(text: str) -> int:
    """Return what `100MB` or `2 GB` says, in bytes; ValueError says what was expected."""
    number, unit = _amount(text, "a size such as 100MB or 2GB")
    if unit not in _SIZES:
        raise ValueError(f"expected a size such as 100MB or 2GB, not {text!r}")
    return int(number * _SIZES[unit])


def read_span(text: str) -> float:
    """Return what `90s`, `5m` or `1h` says, in seconds; ValueError says what was expected."""
    number, unit = _amount(text, "a time such as 90s, 5m or 1h")
    if unit not in _SPANS:
        raise ValueError(f"expected a time such as 90s, 5m or 1h, not {text!r}")
    return number * _SPANS[unit]


def read_rotation(text: str) -> tuple[int, float]:
    """Return after how many bytes and after how many seconds a new file begins: one of `100MB`, `1h`; 0 is never."""
    _, unit = _amount(text, "a size such as 100MB, or a time such as 1h")
    return (0, read_span(text)) if unit in _SPANS else (read_size(text), 0)


def _amount(text: str, expected: str) -> tuple[float, str]:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"expected {expected}, not {text!r}")
    return float(found[1]), found[2].upper()
