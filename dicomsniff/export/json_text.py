"""A JSON value -> its text: valid for every reader (RFC 8259), and nothing in it that a terminal obeys."""

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from dicomsniff.printable import byte_of, escape

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_text(value: Any) -> str:
    r"""Write a value as JSON, on one line.

    Visible characters stand as they are, all others as `\u001b`. A byte of a file name that is no UTF-8 is none
    that JSON could hold: it is told in words, `\\xe9`.
    """
    return _dump(_ENCODER, value)


def indented_json_text(value: Any) -> str:
    """Write a value as JSON for people to read, a line for each part of it."""
    return _dump(json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=1), value)


def members_text(members: Mapping[str, Any]) -> str:
    """Write the first members of an object, a line for each; others follow."""
    return "".join(f" {json_text(key)}: {json_text(value)},\n" for key, value in members.items())


def list_text(values: Iterable[Any], indent: int) -> str:
    """Write a list, a line for each value behind so many spaces."""
    begin = "\n" + " " * indent
    joined = f",{begin}".join(map(json_text, values))
    return f"[{begin}{joined}]" if joined else "[]"


def _dump(encoder: json.JSONEncoder, value: Any) -> str:
    try:
        text = encoder.encode(value)
    except ValueError:
        text = encoder.encode(_finite(value))
    # The encoder escapes control characters itself, but for one. Newlines are none of a string's.
    if text.isascii() and "\x7f" not in text:
        return text
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
