"""Packets of several interfaces come in the order of their times, however late each interface hands them over."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.sniffing import blocks, ordering
from dicomsniff.sniffing.ordering import Ordering
from dicomsniff.sniffing.translation import NOTHING, Taken

LATER = 1 << 61
"""ns since 1970, far ahead of any clock: only what came of the other interface lets such packets go."""


def heads(count: int) -> Taken:
    described = [blocks.interface_description(f"eth{each}", 1, 65535, nanoseconds=True) for each in range(count)]
    every = (blocks.section_header("tests"), *described)
    return Taken(b"".join(every), 0, every)


def packet(interface: int, time: int) -> bytes:
    return blocks.packet(interface, time, b"frame", 5)


def taken(*packets: bytes) -> Taken:
    return Taken(b"".join(packets), len(packets))


def begun(count: int = 2) -> Ordering:
    order = Ordering(1)
    assert order.take(heads(count)) == heads(count)
    return order


def test_a_packet_waits_until_none_that_is_older_can_come() -> None:
    order = begun()
    answer, request, more = packet(1, LATER + 2), packet(0, LATER + 1), packet(0, LATER + 3)
    assert order.take(taken(answer)) == NOTHING
    assert order.take(taken(request)) == taken(request)
    assert order.take(taken(more)) == taken(answer)
    assert order.pop(everything=True) == taken(more)


def test_of_one_interface_nothing_waits() -> None:
    assert begun(1).take(taken(packet(0, LATER))) == taken(packet(0, LATER))


def test_what_is_older_than_any_capturer_is_slow_waits_for_nobody() -> None:
    assert begun().take(taken(packet(0, 5))) == taken(packet(0, 5))


def test_where_the_clock_was_set_back_nothing_waits_for_ever(monkeypatch) -> None:
    order = begun()
    assert order.take(taken(packet(0, LATER), packet(0, LATER + 1))) == NOTHING
    monkeypatch.setattr(ordering, "HOLD", 0.0)
    assert order.pop() == taken(packet(0, LATER), packet(0, LATER + 1))


def test_no_more_waits_than_there_is_room_for(monkeypatch) -> None:
    order, every = begun(), [packet(0, LATER + number) for number in range(10)]
    monkeypatch.setattr(ordering, "MAX_HELD", len(every[0]) * 4)
    assert order.take(taken(*every)) == taken(*every[:6])
    assert order.pop(everything=True) == taken(*every[6:])


def test_counts_of_losses_wait_for_no_packet() -> None:
    order, counts = begun(), blocks.statistics(0, 0, 0, 9, 3, 4)
    assert order.take(Taken(packet(0, LATER) + counts, 1)) == Taken(counts, 0)


@given(
    times=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_nothing_is_lost_and_each_interface_stays_in_order(times: list[tuple[int, int]], cuts: list[int]) -> None:
    order = begun(3)
    came = [packet(interface, LATER + time) for interface, time in sorted(times, key=lambda each: each[1])]
    by_interface = sorted(came, key=lambda each: each[8:12])  # as late as can be: one interface after the other
    out = b""
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(came)], strict=True):
        out += order.take(taken(*by_interface[start:end])).data
    out += order.pop(everything=True).data
    size = len(came[0]) if came else 1
    kept = [out[at : at + size] for at in range(0, len(out), size)]
    assert sorted(kept) == sorted(came)
    assert [each[12:20] for each in kept] == [each[12:20] for each in came]
