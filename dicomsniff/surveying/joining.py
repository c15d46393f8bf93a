"""What was found in each part -> tables: numbers, links and findings as one analyzer has them that reads all in order.

Connections are taken one by one, so that memory does not grow with the number of captures. What knows all of them, and
is asked when an association is over, is the analyzer itself (`Analyzer.conclude`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.totals import Outcome, Totals
from dicomsniff.capture.losses import LossCounter
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.export.tables import Row, finding_rows
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import shown
from dicomsniff.privacy.gate import Gate
from dicomsniff.surveying.chain import place_of
from dicomsniff.surveying.merging import renumber, waiting_on, watch_on
from dicomsniff.surveying.numbering import Numbering, Place, Taken
from dicomsniff.surveying.part import Head, Sums
from dicomsniff.surveying.settling import Settled, asks_to_move, begun_at
from dicomsniff.surveying.tables import SURVEYED, link_rows, surveyed_rows

_PACKETS = {
    name: [place for place, column in enumerate(columns[1:]) if column.name.endswith("_packet")]
    for name, columns in SURVEYED.items()
}
"""Where packets' numbers are in the rows of a table, the first packet's first, its capture apart."""


class Joining:
    """Puts parts together: those of `captures`, in order, and of `crossings`. Rows go to `add`."""

    def __init__(
        self, captures: Sequence[Taken], crossings: Sequence[Taken], gate: Gate, add: Callable[[str, Row], None]
    ) -> None:
        self._captures, self._parts = captures, [*captures, *crossings]
        self._gate, self._add = gate, add
        self._order = {part.captures[0]: number for number, part in enumerate(captures, start=1)}
        """What captures are called in the tables."""
        self._before: dict[int, int] = {}
        """How many packets come before those of a capture."""
        self._begun: Counter[int] = Counter()
        """How many associations began in a capture."""
        self._awaited: dict[Place, tuple[Association, Findings]] = {}
        """Those that rules may ask about before it is their turn."""
        self._moving: list[tuple[Association, Findings, Outcome]] = []
        """Those with C-MOVEs that are over in the current capture: their turn is when their deliveries are known."""
        self.analyzer = Analyzer(keep=Keep.OPEN)
        """Knows what came of all."""
        losses, packets = LossCounter(), 0
        for part in self._parts:
            losses.merge(part.sums.losses)
            gate.know(part.sums.known)
        for part in captures:
            self._before[part.captures[0]] = packets
            packets += part.sums.packets
            self.analyzer.add_totals(_totals(part.sums))
        self.analyzer.losses = losses.total
        self._numbering = Numbering(captures, crossings)

    def run(self) -> None:
        """Write all rows but those of captures."""
        for part in self._parts:
            self._count(part)
        for number, part in enumerate(self._captures):
            self._numbering.begin(number)
            (capture,) = part.captures
            beginning = [other for other, each in enumerate(self._parts) if each.captures[0] == capture]
            ending = [other for other, each in enumerate(self._parts) if each.captures[-1] == capture]
            for other in beginning:
                self._await(other)
            for other in ending:
                self._conclude(other)
            for association, found, outcome in self._moving:
                self._conclude_one(association, found, outcome)
            self._moving.clear()
        self.analyzer.conclude_all()
        for row in finding_rows(self.analyzer.findings, None, self._gate):
            self._write("findings", row, 0)
        for number, link in enumerate(self.analyzer.links.links(), start=1):
            for row in link_rows(number, link, self._gate):
                self._add("links", row)

    def write_captures(self, names: Sequence[str], broken: Sequence[str]) -> None:
        """Write the rows of captures, by the names of their files; those that cannot be read come last."""
        for number, (part, name) in enumerate(zip(self._captures, names, strict=True), start=1):
            sums = part.sums
            counted = self._before[part.captures[0]], sums.packets, sums.captured, sums.first_time, sums.last_time
            told = self._begun[number], sums.truncated or None
            self._add("captures", (number, self._gate.file_name(name), sums.format, *counted, *told))
        for number, name in enumerate(broken, start=len(names) + 1):
            self._add("captures", (number, self._gate.file_name(name), *(None,) * 7, "it cannot be read"))

    @property
    def verdict(self) -> str:
        """How all went, in one sentence."""
        return shown(self.analyzer.verdict_line, self._gate)

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

    def _conclude(self, number: int) -> None:
        """Take the associations of a part in their turn, and write their rows."""
        for connection, head, body in self._parts[number].connections():
            if not head.recognized:
                continue
            if isinstance(loaded := body.load(), Settled):
                self._conclude_settled(loaded.numbered(self._numbering.take(Place(number, connection, 0))))
                continue
            places = [Place(number, connection, index) for index in range(len(head.recognized))]
            known = [self._awaited.pop(place) for place in places] if self._is_awaited(number, head) else None
            for association, found in known or self._numbered(number, connection, loaded):
                if asks_to_move(association):
                    self._moving.append((association, found, loaded[0]))
                else:
                    self._conclude_one(association, found, loaded[0])

    def _is_awaited(self, number: int, head: Head) -> bool:
        """Whether rules may ask about associations of a connection before their turn: any that crosses may deliver."""
        return head.is_awaited or number >= len(self._captures)

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

    def _conclude_settled(self, settled: Settled) -> None:
        self.analyzer.conclude_settled(settled.linked, settled.neighbour, settled.course)
        self._tell(settled.begun, settled.rows)

    def _conclude_one(self, association: Association, found: Findings, outcome: Outcome) -> None:
        analyzer = self.analyzer
        analyzer.found.take(association, found)
        analyzer.conclude(association)
        analyzer.pop_closed()
        analyzer.ended.clear()
        rows = surveyed_rows(association, analyzer.found.of(association), self._gate)
        self._tell(begun_at(association, outcome), rows)

    def _tell(self, begun: int, rows: Iterable[tuple[str, int, Row]]) -> None:
        """Count an association where it begins, and write its rows."""
        capture = self._order[place_of(begun)[0]]
        self._begun[capture] += 1
        for name, packet, row in rows:
            self._write(name, row, capture, packet)

    def _write(self, name: str, row: Row, capture: int, packet: int = 0) -> None:
        """Write a row of what begins with a packet, where that is known, or else in a capture (0 for none)."""
        told: list[object] = [*row]
        for place in _PACKETS[name]:
            if row[place]:
                packet = packet or row[place]
                told[place] = self._number(row[place])
        if packet:
            capture = self._order[place_of(packet)[0]]
        self._add(name, (capture or None, *told))

    def _number(self, packet: int) -> int:
        capture, number = place_of(packet)
        return self._before[capture] + number


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
    )
