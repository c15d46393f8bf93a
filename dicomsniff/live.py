"""Follow a live capture on standard output until it is interrupted."""

from collections.abc import Iterable, Iterator
from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.packets import LiveSource
from dicomsniff.export import lines
from dicomsniff.export.text import finding_text, live_line, summary_lines
from dicomsniff.findings.finding import Finding
from dicomsniff.interruption import taken_over
from dicomsniff.library import Capture
from dicomsniff.printable import printed


def follow(reader: LiveSource, form: str, out: IO[str], *, ports: tuple[int, ...] = ()) -> Capture:
    """Print every message, event and finding as it comes, as `text` or `jsonl`; Ctrl-C and its like end it in order."""
    with Capture(reader, ports=ports, collect=form == "jsonl") as capture:
        view = _JsonLines() if form == "jsonl" else _Text()
        view.digits = reader.resolution_digits
        told: dict[Association, int] = {}
        with taken_over(reader.stop):
            _print(out, view.head(capture))
            for updates in capture.updates():
                _print(out, (view.entry(association, entry) for association, entry in updates))
                for association in dict.fromkeys(association for association, _ in updates):
                    fresh = association.found[told.get(association, 0) :]
                    told[association] = len(association.found)
                    _print(out, [view.finding(association, finding) for finding in fresh])
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

    def end(self, capture: Capture) -> Iterator[str]:
        for association in capture.analyzer.associations:
            yield lines.association_line(association, self.digits)
