"""The page about rules, each with what it says of the traffic of its case in the tests."""

import sys
from collections.abc import Iterator

from dicomsniff.export.rules import page_lines
from dicomsniff.findings.parts import plain
from docs.console import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from findings.cases import CASES
from findings.test_rules import analyzed_case, every_finding


def rules_lines() -> Iterator[str]:
    """Yield the page's lines."""
    return page_lines({code: _said(code) for code in CASES})


def _said(code: str) -> str:
    """Return what a rule says of its case."""
    found = every_finding(analyzed_case(code, raises=True))
    return plain(next(finding.message for finding in found if finding.code == code))
