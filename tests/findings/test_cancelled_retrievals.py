"""How much a cancelled retrieval had done of what was announced, whatever its final response counts."""

import pytest

import build
from findings.found import analyzed
from findings.test_field_reports import told
from findings.traffic import CT, MATCH, MOVED, SEARCH, associate_ac, associate_rq, cancel, opened, released, role

GET, MOVE = "1.2.840.10008.5.1.4.1.2.2.3", build.STUDY_ROOT_MOVE
KEYS = build.element(0x00080052, b"STUDY ") + build.element(0x0020000D, b"1.2.3\0")
PENDING, CANCELLED, SOME_FAILED = 0xFF00, 0xFE00, 0xB000
SOME, ALL = {0x1021: 2, 0x1022: 0, 0x1023: 0}, {0x1020: 8, 0x1021: 2, 0x1022: 0, 0x1023: 0}


def cancelled(sop_class: str, status: int, final: dict[int, int], *, counts: bool = True) -> list[build.Packet]:
    """A retrieval of 10 objects of which one is done when it is cancelled, and two at its end."""
    field, roles = 0x0010 if sop_class == GET else 0x0021, (role(CT, 0, 1),)
    talk = opened(
        associate_rq(build.proposal(1, sop_class), build.proposal(3, CT), more=roles),
        associate_ac(build.answer(1), build.answer(3), more=roles),
    )
    asked = {0x0002: sop_class, 0x0100: field, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    asked |= {} if sop_class == GET else {0x0600: "DEST"}
    talk.client(build.message(1, build.command_set(asked), KEYS))

    def respond(status: int, counters: dict[int, int]) -> None:
        said = MOVED | {0x0002: sop_class, 0x0100: field | 0x8000, 0x0900: status} | counters
        talk.server(build.message(1, build.command_set(said)))

    for done in (1, 2):
        if sop_class == GET:
            talk.server(build.message(3, build.store_rq(done + 1, f"1.2.{done}"), build.pixels(8)))
            talk.client(build.message(3, build.store_rsp(done + 1, 0, f"1.2.{done}")))
        respond(PENDING, {0x1020: 10 - done, 0x1021: done, 0x1022: 0, 0x1023: 0} if counts else {})
        if done == 1:
            talk.client(cancel(1))
    respond(status, final)
    return released(talk)


@pytest.mark.parametrize("final", [{}, SOME, ALL, SOME | {0x1020: 0}])
def test_a_cancelled_move_or_get_has_done_some_of_what_it_announced(final):
    moved, got = (cancelled(each, CANCELLED, final) for each in (MOVE, GET))
    assert told(moved, "retrieve-explained") == ["C-MOVE to DEST: it was cancelled after 2 of 10 sub-operations"]
    assert told(got, "get-explained") == ["C-GET: it was cancelled after 2 of 10 sub-operations"]
    assert "C-MOVE to DEST: it was cancelled after 2 of 10 sub-operations" in analyzed(moved).verdict


@pytest.mark.parametrize(("final", "said"), [({}, ""), (SOME, " after 2 sub-operations")])
def test_where_nothing_was_announced_only_what_was_done_is_told(final, said):
    assert told(cancelled(MOVE, CANCELLED, final, counts=False), "retrieve-explained") == [
        f"C-MOVE to DEST: it was cancelled{said}"
    ]


def test_another_final_status_does_not_make_the_rest_of_the_objects_vanish():
    assert told(cancelled(MOVE, SOME_FAILED, SOME), "retrieve-explained") == [
        "C-MOVE to DEST: 2 of 10 objects arrived, as it counts; the capture does not see that path"
    ]


def test_a_failure_that_counts_nothing_does_not_unmake_what_was_counted_before():
    assert told(cancelled(MOVE, 0xC000, {}), "retrieve-explained") == [
        "C-MOVE to DEST: no C-STORE to DEST is in the capture: the SCP gave up after 2 of 10 sub-operations, as it "
        "counted"
    ]


def sent_on(seconds: float, status: int = 0) -> list[build.Packet]:
    """A C-GET without pending responses that is cancelled after its first object, and sends two more over a time."""
    roles = (role(CT, 0, 1),)
    talk = opened(
        associate_rq(build.proposal(1, GET), build.proposal(3, CT), more=roles),
        associate_ac(build.answer(1), build.answer(3), more=roles),
    )
    asked = {0x0002: GET, 0x0100: 0x0010, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    talk.client(build.message(1, build.command_set(asked), KEYS))
    for number in (1, 2, 3):
        talk.wait(int(seconds / 2 * 1e9) if number > 1 else 0)
        talk.server(build.message(3, build.store_rq(number, f"1.2.{number}"), build.pixels(8)))
        talk.client(build.message(3, build.store_rsp(number, 0, f"1.2.{number}")))
        if number == 1:
            talk.client(cancel(1))
    said = MOVED | {0x0002: GET, 0x0100: 0x8010, 0x0900: status, 0x1021: 3, 0x1022: 0, 0x1023: 0}
    talk.server(build.message(1, build.command_set(said)))
    return released(talk)


def test_a_get_goes_on_after_a_cancel_where_its_objects_do():
    (finding,) = told(sent_on(3), "cancel-ignored")
    assert finding == (
        "STORESCP (10.0.0.2:104) sent 2 C-STORE-RQs within 3.00 s after C-CANCEL-RQ; the final status is 0x0000"
    )


def test_objects_of_a_get_that_may_have_been_on_their_way_are_only_counted():
    assert told(sent_on(0.1), "cancel-ignored") == []
    assert told(sent_on(0.1), "cancel-without-effect") == [
        "C-CANCEL-RQ had no effect on C-GET 1: status 0x0000 followed it and 2 C-STORE-RQs within 103 ms after "
        "C-CANCEL-RQ"
    ]
    assert told(sent_on(0.1, CANCELLED), "cancel-without-effect") == []


@pytest.mark.parametrize(
    ("context", "end"), [(1, ""), (3, "; C-CANCEL-RQ came on presentation context 3, C-FIND-RQ on 1, which may be why")]
)
def test_a_cancel_on_another_presentation_context_is_told_as_that(context, end):
    find = build.STUDY_ROOT_FIND
    talk = opened(
        associate_rq(build.proposal(1, find), build.proposal(3)), associate_ac(build.answer(1), build.answer(3))
    )
    talk.client(build.message(1, build.command_set(SEARCH), KEYS))
    talk.client(build.message(context, build.command_set({0x0100: 0x0FFF, 0x0120: 1, 0x0800: 0x0101})))
    talk.server(build.message(1, build.command_set(MATCH | {0x0900: 0, 0x0800: 0x0101})))
    said = told(released(talk), "cancel-without-effect")
    assert said == [f"C-CANCEL-RQ had no effect on C-FIND 1: status 0x0000 followed it{end}"]
