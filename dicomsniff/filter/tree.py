"""What an expression is made of: comparisons and words, and how they are joined."""

from dataclasses import dataclass
from typing import Union

RESERVED = frozenset(["and", "or", "not", "in"])
"""What is no word to search for, unless in quotation marks."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; places are characters of the expression, from 0."""

    field: str
    operator: str
    value: str
    at: int
    value_at: int


@dataclass(frozen=True, slots=True)
class Word:
    """Free text, searched for in whatever is said of an association or message."""

    text: str


@dataclass(frozen=True, slots=True)
class Negation:
    """What must not hold."""

    of: "Tree"


@dataclass(frozen=True, slots=True)
class Joined:
    """What must hold, all of it or any of it."""

    every: bool
    parts: "tuple[Tree, ...]"


Tree = Union[Comparison, Word, Negation, Joined]  # noqa: UP007  it names itself
