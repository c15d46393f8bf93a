"""What `check` writes: the findings of a capture, and whether any of them is as bad as asked."""

from collections import Counter
from contextlib import suppress
from typing import IO, Any

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.export.json_text import json_text
from dicomsniff.export.junit import JunitReport
from dicomsniff.export.lines import finding_lines_json
from dicomsniff.export.model_json import findings_json
from dicomsniff.export.report import Asked, Outcome, Report
from dicomsniff.export.sarif import SarifReport
from dicomsniff.export.text import finding_lines
from dicomsniff.export.waiting import copy_out, waiting_text
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.printable import printed
from dicomsniff.quantities import counted

SCHEMA = "dicomsniff.check/1"


def write_check(capture: Capture, out: IO[str], form: str, fail_on: Severity, names: tuple[str, ...]) -> bool:
    """Read a capture to its end and write its findings; return whether one is as bad as `fail_on`, or worse."""
    asked = Asked(fail_on, names)
    report = REPORTS[form](asked)
    with waiting_text() as body:
        for association in capture.closed():
            body.write(report.association(association))
        counts = Counter(capture.analyzer.overview.findings)
        counts.update(finding.severity for finding in flatten(capture.analyzer.findings))
        failed = any(counts[severity] for severity in asked.failing)
        before, after = report.ends(Outcome(capture, counts, failed))
        with suppress(BrokenPipeError):  # whoever reads it has gone; what was found still counts
            out.write(before)
            copy_out(body, out)
            out.write(after)
            out.flush()
    return failed


def count_text(counts: Counter[str]) -> str:
    """Say how many findings there are: `2 errors, 1 note`, or `nothing found`."""
    said = [counted(counts[each], each) for each in SEVERITIES if counts[each]]
    return ", ".join(said) or "nothing found"


class TextReport:
    """Lines for people: each association that has findings with its verdict, and a summary."""

    def __init__(self, asked: Asked) -> None:
        self._fail_on = asked.fail_on
        self._with_findings = 0

    def association(self, association: Association) -> str:
        """Return who with whom, the verdict, and the findings; nothing where there are none."""
        if not findings_of(association).causes:
            return ""
        self._with_findings += 1
        lines = [f"association {association.id}: {association.requestor.label} -> {association.acceptor.label}"]
        lines.append(f"  {verdict(association)}")
        lines += finding_lines(findings_of(association).causes)
        return "".join(printed([*lines, ""]))

    def ends(self, outcome: Outcome) -> tuple[str, str]:
        """Return the verdict and the worst, and behind the associations what is about the whole capture, and counts."""
        analyzer, name = outcome.capture.analyzer, outcome.capture.reader.name
        worst = [f"  {line}" for line in analyzer.overview.worst()]
        before = [f"{name}: {analyzer.verdict}", *worst, ""] if worst else []
        lines = [*finding_lines(analyzer.findings)]
        total = analyzer.association_count
        where = f" in {self._with_findings} of {counted(total, 'association')}"
        judged = f"fails at {self._fail_on}" if outcome.failed else f"passes at {self._fail_on}"
        lines.append(f"{name}: {count_text(outcome.counts)}{where}; {judged}")
        return "".join(printed(before)), "".join(printed(lines))


class JsonReport:
    """One JSON object, `dicomsniff.check/1`."""

    def __init__(self, asked: Asked) -> None:
        self._fail_on = asked.fail_on
        self._first = True

    def association(self, association: Association) -> str:
        """Return an association that has findings as an element of the array."""
        if not findings_of(association).causes:
            return ""
        comma, self._first = "" if self._first else ",", False
        return f"{comma}\n  {json_text(_association_json(association))}"

    def ends(self, outcome: Outcome) -> tuple[str, str]:
        """Return what stands before and after the array of associations."""
        head = _head(outcome.capture)
        before = "{\n" + "".join(f" {json_text(key)}: {json_text(value)},\n" for key, value in head.items())
        found = findings_json(outcome.capture.analyzer.findings, None)
        tail = {"findings": found} | _summary(outcome, self._fail_on)
        after = ",\n".join(f" {json_text(key)}: {json_text(value)}" for key, value in tail.items())
        return before + ' "associations": [', f"],\n{after}\n}}\n"


class JsonLinesReport:
    """A line per finding, each with its association; then a line that sums up."""

    def __init__(self, asked: Asked) -> None:
        self._fail_on = asked.fail_on

    def association(self, association: Association) -> str:
        """Return a line per finding, causes and consequences."""
        return "".join(f"{line}\n" for line in finding_lines_json(findings_of(association).causes, association.id))

    def ends(self, outcome: Outcome) -> tuple[str, str]:
        """Return the findings about the capture as a whole, and the summary."""
        summary = {"kind": "summary"} | _head(outcome.capture) | _summary(outcome, self._fail_on)
        lines = [*finding_lines_json(outcome.capture.analyzer.findings, None), json_text(summary)]
        return "", "".join(f"{line}\n" for line in lines)


REPORTS: dict[str, type[Report]] = {
    "text": TextReport,
    "json": JsonReport,
    "jsonl": JsonLinesReport,
    "sarif": SarifReport,
    "junit": JunitReport,
}
"""The formats, by name."""


def _association_json(association: Association) -> dict[str, Any]:
    return {
        "id": association.id,
        "requestor": association.requestor.label,
        "acceptor": association.acceptor.label,
        "outcome": association.outcome,
        "verdict": verdict(association),
        "findings": findings_json(findings_of(association).causes, association.id),
    }


def _head(capture: Capture) -> dict[str, Any]:
    reader, analyzer = capture.reader, capture.analyzer
    said: dict[str, Any] = {"schema": SCHEMA, "tool": {"name": "dicomsniff", "version": __version__}}
    said["capture"] = {"name": reader.name, "packets": analyzer.packets, "associations": analyzer.association_count,
                       "truncated": bool(reader.truncated)}  # fmt: skip
    return said


def _summary(outcome: Outcome, fail_on: Severity) -> dict[str, Any]:
    counts = {str(each): outcome.counts[each] for each in SEVERITIES}
    return {"counts": counts, "fail_on": str(fail_on), "failed": outcome.failed}
