"""One cause, one finding; what the capture did not see is blamed on nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Association
from dicomsniff.findings.catalogue import RULES, find_rule
from dicomsniff.findings.causes import arrange
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.side import Side
from dicomsniff.span import Span
from findings.traffic import (
    CT,
    SECOND,
    asked_and_answered,
    echoed,
    established,
    healthy,
    opened,
    released,
    stored,
    talked,
)
from pipeline import associations, findings_of, only

ECHO = build.message(1, build.echo_rq())
STORE = build.message(3, build.store_rq(), build.pixels(20_000))


def tree(association: Association) -> list[tuple[str, set[str]]]:
    return [(each.code, {follower.code for follower in each.followers}) for each in findings_of(association).causes]


def serious(association: Association) -> list[str]:
    return [each.code for each in findings_of(association).all if each.severity is not Severity.NOTE]


def test_causes_are_codes_of_rules():
    for rule in RULES:
        for each in rule.follows:
            side, _, code = each.rpartition(":")
            assert find_rule(code) is not None, each
            assert side in ("", "own", "peer")
            assert code != rule.code


def test_what_ended_the_association_is_the_cause_of_what_it_cut_off():
    found = only(talked((0, STORE[:9000])).reset(1).packets)
    assert tree(found) == [("connection-reset", {"pdu-incomplete", "message-incomplete"})]


def test_an_abort_is_the_cause_of_what_it_leaves_unanswered():
    found = only(talked((0, ECHO), (1, build.abort())).close().packets)
    assert tree(found) == [("association-aborted", {"request-unanswered"})]


def test_silence_is_the_cause_of_giving_up():
    talk = talked((0, ECHO))
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    assert tree(only(talk.close().packets)) == [("peer-silent", {"association-aborted"})]


def test_giving_up_on_an_association_that_nobody_answers_is_one_finding():
    talk = opened(answer=b"")
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    assert tree(only(talk.close().packets)) == [("association-unanswered", {"association-aborted"})]


def test_an_abort_at_once_is_a_decision():
    found = only(talked((0, ECHO), (0, build.abort())).close().packets)
    assert tree(found) == [("association-aborted", {"request-unanswered"})]


@pytest.mark.parametrize("source", [0, 2])
def test_an_abort_follows_from_what_the_other_side_did_just_before(source):
    bad = build.message(1, build.echo_rq() + b"abcd")
    found = only(talked((0, bad), (1, build.abort(source, 6 if source else 0))).close().packets)
    code = "provider-aborted" if source else "association-aborted"
    assert tree(found) == [("command-malformed", {code, "request-unanswered"})]


@pytest.mark.parametrize("source", [0, 2])
def test_an_abort_does_not_follow_from_what_was_answered(source):
    values = {0x0002: build.VERIFICATION, 0x0100: 0x30, 0x0110: 1, 0x0800: 0x0101}
    bad = build.message(1, build.command_set(values, group_length=3))
    talk = talked((0, bad), (1, build.message(1, build.echo_rsp())), (1, build.abort(source)))
    assert [code for code, _ in tree(only(talk.close().packets))] == [
        "command-group-length",
        "provider-aborted" if source else "association-aborted",
    ]


def test_an_abort_does_not_follow_from_what_the_same_side_did():
    bad = build.message(1, build.echo_rq() + b"abcd")
    found = only(talked((0, bad), (0, build.abort())).close().packets)
    assert [code for code, _ in tree(found)] == ["command-malformed", "association-aborted"]


def test_closing_after_refused_contexts_follows_from_the_refusal():
    found = only(established(build.answer(1, 3), build.answer(3, 3)).close().packets)
    assert tree(found) == [("contexts-all-refused", {"association-not-released"})]


def test_a_lost_segment_is_one_finding():
    whole = stored(size=20_000).packets
    talk = established()
    talk.client(STORE[:4000])
    talk.lose(0, 1460)
    talk.client(STORE[5460:])
    talk.server(build.message(3, build.store_rsp()))
    found = only(released(talk))
    assert tree(found) == [("bytes-missing", {"message-partly-captured"})]
    assert findings_of(found).causes[0].worst is Severity.WARNING
    assert serious(only(whole)) == []


def test_many_lost_segments_are_one_finding_per_direction():
    talk = established()
    for _ in range(5):
        talk.client(STORE[:3000])
        talk.lose(0, 500)
        talk.client(STORE[3500:])
    found = only(talk.close().packets)
    missing = [each for each in findings_of(found).causes if each.code == "bytes-missing"]
    assert [each.message.split(" sent")[0] for each in missing] == ["2500 bytes"]
    assert "in 5 places" in missing[0].message


CUTS = st.integers(1, 80)


@given(CUTS)
def test_a_capture_that_ends_early_blames_nobody(keep):
    for found in associations(healthy()[:keep]):
        assert [each for each in findings_of(found).all if each.severity is Severity.ERROR] == []
        causes = {each.code for each in findings_of(found).causes if each.severity is not Severity.NOTE}
        assert causes <= {"capture-ends-early"}


@given(CUTS)
def test_a_capture_that_begins_late_blames_nobody(skip):
    for found in associations(healthy()[skip:]):
        assert [each for each in findings_of(found).all if each.severity is Severity.ERROR] == []


@given(st.sets(st.integers(3, 80), max_size=6))
def test_a_capture_with_holes_blames_nobody(lost):
    packets = [packet for index, packet in enumerate(healthy()) if index not in lost]
    for found in associations(packets):
        errors = [each.code for each in findings_of(found).all if each.severity is Severity.ERROR]
        assert errors == []


@given(st.integers(0, 90))
def test_a_short_snaplen_blames_nobody(keep):
    packets = [packet._replace(cut=max(0, len(packet.data) - keep)) for packet in healthy()]
    for found in associations(packets):
        assert [each for each in findings_of(found).all if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize("side", [0, 1])
def test_a_capture_of_one_direction_blames_nobody(side):
    packets = healthy()
    flow = packets[side].flow
    for found in associations([packet for packet in packets if packet.flow == flow]):
        assert "one-direction" in [each.code for each in findings_of(found).causes]
        assert [each for each in findings_of(found).all if each.severity is Severity.ERROR] == []


def test_a_long_unfinished_exchange_is_a_warning_about_the_capture():
    found = only(talked((0, STORE[:9000])).packets)
    assert tree(found) == [("capture-ends-early", {"message-partly-captured"})]


def finding(code: str, packet: int, **more: object) -> Finding:
    rule = find_rule(code)
    assert rule is not None
    span = Span(packet, packet, packet, packet, 0)
    return Finding(code, rule.severity, (code,), rule.clause.reference, span, latest_cause=packet, **more)


def test_the_same_side_is_the_likelier_cause():
    own = finding("pdu-malformed", 5, side=Side.REQUESTOR)
    other = finding("pdu-malformed", 6, side=Side.ACCEPTOR)
    header = finding("pdu-header", 7, side=Side.REQUESTOR)
    assert arrange([header, other, own]) == [own, other]
    assert own.followers == [header]


def test_what_was_found_later_is_no_cause():
    header = finding("pdu-header", 5, side=Side.REQUESTOR)
    later = finding("pdu-malformed", 6, side=Side.REQUESTOR)
    assert arrange([later, header]) == [header, later]
    assert arrange([finding("pdu-header", 6, side=Side.REQUESTOR), later]) == [later]


def test_consequences_of_consequences_hang_under_the_first_cause():
    first = finding("pdv-beyond-pdu", 5, side=Side.REQUESTOR)
    second = finding("pdu-header", 6, side=Side.REQUESTOR)
    third = finding("bytes-skipped", 7, side=Side.REQUESTOR)
    assert arrange([third, second, first]) == [first]
    assert first.followers == [second, third]


CODES = st.sampled_from([rule.code for rule in RULES])


@given(st.lists(st.tuples(CODES, st.integers(1, 9), st.sampled_from([*Side, None])), max_size=30))
def test_every_finding_has_one_place_whatever_was_found(found):
    made = [finding(code, packet, side=side) for code, packet, side in found]
    roots = arrange(made)
    assert sorted(id(each) for root in roots for each in root.all()) == sorted(map(id, made))


SEVERAL = [build.proposal(1), build.proposal(3, CT)]


def release_collision() -> list[build.Packet]:
    turns = ((0, build.release_rq()), (1, build.release_rq()), (0, build.release_rp()), (1, build.release_rp()))
    return talked(*turns).close().packets


def several_pdvs_in_a_pdu() -> list[build.Packet]:
    talk = established()
    talk.client(build.p_data(build.pdv(3, build.store_rq(), command=True), build.pdv(3, build.pixels(8))))
    talk.server(build.message(3, build.store_rsp()))
    return released(talk)


def unlimited_pdu_length() -> list[build.Packet]:
    user = build.user_information(0)
    answer = build.associate_ac(build.answer(1), build.answer(3), user=user)
    talk = opened(build.associate_rq(*SEVERAL, user=user), answer)
    talk.client(build.message(3, build.store_rq(), build.pixels(200_000), 100_000))
    talk.server(build.message(3, build.store_rsp()))
    return released(talk)


def retransmissions_and_keep_alives() -> list[build.Packet]:
    return [each for packet in healthy() for each in ([packet, packet] if packet.data else [packet])]


def swapped_neighbours() -> list[build.Packet]:
    packets = healthy()
    for index in range(20, len(packets) - 12, 5):
        if packets[index].flow == packets[index + 1].flow:
            packets[index : index + 2] = reversed(packets[index : index + 2])
    return packets


def still_open() -> list[build.Packet]:
    return echoed(established()).packets


def long_pauses() -> list[build.Packet]:
    talk = stored()
    talk.wait(300 * SECOND)
    return released(echoed(talk))


HEALTHY = [
    healthy,
    release_collision,
    several_pdvs_in_a_pdu,
    unlimited_pdu_length,
    retransmissions_and_keep_alives,
    swapped_neighbours,
    still_open,
    long_pauses,
]


@pytest.mark.parametrize("make", HEALTHY)
def test_what_the_standard_allows_raises_no_error_and_no_warning(make):
    assert [code for each in associations(make()) for code in serious(each)] == []


def test_a_long_stray_data_set_is_one_finding():
    (found,) = associations(released(talked((0, build.data_pdus(3, bytes(50_000), 500)))))
    (stray,) = [each for each in findings_of(found).all if each.code == "fragment-stray"]
    assert "50000 bytes" in stray.message
    assert stray.span.last_packet > stray.span.first_packet


def test_a_finding_on_a_message_names_its_number():
    found = only(asked_and_answered(build.store_rsp(1, 0xA700, comment="disk full")))
    (failure,) = [each for each in findings_of(found).all if each.code == "status-failure"]
    assert failure.message_number == 2
    assert "disk full" in failure.message


def test_a_finding_on_a_message_that_never_ended_names_its_number():
    turns = ((0, build.message(3, build.store_rq(1))), (0, build.message(1, build.echo_rq(2))))
    found = only(released(talked(*turns, (0, build.message(3, build.store_rq(3), b"x")))))
    (missing,) = [each for each in findings_of(found).all if each.code == "data-set-missing"]
    unended = [message for message in found.messages if not message.ended]
    assert [missing.message_number] == [message.number for message in unended]


def test_giving_up_is_seen_although_the_other_side_never_closes():
    talk = opened(answer=b"")
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    assert tree(only(talk.packets)) == [("association-unanswered", {"association-aborted"})]


def test_closing_with_a_request_open_is_seen_although_the_capture_ends():
    packets = talked((0, ECHO)).close().packets
    closed = next(place for place, packet in enumerate(packets) if packet.flags & build.FIN)
    half = packets[: closed + 1]
    assert [code for code, _ in tree(only(half))] == ["connection-closed-early"]


def test_an_abort_follows_from_anything_since_the_side_s_last_word():
    lacking = build.p_data(build.pdv(3, build.store_rq(), command=True))
    found = only(talked((0, lacking), (0, build.message(1, build.echo_rq(2))), (1, build.abort())).close().packets)
    assert tree(found) == [("data-set-missing", {"association-aborted", "request-unanswered"})]


@pytest.mark.parametrize(("seconds", "cause"), [(0, "connection-reset"), (20, "sender-stopped")])
def test_a_reset_cuts_a_pdu_off_or_is_the_end_of_waiting_for_it(seconds, cause):
    talk = established()
    talk.client(ECHO[:-10])
    talk.wait(seconds * SECOND)
    assert tree(only(talk.reset(1).packets))[0][0] == cause
