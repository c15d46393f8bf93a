"""What may be written next in an expression: fields, operators, values that are known."""

import re
from collections.abc import Iterable
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
    if last is not None and last["sign"] is not None and last[0] in _SIGNS:
        last = None  # an operator that is whole: something new begins
    start = at if last is None else last.start()
    words = [token[0].casefold() for token in tokens if token.end() <= start]
    kinds = expected(before[:start])
    if "VALUE" in kinds:
        found = _VALUE.search(before)  # in a value, signs are characters like others
        if last is not None and last["quoted"] is None and found is not None:
            start = max(start, found.start())
        return Position(Part.VALUE, start, before[start:at], "".join(words[-2:-1]))
    if "OPERATOR" in kinds:
        return Position(Part.OPERATOR, start, before[start:at], "".join(words[-1:]))
    if "NAME" in kinds:
        return Position(Part.NAME, start, before[start:at])
    return Position(Part.JOINING, start, before[start:at]) if "_AND" in kinds else None


def offers(here: Position, values: Iterable[str]) -> list[Offer]:
    """Return what may be written there; `values` are known ones of the field that is compared."""
    typed = here.typed.casefold()
    if here.part is Part.VALUE:
        typed = typed.lstrip("\"'")
        every = [Offer(quoted(each)) for each in values]
        plain = [each.text.lstrip('"').casefold() for each in every]
    else:
        every = _of_the_language(here)
        plain = [each.text for each in every]
    begin = [offer for offer, text in zip(every, plain, strict=True) if text.startswith(typed)]
    hold = [offer for offer, text in zip(every, plain, strict=True) if typed in text and not text.startswith(typed)]
    found = begin + (hold if here.part is Part.VALUE else [])
    return [] if [each.text for each in found] == [here.typed] else found


def _of_the_language(here: Position) -> list[Offer]:
    if here.part is Part.NAME:
        return [*(Offer(name, known.says) for name, known in FIELDS.items()), Offer("not", _NOT)]
    compared = FIELDS.get(here.field) if here.part is Part.OPERATOR else None
    if compared is not None:
        return [Offer(sign, _SIGNS[sign]) for sign in compared.operators]
    return [Offer(word, means) for word, means in _JOINING.items()]  # also after a word


def quoted(value: str) -> str:
    """Return a value as it is written in an expression."""
    if _PLAIN.fullmatch(value) and value.casefold() not in RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
