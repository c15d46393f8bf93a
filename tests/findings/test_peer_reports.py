"""What one peer did to the other, as people met it: the failure that is asked about goes first, and is timed right."""

import pytest

import build
from data_sets import JPEG, fragments, short
from dicomsniff.association.timing import Part
from dicomsniff.findings.overview import Fate
from findings.found import analyzed
from findings.test_field_reports import causes, told
from findings.traffic import CT, SECOND, opened, stored, talked
from pipeline import codes, findings_of, only
from unmarked import verdict

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"
BROKEN_UID = "1.2.x"
FILM_SESSION, FILM_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2"
META = "1.2.840.10008.5.1.1.9"


def store(number: int, instance: str = "1.2.3", data: bytes | None = None) -> bytes:
    return build.message(3, build.store_rq(number, instance), build.pixels(8) if data is None else data)


def answer(number: int) -> bytes:
    return build.message(3, build.store_rsp(number))


def odd() -> bytes:
    """A data set that ends within an element."""
    return build.element(0x00100010, b"A^B ") + build.element(0x7FE00010, bytes(64))[:-20]


# Which finding goes first


def test_a_breach_that_was_lived_with_stands_behind_the_failure():
    talk = talked((0, build.message(3, build.store_rq(1), build.element(0x00080018, b"1.x "))), (1, answer(1)))
    talk.client(store(2))
    talk.server(build.abort())
    found = findings_of(only(talk.end(1).packets)).causes
    assert [each.code for each in found] == ["association-aborted", "data-set-uid"]
    assert found[0].packet > found[1].packet


# Several requests at a time


@pytest.mark.parametrize("source", [0, 2])
def test_an_abort_after_an_answer_may_be_for_a_request_that_was_sent_before_it(source):
    packets = talked((0, store(1) + store(2)), (1, answer(1)), (1, build.abort(source))).end(1).packets
    (said,) = told(packets, "operations-beyond-window")
    assert said == f"{SCU} has up to 2 operations outstanding; 1 allowed"
    code = "provider-aborted" if source else "association-aborted"
    assert causes(packets, code) == ["operations-beyond-window"]
    assert verdict(only(packets)).startswith(f"aborted by the acceptor: {said}")


def test_what_was_answered_before_the_abort_is_not_its_cause():
    packets = talked((0, store(1, data=odd())), (1, answer(1)), (0, store(2)), (1, build.abort(2))).end(1).packets
    assert causes(packets, "provider-aborted") == []


def test_a_broken_data_set_that_came_before_an_answer_to_another_is_the_cause():
    packets = talked((0, store(1) + store(2, data=odd())), (1, answer(1)), (1, build.abort(2))).end(1).packets
    assert causes(packets, "provider-aborted") == ["data-set-truncated-element"]


# How long things took


def test_the_acknowledgement_of_a_fin_does_not_make_the_path_slow():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.acknowledge(1)
    talk.wait(30 * SECOND)
    talk.finish(0)
    talk.acknowledge(1)
    talk.wait(25 * SECOND)
    talk.server(build.associate_ac())
    talk.packets.append(talk.reset(0).packets.pop())
    found = only(talk.packets)
    assert found.timing.part(Part.NETWORK) < SECOND
    assert found.timing.part(Part.NEGOTIATION) > 54 * SECOND
    assert "slow because the acceptor took 55.0 of 55.0 s to answer A-ASSOCIATE-RQ" in told(
        talk.packets, "association-slow"
    )


@pytest.mark.parametrize(("waited", "count"), [(0, 0), (70, 1)])
def test_a_connection_is_left_open_from_the_abort_on_not_from_the_message_that_never_ended(waited, count):
    begun = build.command_pdu(3, build.store_rq(7)) + build.p_data(build.pdv(3, build.pixels(1000), last=False))
    talk = talked((0, begun))
    talk.acknowledge(1)
    talk.wait(90 * SECOND)
    talk.client(build.abort())
    talk.wait(waited * SECOND)
    said = told(talk.end(0).packets, "connection-left-open")
    assert (
        said
        == [f"the TCP connection stayed open for 70 s after the association was over; {SCP} was to close it"][:count]
    )


# What is refused, and why


def all_refused(*classes: str) -> build.Talk:
    numbers = range(1, 2 * len(classes), 2)
    request = build.associate_rq(*(build.proposal(n, uid) for n, uid in zip(numbers, classes, strict=True)))
    return opened(request, build.associate_ac(*(build.answer(n, 3) for n in numbers)))


def test_every_sop_class_that_was_refused_is_named():
    packets = all_refused(CT, build.STUDY_ROOT_FIND).end(0).packets
    assert told(packets, "contexts-all-refused") == [
        "none of the 2 presentation contexts was accepted: abstract syntax not supported; "
        "proposed: CT Image Storage, Study Root Query/Retrieve Information Model - FIND"
    ]


@pytest.mark.parametrize(
    ("classes", "count"), [((FILM_SESSION, FILM_BOX), 1), ((FILM_SESSION, META), 0), ((CT, CT), 0)]
)
def test_a_part_of_a_meta_sop_class_that_was_proposed_alone_is_told(classes, count):
    (said,) = told(all_refused(*classes).end(0).packets, "contexts-all-refused")
    ends = said.endswith("; Basic Film Session SOP Class is negotiated as part of a Print Management Meta SOP Class")
    assert ends is bool(count)


@pytest.mark.parametrize(
    ("waited", "side", "hints"), [(0, 1, True), (2, 1, False), (0, 0, False)], ids=["at once", "later", "by itself"]
)
def test_a_request_that_is_cut_off_at_once_may_have_met_tls(waited, side, hints):
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.acknowledge(1)
    talk.wait(waited * SECOND)
    (said,) = told(talk.reset(side).packets, "association-unanswered")
    assert said.endswith("; it may expect TLS, or not admit callers from there") is hints


def test_on_the_port_of_tls_a_request_that_is_cut_off_at_once_likely_met_that():
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(build.associate_rq())
    (said,) = told(talk.reset(1).packets, "association-unanswered")
    assert said.endswith("; it likely expects TLS: port 2762 is that of DICOM over TLS")


def test_another_protocol_is_told_once_whatever_the_peer_answers():
    talk = build.Talk().open()
    talk.client(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n")
    for _ in range(6):
        talk.server(build.abort(2, 2))
    packets = talk.end(1).packets
    assert told(packets, "other-protocol") == ["10.0.0.1:40001 speaks SSH, not DICOM"]
    assert codes(only(packets)).count("other-protocol") == 1


def test_storing_one_at_a_time_stays_silent():
    assert analyzed(stored(3).packets).associations
    assert not told(stored(3).packets, "operations-beyond-window")


# What was meant, where bytes are not what they are marked as


@pytest.mark.parametrize("syntax", ["native", "encapsulated"])
@pytest.mark.parametrize(("cut", "marked"), [(0, True), (2, False)])
def test_a_data_set_that_is_whole_and_never_marked_as_such_is_told(syntax, cut, marked):
    pixels = build.pixels(4000) if syntax == "native" else fragments(b"\xff\xd8\xff\xd9" * 250)
    data = (element_of_uid() if syntax == "native" else short(0x00080018, "UI", b"1.2.3\0")) + pixels
    data = data[: len(data) - cut]
    transfer = build.IMPLICIT if syntax == "native" else JPEG
    talk = opened(
        build.associate_rq(build.proposal(3, CT, (transfer,))), build.associate_ac(build.answer(3, transfer=transfer))
    )
    talk.client(build.command_pdu(3, build.store_rq(7)))
    talk.client(
        b"".join(build.p_data(build.pdv(3, data[at : at + 512], last=False)) for at in range(0, len(data), 512))
    )
    talk.acknowledge(1)
    talk.wait(90 * SECOND)
    talk.client(build.abort())
    (said,) = told(talk.end(0).packets, "sender-stopped")
    never = f"{SCU} marked no fragment of C-STORE-RQ 7 as the last, although its Pixel Data is whole"
    assert said.startswith(never if marked else f"{SCU} stopped sending in the middle of C-STORE-RQ 7")


def element_of_uid() -> bytes:
    return build.element(0x00080018, b"1.2.3\0")


@pytest.mark.parametrize("first", [b"\x02\x00\x01\x00OB", b"\x08\x00\x05\x00CS"], ids=["file meta", "data set"])
def test_a_data_set_that_is_marked_as_a_command_is_called_that(first):
    data = first + bytes(40)
    packets = talked((0, build.command_pdu(3, build.store_rq(7)) + build.command_pdu(3, data)), (1, build.abort(2)))
    (said,) = told(packets.end(1).packets, "command-malformed")
    assert said.startswith(f"{SCU} sends what seems to be a data set, marked as a command: ")
    assert causes(packets.packets, "provider-aborted") == ["command-malformed"]


@pytest.mark.parametrize("shift", [1, 4, 100])
def test_ae_titles_that_are_too_long_are_told_by_what_they_move(shift):
    request = build.associate_rq(called="A" * (16 + shift))
    assert len(request) == len(build.associate_rq()) + shift
    talk = build.Talk().open()
    talk.client(request)
    packets = [*talk.packets, talk.server(build.abort(2, 6))[0], *talk.end(1).packets[-3:]]
    (said,) = told(packets, "ae-titles-too-long")
    assert f"take {32 + shift} bytes instead of 32 (16 each)" in said
    assert said.endswith(f", so that the rest is {shift} late")
    assert causes(packets, "provider-aborted")[:1] == ["ae-titles-too-long"]


def test_ae_titles_of_sixteen_bytes_are_not_too_long():
    packets = opened(build.associate_rq(called="A" * 16, calling="B" * 16), b"").end(1).packets
    assert not told(packets, "ae-titles-too-long")


def test_every_refusal_of_a_request_in_a_role_that_was_not_negotiated_is_for_that():
    talk = opened(
        build.associate_rq(build.proposal(1), build.proposal(3, CT)),
        build.associate_ac(build.answer(1), build.answer(3)),
    )
    for number in (1, 2):
        talk.server(store(number))
        talk.client(build.message(3, build.store_rsp(number, 0x0122)))
    found = findings_of(only(talk.close().packets)).causes
    role = next(each for each in found if each.code == "role-not-negotiated")
    assert [each.code for each in role.followers].count("status-failure") == sum(
        each.code == "status-failure" for cause in found for each in cause.all()
    )
    assert found[0] is role


# How it ended, beside what came before


@pytest.mark.parametrize(("end", "how"), [("end", "closed"), ("reset", "reset")])
def test_a_breach_before_a_broken_connection_does_not_hide_how_it_ended(end, how):
    data = build.element(0x00080016, build.VERIFICATION.encode() + b"\0") + build.pixels(4000)
    talk = talked((0, build.message(3, build.store_rq(7), data)[:3000]))
    found = only(getattr(talk, end)(1).packets)
    assert verdict(found).startswith(f"unfinished: {SCP} {how} the TCP connection within C-STORE-RQ 7; before that: ")
    assert findings_of(found).causes[0].code == "data-set-announced-otherwise"


def test_one_reason_of_callers_without_a_title_is_one_reason_whatever_their_ports():
    talks = []
    for port in (40001, 40002, 40003):
        talk = build.Talk(client=("10.0.0.1", port)).open()
        talk.client(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        talk.server(build.abort(2, 2))
        talks += talk.end(1).packets
    text = str(analyzed(sorted(talks, key=lambda packet: packet.time)).overview.reasons[Fate.TROUBLED].counts)
    assert text.count("speaks SSH, not DICOM") == 1
    assert "4000" not in text
