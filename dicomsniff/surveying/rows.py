"""Associations, as they are put together of all parts -> rows of tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from dicomsniff.association.association import Association
from dicomsniff.association.totals import Outcome
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.export.tables import Row, finding_rows
from dicomsniff.findings.collector import Findings
from dicomsniff.privacy.gate import Gate
from dicomsniff.surveying.chain import place_of
from dicomsniff.surveying.numbering import Taken
from dicomsniff.surveying.settling import Settled, begun_at
from dicomsniff.surveying.tables import SURVEYED, Told, link_rows, surveyed_rows

_PACKETS = {
    name: [place for place, column in enumerate(columns[1:]) if column.name.endswith("_packet")]
    for name, columns in SURVEYED.items()
}
"""Where packets' numbers are in the rows of a table, the first packet's first, its capture apart."""


class RowTeller:
    """Hands rows to `add`, each with the name of its table; packets are numbered over all captures, in their order."""

    def __init__(self, captures: Sequence[Taken], gate: Gate, add: Callable[[str, Row], None]) -> None:
        self._captures, self._gate, self._add = captures, gate, add
        self._order = {part.captures[0]: number for number, part in enumerate(captures, start=1)}
        """What captures are called in the tables."""
        self._before: dict[int, int] = {}
        """How many packets come before those of a capture."""
        self._begun: Counter[int] = Counter()
        """How many associations began in a capture."""
        packets = 0
        for part in captures:
            self._before[part.captures[0]] = packets
            packets += part.sums.packets

    def settled(self, association: int, settled: Settled) -> None:
        """Write what a part told of an association."""
        told: Told = settled.told
        self._tell(settled.begun, ((name, packet, (association, *row[1:])) for name, packet, row in told))

    def concluded(self, association: Association, found: Findings, outcome: Outcome) -> None:
        """Write the rows of an association."""
        self._tell(begun_at(association, outcome), surveyed_rows(association, found, self._gate))

    def write_rest(self, analyzer: Analyzer) -> None:
        """Write what was found about the whole, and what belongs together, once all is over."""
        for row in finding_rows(analyzer.findings, None, self._gate):
            self._write("findings", row, 0)
        for number, link in enumerate(analyzer.links.links(), start=1):
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
