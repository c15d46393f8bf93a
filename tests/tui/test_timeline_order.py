"""Entries by time, however they come."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.association.association import Association, Party
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.capture.segments import Endpoint
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.lack import Lack, Part
from dicomsniff.side import Side
from dicomsniff.span import Span
from dicomsniff.tui.timeline_order import TimelineOrder
from dicomsniff.words.entries import entry_order


def association() -> Association:
    parties = Party(Endpoint("10.0.0.1", 1)), Party(Endpoint("10.0.0.2", 104))
    return Association(1, *parties, known_start=True, time=0)


def span(time: int, packet: int = 1) -> Span:
    return Span(packet, packet, time, time, 0)


@given(steps=st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5), max_size=12))
def test_the_order_is_that_of_sorting_however_entries_come(steps: list[list[tuple[int, bool]]]) -> None:
    grown = association()
    order = TimelineOrder(grown)
    for step in steps:
        for time, stray in step:
            # A stray fragment behind another replaces it by both of them.
            event = StrayFragment(span(time), 1, 1, Lack(Part.BEGINNING, "")) if stray else TcpEnd(span(time), "FIN")
            grown.add(event, Side.REQUESTOR)
        order.grow()
        assert order.entries == sorted(grown.timeline, key=entry_order)
        assert all(order.entries[order.find(entry)] is entry for entry in grown.timeline)


def test_what_was_given_up_is_gone() -> None:
    grown = association()
    grown.add(TcpEnd(span(1), "FIN"), side=Side.REQUESTOR)
    order = TimelineOrder(grown)
    gone = order.entries[0]
    grown.condense()
    order.grow()
    assert order.entries == []
    assert order.find(gone) is None
