"""A JSON value -> its text: valid for every reader (RFC 8259), and nothing in it that a terminal obeys."""

import json
from math import isfinite
from typing import Any

from dicomsniff.printable import byte_of, escape


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""Write a value as JSON; without `indent`, on one line.

    Visible characters stand as they are, all others as `\u001b`. A byte of a file name that is no UTF-8 is none
    that JSON could hold: it is told in words, `\\xe9`.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, indent=indent)
    return "\n".join(escape(line, _escaped) for line in text.split("\n"))


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # strict readers refuse a lone surrogate
        byte = byte_of(char)
        return f"\\\\x{byte:02x}" if byte is not None else f"\\\\u{code:04x}"
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _finite(value: Any) -> Any:
    """Put words in the place of numbers that JSON does not have: a data set may hold NaN and infinities."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
