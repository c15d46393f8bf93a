"""What was found in each part -> one whole: numbers, links and findings as one analyzer has them that reads it all.

Connections are taken one by one, so that memory does not grow with the number of captures. What knows all of them, and
is asked when an association is over, is the analyzer itself (`WholeAnalyzer.conclude`). What becomes of each
association is up to a `Teller`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Protocol

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.moves import asks_to_move
from dicomsniff.association.totals import Outcome, Totals
from dicomsniff.capture.losses import LossCounter
from dicomsniff.engine.kept import Keep
from dicomsniff.engine.whole import WholeAnalyzer
from dicomsniff.findings.collector import Findings
from dicomsniff.privacy.gate import Gate
from dicomsniff.surveying.head import Head
from dicomsniff.surveying.merging import renumber, waiting_on, watch_on
from dicomsniff.surveying.numbering import Numbering, Place, Taken
from dicomsniff.surveying.part import Sums
from dicomsniff.surveying.settling import Settled
from dicomsniff.surveying.store import Pickled


class Teller(Protocol):
    """Takes all associations, numbered, in their turns."""

    def settled(self, association: int, settled: Settled) -> None:
        """Take one of which its part has told all."""

    def concluded(self, association: Association, found: Findings, outcome: Outcome) -> None:
        """Take another one, with what was found about it."""


class Joining:
    """Puts parts together: those of `captures`, in order, and others, of several captures or of a share of one."""

    def __init__(self, captures: Sequence[Taken], others: Sequence[Taken], gate: Gate, tell: Teller) -> None:
        self._captures, self._parts = captures, [*captures, *others]
        self._tell = tell
        self._awaited: dict[Place, tuple[Association, Findings]] = {}
        """Those that rules may ask about before it is their turn."""
        self._moving: list[tuple[Association, Findings, Outcome]] = []
        """Those with C-MOVEs that are over in the current capture: their turn is when their deliveries are known."""
        self.analyzer = WholeAnalyzer(keep=Keep.OPEN)
        """Knows what came of all."""
        losses = LossCounter()
        for part in self._parts:
            losses.merge(part.sums.losses)
            gate.know(part.sums.known)
        for part in captures:
            self.analyzer.add_totals(_totals(part.sums))
        for sums in (part.sums for part in others if part.sums.task.share is not None):
            # It read the same packets, and followed other connections.
            self.analyzer.add_totals(Totals(0, 0, None, None, sums.given_up, Counter(), [], sums.connections))
        self.analyzer.losses = losses.total
        self._numbering = Numbering(captures, others)

    def run(self) -> None:
        """Have all associations told."""
        for part in self._parts:
            self._count(part)
        for number, part in enumerate(self._captures):
            self._numbering.begin(number)
            (capture,) = part.captures
            for other, each in enumerate(self._parts):
                if each.captures[0] == capture:
                    self._await(other)
            self._conclude([other for other, each in enumerate(self._parts) if each.captures[-1] == capture])
            for association, found, outcome in self._moving:
                self._conclude_one(association, found, outcome)
            self._moving.clear()
        self.analyzer.conclude_all()

    def _count(self, part: Taken) -> None:
        """Take what came of connections that carried no DICOM."""
        for _, head, body in part.connections():
            if not head.recognized:
                loaded = body.load()
                assert not isinstance(loaded, Settled)
                outcome = loaded[0]
                if outcome.unconnected is not None:
                    last = self.analyzer.last_time or 0
                    outcome.unconnected = waiting_on(outcome.unconnected, part.sums.last_time or 0, last)
                self.analyzer.count(outcome)

    def _await(self, number: int) -> None:
        """Let rules know of associations of a part before it is their turn, as far as they may ask."""
        for connection, head, body in self._parts[number].connections():
            if head.recognized and self._is_awaited(number, head):
                loaded = body.load()
                assert not isinstance(loaded, Settled)
                for index, each in enumerate(self._numbered(number, connection, loaded)):
                    self.analyzer.expect(each[0])
                    self._awaited[Place(number, connection, index)] = each

    def _conclude(self, numbers: Sequence[int]) -> None:
        """Have the associations of parts told in their turns."""
        ended = merge(*map(self._connections, numbers), key=lambda each: each[2].last_mark.number)
        for number, connection, head, body in ended:
            if not head.recognized:
                continue
            if isinstance(loaded := body.load(), Settled):
                taken = self._numbering.take(Place(number, connection, 0))
                self._conclude_settled(taken, loaded.numbered(taken))
                continue
            places = [Place(number, connection, index) for index in range(len(head.recognized))]
            known = [self._awaited.pop(place) for place in places] if self._is_awaited(number, head) else None
            for association, found in known or self._numbered(number, connection, loaded):
                if asks_to_move(association):
                    self._moving.append((association, found, loaded[0]))
                else:
                    self._conclude_one(association, found, loaded[0])

    def _connections(self, number: int) -> Iterator[tuple[int, int, Head, Pickled]]:
        for connection, head, body in self._parts[number].connections():
            yield number, connection, head, body

    def _is_awaited(self, number: int, head: Head) -> bool:
        """Whether rules may ask about associations of a connection before their turn: any that crosses may deliver."""
        return head.is_awaited or self._parts[number].sums.task.flows is not None

    def _numbered(
        self, number: int, connection: int, loaded: tuple[Outcome, list[Findings]]
    ) -> list[tuple[Association, Findings]]:
        """Return the associations of a connection, numbered, each with what was found about it."""
        outcome, found = loaded
        sums = self._parts[number].sums
        if outcome.handshake is not None:
            self.analyzer.count(replace(outcome, associations=(), unconnected=None))
        until, last = sums.last_time or 0, self.analyzer.last_time or 0
        numbers: dict[int, int] = {}
        for turn, association in enumerate(outcome.associations):
            numbers[association.id] = self._numbering.take(Place(number, connection, turn))
            watch_on(association, until, last)
        renumber(outcome.associations, numbers)
        return list(zip(outcome.associations, found, strict=True))

    def _conclude_settled(self, association: int, settled: Settled) -> None:
        self.analyzer.conclude_settled(settled.linked, settled.neighbour, settled.course)
        self._tell.settled(association, settled)

    def _conclude_one(self, association: Association, found: Findings, outcome: Outcome) -> None:
        analyzer = self.analyzer
        analyzer.found.take(association, found)
        analyzer.conclude(association)
        analyzer.pop_closed()
        analyzer.ended.clear()
        self._tell.concluded(association, analyzer.found.of(association), outcome)


def _totals(sums: Sums) -> Totals:
    """Return what was counted of a capture, but for its connections: each is counted where it is taken."""
    return Totals(
        sums.packets,
        sums.captured,
        sums.first_time,
        sums.last_time,
        sums.given_up,
        sums.undecoded,
        sums.unreachable,
        sums.connections,
    )
