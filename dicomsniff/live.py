"""Follow a live capture on standard output until it is interrupted."""

from collections.abc import Iterable, Iterator
from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.packets import LiveSource
from dicomsniff.export import lines
from dicomsniff.export.text import finding_text, live_line, summary_lines
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.finding import Finding
from dicomsniff.interruption import taken_over
from dicomsniff.library import Capture
from dicomsniff.printable import printed


def follow(reader: LiveSource, form: str, out: IO[str], *, ports: tuple[int, ...] = ()) -> Capture:
    """Print every message, event and finding as it comes, as `text` or `jsonl`; Ctrl-C and its like end it in order."""
    with Capture(reader, ports=ports, collect=form == "jsonl") as capture:
        view = _JsonLines() if form == "jsonl" else _Text()
        view.digits = reader.resolution_digits
        told: dict[int, int] = {}
        with taken_over(reader.stop):
            _print(out, view.head(capture))
            for updates, closed in capture.blocks():
                _print(out, (view.entry(association, entry) for association, entry in updates))
                for association in dict.fromkeys([*(association for association, _ in updates), *closed]):
                    fresh = findings_of(association).all[told.get(association.id, 0) :]
                    told[association.id] = len(findings_of(association).all)
                    _print(out, [view.finding(association, finding) for finding in fresh])
                for association in closed:
                    del told[association.id]
                    _print(out, view.closed(association))
        _print(out, view.end(capture))
    return capture


def _print(out: IO[str], lines: Iterable[str]) -> None:
    out.writelines(printed(lines))
    out.flush()


class _Text:
    """Lines for people."""

    digits = 6

    def head(self, capture: Capture) -> Iterator[str]:
        yield f"following {capture.reader.name}; Ctrl-C ends"

    def entry(self, association: Association, entry: Entry) -> str:
        return live_line(association, entry, self.digits)

    def finding(self, association: Association, finding: Finding) -> str:
        return f"  #{association.id} {finding_text(finding)}"

    def closed(self, _: Association) -> Iterator[str]:
        yield from ()

    def end(self, capture: Capture) -> Iterator[str]:
        yield from summary_lines(capture.analyzer, capture.reader.name, capture.reader.truncated)


class _JsonLines:
    """Lines for programs."""

    digits = 6

    def head(self, capture: Capture) -> Iterator[str]:
        yield lines.head_line(capture.reader.name)

    def entry(self, association: Association, entry: Entry) -> str:
        return lines.entry_line(association, entry, self.digits)

    def finding(self, association: Association, finding: Finding) -> str:
        return lines.finding_line(finding, association)

    def closed(self, association: Association) -> Iterator[str]:
        yield lines.association_line(association, self.digits)

    def end(self, capture: Capture) -> Iterator[str]:
        yield from lines.end_lines(capture)
