"""What of streams is shown."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.scrubbing.plan import Parts, Plan, PlannedConnection


def test_parts_are_found_wherever_they_were_put() -> None:
    parts = Parts(BytesIO())
    parts.put(10, b"abcd")
    parts.keep(0, 4)
    parts.keep(4, 6)
    parts.fill(20, 22)
    parts.sort()
    assert list(parts.within(0, 30)) == [(0, 6, None), (10, 14, b"abcd"), (20, 22, b"\x7f\x7f")]
    assert list(parts.within(5, 12)) == [(5, 6, None), (10, 12, b"ab")]
    assert list(parts.within(13, 21)) == [(13, 14, b"d"), (20, 21, b"\x7f")]
    assert list(parts.within(14, 20)) == []


def test_parts_never_lie_over_each_other() -> None:
    parts = Parts(BytesIO())
    parts.keep(0, 10)
    parts.put(6, b"abcdefgh")
    parts.keep(0, 6)
    parts.sort()
    assert list(parts.within(0, 20)) == [(0, 10, None), (10, 14, b"efgh")]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12), st.booleans()), max_size=12), st.data())
def test_what_is_within_a_range_is_that_of_the_whole(made: list[tuple[int, int, bool]], data: st.DataObject) -> None:
    parts = Parts(BytesIO())
    for start, length, kept in made:
        parts.keep(start, start + length) if kept else parts.put(start, bytes([65 + length]) * length)
    parts.sort()
    whole: dict[int, int | None] = {}
    for low, high, value in parts.within(0, 100):
        for at in range(low, high):
            assert at not in whole
            whole[at] = None if value is None else value[at - low]
    start, end = sorted((data.draw(st.integers(0, 80)), data.draw(st.integers(0, 80))))
    found = {
        at: None if value is None else value[at - low]
        for low, high, value in parts.within(start, end)
        for at in range(low, high)
    }
    assert found == {at: each for at, each in whole.items() if start <= at < end}


def test_a_connection_is_found_by_its_packets_in_both_directions() -> None:
    flow, back = bytes(8) + b"\0\1\0\2", bytes(8) + b"\0\2\0\1"
    plan, first, second = Plan(), PlannedConnection(1, 9), PlannedConnection(20, 29)
    plan.add(flow, first)
    plan.add(back, second)
    assert plan.find(flow, 5, is_bare=False) is first
    assert plan.find(back, 9, is_bare=True) is first
    assert plan.find(back, 25, is_bare=False) is second
    assert plan.find(flow, 15, is_bare=True) is None


def test_of_a_connection_on_which_nothing_was_sent_bare_packets_are_copied() -> None:
    flow, back = bytes(8) + b"\0\1\0\2", bytes(8) + b"\0\2\0\1"
    plan = Plan()
    plan.add_bare(3)
    assert plan.find(flow, 2, is_bare=True) is None
    assert plan.find(flow, 3, is_bare=True) is not None
    assert plan.find(back, 4, is_bare=True) is not None
    assert plan.find(flow, 5, is_bare=False) is None
