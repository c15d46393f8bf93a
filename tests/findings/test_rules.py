"""For every rule the smallest traffic that raises it; healthy traffic raises none."""

from collections.abc import Callable

import pytest

import build
from dicomsniff.association.association import MAX_FINDINGS
from dicomsniff.findings.engine import RULES
from dicomsniff.findings.finding import Severity
from pipeline import associations, codes, only

CT = build.CT_IMAGE_STORAGE
SECOND = 1_000_000_000
CASES: dict[str, Callable[[], list[build.Packet]]] = {}


def case(code: str):
    def keep(make):
        CASES[code] = make
        return make

    return keep


def established(*answers: bytes) -> build.Talk:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT)))
    talk.server(build.associate_ac(*(answers or (build.answer(1), build.answer(3)))))
    return talk


def released(talk: build.Talk) -> list[build.Packet]:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


def with_client(*data: bytes) -> list[build.Packet]:
    talk = established()
    for each in data:
        talk.client(each)
    return released(talk)


def asked_and_answered(answer: bytes) -> list[build.Packet]:
    talk = established()
    talk.client(build.message(3, build.store_rq(), b"data"))
    talk.server(build.message(3, answer))
    return released(talk)


def sent_again_with_another_content() -> list[build.Packet]:
    talk = established()
    (sent,) = talk.client(build.message(1, build.echo_rq(1)))
    talk.packets.append(sent._replace(data=sent.data[:-1] + b"!", time=talk.time))
    talk.server(build.message(1, build.echo_rsp(1)))
    return released(talk)


def many_failures(count: int) -> list[build.Packet]:
    talk = established()
    for number in range(count):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number, 0x0110)))
    return released(talk)


def healthy() -> list[build.Packet]:
    talk = established()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    for number in range(2, 5):
        talk.client(build.message(3, build.store_rq(number), bytes(40_000)))
        talk.server(build.message(3, build.store_rsp(number)))
    return released(talk)


case("pdu-incomplete")(lambda: (t := established(), t.client(build.p_data(bytes(100))[:50]), t.close())[0].packets)
case("pdu-header")(lambda: with_client(b"\x02\0\xff\xff\xff\xff" + bytes(20)))
case("pdv-beyond-pdu")(lambda: with_client(build.p_data(b"\0\0\0\x99\1\3ab")))
case("pdv-too-short")(lambda: with_client(build.p_data(b"\0\0\0\1ab")))
case("pdu-trailing-bytes")(lambda: with_client(build.p_data(build.pdv(1, build.echo_rq(), command=True), b"abc")))
case("pdata-without-pdv")(lambda: with_client(build.p_data()))
case("pdu-type-unknown")(lambda: with_client(build.pdu(0x0C, b"x")))
case("pdu-malformed")(lambda: with_client(build.pdu(7, bytes(9))))
case("pdu-beyond-maximum")(lambda: with_client(build.message(3, build.store_rq(), bytes(30_000), 20_000)))
case("pdu-unexpected")(lambda: with_client(build.associate_rq()))
case("bytes-conflicting")(lambda: sent_again_with_another_content())
case("entries-not-listed")(lambda: many_failures(MAX_FINDINGS + 5))
case("bytes-skipped")(lambda: with_client(b"\x02\0\xff\xff\xff\xff" + bytes(20)))
case("fragment-stray")(lambda: with_client(build.data_pdus(3, b"data")))
case("data-set-missing")(lambda: with_client(build.message(3, build.store_rq())))
case("message-incomplete")(
    lambda: with_client(build.message(3, build.store_rq()), build.p_data(build.pdv(3, b"x", last=False)))
)
case("command-malformed")(lambda: with_client(build.message(1, build.echo_rq() + b"abc")))
case("command-group-length")(
    lambda: with_client(build.message(1, build.command_set({0x0100: 0x30, 0x0110: 1, 0x0800: 0x0101}, group_length=9)))
)
case("command-unknown")(lambda: with_client(build.message(1, build.command_set({0x0100: 0x0BAD, 0x0800: 0x0101}))))
case("context-not-accepted")(lambda: with_client(build.message(5, build.echo_rq())))
case("status-failure")(lambda: asked_and_answered(build.store_rsp(1, 0xA700, comment="disk full")))
case("status-warning")(lambda: asked_and_answered(build.store_rsp(1, 0xB000)))
case("status-unknown")(lambda: asked_and_answered(build.store_rsp(1, 0x1234)))
case("request-unanswered")(lambda: with_client(build.message(1, build.echo_rq())))
case("response-without-request")(lambda: with_client(build.message(1, build.echo_rsp(77))))


@case("bytes-missing")
def _():
    talk = established()
    talk.lose(0, 100)
    talk.client(build.message(1, build.echo_rq()))
    return released(talk)


@case("request-unanswered-in-capture")
def _():
    talk = established()
    talk.client(build.message(1, build.echo_rq()))
    return talk.packets


@case("association-rejected")
def _():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_rj(1, 1, 7))
    return talk.close().packets


@case("association-aborted")
def _():
    talk = established()
    talk.server(build.abort(2, 2))
    return talk.close().packets


@case("contexts-all-refused")
def _():
    return released(established(build.answer(1, 3), build.answer(3, 4)))


@case("contexts-refused")
def _():
    return released(established(build.answer(1), build.answer(3, 3)))


@case("context-not-proposed")
def _():
    return released(established(build.answer(1), build.answer(3), build.answer(9)))


@case("ae-title-malformed")
def _():
    talk = build.Talk().open()
    talk.client(build.associate_rq(calling=""))
    talk.server(build.associate_ac())
    return released(talk)


@case("connection-reset")
def _():
    return established().reset().packets


@case("association-unanswered")
def _():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.wait(30 * SECOND)
    return talk.close().packets


@case("association-not-released")
def _():
    return established().close().packets


@case("negotiation-not-captured")
def _():
    return asked_and_answered(build.store_rsp())[5:]


@case("one-direction")
def _():
    packets = healthy()
    return [packet for packet in packets if packet.flow == packets[0].flow]


def test_every_rule_has_a_code_of_its_own():
    found = [rule.code for rule in RULES]
    assert len(found) == len(set(found))


def test_every_rule_has_a_case():
    assert {rule.code for rule in RULES} == set(CASES)


@pytest.mark.parametrize("code", CASES)
def test_the_smallest_traffic_raises_the_rule_once(code):
    (rule,) = [rule for rule in RULES if rule.code == code]
    found = [finding for each in associations(CASES[code]()) for finding in each.findings if finding.code == code]
    assert [(finding.severity, finding.reference) for finding in found] == [(rule.severity, rule.reference)]
    (finding,) = found
    assert finding.message
    assert "\n" not in finding.message
    assert 1 <= finding.span.first_packet <= finding.span.last_packet


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_to_do(rule):
    assert rule.code == rule.code.lower().replace(" ", "-").replace("_", "-")
    assert rule.advice.endswith(".")
    assert len(rule.advice) <= 140
    assert rule.reference == "" or rule.reference.startswith(("PS3.", "RFC "))
    assert (rule.check.__doc__ or "").endswith(".") or rule.code.startswith(("pdu", "pdv", "pdata"))


def test_healthy_traffic_raises_nothing():
    assert codes(only(healthy())) == []


SEARCH = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1}
MATCH = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1}


def find_with_matches() -> list[build.Packet]:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), b"query"))
    for _ in range(3):
        talk.server(build.message(1, build.command_set(MATCH | {0x0800: 1, 0x0900: 0xFF00}), b"match"))
    talk.server(build.message(1, build.command_set(MATCH | {0x0800: 0x0101, 0x0900: 0})))
    return released(talk)


def cancelled_search() -> list[build.Packet]:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), b"query"))
    talk.server(build.message(1, build.command_set(MATCH | {0x0800: 1, 0x0900: 0xFF01}), b"match"))
    talk.client(build.message(1, build.command_set({0x0100: 0x0FFF, 0x0120: 1, 0x0800: 0x0101})))
    talk.server(build.message(1, build.command_set(MATCH | {0x0800: 0x0101, 0x0900: 0xFE00})))
    return released(talk)


def release_collision() -> list[build.Packet]:
    talk = established()
    talk.client(build.release_rq())
    talk.server(build.release_rq())
    talk.client(build.release_rp())
    talk.server(build.release_rp())
    return talk.close().packets


def released_by_the_acceptor() -> list[build.Packet]:
    talk = established()
    talk.server(build.release_rq())
    talk.client(build.release_rp())
    return talk.close().packets


def several_pdvs_in_a_pdu() -> list[build.Packet]:
    talk = established()
    talk.client(build.p_data(build.pdv(3, build.store_rq(), command=True), build.pdv(3, b"odd")))
    talk.server(build.message(3, build.store_rsp()))
    return released(talk)


def unlimited_pdu_length() -> list[build.Packet]:
    talk = build.Talk().open()
    user = build.user_information(0)
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT), user=user))
    talk.server(build.associate_ac(build.answer(1), build.answer(3), user=user))
    talk.client(build.message(3, build.store_rq(), bytes(200_000), 100_000))
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


HEALTHY = [
    find_with_matches,
    cancelled_search,
    release_collision,
    released_by_the_acceptor,
    several_pdvs_in_a_pdu,
    unlimited_pdu_length,
    retransmissions_and_keep_alives,
    swapped_neighbours,
]


@pytest.mark.parametrize("make", HEALTHY)
def test_what_the_standard_allows_raises_no_error_and_no_warning(make):
    found = [finding for each in associations(make()) for finding in each.findings]
    assert [finding for finding in found if finding.severity != Severity.NOTE] == []


def test_a_long_stray_data_set_is_one_finding():
    (found,) = associations(with_client(build.data_pdus(3, bytes(50_000), 500)))
    (stray,) = [finding for finding in found.findings if finding.code == "fragment-stray"]
    assert "50000 bytes" in stray.message
    assert stray.span.last_packet > stray.span.first_packet


def test_a_finding_on_a_message_names_its_number():
    found = only(asked_and_answered(build.store_rsp(1, 0xA700, comment="disk full")))
    (finding,) = [each for each in found.findings if each.code == "status-failure"]
    assert finding.message_number == 2
    assert "disk full" in finding.message


def test_a_finding_on_a_message_that_never_ended_names_its_number():
    found = only(
        with_client(
            build.message(3, build.store_rq(1)),
            build.message(1, build.echo_rq(2)),
            build.message(3, build.store_rq(3), b"x"),
        )
    )
    (finding,) = [each for each in found.findings if each.code == "data-set-missing"]
    unended = [message for message in found.messages if not message.ended]
    assert [finding.message_number] == [message.number for message in unended]


def test_a_response_after_a_hole_is_not_blamed():
    packets = asked_and_answered(build.store_rsp())
    packets = [packet for packet in packets if b"data" not in packet.data]
    assert "response-without-request" not in codes(only(packets))
