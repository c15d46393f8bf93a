"""Connections that go on from one capture into another: which they are, and what of the captures holds them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from dicomsniff.capture.segments import one_way
from dicomsniff.span import PacketMark
from dicomsniff.surveying.chain import Link, place_of
from dicomsniff.surveying.head import Head
from dicomsniff.surveying.part import Sums
from dicomsniff.surveying.store import Store


class Stretch(NamedTuple):
    """Where a connection is in a capture."""

    capture: int
    first: PacketMark
    last: PacketMark


class Crossing(Struct):
    """Connections that are in the same captures."""

    flows: set[bytes] = field(default_factory=set)
    """By either of their two flows."""
    stretches: dict[int, Stretch] = field(default_factory=dict)
    """Where they are, all together, by capture."""

    def add(self, flow: bytes, stretches: Iterable[Stretch]) -> None:
        """Take a connection."""
        self.flows.add(flow)
        for each in stretches:
            known = self.stretches.get(each.capture)
            self.stretches[each.capture] = each if known is None else _joined(known, each)

    def links(self, paths: dict[int, str]) -> tuple[Link, ...]:
        """Return what is to be read of each capture, by the paths of captures.

        Of the first it is all from where they begin, of the last all up to where they end: a packet that came in
        fragments may lie on the border.
        """
        captures = sorted(self.stretches)
        links = {capture: Link(paths[capture], capture) for capture in captures}
        first, last = self.stretches[captures[0]].first, self.stretches[captures[-1]].last
        links[captures[0]] = links[captures[0]]._replace(first=place_of(first.number)[1], offset=first.offset)
        links[captures[-1]] = links[captures[-1]]._replace(last=place_of(last.number)[1])
        return tuple(links[capture] for capture in captures)


def find_crossings(parts: Iterable[Sums], store: Store) -> list[Crossing]:
    """Return the connections that are in several captures, in whose order `parts` are.

    A connection goes on where its ends meet again although it was not over, or was only just: what then comes in the
    other capture may still belong to it.
    """
    open_ones: dict[bytes, list[Stretch]] = {}
    crossings: dict[tuple[int, ...], Crossing] = {}

    def over(flow: bytes) -> None:
        stretches = open_ones.pop(flow)
        if len(stretches) > 1:
            captures = tuple(each.capture for each in stretches)
            crossings.setdefault(captures, Crossing()).add(flow, stretches)

    for part in parts:
        still_open = {one_way(flow) for flow in part.open}
        here = (
            _stretches(store.heads(part.task.label), still_open | open_ones.keys()) if still_open or open_ones else {}
        )
        for flow, stretch in here.items():
            open_ones.setdefault(flow, []).append(stretch)
            if flow not in still_open:
                over(flow)
    for flow in list(open_ones):
        over(flow)
    return list(crossings.values())


def find_goings_on(parts: Iterable[Sums], store: Store) -> dict[int, frozenset[int]]:
    """Return what is left out of each capture: rests of connections of which nobody read anything in the one before.

    They are told by their first packets. Nothing more can be found out about them, wherever they are read from.
    """
    left_out: dict[int, frozenset[int]] = {}
    guests: set[bytes] = set()
    for part in parts:
        rests: set[int] = set()
        still_open = {one_way(flow) for flow in part.open}
        for head in store.heads(part.task.label) if guests else ():
            flow = one_way(head.flow)
            if flow in guests:
                if not head.begins:
                    rests.add(head.first_mark.number)
                if head.begins or flow not in still_open:
                    guests.discard(flow)
        guests |= {one_way(flow) for flow in part.guests}
        left_out[part.number] = frozenset(rests)
    return left_out


def _stretches(heads: Iterator[Head], wanted: set[bytes]) -> dict[bytes, Stretch]:
    """Return where connections are in a capture."""
    found: dict[bytes, Stretch] = {}
    for head in heads:
        flow = one_way(head.flow)
        if flow in wanted and not head.is_guest:
            stretch = Stretch(place_of(head.first_mark.number)[0], head.first_mark, head.last_mark)
            found[flow] = stretch if flow not in found else _joined(found[flow], stretch)
    return found


def _joined(one: Stretch, other: Stretch) -> Stretch:
    return Stretch(one.capture, min(one.first, other.first), max(one.last, other.last))
