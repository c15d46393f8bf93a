"""Findings -> JUnit XML, which CI systems read: an association is a test case, failed where findings are bad enough."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from dicomsniff.association.association import Association
from dicomsniff.export.report import Asked, Outcome
from dicomsniff.export.text import finding_lines
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.verdicts import verdict
from dicomsniff.printable import printable, printed


class JunitReport:
    """A test suite: a case per association, and one for the capture as a whole."""

    def __init__(self, asked: Asked) -> None:
        self._bad = asked.failing
        self._suite = " ".join(asked.names)
        self._cases = self._failures = 0

    def association(self, association: Association) -> str:
        """Return the test case of an association."""
        name = f"association {association.id}: {association.requestor.label} -> {association.acceptor.label}"
        lasted = (association.end_time - association.start_time) / 1e9
        return self._case(name, findings_of(association).causes, verdict(association), lasted)

    def ends(self, outcome: Outcome) -> tuple[str, str]:
        """Return the suite around its cases."""
        reason = (
            f"the capture is cut off: {outcome.capture.reader.truncated}" if outcome.capture.reader.truncated else ""
        )
        whole = self._case("the capture", outcome.capture.analyzer.findings, reason, 0.0, error=reason)
        numbers = f'tests="{self._cases}" failures="{self._failures}" errors="{int(bool(reason))}"'
        head = f"<testsuites {numbers}>\n<testsuite name={_quoted(self._suite)} {numbers}>\n"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}', f"{whole}</testsuite>\n</testsuites>\n"

    def _case(self, name: str, findings: list[Finding], said: str, lasted: float, *, error: str = "") -> str:
        self._cases += 1
        parts = []
        bad = [finding for finding in findings if finding.worst in self._bad]
        if error:
            parts.append(f"<error message={_quoted(error)}/>")
        if bad:
            self._failures += 1
            first, text = bad[0], _text(finding_lines(bad))
            parts.append(f"<failure type={_quoted(first.code)} message={_quoted(first.message)}>{text}</failure>")
        lines = [said, *finding_lines(finding for finding in findings if finding not in bad)]
        if any(lines):
            parts.append(f"<system-out>{_text(lines)}</system-out>")
        head = f'<testcase classname={_quoted(self._suite)} name={_quoted(name)} time="{max(lasted, 0):.6f}">'
        return "\n".join([head, *parts, "</testcase>\n"])


def _quoted(text: str) -> str:
    return quoteattr(printable(text))


def _text(lines: Iterable[str]) -> str:
    return escape("".join(printed(lines)).rstrip("\n"))
