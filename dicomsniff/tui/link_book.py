"""What belongs together, as far as it is known -> lines that lead somewhere; made by the workflow that reads."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.association import Association
from dicomsniff.association.links import Link, workflow_link
from dicomsniff.association.moves import Delivery, Move, move_originator
from dicomsniff.association.normalized_links import Step, Workflow
from dicomsniff.dimse.message import Message
from dicomsniff.findings.retrieve import why_less
from dicomsniff.tui.said import allowed
from dicomsniff.words.links import link_text, part_text

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

    They are written when they are first seen, for there may be many; the link must not change any more.
    """

    def __init__(self, link: Link) -> None:
        self.kind = link.kind
        self.count = len(link.parts)
        """The lines below its own."""
        self.explanation = why_less(link.about) if isinstance(link.about, Move) else ""
        """The likeliest reason, with marks, for what went wrong; empty where nothing did."""
        self.unlisted = link.unlisted
        """Parts that are counted only."""
        self._link = link

    @property
    def target(self) -> Target:
        """Its own line."""
        return Target(self._link.association, self._link.message, allowed(self._text))

    @property
    def parts(self) -> list[Target]:
        """The lines below it."""
        return [
            Target(part.association, part.message, allowed(text))
            for part, text in zip(self._link.parts, self._part_texts, strict=True)
        ]

    @cached_property
    def _text(self) -> str:
        return link_text(self._link)

    @cached_property
    def _part_texts(self) -> list[str]:
        return [part_text(self._link, part) for part in self._link.parts]


class LinkBook:
    """Every link known at one time, and which of them an association or message has part in. It does not change."""

    def __init__(self) -> None:
        self.links: list[LinkLines] = []
        self.verdict = ""
        """How the capture went, in one sentence with marks; empty while nothing is over."""
        self._moves: dict[tuple[int, int], LinkLines] = {}
        self._deliveries: dict[int, list[tuple[Delivery, LinkLines]]] = {}
        self._workflows: dict[int, list[tuple[list[Step], LinkLines]]] = {}

    @classmethod
    def of(cls, analyzer: Analyzer) -> "LinkBook":
        """Write down what is known now. Only the workflow that feeds the analyzer may call it."""
        book = cls()
        for link in analyzer.links.links():
            book.add(link)
        if analyzer.overview.associations or analyzer.findings:
            book.verdict = analyzer.verdict_line
        return book

    def add(self, link: Link) -> None:
        """Write a link down."""
        link = _unchanging(link)
        lines = LinkLines(link)
        self.links.append(lines)
        match link.about:
            case Move(deliveries=deliveries):
                self._moves[link.association, link.message] = lines
                for delivery in deliveries:
                    self._deliveries.setdefault(delivery.association, []).append((delivery, lines))
            case Workflow() as workflow:
                for association in workflow.associations:
                    self._workflows.setdefault(association, []).append((workflow.steps, lines))

    def asked_by(self, association: int, message: int) -> LinkLines | None:
        """Return the link of a C-MOVE-RQ."""
        return self._moves.get((association, message))

    def delivered_by(self, association: Association, message: Message | None) -> list[LinkLines]:
        """Return the C-MOVEs for which a C-STORE-RQ was sent, or (None) an association was made."""
        found = []
        for delivery, link in self._deliveries.get(association.id, ()):
            stores = delivery.stores
            if message is None or (
                stores.first_message <= message.number <= stores.last_message
                and (delivery.originator == move_originator(message))
            ):
                found.append(link)
        return list(dict.fromkeys(found))

    def workflows(self, association: int, message: int) -> list[LinkLines]:
        """Return the links of what was done under one UID, of which a request is a step."""
        return [
            link
            for steps, link in self._workflows.get(association, ())
            if any(step.association == association and step.message == message for step in steps)
        ]


def _unchanging(link: Link) -> Link:
    """Return a link as it is now, whatever the reading of the capture adds to it."""
    match link.about:
        case Move() as move:
            deliveries = [copy(delivery) for delivery in move.deliveries]
            return link._replace(about=replace(move, deliveries=deliveries), parts=deliveries)
        case Workflow() as workflow:
            return workflow_link(replace(workflow, steps=list(workflow.steps)))
        case about:
            return link._replace(about=copy(about))


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
