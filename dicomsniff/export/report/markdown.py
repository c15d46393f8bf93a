"""A capture -> Markdown for an issue tracker: short enough for GitHub and GitLab, and it says what it left out."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.export.report.diagram import Arrow, arrows
from dicomsniff.export.report.environment import privacy_text
from dicomsniff.export.report.facts import Facts, Told
from dicomsniff.export.text import summary_lines, timeline_lines
from dicomsniff.export.view import Asked, View
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.overview import Fate, fate
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.printable import printable
from dicomsniff.quantities import counted, duration
from dicomsniff.words.links import link_text
from dicomsniff.words.times import time_text

MAX_LENGTH = 60_000
"""Characters: GitHub takes 65,536 in an issue or a comment (GitLab a million), and somebody will write above it."""
MAX_LISTED = 100
"""Associations that are listed in a line each; further ones are counted."""
MAX_LINKS = 20
"""Groups of what belongs together that are listed."""
MAX_CONTEXTS = 40
"""Presentation contexts of an association that are listed; further ones are counted."""
MAX_FINDINGS = 25
"""Findings of an association that are listed; further ones are counted."""
MAX_HEAD = 30_000
"""Characters of what is said before the first association in full."""
MAX_TIMELINE = 120
"""Lines of a timeline; of a longer one, those after the first are counted."""
MAX_ARROWS = 24
"""Arrows of a diagram: Mermaid makes it as high as they are many."""
MAX_CELL = 300
"""Characters of a line that comes from the capture."""
_ROOM_BELOW = 600
"""Characters for what is said at the end of what was left out."""
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$@#]|:(?=//|[\w+-]+:)|(?<=www)\.|^[-+\d=]")
"""What means something in a line: markup, a link, a mention, the number of an issue, an emoji, the mark of a list."""
_IN_DIAGRAM = re.compile(r"[^\w ,.:/()\[\]=+*?'-]|(?<=\be)n(?=d\b)", re.IGNORECASE)
"""What could end a label of Mermaid, or be taken for a word of its language."""


def escaped(text: str) -> str:
    """Return text as Markdown shows it, on one line: whatever is in it means nothing."""
    line = printable(text)
    line = line if len(line) <= MAX_CELL else f"{line[:MAX_CELL]}…"
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)


def label(text: str) -> str:
    """Return text as a label of Mermaid, in which `#35;` stands for what would mean something."""
    return _IN_DIAGRAM.sub(lambda found: f"#{ord(found[0])};", printable(text)) or " "


class MarkdownReport(View):
    """The whole in short, then associations in full, those in trouble first, as long as there is room."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._facts = Facts(self.gate)
        self._listed: list[str] = []
        self._count = 0
        self._troubled, self._others = _Sections(), _Sections()

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Keep what is to be said of an association, as long as there may be room for it."""
        found = self.found(association)
        said = escaped(self._facts.said(verdict(association, found)))
        self._count += 1
        is_troubled = fate(association, found) is Fate.TROUBLED
        if len(self._listed) < MAX_LISTED:
            mark = "❌ " if is_troubled else ""
            who = escaped(self._facts.who(association))
            self._listed.append(f"{association.id}. {mark}{who}: {said}")
        sections = self._troubled if is_troubled else self._others
        if sections.has_room:
            short = "\n".join(self._section(association, chosen))
            sections.add(
                _Section(short, "\n".join((*self._negotiation(association), *self._timeline(association, chosen))))
            )

    def end(self) -> None:
        """Write as much as there is room for."""
        parts = ["\n".join(_fitting(self._head()))]
        room = MAX_LENGTH - _ROOM_BELOW - len(parts[0])
        shown = folded = 0
        for section in (*self._troubled.kept, *self._others.kept):
            if len(section.short) + 2 > room:
                continue
            shown += 1
            if section.folded is not None and len(section.short) + len(section.folded) + 2 <= room:
                folded += 1
                parts.append(f"{section.short}\n{section.folded}")
            else:
                parts.append(section.short)
            room -= len(parts[-1]) + 2
        parts.append("\n".join(self._foot(self._count - shown, shown - folded)))
        self.out.write("\n\n".join(parts) + "\n")

    def _head(self) -> Iterator[str]:
        name, *lines = summary_lines(self.capture, self.selected, findings=False)
        yield f"## {escaped(self._facts.said(name))}"
        yield ""
        yield from (f"{escaped(self._facts.said(line).strip())}  " for line in lines)
        findings = self._facts.findings(self.capture.analyzer.findings)
        if findings:
            yield from ("", *(line for told in findings[:MAX_FINDINGS] for line in _finding(told)))
        links = [link for link, _ in zip(self.links(), range(MAX_LINKS), strict=False)]
        if links:
            yield from ("", "### What belongs together", "")
            yield from (f"- {escaped(self._facts.said(link_text(link)))}" for link in links)
        yield from ("", f"### {counted(self._count, 'association')}", "", *self._listed)
        if self._count > len(self._listed):
            yield f"\nand {self._count - len(self._listed)} more"

    def _section(self, association: Association, chosen: Chosen) -> Iterator[str]:
        facts, found = self._facts, self.found(association)
        yield f"### Association {association.id}: {escaped(facts.who(association))}"
        yield ""
        lasted = duration(association.end_time - association.start_time)
        yield f"**{escaped(facts.said(verdict(association, found)))}** (lasted {lasted})"
        findings = facts.findings(found.causes)
        if findings:
            yield from ("", *(line for told in findings[:MAX_FINDINGS] for line in _finding(told)))
        if len(findings) > MAX_FINDINGS:
            yield f"- and {len(findings) - MAX_FINDINGS} more"
        drawn = arrows(association, chosen.entries(association), facts.said, MAX_ARROWS)
        if drawn:
            yield from ("", *diagram(facts.titles(association), drawn))
        if said := time_text(association):
            yield from ("", f"Time: {escaped(said)}")

    def _negotiation(self, association: Association) -> Iterator[str]:
        matrix = self._facts.matrix(association)
        if not matrix.rows:
            return
        yield from ("", "<details><summary>Negotiation</summary>", "")
        yield from ("| context | SOP class | proposed | answer |", "| ---: | --- | --- | --- |")
        for row in matrix.rows[:MAX_CONTEXTS]:
            proposed = ", ".join(map(escaped, row.proposed))
            yield f"| {row.id} | {escaped(row.name)} | {proposed} | {escaped(row.result)} |"
        if len(matrix.rows) > MAX_CONTEXTS:
            yield f"\nand {len(matrix.rows) - MAX_CONTEXTS} more"
        yield from ("", *(f"- {escaped(note)}" for note in matrix.notes[:MAX_CONTEXTS]), "", "</details>")

    def _timeline(self, association: Association, chosen: Chosen) -> Iterator[str]:
        lines = list[str]()
        for line in timeline_lines(association, chosen.entries(association)):
            if len(lines) > MAX_TIMELINE:
                break
            lines.append(_coded(self._facts.said(line)))
        if not lines:
            return
        yield from ("", "<details><summary>Timeline</summary>", "", "<pre>", *lines[:MAX_TIMELINE])
        if len(lines) > MAX_TIMELINE:
            yield f"    … the first {MAX_TIMELINE} lines are shown"
        yield from ("</pre>", "", "</details>")

    def _foot(self, left_out: int, shortened: int) -> Iterator[str]:
        why = "an issue takes no more text; `--association N` chooses."
        if left_out:
            yield f"{counted(left_out, 'association')} left out in detail: {why}  "
        if shortened:
            yield f"Negotiation and timeline of {counted(shortened, 'association')} left out: {why}  "
        yield f"<sub>dicomsniff. {privacy_text(self.asked.privacy)}</sub>"


class _Section(NamedTuple):
    """What is said of an association, and what is folded below it."""

    short: str
    folded: str | None
    """None where it is too long to be shown."""


class _Sections:
    """Sections that are kept as long as there may be room for them."""

    def __init__(self) -> None:
        self.kept: list[_Section] = []
        self._room = MAX_LENGTH

    @property
    def has_room(self) -> bool:
        """Whether further ones may still be shown."""
        return self._room > 0

    def add(self, section: _Section) -> None:
        """Keep a section; what is folded only where it may be shown."""
        self.kept.append(section if len(section.folded or "") < MAX_LENGTH else section._replace(folded=None))
        self._room -= len(section.short)


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines as long as there is room for them at the beginning."""
    room = MAX_HEAD
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            yield "\nand more, for which an issue has no room"
            return
        yield line


def diagram(titles: list[str], drawn: list[Arrow]) -> Iterator[str]:
    """Yield a sequence diagram for Mermaid."""
    yield from ("```mermaid", "sequenceDiagram")
    yield from (f"participant {name} as {label(title)}" for name, title in zip("RA", titles, strict=True))
    for arrow in drawn:
        if arrow.is_gap:
            yield f"Note over R,A: {label(arrow.label)}"
            continue
        ends = ("R", "A") if arrow.is_from_requestor else ("A", "R")
        yield f"{ends[0]}{'-x' if arrow.is_bad else '->>'}{ends[1]}: {label(arrow.label)}"
    yield "```"


def _finding(told: Told) -> Iterator[str]:
    reference = f" [{told.reference}]" if told.reference else ""
    packet = f", packet {told.packet}" if told.packet else ""
    yield f"- **{told.severity}**: {escaped(told.text)} (`{told.code}`{packet}){escaped(reference)}"
    if told.remedy:
        yield f"  *{escaped(told.remedy)}*"
    yield from (f"  - then {each.severity}: {escaped(each.text)} (`{each.code}`)" for each in told.followers)


def _coded(line: str) -> str:
    """Return a line as it is shown within `<pre>`: not as Markdown, but still as HTML."""
    return html.escape(printable(line), quote=False).replace("@", "&#64;") or " "
