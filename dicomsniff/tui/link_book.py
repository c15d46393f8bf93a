"""What belongs together, as far as it is known -> lines that lead somewhere; made by the workflow that reads."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import Delivery
from dicomsniff.association.links import End, Link
from dicomsniff.association.normalized_links import Step
from dicomsniff.dimse.message import Message
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.tui.said import allowed
from dicomsniff.words.links import explanation, link_text, part_text

PATIENCE = 0.25
"""Seconds to wait at least before finding out again."""
SHARE = 10
"""How many times longer than it took the last time to wait."""


class Target(NamedTuple):
    """Where a line leads: to a message of an association by its number, 0 for the association's beginning."""

    association: int
    message: int
    text: str = ""


class LinkLines:
    """A link's own line, and those of its parts, each leading there.

    They are written when they are first seen, for there may be many.
    """

    def __init__(self, link: Link) -> None:
        self.kind = link.kind
        self.begins_apart = link.begins_apart
        """Whether what it begins with is none of its parts."""
        self.count = len(link.parts) if self.begins_apart or len(link.parts) > 1 else 0
        """The lines below its own; none where that says all."""
        self.part_name = link.parts[0].name if link.parts else ""
        self.explanation = explanation(link)
        """The likeliest reason, with marks, for what went wrong; empty where nothing did."""
        self.unlisted = link.unlisted
        """Parts that are counted only."""
        self._link = link

    @cached_property
    def _text(self) -> str:
        return link_text(self._link)

    @cached_property
    def _part_texts(self) -> list[str]:
        return [part_text(self._link, part) for part in self._link.parts[: self.count]]

    @property
    def target(self) -> Target:
        """Its own line."""
        return Target(self._link.association, self._link.message, allowed(self._text))

    @property
    def parts(self) -> list[Target]:
        """The lines below it."""
        texts = zip(self._link.parts, self._part_texts, strict=False)
        return [Target(part.association, part.message, allowed(text)) for part, text in texts]


class LinkBook:
    """Every link known at one time, and which of them an association or message has part in. It does not change."""

    def __init__(self) -> None:
        self.links: list[LinkLines] = []
        self.verdict = ""
        """How the capture went, in one sentence with marks; empty while nothing is over."""
        self.worst: list[str] = []
        """The most frequent reasons of trouble, a line with marks each."""
        self._beginnings: dict[tuple[int, int], list[LinkLines]] = {}
        self._parts: dict[int, list[tuple[Delivery | Step | End, LinkLines]]] = {}

    @classmethod
    def of(cls, analyzer: Analyzer) -> "LinkBook":
        """Write down what is known now. Only the workflow that feeds the analyzer may call it."""
        book = cls()
        for link in analyzer.links.links():
            book.add(link)
        if analyzer.overview.associations or analyzer.findings:
            book.verdict = analyzer.verdict_line
            book.worst = list(analyzer.overview.worst())
        return book

    def add(self, link: Link) -> None:
        """Write a link down."""
        lines = LinkLines(link)
        self.links.append(lines)
        if lines.begins_apart and link.message:
            self._beginnings.setdefault((link.association, link.message), []).append(lines)
        for part in link.parts:
            self._parts.setdefault(part.association, []).append((part, lines))

    def about(self, association: Association) -> list[LinkLines]:
        """Return the links that an association has part in, with whichever message."""
        begun = [link for (number, _), links in self._beginnings.items() if number == association.id for link in links]
        held = [link for _, link in self._parts.get(association.id, ())]
        return list(dict.fromkeys([*begun, *held]))

    def having(self, association: Association, message: Message | None) -> list[LinkLines]:
        """Return the links that a message, or (None) an association as such, has part in."""
        begun = self._beginnings.get((association.id, message.number), []) if message is not None else []
        held = [link for part, link in self._parts.get(association.id, ()) if part.holds(message)]
        return list(dict.fromkeys([*begun, *held]))


class LinkWatch:
    """Rewrites the book when more associations are over, so seldom that it costs little."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._known, self._due = 0, 0.0

    def is_due(self, now: float) -> bool:
        """Whether there is something new and it is time (s) to tell it."""
        return now >= self._due and self._analyzer.overview.associations != self._known

    def write(self, clock: Callable[[], float]) -> LinkBook:
        """Return what belongs together now; `clock` gives seconds."""
        begun, self._known = clock(), self._analyzer.overview.associations
        book = LinkBook.of(self._analyzer)
        ended = clock()
        self._due = ended + max(PATIENCE, SHARE * (ended - begun))
        return book
