"""For every rule the smallest traffic that raises it, and some that all but does; healthy traffic raises none."""

from types import SimpleNamespace

import pytest

import build
from dicomsniff.association.links import Linker
from dicomsniff.association.neighbours import Neighbours
from dicomsniff.capture.losses import Losses
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.codes import NOT_CAPTURED
from dicomsniff.findings.engine import find_in_capture, flatten
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.rule import CaptureRule
from findings.cases import CASES
from findings.found import analyzed_case, every_finding, found_in
from findings.long_cases import LONG, TOO_LONG
from findings.traffic import released, talked
from pipeline import findings_of


def test_every_rule_has_a_case():
    """Rules that need much traffic are asked about facts below, or in test_limits, where limits are lower."""
    assert {rule.code for rule in RULES} == {*CASES, *LONG, *TOO_LONG}


@pytest.mark.parametrize("code", LONG)
def test_long_traffic_raises_the_rule_once(code):
    assert [finding.code for finding in LONG[code]() if finding.code in LONG] == [code]


OF_THE_REASON = {"likely-reason": "PS3.8 §9.3.1"}
"""The clause that a finding is judged by in its case, where that is another than the rule's."""


@pytest.mark.parametrize("code", CASES)
def test_the_smallest_traffic_raises_the_rule_once(code):
    (rule,) = [rule for rule in RULES if rule.code == code]
    found = [finding for finding in every_finding(analyzed_case(code, raises=True)) if finding.code == code]
    reference = OF_THE_REASON.get(code, rule.clause.reference)
    assert [(finding.severity, finding.reference) for finding in found] == [(rule.severity, reference)]
    (finding,) = found
    assert finding.message
    assert "\n" not in finding.message
    if not isinstance(rule, CaptureRule):
        assert 1 <= finding.span.first_packet <= finding.span.last_packet


@pytest.mark.parametrize("code", CASES)
def test_traffic_that_all_but_raises_the_rule_does_not(code):
    assert code not in [finding.code for finding in every_finding(analyzed_case(code, raises=False))]


@pytest.mark.parametrize("code", CASES)
def test_every_finding_is_listed_once_as_a_cause_or_below_one(code):
    for raises in (True, False):
        for association in analyzed_case(code, raises=raises).associations:
            listed = flatten(findings_of(association).causes)
            assert sorted(map(id, listed)) == sorted(map(id, findings_of(association).all))
            assert not [
                each for finding in findings_of(association).causes for each in finding.followers if each.followers
            ]
            wrong = any(finding.worst is Severity.ERROR for finding in findings_of(association).causes)
            order = [
                (SEVERITIES.index(finding.worst), wrong and finding.code in NOT_CAPTURED, finding.packet)
                for finding in findings_of(association).causes
            ]
            assert order == sorted(order)


@pytest.mark.parametrize("count", [0, 3])
def test_connections_that_were_given_up_are_told(count):
    facts = SimpleNamespace(
        foreign={"": 7},
        association_count=0,
        given_up=count,
        links=Linker(),
        neighbours=Neighbours(),
        handshakes=[],
        strangers=[],
        unreachable=[],
        tls_servers=set(),
        losses=Losses(),
    )
    assert [finding.code for finding in find_in_capture(facts)] == ["connections-given-up"] * bool(count)


def test_a_refusal_before_the_object_is_whole_is_no_answer_to_nothing():
    store = build.message(3, build.store_rq(), build.pixels(100), fragment=60)
    refusal = build.message(3, build.store_rsp(1, 0xA700))
    found = found_in(released(talked((0, store[:-30]), (1, refusal), (0, store[-30:]))))
    assert [finding.code for finding in found] == ["status-failure"]
