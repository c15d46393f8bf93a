"""Messages -> operations: pairing under reused ids, early answers, cancellation, sub-operations, bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.dimse import operations as module
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import OperationTracker
from dicomsniff.side import Side
from dicomsniff.span import Span

MS = 1_000_000
NONE = 0x0101


class Exchange:
    """Messages one after the other, a millisecond long, nine between them, as a tracker takes them."""

    def __init__(self) -> None:
        self.tracker = OperationTracker()
        self.time = 0

    def say(
        self,
        command: bytes,
        *,
        side: Side = Side.REQUESTOR,
        context: int = 1,
        began: int | None = None,
        ended: bool = True,
        listed: bool = True,
    ) -> Message:
        self.time += 10 * MS
        start = self.time if began is None else began
        span = Span(1, 1, start, self.time + MS, 0)
        message = Message(side, context, Command(command), 1, None, span, ended)
        self.tracker.feed(message, listed=listed)
        return message


def find_rsp(number: int, status: int) -> bytes:
    return build.command_set(
        {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: number, 0x0800: NONE, 0x0900: status}
    )


def find_rq(number: int) -> bytes:
    return build.command_set({0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: number, 0x0700: 0, 0x0800: NONE})


def cancel(number: int) -> bytes:
    return build.command_set({0x0100: 0x0FFF, 0x0120: number, 0x0800: NONE})


def get_rq(number: int) -> bytes:
    return build.command_set({0x0002: "1.2.840.10008.5.1.4.1.2.2.3", 0x0100: 0x0010, 0x0110: number, 0x0800: NONE})


def get_rsp(number: int, status: int, counters: dict[int, int] | None = None) -> bytes:
    values = {0x0002: "1.2.840.10008.5.1.4.1.2.2.3", 0x0100: 0x8010, 0x0120: number, 0x0800: NONE, 0x0900: status}
    return build.command_set({**values, **(counters or {})})


def test_pending_responses_the_final_one_and_their_times():
    exchange = Exchange()
    asked = exchange.say(find_rq(5))
    first, _, cancelled = (exchange.say(find_rsp(5, status), side=Side.ACCEPTOR) for status in (0xFF00, 0xFF01, 0xFE00))
    (operation,) = exchange.tracker.operations
    assert (operation.request, operation.first_response, operation.final) == (asked, first, cancelled)
    assert (operation.responses, operation.pending, operation.status) == (3, 2, 0xFE00)
    assert (operation.latency, operation.final_latency) == (9 * MS, 29 * MS)
    assert operation.category == "Cancel"
    assert exchange.tracker.outstanding == []


def test_a_cancel_belongs_to_what_it_cancels():
    exchange = Exchange()
    exchange.say(find_rq(5))
    stop = exchange.say(cancel(5))
    late = exchange.say(cancel(6))
    (operation,) = exchange.tracker.operations
    assert (operation.cancel, stop.operation, late.operation) == (stop, operation, None)
    assert exchange.tracker.outstanding == [operation]
    assert exchange.tracker.unmatched_cancels == [late]


def test_of_two_cancels_the_first_counts():
    exchange = Exchange()
    exchange.say(find_rq(5))
    first, again = exchange.say(cancel(5)), exchange.say(cancel(5))
    (operation,) = exchange.tracker.operations
    assert (operation.cancel, again.operation) == (first, operation)


def test_a_request_that_never_ended_counts_for_nothing():
    exchange = Exchange()
    exchange.say(build.store_rq(5), ended=False)
    exchange.say(build.store_rq(5))
    exchange.say(build.store_rq(5))
    found = [(each.waiting, each.reuses_id) for each in exchange.tracker.operations]
    assert found == [(0, False), (1, False), (2, True)]
    assert exchange.tracker.most_outstanding == {Side.REQUESTOR: 2, Side.ACCEPTOR: 0}
    for _ in range(3):
        exchange.say(build.store_rsp(5), side=Side.ACCEPTOR)
    exchange.say(build.store_rq(6))
    assert exchange.tracker.operations[-1].waiting == 1


@pytest.mark.parametrize(
    ("counted", "at", "why"),
    [
        ([(0xFF00, 2, 1), (0xFF00, 1, 2), (0, None, 3)], None, ""),
        ([(0xFF00, 2, 0), (0, None, 3)], None, ""),  # the one under way was in neither
        ([(0xFF00, 2, 1), (0xFF00, 2, 2), (0, None, 0)], 1, "4 sub-operations in all, where there were 3"),
        ([(0xFF00, 1, 2), (0xFF00, 2, 1)], 1, "1 sub-operations are over, after 2 were"),
        ([(0, 1, 2)], 0, "the final response says success and 1 remaining"),
        ([(0xFF00, 2, 1), (0xB000, None, 1)], 1, "1 sub-operations are over at the end, of 3"),
        ([(0xFF00, 2, 1), (0xFE00, 2, 1)], None, ""),
    ],
)
def test_the_first_response_whose_counters_contradict_those_before(counted, at, why):
    exchange = Exchange()
    exchange.say(get_rq(1))
    responses = []
    for status, remaining, completed in counted:
        counters = {tag: count for tag, count in ((0x1020, remaining), (0x1021, completed)) if count is not None}
        responses.append(exchange.say(get_rsp(1, status, counters), side=Side.ACCEPTOR))
    progress = exchange.tracker.operations[0].progress
    assert (progress.contradicting, progress.contradiction) == (None if at is None else responses[at], why)


def test_answers_may_come_in_any_order():
    exchange = Exchange()
    for number in (1, 2, 3):
        exchange.say(build.echo_rq(number))
    for number in (3, 1, 2):
        exchange.say(build.echo_rsp(number), side=Side.ACCEPTOR)
    assert [operation.final_latency for operation in exchange.tracker.operations] == [39 * MS, 39 * MS, 9 * MS]
    exchange.say(build.echo_rq(4))
    assert exchange.tracker.most_outstanding == {Side.REQUESTOR: 3, Side.ACCEPTOR: 0}


def test_of_two_requests_with_one_id_the_one_on_the_responses_context_is_answered():
    exchange = Exchange()
    exchange.say(build.echo_rq(5), context=1)
    exchange.say(build.echo_rq(5), context=3)
    answer = exchange.say(build.echo_rsp(5), side=Side.ACCEPTOR, context=3)
    first, second = exchange.tracker.operations
    assert (first.reuses_id, second.reuses_id) == (False, True)
    assert (first.final, second.final) == (None, answer)


def test_an_answer_on_another_context_is_still_the_answer():
    exchange = Exchange()
    exchange.say(build.echo_rq(5), context=1)
    answer = exchange.say(build.echo_rsp(5), side=Side.ACCEPTOR, context=3)
    assert exchange.tracker.operations[0].final is answer


def test_an_answer_may_come_before_the_request_is_whole():
    exchange = Exchange()
    refusal = exchange.say(build.store_rsp(4, 0xA700), side=Side.ACCEPTOR)
    assert exchange.tracker.unmatched_responses == [refusal]
    asked = exchange.say(build.store_rq(4), began=5 * MS)
    assert exchange.tracker.unmatched_responses == []
    assert (refusal.request, exchange.tracker.operations[0].final) == (asked, refusal)


def test_an_answer_before_the_request_began_is_none():
    exchange = Exchange()
    stray = exchange.say(build.store_rsp(4), side=Side.ACCEPTOR)
    asked = exchange.say(build.store_rq(4))
    assert (stray.request, exchange.tracker.outstanding[0].request) == (None, asked)
    assert exchange.tracker.unmatched_responses == [stray]


def test_stores_of_a_get_are_its_sub_operations():
    exchange = Exchange()
    exchange.say(build.store_rq(9))
    exchange.say(get_rq(1))
    for number, status in ((1, 0), (2, 0xB000), (3, 0xA700), (4, 0)):
        exchange.say(build.store_rq(number), side=Side.ACCEPTOR)
        exchange.say(build.store_rsp(number, status))
    exchange.say(get_rsp(1, 0xB000), side=Side.ACCEPTOR)
    exchange.say(build.store_rq(5), side=Side.ACCEPTOR)
    own, get, *stores = exchange.tracker.operations
    assert (own.parent, [store.parent for store in stores]) == (None, [get, get, get, get, None])
    assert (get.sub_operations, get.stored) == (4, {"Success": 2, "Warning": 1, "Failure": 1})


def test_a_store_of_the_side_that_asked_for_a_get_is_none_of_its_sub_operations():
    """Sub-operations are invoked by the other side (PS3.7 §9.1.3)."""
    exchange = Exchange()
    exchange.say(get_rq(1))
    exchange.say(build.store_rq(2))
    exchange.say(build.store_rsp(2), side=Side.ACCEPTOR)
    get, own = exchange.tracker.operations
    assert (own.parent, get.sub_operations, get.stored) == (None, 0, None)


@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(0, 3), st.sampled_from("rqpc"), st.sampled_from([1, 3]))))
def test_every_message_has_at_most_one_place(said):
    exchange = Exchange()
    kinds = {"r": lambda n: find_rsp(n, 0), "q": find_rq, "p": lambda n: find_rsp(n, 0xFF00), "c": cancel}
    messages = [exchange.say(kinds[kind](number), side=side, context=c) for side, number, kind, c in said]
    tracker = exchange.tracker
    responses = [message for message in messages if message.command.is_response]
    assert sum(operation.responses for operation in tracker.operations) + len(tracker.unmatched_responses) == len(
        responses
    )
    assert {id(each) for each in tracker.outstanding} == {id(each) for each in tracker.operations if not each.final}
    assert all(message.request is None for message in tracker.unmatched_responses)


@pytest.mark.parametrize("limit", ["MAX_UNMATCHED", "MAX_SAME_ID"])
def test_what_is_kept_is_bounded(monkeypatch, limit):
    monkeypatch.setattr(module, limit, 3)
    exchange = Exchange()
    for _ in range(10):
        exchange.say(build.echo_rq(1))
        exchange.say(build.echo_rsp(2), side=Side.ACCEPTOR)
    tracker = exchange.tracker
    kept = {"MAX_UNMATCHED": tracker.unmatched_responses, "MAX_SAME_ID": tracker.outstanding}
    assert (len(kept[limit]), tracker.count) == (3, 10)


def test_operations_that_are_not_listed_are_paired_and_counted():
    exchange = Exchange()
    for listed in (True, False, False):
        exchange.say(build.echo_rq(1), listed=listed)
        response = exchange.say(build.echo_rsp(1), side=Side.ACCEPTOR, listed=listed)
        assert response.request is not None
    assert (len(exchange.tracker.operations), exchange.tracker.count, exchange.tracker.unlisted) == (1, 3, 2)
    assert exchange.tracker.outstanding == []


def test_a_list_of_operations_is_shortened_to_those_whose_requests_are_listed():
    exchange = Exchange()
    first, *_ = [exchange.say(build.echo_rq(number)) for number in range(3)]
    exchange.tracker.shorten({id(first)})
    assert [operation.request for operation in exchange.tracker.operations] == [first]
    answer = exchange.say(build.echo_rsp(2), side=Side.ACCEPTOR)
    assert answer.request is not None, "what is not listed is still waited for"
