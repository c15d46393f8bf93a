"""What is found in traffic, and what came of the traffic of each case."""

from functools import cache

from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import Finding
from dicomsniff.tls.vault import Vault
from findings import exchange_cases  # noqa: F401 - which adds its cases
from findings.cases import CASES, Traffic, frames_of
from findings.tls_cases import Keyed
from pipeline import analyze_frames, findings_of


def analyzed(traffic: Traffic) -> Analyzer:
    if not isinstance(traffic, Keyed):
        return analyze_frames(frames_of(traffic))
    vault = Vault()
    vault.secrets.add_keylog(traffic.key_log)
    return analyze_frames(frames_of(traffic), vault=vault)


@cache
def analyzed_case(code: str, *, raises: bool) -> Analyzer:
    """The traffic of a case, analyzed once for all tests: none changes what came of it."""
    return analyzed(CASES[code].raises() if raises else CASES[code].spares())


def every_finding(analyzer: Analyzer) -> list[Finding]:
    found = [finding for each in analyzer.associations for finding in findings_of(each).all]
    return found + flatten(analyzer.findings)


def found_in(traffic: Traffic) -> list[Finding]:
    return every_finding(analyzed(traffic))
