"""Who waited for whom, and for how long."""

import build
from dicomsniff.association.association import Association
from dicomsniff.findings.parts import plain
from dicomsniff.words.waits import Waited, longest, waits_of
from pipeline import only

SECOND = 1_000_000_000


def waited(*answers: int, before: int = 0) -> Association:
    """C-ECHOs that are answered after so long, each asked after some time."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    for number, answer in enumerate(answers, start=1):
        talk.wait(before)
        talk.client(build.message(1, build.echo_rq(number)))
        if answer >= 0:
            talk.wait(answer)
            talk.server(build.message(1, build.echo_rsp(number)))
    return only(talk.close().packets)


def longest_of(associations: list[Association], most: int) -> list[Waited]:
    return longest([wait for association in associations for wait in waits_of(association)], most)


def test_the_longest_answer_comes_first_and_says_what_was_asked() -> None:
    first, *_ = longest_of([waited(SECOND, 3 * SECOND, 2 * SECOND)], 10)
    assert plain(first.text) == "acceptor thinking to answer C-ECHO-RQ 2"
    assert (round(first.length / SECOND, 1), first.message) == (3.0, 3)


def test_what_was_never_answered_is_said() -> None:
    texts = [plain(each.text) for each in longest_of([waited(0, -1)], 10)]
    assert "acceptor left C-ECHO-RQ 2 unanswered" in texts


def test_the_requestor_waits_before_it_asks() -> None:
    first, *_ = longest_of([waited(0, before=2 * SECOND)], 10)
    assert plain(first.text) == "requestor thinking before it sent C-ECHO-RQ 1"


def test_time_in_which_nobody_waited_comes_after_every_delay() -> None:
    waits = longest_of([waited(SECOND, before=60 * SECOND)], 10)
    assert [each.is_delay for each in waits] == sorted((each.is_delay for each in waits), reverse=True)
    assert plain(waits[0].text) == "acceptor thinking to answer C-ECHO-RQ 1"
    assert "idle" in [plain(each.text) for each in waits]


def test_no_more_are_returned_than_asked_for() -> None:
    assert len(longest_of([waited(SECOND)] * 5, 3)) == 3


def test_one_that_goes_on_is_left_out() -> None:
    association = waited(SECOND)
    association.closed = False
    assert longest_of([association], 10) == []


def test_an_association_that_nobody_answered_is_said_to_be_left_so() -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.wait(5 * SECOND)
    first, *_ = longest_of([only(talk.close().packets)], 10)
    assert plain(first.text) == "acceptor left A-ASSOCIATE-RQ unanswered"
