"""What an expression is made of: comparisons and words, and how they are joined."""

from typing import Union

from msgspec import Struct

RESERVED = frozenset(["and", "or", "not", "in"])
"""What is no word to search for, unless in quotation marks."""


class Comparison(Struct, frozen=True):
    """`field operator value`; places are characters of the expression, from 0."""

    field: str
    operator: str
    value: str
    at: int
    value_at: int


class Word(Struct, frozen=True):
    """Free text, searched for in whatever is said of an association or message."""

    text: str


class Negation(Struct, frozen=True):
    """What must not hold."""

    of: "Tree"


class Joined(Struct, frozen=True):
    """What must hold, all of it or any of it."""

    every: bool
    parts: "tuple[Tree, ...]"


Tree = Union[Comparison, Word, Negation, Joined]  # noqa: UP007  it names itself
