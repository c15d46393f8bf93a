"""Rules are asked only where they may find something: what they are not asked, they would not have found."""

from pathlib import Path

import pytest

from dicomsniff import open_capture
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import FinalRule
from findings.cases import CASES
from findings.found import analyzed_case

SAMPLES = sorted(Path(__file__).parent.parent.parent.joinpath("samples").glob("*.pcap"))
GROUNDED = [rule for rule in RULES if isinstance(rule, FinalRule) and rule.where is not None]


@pytest.mark.parametrize("code", CASES)
def test_a_rule_finds_nothing_where_its_ground_is_lacking(code):
    analyzer = analyzed_case(code, raises=True)
    for association in analyzer.associations:
        review = Review(association, analyzer.found, analyzer)
        unasked = [rule for rule in GROUNDED if rule.where is not None and not rule.where(review)]
        assert {rule.code: list(rule.check(review)) for rule in unasked} == {rule.code: [] for rule in unasked}


def found_in_samples() -> list[tuple[str, str]]:
    with open_capture(*SAMPLES) as capture:
        found = [capture.findings_of(association) for association in capture.associations]
    return [(finding.code, finding.message) for findings in found for finding in findings]


def test_what_is_negotiated_again_is_judged_as_the_first_time(monkeypatch):
    asked = []
    is_sound = Collector.is_sound
    monkeypatch.setattr(Collector, "is_sound", lambda self, said: asked.append(is_sound(self, said)) or asked[-1])
    remembered = found_in_samples()
    assert any(asked)
    monkeypatch.setattr(Collector, "is_sound", lambda *_: False)
    assert found_in_samples() == remembered
