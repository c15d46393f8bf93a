"""What may be written next in an expression: fields, operators, values that are known."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from dicomsniff.filter.fields import FIELDS
from dicomsniff.filter.tree import RESERVED

_TOKEN = re.compile(r"""(?P<quoted>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|(?P<sign>[=!<>~]+)|[()]|[^\s()"'=!<>~]+""")
_VALUE = re.compile(r"""[^\s()"']+$""")
_PLAIN = re.compile(r"""[^\s()"'=!<>~]+""")
_JOINING = {"and": "both must hold", "or": "one of both must hold"}
_NOT = "what follows must not hold"
_SIGNS = {
    "==": "is, without regard to case",
    "!=": "is not",
    "<": "is less",
    "<=": "is at most",
    ">": "is greater",
    ">=": "is at least",
    "~": "has something that a regular expression fits",
    "!~": "has nothing that it fits",
    "in": "is in a network such as 10.1.0.0/16",
}


class Part(Enum):
    """What a part of an expression is."""

    NAME = auto()
    """A field, or a word."""
    OPERATOR = auto()
    VALUE = auto()
    JOINING = auto()
    """`and` or `or`."""


class Position(NamedTuple):
    """Where something is being typed: which part it is, where it begins, and what it is of."""

    part: Part
    start: int
    typed: str
    field: str = ""
    """The field that is compared, in small letters; empty in a name."""


class Offer(NamedTuple):
    """What may be written, and what it means."""

    text: str
    means: str = ""


def position(expression: str, at: int) -> Position | None:
    """Return what is being typed before a character (from 0) of an expression; None where nothing can follow."""
    from dicomsniff.filter.grammar import expected  # loads the parser's library, which most calls do without

    before = expression[:at]
    tokens = list(_TOKEN.finditer(before))
    last = tokens[-1] if tokens and tokens[-1].end() == at and before[at - 1] not in "()" else None
    is_new = last is None or (last["sign"] is not None and last[0] in _SIGNS)
    start = at if is_new or last is None else last.start()
    field = _compared(before[:start])
    kinds = expected(before[:start])
    if "VALUE" in kinds:
        found = _VALUE.search(before)  # in a value, signs are characters like others
        if last is not None and last["quoted"] is None and found is not None and not is_new:
            start = max(start, found.start())
        return Position(Part.VALUE, start, before[start:at], field)
    if "OPERATOR" in kinds:
        return Position(Part.OPERATOR, start, before[start:at], _last_word(before[:start]))
    if "NAME" in kinds:
        return Position(Part.NAME, start, before[start:at])
    return Position(Part.JOINING, start, before[start:at]) if "_AND" in kinds else None


def _compared(before: str) -> str:
    """Return the field of the comparison that ends with an operator."""
    words = [found[0] for found in _TOKEN.finditer(before)]
    return words[-2].casefold() if len(words) > 1 else ""


def _last_word(before: str) -> str:
    words = [found[0] for found in _TOKEN.finditer(before)]
    return words[-1].casefold() if words else ""


def offers(here: Position, values: Iterable[str]) -> list[Offer]:
    """Return what may be written there; `values` are known ones of the field that is compared."""
    typed = here.typed.casefold()
    if here.part is Part.VALUE:
        typed = typed.lstrip("\"'")
        every = [Offer(quoted(each)) for each in values]
        plain = [each.text.lstrip('"').casefold() for each in every]
    else:
        every = list(_WAYS[here.part](here.field))
        plain = [each.text for each in every]
    begin = [offer for offer, text in zip(every, plain, strict=True) if text.startswith(typed)]
    hold = [offer for offer, text in zip(every, plain, strict=True) if typed in text and not text.startswith(typed)]
    found = begin + (hold if here.part is Part.VALUE else [])
    return [] if [each.text for each in found] == [here.typed] else found


def _names(field: str) -> Iterator[Offer]:  # noqa: ARG001  as the others are called
    yield from (Offer(name, known.says) for name, known in FIELDS.items())
    yield Offer("not", _NOT)


def _operators(field: str) -> Iterator[Offer]:
    known = FIELDS.get(field)
    if known is not None:
        yield from (Offer(sign, _SIGNS[sign]) for sign in known.operators)
    else:  # a word
        yield from _joining(field)


def _joining(field: str) -> Iterator[Offer]:  # noqa: ARG001  as the others are called
    yield from (Offer(word, means) for word, means in _JOINING.items())


_WAYS = {Part.NAME: _names, Part.OPERATOR: _operators, Part.JOINING: _joining}


def quoted(value: str) -> str:
    """Return a value as it is written in an expression."""
    if _PLAIN.fullmatch(value) and value.casefold() not in RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
