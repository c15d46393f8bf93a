"""Every moment of an association goes under one heading, whichever way its bytes were cut and passed over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Association
from dicomsniff.association.timing import IDLE, Part, Timing, operation_time
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.dimse.operations import Operation
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.slowness import slow_because
from dicomsniff.side import Side
from examples import examples
from pipeline import batch, only

CT = build.CT_IMAGE_STORAGE
SECOND, MS = 1_000_000_000, 1_000_000
TICK = 1000
"""ns from one packet to the next, unless somebody waits."""


def talking(*, contexts: bool = True) -> build.Talk:
    """An open connection on which an association has been negotiated."""
    talk = build.Talk(tick=TICK).open()
    if contexts:
        talk.client(build.associate_rq(build.proposal(1, CT)))
        talk.server(build.associate_ac(build.answer(1)))
    return talk


def ended(talk: build.Talk) -> Association:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return checked(only(talk.close().packets))


def checked(association: Association) -> Association:
    """The association, whose parts must add up to its time."""
    timing = association.timing
    assert sum(timing.spent.values()) == timing.total == association.end_time - association.start_time
    assert min(timing.spent.values(), default=1) > 0
    return association


def about(time: int) -> object:
    return pytest.approx(time, abs=20 * TICK)


def test_the_handshake_ends_when_both_sides_know():
    talk = build.Talk(tick=100 * MS).open()
    talk.tick = TICK
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    assert ended(talk).timing.part(Part.HANDSHAKE) == 200 * MS


def test_a_requestor_that_connects_and_says_nothing_thinks():
    talk = build.Talk(tick=TICK).open()
    talk.wait(SECOND)
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    assert ended(talk).timing.part(Part.THINKING, Side.REQUESTOR) == about(SECOND)


def test_from_request_to_answer_the_acceptor_negotiates():
    talk = talking(contexts=False)
    talk.client(build.associate_rq())
    talk.wait(SECOND)
    talk.server(build.associate_ac())
    assert ended(talk).timing.part(Part.NEGOTIATION) == about(SECOND)


def test_whoever_is_asked_thinks():
    """The acceptor about the request; then the requestor about the acceptor's own, which came in between."""
    talk = talking()
    talk.client(build.message(1, build.store_rq(1), b"data"))
    talk.wait(2 * SECOND)
    talk.server(build.message(1, build.echo_rq(9)))
    talk.wait(3 * SECOND)
    talk.client(build.message(1, build.echo_rsp(9)))
    talk.wait(4 * SECOND)
    talk.server(build.message(1, build.store_rsp(1)))
    timing = ended(talk).timing
    assert timing.part(Part.THINKING, Side.REQUESTOR) == about(3 * SECOND)
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == about(6 * SECOND)


def answered_thrice() -> Timing:
    """A request, and each second a response: two pending, one final."""
    talk = talking()
    talk.client(build.message(1, build.store_rq(1), b"data"))
    for status in (0xFF00, 0xFF00, 0):
        talk.wait(SECOND)
        talk.server(build.message(1, build.store_rsp(1, status)))
    return ended(talk).timing


def test_time_between_pending_responses_is_the_acceptors():
    timing = answered_thrice()
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == about(3 * SECOND)
    assert timing.latencies["C-STORE"].count == 1


@pytest.mark.parametrize(("gap", "part"), [(SECOND, Part.THINKING), (IDLE + MS, Part.IDLE)])
def test_between_requests_a_requestor_thinks_until_the_association_idles(gap, part):
    talk = talking()
    talk.wait(gap)
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    timing = ended(talk).timing
    assert timing.part(part) == about(gap)


def test_the_longest_waits_name_their_requests():
    talk = talking()
    for number, think in enumerate((1, 5, 2), start=1):
        talk.wait(think * 10 * MS)
        talk.client(build.message(1, build.echo_rq(10 + number)))
        talk.wait(think * 100 * MS)
        talk.server(build.message(1, build.echo_rsp(10 + number)))
    timing = ended(talk).timing
    answer, request = timing.longest_answer(Side.ACCEPTOR), timing.longest_request(Side.REQUESTOR)
    assert (answer.name, answer.message_id, answer.number, answer.length) == ("C-ECHO-RQ", 12, 3, about(500 * MS))
    assert (request.message_id, request.length) == (12, about(50 * MS))


def test_answers_out_of_order_are_credited_to_what_they_answer():
    talk = talking()
    talk.client(build.message(1, build.echo_rq(1)) + build.message(1, build.echo_rq(2)))
    talk.wait(SECOND)
    talk.server(build.message(1, build.echo_rsp(2)))
    talk.wait(3 * SECOND)
    talk.server(build.message(1, build.echo_rsp(1)))
    timing = ended(talk).timing
    assert timing.longest_answer(Side.ACCEPTOR).message_id == 1
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == about(4 * SECOND)
    latency = timing.latencies["C-ECHO"]
    assert (latency.median, latency.worst, latency.worst_message) == (about(SECOND), about(4 * SECOND), 4)


def test_a_request_that_is_never_answered_keeps_the_acceptor_thinking():
    talk = talking()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == about(30 * SECOND)
    assert not timing.longest_answer(Side.ACCEPTOR).answered


def test_release_and_what_comes_after_have_their_own_parts():
    talk = talking()
    talk.client(build.release_rq())
    talk.wait(SECOND)
    talk.server(build.release_rp())
    talk.wait(2 * SECOND)
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.RELEASE) == about(SECOND)
    assert timing.part(Part.AFTER) == about(2 * SECOND)


def test_of_a_turn_the_shortest_round_trip_is_the_networks():
    """Seen at the requestor, an answer takes the round trip of 100 ms and what the acceptor thinks."""
    talk = build.Talk(tick=0)
    talk.open()
    one, other, last = talk.packets
    talk.packets[:] = [one, other._replace(time=other.time + 100 * MS), last._replace(time=last.time + 100 * MS)]
    talk.time += 100 * MS
    for question, answer, think in (
        (build.associate_rq(), build.associate_ac(), 0),
        (build.message(1, build.echo_rq()), build.message(1, build.echo_rsp()), 300),
    ):
        talk.client(question)
        talk.wait((100 + think) * MS)
        talk.server(answer)
    talk.client(build.release_rq())
    talk.wait(100 * MS)
    talk.server(build.release_rp())
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.NETWORK) == 300 * MS
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == 300 * MS
    assert timing.part(Part.NEGOTIATION) == timing.part(Part.RELEASE) == 0


def test_transfer_lasts_from_the_first_to_the_last_byte_of_a_message():
    talk = talking()
    talk.tick = MS
    whole = build.message(1, build.store_rq(1), bytes(200_000))
    packets = talk.client(whole)
    talk.tick = TICK
    talk.server(build.message(1, build.store_rsp(1)))
    timing = ended(talk).timing
    assert timing.part(Part.TRANSFER, Side.REQUESTOR) == (len(packets) - 1) * MS
    rate = timing.throughput(Side.REQUESTOR)
    assert rate == pytest.approx(len(whole) / ((len(packets) - 1) / 1000), rel=0.01)


def test_a_pause_after_a_full_segment_may_be_the_paths_and_is_nobodys():
    """Its sender had more to send, and the path may have kept it waiting."""
    talk = talking()
    sent = talk.client(build.message(1, build.store_rq(1), bytes(300_000), 299_000))
    place = talk.packets.index(sent[100])
    talk.packets[place:] = [p._replace(time=p.time + 700 * MS) for p in talk.packets[place:]]
    talk.time += 700 * MS
    talk.acknowledge(1)
    talk.server(build.message(1, build.store_rsp(1)))
    timing = ended(talk).timing
    assert timing.part(Part.PAUSE) == 0
    assert timing.part(Part.TRANSFER, Side.REQUESTOR) == 700 * MS + (len(sent) - 1) * TICK


def test_a_sender_that_stops_after_a_short_segment_pauses():
    """Though nothing but its packets is captured, and all of those around the pause are passed over."""
    talk = talking()
    data = build.message(1, build.store_rq(1), bytes(40_000), 39_000)
    talk.pieces(0, [data[:20_000][at : at + 1460] for at in range(0, 20_000, 1460)])
    talk.wait(700 * MS)
    talk.pieces(0, [data[20_000:][at : at + 1460] for at in range(0, len(data) - 20_000, 1460)])
    talk.acknowledge(1)
    talk.server(build.message(1, build.store_rsp(1)))
    timing = ended(talk).timing
    assert timing.part(Part.PAUSE, Side.REQUESTOR) == about(700 * MS)
    assert timing.count(Part.PAUSE, Side.REQUESTOR) == 1


def test_pauses_within_a_fragment_that_is_passed_over_are_their_senders():
    """One fragment of 400,000 bytes that nobody looks at, with two stops after short segments."""
    talk = talking()
    data = build.message(1, build.store_rq(1), build.pixels(400_000), 400_000)
    for part, wait in ((data[:100_000], 300), (data[100_000:250_000], 0), (data[250_000:250_100], 500)):
        talk.client(part)
        talk.wait(wait * MS)
    talk.client(data[250_100:])
    talk.acknowledge(1)
    talk.server(build.message(1, build.store_rsp(1)))
    timing = ended(talk).timing
    assert (timing.part(Part.PAUSE, Side.REQUESTOR), timing.count(Part.PAUSE, Side.REQUESTOR)) == (about(800 * MS), 2)
    assert timing.part(Part.TRANSFER, Side.REQUESTOR) < MS


def test_a_pause_after_a_full_segment_that_is_passed_over_is_nobodys():
    """Its sender had more to send, and nothing in the capture tells what it waited for."""
    talk = talking()
    data = build.message(1, build.store_rq(1), build.pixels(400_000), 400_000)
    for start, end in ((0, 70), (70, 170)):
        talk.client(data[start * 1460 : end * 1460])
        talk.wait(300 * MS)
    talk.client(data[170 * 1460 :])
    talk.acknowledge(1)
    talk.server(build.message(1, build.store_rsp(1)))
    assert ended(talk).timing.count(Part.PAUSE, Side.REQUESTOR) == 0


def test_a_message_that_is_never_ended_is_its_senders_pause():
    talk = talking()
    data = build.message(1, build.store_rq(1), bytes(4_000), 3_000)
    talk.client(data[:3000])
    talk.acknowledge(1)
    talk.wait(20 * SECOND)
    talk.server(build.abort(2))
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.PAUSE, Side.REQUESTOR) == about(20 * SECOND)


def test_a_connection_that_carries_two_associations_divides_the_time_of_each():
    talk = talking()
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    talk.wait(10 * SECOND)
    talk.client(build.associate_rq())
    talk.wait(SECOND)
    talk.server(build.associate_ac())
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    analyzer = Analyzer()
    analyzer.feed(batch(build.frames(talk.close().packets)))
    analyzer.close()
    first, second = (checked(association) for association in analyzer.associations)
    assert first.timing.total == about(0)
    assert second.timing.part(Part.NEGOTIATION) == about(SECOND)


def test_an_operation_is_divided_by_its_request_and_responses():
    talk = talking()
    data = build.message(1, build.store_rq(1), bytes(2000))
    talk.client(data[:1000])
    talk.wait(SECOND)
    talk.client(data[1000:])
    talk.wait(2 * SECOND)
    talk.server(build.message(1, build.store_rsp(1, 0xFF00)))
    talk.wait(3 * SECOND)
    talk.server(build.message(1, build.store_rsp(1)))
    (operation,) = ended(talk).operations.operations
    assert operation_time(operation) == (about(SECOND), about(2 * SECOND), about(3 * SECOND))
    assert operation_time(Operation(operation.request))[1:] == (None, None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["echo", "store", "answer", "ask back", "cut", "lose", "repeat"]),
        st.integers(0, 30_000),
        st.sampled_from([0, 1, 5, 30, 45, 200, 900, 7000]),
        st.booleans(),
    ),
    max_size=12,
)


def improvised(steps: list[tuple[str, int, int, bool]], *, tick: int) -> build.Talk:
    """A conversation made of steps: (what, how many bytes, milliseconds before, acknowledged at once)."""
    talk = build.Talk(tick=tick).open()
    talk.client(build.associate_rq(build.proposal(1, CT)))
    talk.server(build.associate_ac(build.answer(1)))
    for number, (what, size, wait, acknowledged) in enumerate(steps, start=1):
        talk.wait(wait * MS)
        if what == "echo":
            talk.client(build.message(1, build.echo_rq(number)))
        elif what == "store":
            talk.client(build.message(1, build.store_rq(number), bytes(size), 4000))
        elif what == "answer":
            talk.server(build.message(1, build.echo_rsp(max(1, number - 1))))
        elif what == "ask back":
            talk.server(build.message(1, build.echo_rq(number)))
        elif what == "cut":
            data = build.message(1, build.store_rq(number), bytes(size), 9000)
            talk.client(data[: size // 2])
            talk.wait(wait * MS)
            talk.client(data[size // 2 :])
        elif what == "lose":
            talk.lose(0, size % 3000)
        else:
            talk.packets.append(talk.packets[-1]._replace(time=talk.time))
        if acknowledged:
            talk.acknowledge(1)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


@given(STEPS, st.sampled_from([0, TICK, 30 * MS]))
@settings(max_examples=examples(200))
def test_whatever_happens_every_moment_counts_once(steps, tick):
    analyzer = Analyzer()
    analyzer.feed(batch(build.frames(improvised(steps, tick=tick).packets)))
    analyzer.close()
    for association in analyzer.associations:
        checked(association)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["echo", "store", "answer", "cut"]),
            st.integers(0, 30_000),
            st.sampled_from([0, 1, 30, 45, 900]),
            st.booleans(),
        ),
        max_size=10,
    ),
    st.integers(1, 50),
)
@settings(max_examples=examples(150))
def test_segments_that_are_passed_over_change_nothing(steps, size):
    """The same account as when every segment is looked at, where one side speaks at a time."""
    passing, careful = passing_and_careful(build.frames(improvised(steps, tick=TICK).packets), size)
    assert [measured(association) for association in passing] == [measured(association) for association in careful]


def measured(association: Association) -> list[object]:
    """How time was spent, and the longest answer."""
    timing = association.timing
    return [timing.spent, timing.pauses, timing.longest_answer(Side.ACCEPTOR)]


def passing_and_careful(records: list[tuple[int, bytes]], size: int) -> list[list[Association]]:
    """The associations in batches of so many frames, where segments may be passed over, and where none is."""
    found = []
    for careful in (False, True):
        analyzer = Analyzer()
        if careful:
            analyzer._decoder = SegmentDecoder()  # one that follows no flow
        for at in range(0, len(records), size):
            analyzer.feed(batch(records[at : at + size], first=at + 1))
        analyzer.close()
        found.append([*analyzer.associations])
    return found


def send_in_turns(talk: build.Talk, data: bytes, turns: list[tuple[int, int, str]]) -> None:
    """Send `data`, as far as turns go: (how many segments, milliseconds after them, what else comes then)."""
    for segments, wait, then in turns:
        for _ in range(segments):
            talk.client(data[:1460])
            data = data[1460:]
        talk.wait(wait * MS)
        if then == "ack":
            talk.acknowledge(1)
        elif then == "say":
            talk.server(build.message(1, build.echo_rq(7)))
        elif then == "repeat":
            talk.packets.append(talk.packets[-1]._replace(time=talk.time))


@given(
    st.lists(
        st.tuples(
            st.integers(1, 40), st.sampled_from([0, 25, 1200, 7000]), st.sampled_from(["", "ack", "say", "repeat"])
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([TICK, 19 * MS, 30 * MS, 400 * MS]),
    st.integers(1, 90),
    st.integers(1, 60),
    st.booleans(),
)
@settings(max_examples=examples(100))
def test_cut_segments_that_are_passed_over_change_nothing(turns, tick, size, keep, closes):
    """The same account, timeline and measures as when every segment that a short snaplen cut is looked at."""
    talk = talking()
    talk.tick = tick
    begun = len(talk.packets)
    talk.client(build.command_pdu(1, build.store_rq(1)))
    send_in_turns(talk, build.data_pdus(1, bytes(1460 * 400), 4000), [(20, 0, ""), *turns])
    if closes:
        talk.close()
    cut = [packet._replace(cut=max(0, len(packet.data) - keep)) for packet in talk.packets[begun:]]
    passing, careful = passing_and_careful(build.frames(talk.packets[:begun] + cut), size)
    assert [everything(association) for association in passing] == [everything(association) for association in careful]


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from([0, 25, 1200]), st.sampled_from(["", "ack", "say"])),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([[True], [True, False], [False, True, True], [False] * 7 + [True]]),
    st.sampled_from([0, 10_000, 2 * MS]),
    st.integers(1, 90),
    st.booleans(),
)
@settings(max_examples=examples(100))
def test_copies_of_segments_that_are_passed_over_change_nothing(turns, doubled, later, size, closes):
    """Frames that were captured twice, or sent again soon, are the same alone and among others."""
    talk = talking()
    talk.tick, begun = 3 * MS, len(talk.packets)
    send_in_turns(talk, build.message(1, build.store_rq(1), build.pixels(1460 * 200)), turns)
    if closes:
        talk.close()
    packets = talk.packets[:begun]
    for number, packet in enumerate(talk.packets[begun:]):
        packets += [packet, packet._replace(time=packet.time + later)] if doubled[number % len(doubled)] else [packet]
    whole = batch(build.frames(packets))
    accounts = []
    for together in (1, size):
        analyzer = Analyzer()
        for at in range(0, len(packets), together):
            starts, ends = whole.starts[at : at + together], whole.ends[at : at + together]
            analyzer.feed(whole._replace(first_number=at + 1, starts=starts, ends=ends))
        analyzer.close()
        accounts.append([counted_twice(association) for association in analyzer.associations])
    assert accounts[0] == accounts[1]


def counted_twice(association: Association) -> list[object]:
    """What is said of an association, and of the frames that were captured twice."""
    timing = association.timing
    told: list[object] = [timing.spent, timing.pauses, association.end_time, association.watched_until]
    told += [str((entry.event, entry.span)) for entry in association.timeline]
    for health in association.tcp.values():
        told += [health.duplicated_frames, health.captured_twice, health.retransmitted, health.went_back]
    return told


def everything(association: Association) -> list[object]:
    """What is said of an association, and measured of TCP, but for the bytes that TCP remembers."""
    timing = association.timing
    told: list[object] = [timing.spent, timing.pauses, association.missing_bytes, association.end_time]
    told += [str((entry.event, entry.span)) for entry in association.timeline]
    for health in association.tcp.values():
        names = (name for name in health.__slots__ if name not in ("_history", "_history_bytes", "pauses", "remembers"))
        told += [health.pauses.numbers, *((name, getattr(health, name)) for name in names)]
    return told


@pytest.mark.parametrize("side", [0, 1])
def test_time_before_an_abort_that_nothing_asked_for_is_nobodys(side):
    talk = talking()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.wait(4 * SECOND)
    (talk.server if side else talk.client)(build.abort())
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.THINKING) == about(0)
    assert timing.part(Part.IDLE) == about(4 * SECOND)


@pytest.mark.parametrize("side", [0, 1])
def test_time_before_an_abort_is_the_acceptors_while_it_is_asked(side):
    talk = talking()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.wait(4 * SECOND)
    (talk.server if side else talk.client)(build.abort())
    timing = checked(only(talk.close().packets)).timing
    assert timing.part(Part.THINKING, Side.ACCEPTOR) == about(4 * SECOND)
    wait = timing.longest_answer(Side.ACCEPTOR)
    assert (wait.name, wait.message_id, wait.answered) == ("C-ECHO-RQ", 1, False)


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_time_before_a_release_was_spent_on_it(side):
    talk = talking()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.wait(4 * SECOND)
    ask, grant = (talk.client, talk.server) if side is Side.REQUESTOR else (talk.server, talk.client)
    ask(build.release_rq())
    grant(build.release_rp())
    found = checked(only(talk.close().packets))
    assert (found.timing.longest_request(side).name, found.timing.longest_request(side).length) == (
        "A-RELEASE-RQ",
        about(4 * SECOND),
    )
    assert slow_because(found).endswith("before it sent A-RELEASE-RQ")


def test_an_operation_lasts_until_its_final_response():
    timing = answered_thrice()
    assert timing.latencies["C-STORE"].median == about(3 * SECOND)
    assert timing.first_latencies["C-STORE"].median == about(SECOND)
