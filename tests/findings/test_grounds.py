"""Rules are asked only where they may find something: what they are not asked, they would not have found."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff import open_capture
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import FinalRule
from examples import examples
from findings.cases import CASES
from findings.found import analyzed_case
from pipeline import analyze

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


TITLES = st.sampled_from(["STORESCU", "PEER_2", "A-B.c 3", "X" * 16, "", " LEAD", "NUL\0\0", "BACK\\SLASH", "M\x07"])
NEGOTIATED = st.tuples(TITLES, TITLES, TITLES, TITLES, st.sampled_from([1, 2, 4]))


@given(st.lists(NEGOTIATED, min_size=2, max_size=5))
@settings(max_examples=examples(40))
def test_whatever_titles_differ_negotiations_are_judged_as_the_first_time(negotiated):
    packets = []
    for number, (called, calling, called_again, calling_again, context) in enumerate(negotiated):
        talk = build.Talk(client=("10.0.0.1", 1000 + number), start=build.START + number * 10**9).open()
        talk.client(build.associate_rq(build.proposal(context), called=called, calling=calling))
        talk.server(build.associate_ac(build.answer(context), called=called_again, calling=calling_again))
        packets += talk.packets
    with pytest.MonkeyPatch.context() as patched:
        remembered = told(packets)
        patched.setattr(Collector, "is_sound", lambda *_: False)
        assert told(packets) == remembered


def told(packets: list[build.Packet]) -> list[tuple[str, str]]:
    analyzer = analyze(packets)
    found = [analyzer.found.of(each).all for each in analyzer.associations]
    return [(finding.code, finding.message) for findings in found for finding in findings]
