"""What most receivers can handle is offered as the likely reason where one failed on it, and silent elsewhere."""

import pytest

import build
import data_sets
from findings import query_cases
from findings.test_field_reports import SCP, SCU, causes, told
from findings.traffic import (
    MATCH,
    SEARCH,
    SECOND,
    associate_ac,
    associate_rq,
    echoed,
    opened,
    released,
    talked,
    window,
)

ECHO = build.message(1, build.echo_rq())
ANY_NUMBER = (
    "has an asynchronous operations window of 0 invoked and 0 performed operations; 0 means any number, but some "
    "receivers take it for none: likely why "
)


# Limits of 0


def agreed(asked: bytes | None = window(0, 0), answered: bytes | None = window(0, 0)) -> build.Talk:
    more, less = ((each,) if each else () for each in (asked, answered))
    return opened(associate_rq(more=more), associate_ac(more=less))


def refused() -> list[build.Packet]:
    return talked((1, build.associate_rj(1, 1, 1)), talk=opened(associate_rq(more=(window(0, 0),)), b"")).end(1).packets


def unanswered(wait: int, side: int) -> list[build.Packet]:
    talk = opened(associate_rq(more=(window(0, 0),)), b"")
    talk.wait(wait * SECOND)
    return talk.end(side).packets


def answered_late(talk: build.Talk) -> list[build.Packet]:
    talk.client(ECHO)
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    return talk.close().packets


def left_idle(talk: build.Talk) -> list[build.Packet]:
    talk.wait(60 * SECOND)
    talk.server(build.abort(2))
    return talk.end(1).packets


@pytest.mark.parametrize(
    ("packets", "pdu", "failed", "code"),
    [
        (refused(), "RQ", f"{SCP} rejected the association", "association-rejected"),
        (unanswered(0, 1), "RQ", f"{SCP} gave no answer", "association-unanswered"),
        (unanswered(30, 0), "RQ", f"{SCP} gave no answer", "association-unanswered"),
        (talked((0, ECHO), (1, build.abort()), talk=agreed()).packets, "RQ", f"{SCP} aborted", "association-aborted"),
        (talked((0, ECHO), talk=agreed()).reset(1).packets, "RQ", f"{SCP} reset the connection", "connection-reset"),
        (talked((0, ECHO), talk=agreed()).end(1).packets, "RQ", f"{SCP} closed the connection",
         "connection-closed-early"),
        (answered_late(agreed()), "RQ", f"{SCP} gave no answer", "peer-silent"),
        (agreed().end(0).packets, "AC", f"{SCU} closed the connection", "association-not-released"),
        (talked((0, build.abort()), talk=agreed()).packets, "AC", f"{SCU} aborted", "association-aborted"),
        (left_idle(agreed()), "AC", f"{SCU} asked for nothing", "idle-timeout"),
    ],
)  # fmt: skip
def test_a_window_of_0_is_offered_where_either_side_failed_on_it(packets, pdu, failed, code):
    assert told(packets, "likely-reason") == [f"A-ASSOCIATE-{pdu} {ANY_NUMBER}{failed}"]
    assert causes(packets, code) == ["likely-reason"]


@pytest.mark.parametrize(
    "packets",
    [
        released(echoed(agreed())),
        talked((0, ECHO), (1, build.abort()), talk=echoed(agreed())).packets,
        left_idle(echoed(agreed())),
        talked((0, ECHO), talk=agreed()).end(0).packets,
        agreed(window(0, 0), window(1, 1)).end(0).packets,
        agreed(window(0, 0), None).end(0).packets,
        talked((0, ECHO), (1, build.abort()), talk=agreed(window(5, 5), window(0, 0))).packets,
        unanswered(2, 0),
    ],
)
def test_a_window_of_0_that_was_coped_with_or_not_sent_explains_nothing(packets):
    assert told(packets, "likely-reason") == []


@pytest.mark.parametrize(("counts", "told_of"), [((0, 1), "0 invoked and 1 performed"), ((7, 0), "7 invoked and 0")])
def test_either_number_of_a_window_may_be_0(counts, told_of):
    (said,) = told(agreed(window(*counts), window(*counts)).end(0).packets, "likely-reason")
    assert told_of in said


@pytest.mark.parametrize(("side", "pdu"), [(0, "AC"), (1, "RQ")])
def test_a_maximum_length_of_0_is_offered_likewise(side, pdu):
    unlimited = build.user_information(0)
    talk = opened(build.associate_rq(user=unlimited), build.associate_ac(user=unlimited) if side == 0 else b"")
    assert told(talk.end(side).packets, "likely-reason") == [
        f"A-ASSOCIATE-{pdu} has a maximum length of 0, which means any length, but some receivers take it for none: "
        f"likely why {(SCU, SCP)[side]} {'closed the connection' if side == 0 else 'gave no answer'}"
    ]


# VRs of the data dictionary

UIDS = data_sets.short(0x00080016, "UI", build.CT_IMAGE_STORAGE.encode() + b"\0")
UIDS += data_sets.short(0x00080018, "UI", b"1.2.3\0")
ITEM = data_sets.item(data_sets.short(0x00080100, "SH", b"X "))


def sent(side: int, data: bytes, status: int | None = None) -> list[build.Packet]:
    """An object that one side stores, in explicit VR, and its answer, else an abort."""
    proposal = build.proposal(3, build.CT_IMAGE_STORAGE, (build.EXPLICIT,))
    scp = build.item(0x54, len(CT).to_bytes(2, "big") + CT + b"\1\1")
    ac = associate_ac(build.answer(3, 0, build.EXPLICIT), more=(scp,))
    talk = opened(associate_rq(proposal, more=(scp,)), ac)
    talked((side, build.message(3, build.store_rq(), data)), talk=talk)
    answer = build.abort() if status is None else build.message(3, build.store_rsp(1, status))
    talked((1 - side, answer), talk=talk)
    return talk.end(0).packets if status is None else released(talk)


CT = build.CT_IMAGE_STORAGE.encode()
OTHER_VRS = {
    "text for a sequence": (
        data_sets.short(0x00082112, "LO", b"ABCD"), "(0008,2112) Source Image Sequence at byte 48 has the VR LO", "SQ"
    ),
    "a sequence for text": (
        data_sets.sequence(0x00081030, ITEM), "(0008,1030) Study Description at byte 48 has the VR SQ", "LO"
    ),
    "a number for text": (
        data_sets.short(0x00200013, "US", b"\1\0"), "(0020,0013) Instance Number at byte 48 has the VR US", "IS"
    ),
    "in a sequence": (
        data_sets.sequence(0x00082112, data_sets.item(data_sets.long(0x00081150, "UT", b"1.2\0"))),
        "(0008,1150) Referenced SOP Class UID of (0008,2112) Source Image Sequence at byte 68 has the VR UT", "UI"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("element", "said", "listed"), OTHER_VRS.values(), ids=OTHER_VRS)
@pytest.mark.parametrize("status", [0xA900, 0xC000, 0x0110, None])
@pytest.mark.parametrize("side", [0, 1])
def test_a_vr_that_the_dictionary_does_not_have_is_offered_where_the_receiver_failed(
    side, status, element, said, listed
):
    packets = sent(side, UIDS + element, status)
    how = "aborted" if status is None else "answered with a failure"
    assert told(packets, "likely-reason") == [
        f"in the data set of C-STORE-RQ, {said}; the data dictionary says {listed}: likely why {(SCP, SCU)[side]} {how}"
    ]
    assert causes(packets, "association-aborted" if status is None else "status-failure") == ["likely-reason"]


@pytest.mark.parametrize(("element", "said", "listed"), OTHER_VRS.values(), ids=OTHER_VRS)
def test_it_is_silent_where_the_receiver_took_it(element, said, listed):
    assert told(sent(0, UIDS + element, 0), "likely-reason") == []


@pytest.mark.parametrize(
    "element",
    [
        data_sets.short(0x00280106, "SS", b"\1\0"),
        data_sets.short(0x00280106, "US", b"\1\0"),
        data_sets.long(0x00081030, "UN", b"ABCD"),
        data_sets.short(0x00091001, "FD", bytes(8)),
        data_sets.short(0x00200013, "IS", b"1 "),
    ],
    ids=["either", "or", "unknown", "private", "as it is"],
)
def test_a_vr_that_may_be_is_no_reason(element):
    assert told(sent(0, UIDS + element, 0xC000), "likely-reason") == []


def unordered(*elements: tuple[int, bytes]) -> bytes:
    """An identifier whose elements come as they are given."""
    return b"".join(build.element(tag, value) for tag, value in elements)


def test_what_a_request_asks_for_is_the_likelier_reason_than_how_it_is_written():
    asks = unordered((0x00720002, b""), (0x00080018, b""), (0x00080052, b"IMAGE "))
    said = told(query_cases.exchange(query_cases.HANGING_FIND, asks, status=0xA900), "likely-reason")
    assert [each.partition("; ")[0].partition(" sends ")[2] for each in said] == [
        "C-FIND-RQ with (0008,0052) Query/Retrieve Level"
    ]


def test_a_request_that_breaks_the_rules_of_its_service_needs_no_likely_reason():
    asks = unordered((0x0020000E, b""), (0x00080052, b"SERIES"))  # not in order, and of which study?
    packets = query_cases.exchange(query_cases.STUDY_ROOT_FIND, asks, status=0xA900)
    assert told(packets, "likely-reason") == []
    assert causes(packets, "status-failure") == ["query-parent-missing"]


# Optional sub-items


def common(sop_class: str = build.CT_IMAGE_STORAGE, service: bytes = b"1.2.840.10008.4.2") -> bytes:
    """SOP Class Common Extended Negotiation (PS3.7 §D.3.3.6)."""
    fields = (sop_class.encode(), service, b"")
    return build.item(0x57, b"".join(len(each).to_bytes(2, "big") + each for each in fields))


def aborted_at_once(source: int, reason: int, *more: bytes) -> list[build.Packet]:
    return talked((1, build.abort(source, reason)), talk=opened(associate_rq(more=more), b"")).end(1).packets


@pytest.mark.parametrize("reason", [4, 5, 6])
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ((common(),), "common extended negotiation"),
        ((window(1, 1),), "an asynchronous operations window"),
        ((window(1, 1), common()), "an asynchronous operations window and common extended negotiation"),
    ],
)
def test_optional_sub_items_are_offered_where_a_parameter_was_not_understood(more, named, reason):
    why = "which some programs do not know: likely why STORESCP (10.0.0.2:104) aborted"
    packets = aborted_at_once(2, reason, *more)
    assert causes(packets, "provider-aborted") == ["likely-reason"]
    assert told(packets, "likely-reason") == [f"A-ASSOCIATE-RQ negotiates {named}, {why}"]


@pytest.mark.parametrize(("source", "reason", "more"), [(2, 0, (common(),)), (0, 0, (common(),)), (2, 4, ())])
def test_optional_sub_items_are_no_reason_where_something_else_was_meant(source, reason, more):
    assert told(aborted_at_once(source, reason, *more), "likely-reason") == []


def test_a_failure_whose_comment_says_why_is_not_explained_otherwise():
    odd = query_cases.data_set({query_cases.LEVEL: b"STUDY", query_cases.STUDY_UID: b""})
    packets = query_cases.exchange(query_cases.STUDY_ROOT_FIND, odd, status=0xC000)
    assert causes(packets, "status-failure") == ["likely-reason"]
    talk = opened(associate_rq(build.proposal(1, query_cases.STUDY_ROOT_FIND)), associate_ac(build.answer(1)))
    talk.client(build.message(1, build.command_set(SEARCH), odd))
    said = MATCH | {0x0800: 0x0101, 0x0900: 0xC000, 0x0902: "no such index"}
    talk.server(build.message(1, build.command_set(said)))
    packets = released(talk)
    assert told(packets, "likely-reason") == []
    assert told(packets, "status-failure")[0].endswith(": no such index")
