"""The page about rules, each with what it says of the traffic of its case in the tests."""

import sys
from collections.abc import Iterable, Iterator

from dicomsniff.export.rules import page_lines
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import plain
from docs.console import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from findings.cases import CASES
from findings.long_cases import LONG, TOO_LONG
from findings.test_rules import analyzed_case, every_finding


def rules_lines() -> Iterator[str]:
    """Yield the page's lines."""
    said = {code: f"`{_said(every_finding(analyzed_case(code, raises=True)), code)}`" for code in CASES}
    said |= {code: f"`{_said(case(), code)}`" for code, case in LONG.items()}
    return page_lines(said | {code: f"none here: {why}." for code, why in TOO_LONG.items()})


def _said(found: Iterable[Finding], code: str) -> str:
    """Return what a rule says of its case."""
    return plain(next(finding.message for finding in found if finding.code == code))
