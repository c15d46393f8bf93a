"""A difference between two exchanges: what it is about, how it is on either side, and how much it could matter."""

from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import TypeVar

from msgspec import Struct

_Side = TypeVar("_Side")
_Told = TypeVar("_Told")


class Weight(IntEnum):
    """How much a difference could matter; the most telling first."""

    DECISIVE = 0
    """It can be why the one worked and the other did not, or is how it did not."""
    TELLING = 1
    """It changes what is exchanged, or how fast, and did no visible harm."""
    SLIGHT = 2
    """Two systems may well differ in this."""


class Kind(StrEnum):
    """What a difference is of, in the order in which things happen: what comes first may cause what comes later."""

    CAPTURE = "capture"
    """What the capture did not see: the exchange itself may have been another one."""
    CONNECTION = "connection"
    """What was found about connections that carried no association."""
    TLS = "tls"
    TITLE_FORM = "title-form"
    """An AE title is the same but for its padding."""
    TITLE = "title"
    PROTOCOL = "protocol"
    """Protocol version or application context."""
    NOT_PROPOSED = "not-proposed"
    ROLE = "role"
    ITEM_MISSING = "item-missing"
    ITEM = "item"
    REJECTION = "rejection"
    CONTEXT_REFUSED = "context-refused"
    SYNTAX = "syntax"
    SYNTAX_ORDER = "syntax-order"
    MAX_LENGTH = "max-length"
    IMPLEMENTATION = "implementation"
    BROKEN = "broken"
    """A finding about bytes that the other side may not be able to read."""
    ORDER = "order"
    ELEMENT = "element"
    EXPLANATION = "explanation"
    """Why something failed, from what else the capture holds."""
    STATUS = "status"
    MISSING_RESPONSE = "missing-response"
    RESULT = "result"
    """What an operation came to: matches, sub-operations, a cancellation."""
    LATENCY = "latency"
    PACE = "pace"
    """Other times than those of answers: negotiation, pauses, throughput."""
    MISSING_OPERATION = "missing-operation"
    FINDING = "finding"
    ASSOCIATION = "association"
    OUTCOME = "outcome"
    LIMIT = "limit"
    """Not all was compared."""


_STAGE = {kind: place for place, kind in enumerate(Kind)}


Numbers = tuple[int | None, int | None]
"""Of GOOD and of BAD."""
FOUND, NOT_FOUND = "found", "not found"
"""How it is on either side, where a difference is a finding."""
NOWHERE: Numbers = (None, None)


class Difference(Struct, frozen=True):
    """One thing that differs. `about`, and how it is in GOOD and in BAD, are lines with marks (see `findings.parts`).

    Numbers of associations and messages are None where it is about none, or about a whole capture.
    """

    kind: Kind
    weight: Weight
    about: str
    good: str
    bad: str
    associations: Numbers = NOWHERE
    messages: Numbers = NOWHERE

    @property
    def line(self) -> str:
        """What differs in one line, with marks."""
        if self.good == self.bad:  # not a difference, but what was not compared
            return f"{self.about}: {self.bad}"
        if FOUND in (self.good, self.bad):
            return f"in {'BAD' if self.bad == FOUND else 'GOOD'} only: {self.about}"
        return f"{self.about}: {self.bad} in BAD; {self.good} in GOOD"


def both(tell: Callable[[_Side], _Told], sides: tuple[_Side, _Side]) -> tuple[_Told, _Told]:
    """Return what is to be told of GOOD and of BAD."""
    return tell(sides[0]), tell(sides[1])


def limit(about: str, said: str) -> Difference:
    """Tell that not all was compared."""
    return Difference(Kind.LIMIT, Weight.SLIGHT, about, said, said)


def most_telling_first(differences: Iterable[Difference]) -> list[Difference]:
    """Sort differences by weight; among those of one weight causes come before what may follow from them."""
    return sorted(differences, key=lambda each: (each.weight, _STAGE[each.kind]))
