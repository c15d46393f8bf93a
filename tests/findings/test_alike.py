"""Findings that say the same are told once, with their number."""

import build
from dicomsniff.findings.alike import MAX_NUMBERS, fold, gist
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.parts import plain
from dicomsniff.span import Span
from findings.traffic import established, released
from pipeline import findings_of, only


def finding(text: str, packet: int = 1, *, code: str = "code", followers: list[Finding] | None = None) -> Finding:
    span = Span(packet, packet, packet, packet, 0)
    return Finding(code, Severity.ERROR, (text,), "", span, followers=followers or [], number=packet)


def test_equal_findings_become_one_with_a_count():
    (alike,) = fold([finding("failed", 1), finding("failed", 2), finding("failed", 3)])
    assert (alike.text, alike.numbers) == ("3 × failed", [1, 2, 3])


def test_findings_that_differ_in_plain_numbers_become_one_that_says_so():
    (alike,) = fold([finding("C-STORE-RQ 1 took 2.5 s"), finding("C-STORE-RQ 2 took 3 s")])
    assert alike.text == "C-STORE-RQ 1 took 2.5 s (and 1 like it)"
    assert gist("after 300 µs") == gist("after 1.20 ms") == gist("after 2 s")


def test_statuses_tags_and_uids_are_no_plain_numbers():
    for one, other in (("0xA700", "0xA702"), ("(0010,0010)", "(0010,0020)"), ("1.2.840", "1.2.841"), ("CT1", "CT2")):
        assert len(fold([finding(f"it is {one}."), finding(f"it is {other}.")])) == 2
    assert gist("context 3, packet 4.") == "context #, packet #."


def test_what_follows_from_findings_that_are_alike_is_folded_below_them():
    (alike,) = fold([finding("a", followers=[finding("b", code="x")]) for _ in range(2)])
    assert [(each.text, each.count) for each in alike.followers] == [("2 × b", 2)]


def test_other_codes_stay_apart():
    assert len(fold([finding("a"), finding("a", code="other")])) == 2


def test_the_numbers_of_messages_are_bounded():
    (alike,) = fold([finding("a", packet) for packet in range(1, 2 * MAX_NUMBERS)])
    assert (alike.count, len(alike.numbers)) == (2 * MAX_NUMBERS - 1, MAX_NUMBERS)


def test_failures_of_one_kind_are_one_finding_of_the_association():
    talk = established()
    for number in range(1, 6):
        talk.client(build.message(3, build.store_rq(number), build.pixels(16)))
        talk.server(build.message(3, build.store_rsp(number, 0xA700)))
    (alike,) = fold(findings_of(only(released(talk))).causes)
    assert alike.count == 5
    said = "C-STORE-RSP 1: Failure 0xA700 (Refused: Out of Resources), SOP class CT Image Storage (and 4 like it)"
    assert plain(alike.text) == said
