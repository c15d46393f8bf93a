"""Who gave up, after what time, and on what: said once, in one figure, with the sides swapped."""

import pytest

import build
from dicomsniff.findings.codes import QUERIES
from dicomsniff.findings.overview import Fate
from findings.found import found_in
from findings.stall_cases import getting
from findings.traffic import IDENTIFIER, SEARCH, SECOND, established, match, opened, patched
from pipeline import analyze, associations, findings_of, only
from unmarked import verdict

STORE = build.message(3, build.store_rq(), build.pixels(10))
REQUEST = build.associate_rq()
FIRST, SECOND_SIDE = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"


def asked(*answers: bytes) -> build.Talk:
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    for answer in answers:
        talk.wait(SECOND)
        talk.server(answer)
    return talk


def given_up(talk: build.Talk, seconds: int, *, side: int = 0) -> str:
    talk.wait(seconds * SECOND)
    (talk.server if side else talk.client)(build.abort())
    found = only(talk.close().packets)
    (cause,) = [each for each in findings_of(found).causes if each.code not in QUERIES]
    assert cause.message in verdict(found)
    return cause.message


def test_a_request_without_any_response():
    assert given_up(asked(), 7) == (
        f"{FIRST} gave up after 7.00 s without a message and aborted: "
        f"{SECOND_SIDE} had sent no response to C-FIND-RQ 1"
    )  # fmt: skip


def test_a_request_with_pending_responses_had_responses():
    pending = match(0xFF00, data=IDENTIFIER)
    assert given_up(asked(pending, pending), 5) == (
        f"{FIRST} gave up after 5.00 s without a message and aborted: "
        f"{SECOND_SIDE} had sent no final response to C-FIND-RQ 1 in the 7.00 s since then"
    )  # fmt: skip


def test_the_acceptor_gives_up_on_its_own_request():
    talk = getting()
    talk.server(STORE)
    assert given_up(talk, 6, side=1).startswith(f"{SECOND_SIDE} gave up after 6.00 s without a message and aborted: ")


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (lambda talk: talk.close(), f"{FIRST} gave up after 4.00 s and closed the TCP connection: "
                                    f"{SECOND_SIDE} gave no answer to A-ASSOCIATE-RQ"),
        (lambda talk: talk.reset(0), f"{FIRST} gave up after 4.00 s and reset the TCP connection: "
                                     f"{SECOND_SIDE} gave no answer to A-ASSOCIATE-RQ"),
        (lambda talk: talk.reset(1), f"{SECOND_SIDE} reset the TCP connection 4.00 s after the A-ASSOCIATE-RQ of "
                                     f"{FIRST}, without an answer"),
    ],
    ids=["closed", "reset", "reset by the acceptor"],
)  # fmt: skip
def test_an_unanswered_request_for_an_association_is_told_in_one_figure(how, text):
    talk = build.Talk().open()
    talk.client(REQUEST)
    talk.acknowledge(1)
    talk.wait(4 * SECOND - 2 * build.MILLISECOND + build.MILLISECOND)
    found = only(how(talk).packets)
    assert findings_of(found).causes[0].message == text
    assert verdict(found) == f"unfinished: {text}"


def test_a_capture_that_goes_on_makes_no_wait_longer():
    """The other side's FIN is not in the capture, which goes on with something else."""
    talk = build.Talk().open()
    talk.client(REQUEST)
    talk.acknowledge(1)
    talk.wait(4 * SECOND)
    closing = talk.close().packets[:-2]
    later = build.Talk(("10.0.0.9", 4444), start=talk.time + 60 * SECOND).open()
    later.client(b"GET / HTTP/1.1\r\n")
    (found,) = associations(closing + later.packets)
    assert "4.00 s" in verdict(found)
    assert "min" not in verdict(found)


@pytest.mark.parametrize("opened_", [True, False])
def test_a_direction_that_is_not_in_the_capture_has_not_been_silent(opened_):
    talk = build.Talk()
    if opened_:
        talk.open()
    talk.client(REQUEST)
    flow = talk.packets[0].flow
    later = build.Talk(("10.0.0.9", 4444), start=talk.time + 3600 * SECOND).open()
    (found,) = associations([each for each in talk.packets if each.flow == flow] + later.packets)
    assert [each.code for each in findings_of(found).causes] == ["one-direction"]
    assert "answer" not in verdict(found)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"\x15\x03\x01\0\2\2\x46", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"\x0bMSH|^~\\&|RIS\r\x1c\r", "HL7 (MLLP)"),
        (b"220 mail ready\r\n", "FTP or SMTP"),
        (b"+OK ready\r\n", "another protocol"),
    ],
)
def test_who_answers_in_another_protocol_has_answered(answer, name):
    talk = build.Talk().open()
    talk.client(REQUEST)
    talk.server(answer)
    talk.wait(2 * SECOND)
    found = only(talk.close().packets)
    assert findings_of(found).causes[0].message == f"{SECOND_SIDE} answered A-ASSOCIATE-RQ in {name}"
    assert "association-unanswered" not in findings_of(found).codes
    assert verdict(found).startswith(f"unfinished: {SECOND_SIDE} answered A-ASSOCIATE-RQ in {name}")


@pytest.mark.parametrize("side", [0, 1])
def test_a_release_whose_answer_the_capture_lost_is_unknown_and_no_trouble(side):
    talk = established()
    (talk.server if side else talk.client)(build.release_rq())
    talk.lose(1 - side, 10)
    talk.acknowledge(side)
    analyzer = analyze(talk.close().packets)
    (found,) = analyzer.associations
    assert "missing from the capture" in verdict(found)
    assert analyzer.overview.fates == {Fate.UNKNOWN: 1}


def test_bytes_that_the_acceptor_has_to_send_back_are_told_where_it_does_not():
    asked_, sent = patched(build.associate_rq(), 50, b"\1"), build.associate_ac()
    for answer, count in ((sent, 2), (patched(sent, 50, b"\1"), 1)):
        talk = opened(asked_, answer)
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        found = [each.message for each in findings_of(only(talk.close().packets)).all if each.code == "reserved-bytes"]
        assert len(found) == count
        assert found[0].startswith("A-ASSOCIATE-RQ has reserved bytes")
        assert all("does not send bytes 43 to 74 back" in each for each in found[1:])


@pytest.mark.parametrize("side", [0, 1])
def test_a_response_that_comes_after_its_sender_was_given_up_on_answers_nothing(side):
    talk = established()
    asks, answers = (talk.client, talk.server) if side == 0 else (talk.server, talk.client)
    asks(build.message(1, build.echo_rq()))
    talk.wait(31 * SECOND)
    asks(build.abort())
    talk.wait(SECOND)
    answers(build.message(1, build.echo_rsp()))
    told = [finding for finding in found_in(talk.close().packets) if finding.code in ("peer-silent", "idle-timeout")]
    assert [finding.code for finding in told] == ["peer-silent"]
    assert told[0].message.endswith("had sent no response to C-ECHO-RQ 1; it came 1.00 s later")


@pytest.mark.parametrize(("waited", "code"), [(600, "peer-silent"), (400, "association-aborted")])
def test_an_answer_behind_an_abort_is_none(waited, code):
    """A second of patience is short by what the request takes on its way."""
    talk = established()
    talk.client(build.message(1, build.echo_rq()))
    talk.wait(waited * SECOND // 1000)
    talk.client(build.abort())
    talk.wait(SECOND)
    talk.server(build.message(1, build.echo_rsp()))
    association = only(talk.close().packets)
    found = findings_of(association)
    assert found.causes[0].code == code
    said = verdict(association, found)
    assert "Success" not in said
    assert ("came, 1.00 s later" if waited < 500 else "it came 1.00 s later") in said


def test_who_gave_up_before_the_answer_has_not_closed_an_established_association():
    talk = opened(answer=b"")
    talk.wait(10 * SECOND)
    talk.finish(0)
    talk.wait(2 * SECOND)
    talk.server(build.associate_ac(build.answer(1), build.answer(3)))
    codes = [finding.code for finding in found_in(talk.reset(0).packets)]
    assert "association-unanswered" in codes
    assert "association-not-released" not in codes
