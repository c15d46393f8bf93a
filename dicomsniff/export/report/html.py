"""A capture -> one page of HTML, which needs nothing else: no network, no script."""

from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

from markupsafe import Markup

from dicomsniff.association.association import Association
from dicomsniff.export.report.detail import packets_text
from dicomsniff.export.report.diagram import arrows
from dicomsniff.export.report.environment import environment, privacy_text
from dicomsniff.export.report.facts import MAX_OBJECTS, Facts
from dicomsniff.export.report.rows import Row, RowsView
from dicomsniff.export.text import summary_lines
from dicomsniff.export.view import Asked
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.overview import Fate, fate
from dicomsniff.findings.tls_text import transport_text
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.printable import printable
from dicomsniff.quantities import counted, duration, of_all, timestamp
from dicomsniff.words.links import link_text

MAX_ASSOCIATIONS = 5000
"""Associations on the page; further ones are counted."""
MAX_LINKS = 500
"""Groups of what belongs together that are listed; further ones are counted."""
CHUNK = 200
"""Timeline entries that are folded together: a browser lays out those only that are unfolded."""
FEW = 3
"""Associations up to which all are unfolded; of more, those in trouble."""
MAX_UNFOLDED = 10
"""Associations in trouble that are unfolded."""
_MOODS = {Fate.TROUBLED: "bad", Fate.LOOSE: "warn", Fate.UNREAD: "warn", Fate.WELL: "good", Fate.UNKNOWN: "soft"}
_ROW_MOODS = {"Failure": " bad", "Warning": " warn", "Cancel": " warn", "Unknown": " warn"}
_BODY = Markup("<!-- associations -->")
"""Stands in the template where the associations go, which wait in a file."""


class _Listed(NamedTuple):
    id: int
    start: str
    who: str
    verdict: str
    mood: str
    messages: int
    lasted: str


class Chunk(NamedTuple):
    """Timeline entries that are folded together: numbers of the first and last, time of the first, and the rows."""

    first: int
    last: int
    time: str
    rows: list[dict[str, Any]]


class HtmlReport(RowsView):
    """The page: how the capture went, what belongs together, and each association with all that is known of it."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        templates = environment()
        self._page, self._association = (
            templates.get_template("report.html"),
            templates.get_template("association.html"),
        )
        self._facts = Facts(self.gate)
        self._listed: list[_Listed] = []
        self._left_out = self._unfolded = 0

    def tell(self, association: Association, chosen: Chosen) -> None:
        """Render an association, as long as there is room for it."""
        if len(self._listed) >= MAX_ASSOCIATIONS:
            self._left_out += 1
            self.drafts.take(association.id)
            return
        self._list(association)
        self.body.write(self._association.render(self._told(association, chosen)))

    def end(self) -> None:
        """Write the page."""
        super().end()
        said, analyzer = self._facts.said, self.capture.analyzer
        links = [said(link_text(link)) for link, _ in zip(self.links(), range(MAX_LINKS + 1), strict=False)]
        if len(links) > MAX_LINKS:
            links[-1] = f"and more: the first {MAX_LINKS} are listed"
        page = self._page.render(
            associations=self._listed,
            body=_BODY,
            findings=self._facts.findings(analyzer.findings),
            lines=[said(line).strip() for line in summary_lines(self.capture, self.selected, findings=False)],
            links=links,
            name=said(self.capture.marked_name),
            privacy=privacy_text(self.asked.privacy),
            shown=self._shown(),
        )
        head, _, tail = page.partition(_BODY)
        self.out.write(head)
        self.body.copy(self.out)
        self.out.write(tail)

    def _shown(self) -> str:
        said = counted(len(self._listed), "association")
        return f"{said}; {self._left_out} more left out: --filter or --association chooses" if self._left_out else said

    def _list(self, association: Association) -> None:
        found = self.found(association)
        self._listed.append(
            _Listed(
                association.id,
                timestamp(association.start_time, self.digits),
                self._facts.who(association),
                self._facts.said(verdict(association, found)),
                _MOODS[fate(association, found)],
                association.message_counts.messages,
                duration(association.end_time - association.start_time),
            )
        )

    def _told(self, association: Association, chosen: Chosen) -> dict[str, Any]:
        facts, listed, found = self._facts, self._listed[-1], self.found(association)
        rows, objects = self.rows(association), facts.objects(association)
        contexts = association.contexts.values()
        matrix = facts.matrix(association)
        accepted = of_all(sum(each.accepted for each in contexts), len(contexts), "context")
        left_out = [chosen.left_out(association), *self._not_listed(association, len(rows))]
        return listed._asdict() | {
            "arrows": arrows(association, chosen.entries(association), facts.said),
            "bars": facts.bars(association),
            "chunks": chunks(rows, association.start_time),
            "contexts": f"{accepted} accepted",
            "findings": facts.findings(found.causes),
            "latencies": facts.latencies(association),
            "left_out": [line for line in left_out if line],
            "lines": [line for line in self._lines(association) if line],
            "matrix": matrix,
            "objects": objects,
            "opened": self._is_unfolded(association, listed.mood),
            "parties": [
                ("Requestor", facts.party(association.requestor)),
                ("Acceptor", facts.party(association.acceptor)),
            ],
            "stored": counted(len(objects), "C-STORE") + (" or more" if len(objects) == MAX_OBJECTS else ""),
            "titles": facts.titles(association),
        }

    def _is_unfolded(self, association: Association, mood: str) -> bool:
        """Whether an association is unfolded: among the first few, or in trouble."""
        if association.id > FEW and mood not in ("bad", "warn"):
            return False
        self._unfolded += 1
        return self._unfolded <= MAX_UNFOLDED

    def _lines(self, association: Association) -> Iterator[str]:
        yield f"{timestamp(association.start_time, self.digits)}, lasted {self._listed[-1].lasted}"
        if association.follows is not None:
            yield f"on the TCP connection of association {association.follows}, after it"
        if not association.requestor_is.startswith("sent"):
            yield f"requestor: {association.requestor_is}"
        yield self._facts.said(transport_text(association))
        if association.condensed:
            yield "its details were given up to bound memory"

    def _not_listed(self, association: Association, listed: int) -> Iterator[str]:
        if association.unlisted:
            yield f"not listed: {association.unlisted} further entries"
        if self.rows_left_out and listed < len(association.timeline):
            yield "entries are left out: the page has no room for more; --filter or --association chooses"


def chunks(rows: Sequence[Row], start: int) -> list[Chunk]:
    """Fold rows; times are written as seconds since the association began."""
    found = []
    for at in range(0, len(rows), CHUNK):
        some = [_row(row, start) for row in rows[at : at + CHUNK]]
        found.append(Chunk(at + 1, at + len(some), some[0]["time"], some))
    return found


def _row(row: Row, start: int) -> dict[str, Any]:
    return {
        "time": f"{(row.time - start) / 1e9:.6f}",
        "arrow": "-->" if row.is_from_requestor else "<--",
        "name": row.name,
        "size": row.size,
        "said": row.said,
        "mood": _ROW_MOODS.get(row.category, ""),
        "packets": packets_text(row.packet, row.last_packet),
        "lines": Markup("\n").join(map(printable, [*row.command, *row.data])),
    }
