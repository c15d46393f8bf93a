"""A connection that goes as another one did is remembered by its packets alone, and can be followed at any time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.segments import Segment
from dicomsniff.tcp import repeats
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.entrance import Entrance
from dicomsniff.tcp.events import RepeatGone, TcpEvent
from dicomsniff.tcp.repeats import Repeat, Repeats
from examples import examples
from pipeline import batch

RQ = build.associate_rq(build.proposal(1))
STEP = st.tuples(st.sampled_from(["client", "server", "ack", "finish"]), st.sampled_from([0, 1]), st.binary(min_size=1))


class Reader:
    """Takes whatever comes as of no concern to others, unless told otherwise."""

    repeats = True

    def __init__(self) -> None:
        self.numbered = 0
        self.kept: list[tuple[int, int]] = []
        self.took: list[TcpEvent] = []

    def may_repeat(self, _: object) -> bool:
        return self.repeats

    def number_association(self) -> int:
        self.numbered += 1
        return self.numbered

    def keep_number(self, connection: int, association: int) -> None:
        self.kept.append((connection, association))


def made(reader: Reader) -> tuple[Entrance, Repeats]:
    tracker = TcpTracker()
    tracker.repeats = Repeats(reader, reader.took.extend)
    return Entrance(tracker, lambda *_: None, lambda _: False, lambda *_: None), tracker.repeats


def talk(
    port: int, steps: list[tuple[str, int, bytes]] = (), *, seq: int = 1000, start: int = build.START
) -> list[Segment]:
    """A call, A-ASSOCIATE-RQ, and what its steps say."""
    spoken = build.Talk(client=("10.0.0.1", port), client_seq=seq, server_seq=seq ^ 0xFFFFFFF0, start=start).open()
    spoken.client(RQ)
    for what, side, data in steps:
        match what:
            case "client" | "server":
                getattr(spoken, what)(data)
            case "ack":
                spoken.acknowledge(side)
            case _:
                spoken.finish(side)
    return list(SegmentDecoder().segments(batch(build.frames(spoken.packets))))


def what_matters(segment: Segment) -> tuple[object, ...]:
    number, time, place, flow, seq, ack, control, _, data, start, end, cut = segment
    return number, time, place, flow, seq, ack, control & 0xFF, data[start:end], cut


@given(st.lists(STEP, max_size=8), st.integers(0, 0xFFFFFFFF))
@settings(max_examples=examples(200))
def test_what_waited_is_followed_as_it_came(steps, seq):
    entrance, known = made(Reader())
    for segment in talk(1, steps):
        entrance.feed(segment)
    second = talk(2, steps, seq=seq)
    for segment in second:
        entrance.feed(segment)
    waiting = known.first
    # The last step of the first one is settled with the next segment of any connection.
    assert waiting is not None
    assert [*map(what_matters, waiting.segments())] == [*map(what_matters, second)]


def test_a_connection_that_differs_is_followed_from_its_first_packet_on():
    entrance, known = made(reader := Reader())
    for segment in talk(1, [("server", 1, b"\2\0one")]):
        entrance.feed(segment)
    *same, last = talk(2, [("server", 1, b"\2\0two")])
    assert [entrance.feed(segment) for segment in same] == [[]] * len(same)
    then = entrance.feed(last)
    told = [*reader.took, *then]
    assert [event.data[event.start : event.end] for event in told] == [RQ, b"\2\0two"]
    assert known.first is None


def test_it_has_the_number_that_its_association_had_while_it_waited():
    reader = Reader()
    entrance, known = made(reader)
    first = talk(1, [("server", 1, b"\2\0one")])
    for segment in first[:4]:
        entrance.feed(segment)
    known.recognized(known.candidate[2])
    entrance.feed(first[4])
    *same, last = talk(2, [("server", 1, b"\2\0two")])
    for segment in same:
        entrance.feed(segment)
    assert reader.numbered == 1
    entrance.feed(last)
    assert reader.kept == [(2, 1)]


def test_nobody_goes_where_the_reader_has_objections():
    reader = Reader()
    reader.repeats = False
    entrance, known = made(reader)
    for port in (1, 2, 3):
        for segment in talk(port, [("server", 1, b"\2\0one")]):
            entrance.feed(segment)
    assert known.first is None


ENDED = [("server", 1, b"\2\0one"), ("finish", 0, b" "), ("finish", 1, b" "), ("ack", 0, b" ")]


def test_one_that_closed_is_over_after_a_while():
    entrance, known = made(Reader())
    for segment in talk(1, ENDED):
        entrance.feed(segment)
    known.tell(known.learning[talk(1)[0][3]], "well")
    for segment in talk(2, ENDED, start=build.START + 1_000_000_000):
        entrance.feed(segment)
    gone = [event for event in entrance.pass_time(build.START + 9_000_000_000) if isinstance(event, RepeatGone)]
    assert [(event.repeat.number, event.repeat.stage.came_of_it) for event in gone] == [(2, "well")]
    assert known.first is None


@pytest.mark.parametrize("slow", [0, repeats.BRISK])
def test_of_one_that_took_long_the_same_is_not_told(slow):
    entrance, known = made(Reader())
    for segment in talk(1, ENDED):
        entrance.feed(segment)
    known.tell(known.learning[talk(1)[0][3]], "well")
    *others, last = talk(2, ENDED)
    for segment in (*others, (last[0], last[1] + slow, *last[2:])):
        entrance.feed(segment)
    waiting = known.first
    assert isinstance(waiting, Repeat)
    assert waiting.is_told is (slow == 0)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(repeats, "MAX_STAGES", 50)
    entrance, known = made(Reader())
    for port in range(1, 200):
        for segment in talk(port, [("server", 1, b"\2\0" + bytes([port]))] * 3):
            entrance.feed(segment)
        assert known._stages <= 50


@pytest.mark.parametrize("alike", [False, True])
def test_where_hardly_any_goes_as_others_did_only_some_are_held_against_others(monkeypatch, alike):
    monkeypatch.setattr(repeats, "TRIED", 16)
    monkeypatch.setattr(repeats, "RESTING", 16)
    entrance, known = made(Reader())
    rested = []
    for port in range(1, 51):
        for segment in talk(port, [("server", 1, b"\2\0" + bytes([port * (not alike)])), *ENDED]):
            entrance.feed(segment)
        rested.append(known.rests)
    assert rested == ([False] * 50 if alike else [*[False] * 16, *[True] * 16, *[False] * 17, True])
