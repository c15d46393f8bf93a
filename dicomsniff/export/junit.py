"""Findings -> JUnit XML, which CI systems read: an association is a test case, failed where findings are bad enough."""

from collections.abc import Iterable
from functools import cached_property
from xml.sax.saxutils import escape, quoteattr

from dicomsniff.association.association import Association
from dicomsniff.export.check_view import CheckView
from dicomsniff.export.text import association_title, finding_lines
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import shown
from dicomsniff.findings.verdicts import verdict
from dicomsniff.printable import printable


class Junit(CheckView):
    """A test suite: a case per association, and one for the capture as a whole."""

    _cases = _failures = 0

    @cached_property
    def _suite(self) -> str:
        return " ".join(map(self.gate.file_name, self.asked.names))

    def association(self, association: Association) -> str:
        """Return the test case of an association."""
        name = association_title(association)
        lasted = (association.end_time - association.start_time) / 1e9
        return self._case(name, self.found(association).causes, verdict(association, self.found(association)), lasted)

    def ends(self) -> tuple[str, str]:
        """Return the suite around its cases."""
        reason = f"the capture is cut off: {self.capture.truncated}" if self.capture.truncated else ""
        whole = self._case("the capture", self.whole, reason, 0.0, error=reason)
        numbers = f'tests="{self._cases}" failures="{self._failures}" errors="{int(bool(reason))}"'
        head = f"<testsuites {numbers}>\n<testsuite name={self._quoted(self._suite)} {numbers}>\n"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}', f"{whole}</testsuite>\n</testsuites>\n"

    def _case(self, name: str, findings: list[Finding], said: str, lasted: float, *, error: str = "") -> str:
        self._cases += 1
        parts = []
        bad = [finding for finding in findings if finding.worst in self.asked.failing]
        if error:
            parts.append(f"<error message={self._quoted(error)}/>")
        if bad:
            self._failures += 1
            first, text = bad[0], self._text(finding_lines(bad))
            parts.append(
                f"<failure type={self._quoted(first.code)} message={self._quoted(first.line)}>{text}</failure>"
            )
        lines = [said, *finding_lines(finding for finding in findings if finding not in bad)]
        if any(lines):
            parts.append(f"<system-out>{self._text(lines)}</system-out>")
        head = f'<testcase classname={self._quoted(self._suite)} name={self._quoted(name)} time="{max(lasted, 0):.6f}">'
        return "\n".join([head, *parts, "</testcase>\n"])

    def _quoted(self, line: str) -> str:
        return quoteattr(printable(shown(line, self.gate)))

    def _text(self, lines: Iterable[str]) -> str:
        return escape(self.text(lines).rstrip("\n"))
