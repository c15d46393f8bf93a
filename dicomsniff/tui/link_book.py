"""What belongs together, as far as it is known -> lines that lead somewhere; made by the workflow that reads."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.association import Association
from dicomsniff.association.moves import Delivery
from dicomsniff.association.normalized_links import Step, Workflow
from dicomsniff.dimse.message import Message
from dicomsniff.findings.retrieve import explain_move
from dicomsniff.words.links import delivery_text, get_text, move_text, series_text, step_text, stray_text, thread_text

PATIENCE = 0.25
"""Seconds to wait at least before finding out anew."""
SHARE = 10
"""How many times longer than it took the last time to wait."""


class Target(NamedTuple):
    """Where a line leads: to a message of an association by its number, 0 for the association's beginning."""

    association: int
    message: int
    text: str = ""


class Link:
    """One group of messages or associations that belong together: the line that says it, and the lines below.

    `say` gives both; it is asked only when they are to be seen, for there may be many.
    """

    def __init__(
        self,
        kind: str,
        count: int,
        say: Callable[[], tuple[Target, list[Target]]],
        explanation: str = "",
        unlisted: int = 0,
    ) -> None:
        self.kind = kind
        self.count = count
        """The lines below it."""
        self.explanation = explanation
        """The likeliest reason for what went wrong; empty where nothing did."""
        self.unlisted = unlisted
        """Parts that are counted only."""
        self._say = say

    @cached_property
    def _said(self) -> tuple[Target, list[Target]]:
        return self._say()

    @property
    def target(self) -> Target:
        """Its own line."""
        return self._said[0]

    @property
    def parts(self) -> list[Target]:
        """The lines below it."""
        return self._said[1]


class LinkBook:
    """Every link known at one time, and which of them an association or message has part in. It does not change."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.verdict = ""
        """How the capture went, in one sentence; empty while nothing is over."""
        self._moves: dict[tuple[int, int], Link] = {}
        self._deliveries: dict[int, list[tuple[Delivery, Link]]] = {}
        self._workflows: dict[int, list[tuple[list[Step], Link]]] = {}

    @classmethod
    def of(cls, analyzer: Analyzer) -> "LinkBook":
        """Write down what is known now. Only the workflow that feeds the analyzer may call it."""
        book = cls()
        links = analyzer.links
        moves = links.moves()
        for move in moves:
            parts = [_delivery(delivery) for delivery in move.deliveries]
            link = _link("C-MOVE", Target(move.association, move.message, move_text(move)), parts, explain_move(move))
            book.links.append(link)
            book._moves[move.association, move.message] = link
            book._deliver(move.deliveries, link)
        for stray in links.stray_deliveries():
            link = _link("C-MOVE", Target(stray.association, stray.stores.first_message, stray_text(stray)))
            book.links.append(link)
        for get in links.gets():
            book.links.append(_link("C-GET", Target(get.association, get.message, get_text(get))))
        for workflow in links.workflows():
            book.add_thread(Workflow(workflow.kind, workflow.key, list(workflow.steps), workflow.unlisted))
        for series in links.series():
            parts = [
                Target(series.first_association, 0, f"association {series.first_association} is the first"),
                Target(series.last_association, 0, f"association {series.last_association} is the last"),
            ]
            book.links.append(_link("same ends", Target(series.first_association, 0, series_text(series)), parts))
        if analyzer.overview.associations or analyzer.findings:
            book.verdict = analyzer.overview.text(moves, analyzer.findings)
        return book

    def asked_by(self, association: int, message: int) -> Link | None:
        """Return the link of a C-MOVE-RQ."""
        return self._moves.get((association, message))

    def delivered_by(self, association: Association, message: Message | None) -> list[Link]:
        """Return the C-MOVEs for which a C-STORE-RQ was sent, or (None) an association was made."""
        found = []
        for delivery, link in self._deliveries.get(association.id, ()):
            stores = delivery.stores
            if message is None:
                found.append(link)
            elif stores.first_message <= message.number <= stores.last_message:
                originator = (message.command.text(0x00001030), message.command.uint(0x00001031))
                if delivery.originator == (None if None in originator else originator):
                    found.append(link)
        return list(dict.fromkeys(found))

    def workflows(self, association: int, message: int) -> list[Link]:
        """Return the links of what was done under one UID, of which a request is a step."""
        return [
            link
            for steps, link in self._workflows.get(association, ())
            if any(step.association == association and step.message == message for step in steps)
        ]

    def add_thread(self, workflow: Workflow) -> None:
        """Take a workflow, which must not change any more."""
        count = len(workflow.steps) if len(workflow.steps) > 1 else 0
        link = Link(str(workflow.kind), count, lambda: _thread_lines(workflow), unlisted=workflow.unlisted)
        self.links.append(link)
        for association in workflow.associations:
            self._workflows.setdefault(association, []).append((workflow.steps, link))

    def _deliver(self, deliveries: Iterable[Delivery], link: Link) -> None:
        for delivery in deliveries:
            self._deliveries.setdefault(delivery.association, []).append((delivery, link))


def _link(kind: str, target: Target, parts: Iterable[Target] = (), explanation: str = "") -> Link:
    said = target, list(parts)
    return Link(kind, len(said[1]), lambda: said, explanation)


def _delivery(delivery: Delivery) -> Target:
    return Target(delivery.association, delivery.stores.first_message, delivery_text(delivery))


def _thread_lines(workflow: Workflow) -> tuple[Target, list[Target]]:
    parts = [
        Target(step.association, step.message, f"association {step.association}: {step_text(workflow.kind, step)}")
        for step in workflow.steps
    ]
    return parts[0]._replace(text=thread_text(workflow)), parts if len(parts) > 1 else []


class LinkWatch:
    """Writes the book anew when more associations are over, so seldom that it costs little."""

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
