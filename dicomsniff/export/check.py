"""What `check` writes for people and programs: the findings of a capture, and whether any is as bad as asked."""

from collections import Counter
from typing import Any

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.export.check_view import CheckView
from dicomsniff.export.json_text import json_text, members_text
from dicomsniff.export.lines import finding_lines_json
from dicomsniff.export.model_json import findings_json
from dicomsniff.export.text import association_title, finding_lines
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.parts import shown, the_party
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import counted, of_all

SCHEMA = "dicomsniff.check/1"


def count_text(counts: Counter[str]) -> str:
    """Say how many findings there are: `2 errors, 1 note`, or `nothing found`."""
    said = [counted(counts[each], each) for each in SEVERITIES if counts[each]]
    return ", ".join(said) or "nothing found"


class CheckedText(CheckView):
    """Lines for people: each association that has findings with its verdict, and a summary."""

    tells_findings = True
    _with_findings = 0

    def association(self, association: Association) -> str:
        """Return who with whom, the verdict, and the findings; nothing where there are none."""
        if not self.found(association).causes:
            return ""
        self._with_findings += 1
        found = self.found(association)
        lines = [association_title(association), f"  {verdict(association, found)}", *finding_lines(found.causes)]
        return self.text([*lines, ""])

    def ends(self) -> tuple[str, str]:
        """Return the verdict and the worst; what follows the associations: findings on the capture, and counts."""
        name = self.capture.marked_name
        worst = [f"  {line}" for line in self.overview.worst()]
        found = self.counts[Severity.ERROR] or self.counts[Severity.WARNING]
        before = [f"{name}: {self.verdict_line}", *worst, ""] if found and self.overview.associations > 1 else []
        lines = [*finding_lines(self.whole)]
        total = self.overview.associations
        where = f" in {of_all(self._with_findings, total, 'association')}" if self._with_findings else ""
        judged = f"fails at {self.asked.fail_on}" if self.failed else f"passes at {self.asked.fail_on}"
        if self.selected:
            lines.append(f"{name}: {self.selected}")
        lines.append(f"{name}: {count_text(self.counts)}{where}; {judged}")
        return self.text(before), self.text(lines)


class CheckedJson(CheckView):
    """One JSON object, `dicomsniff.check/1`."""

    tells_findings = True
    _first = True

    def association(self, association: Association) -> str:
        """Return an association that has findings as an element of the array."""
        if not self.found(association).causes:
            return ""
        comma, self._first = "" if self._first else ",", False
        return f"{comma}\n  {json_text(self._association(association))}"

    def _association(self, association: Association) -> dict[str, Any]:
        gate = self.gate
        return {
            "id": association.id,
            "requestor": shown(the_party(association.requestor), gate),
            "acceptor": shown(the_party(association.acceptor), gate),
            "outcome": association.outcome,
            "verdict": shown(verdict(association, self.found(association)), gate),
            "findings": findings_json(self.found(association).causes, association.id, gate),
        }

    def ends(self) -> tuple[str, str]:
        """Return what stands before and after the array of associations."""
        head = members_text(_head(self))
        found = findings_json(self.whole, None, self.gate)
        tail = {"findings": found} | _summary(self)
        after = ",\n".join(f" {json_text(key)}: {json_text(value)}" for key, value in tail.items())
        return f'{{\n{head} "associations": [', f"],\n{after}\n}}\n"


class CheckedLines(CheckView):
    """A line per finding, each with its association; then a line that sums up."""

    tells_findings = True

    def association(self, association: Association) -> str:
        """Return a line per finding, causes and consequences."""
        return "".join(
            f"{line}\n" for line in finding_lines_json(self.found(association).causes, association.id, self.gate)
        )

    def ends(self) -> tuple[str, str]:
        """Return the findings about the capture as a whole, and the summary."""
        summary = {"kind": "summary"} | _head(self) | _summary(self)
        lines = [*finding_lines_json(self.whole, None, self.gate), json_text(summary)]
        return "", "".join(f"{line}\n" for line in lines)


def _head(view: CheckView) -> dict[str, Any]:
    reader, analyzer = view.capture.reader, view.capture.analyzer
    said: dict[str, Any] = {"schema": SCHEMA, "tool": {"name": "dicomsniff", "version": __version__}}
    said["privacy"] = view.gate.privacy.said
    if view.selected:
        said["selection"] = view.selection_json
    said["capture"] = {
        "name": shown(view.capture.marked_name, view.gate),
        "packets": analyzer.packets,
        "associations": analyzer.association_count,
        "truncated": bool(reader.truncated),
    }
    return said


def _summary(view: CheckView) -> dict[str, Any]:
    counts = {str(each): view.counts[each] for each in SEVERITIES}
    return {"counts": counts, "fail_on": str(view.asked.fail_on), "failed": view.failed}
