"""Looks for text in all that can be shown of a capture: entry by entry, in its row, its fields and its bytes."""

import re
from collections.abc import Iterator
from enum import IntEnum
from heapq import merge
from itertools import chain
from threading import Event
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.tui.detail import Detail, load_detail
from dicomsniff.tui.message_ladder import said_of
from dicomsniff.tui.session import Session
from dicomsniff.tui.timeline_order import TimelineOrder
from dicomsniff.words.entries import entry_name

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{2}( [0-9a-fA-F]{2})+")


class Part(IntEnum):
    """A part of what is shown of an entry, in the order in which it is looked through."""

    ROW = 0
    FIELDS = 1
    BYTES = 2


class Spot(NamedTuple):
    """A place in what is shown of an entry: a field by its number, or bytes by their block, begin and number."""

    part: Part = Part.ROW
    number: int = 0
    offset: int = 0
    length: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        """What says which of two comes first."""
        return self.part, self.number, self.offset


class Sought(NamedTuple):
    """What is looked for: text without regard to case, and the bytes that it may stand for."""

    text: str
    octets: tuple[bytes, ...]

    @classmethod
    def typed(cls, text: str) -> "Sought":
        """Take what was typed: pairs of hexadecimal digits are bytes, too."""
        octets = [text.lower().encode(errors="replace")]
        if _HEXADECIMAL.fullmatch(text):
            octets.append(bytes.fromhex(text))
        return cls(text.casefold(), tuple(octets))

    def spots(self, association: Association, entry: Entry, detail: Detail) -> Iterator[Spot]:
        """Yield where it is in what is shown of an entry."""
        if self.text in f"{entry_name(entry)}  {said_of(association, entry)}".casefold():
            yield Spot()
        for number, row in enumerate(detail.rows[1:], start=1):  # the first says what the entry's row does
            if self.text in f"{row.name}  {row.value}".casefold():
                yield Spot(Part.FIELDS, number)
        yield from self.in_bytes(detail)

    def in_bytes(self, detail: Detail) -> Iterator[Spot]:
        """Yield where it is in the bytes of an entry."""
        for number, block in enumerate(detail.blocks):
            as_text, *as_sent = self.octets
            found = [_places(as_text, block.data.lower(), block.holes)]
            found += [_places(octets, block.data, block.holes) for octets in as_sent]
            yield from (Spot(Part.BYTES, number, *each) for each in merge(*found))


def _places(octets: bytes, data: bytes, holes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where bytes begin, and how many they are; what touches bytes that are not shown is not found."""
    at = data.find(octets)
    while at >= 0:
        end = at + len(octets)
        if not any(max(start, at) < min(stop, end) for start, stop in holes):
            yield at, len(octets)
        at = data.find(octets, at + 1)


class Found(NamedTuple):
    """Where it is: the association's number, the entry, and the place in that."""

    association: int
    entry: Entry
    spot: Spot


class DeepSearch:
    """Looks from the selected entry on (or back), around through the associations that are listed, in a thread.

    Associations whose details were given up are not gone back for; they are counted.
    """

    def __init__(self, session: Session, text: str, step: int, spot: Spot) -> None:
        self.text = text
        self._session, self._sought, self._step, self._spot = session, Sought.typed(text), step, spot
        self._listed = session.listing.listed.copy()
        self.stopped = Event()
        """Set to have it end."""
        self.number = 0
        """The association that it is at."""
        self.left_out = 0
        """Associations without details."""

    def run(self) -> Found | None:
        """Return where it is found next; None where it is nowhere, or was stopped."""
        here = self._session.entry
        for association, entry in self._entries():
            if self.stopped.is_set():
                return None
            self.number = association.id
            spots = self._spots(association, entry)
            if entry is here:
                at, step = self._spot.order, self._step
                spots = (each for each in spots if (each.order > at if step > 0 else each.order < at))
            if (spot := self._first(spots)) is not None:
                return Found(association.id, entry, spot)
        shown = self._session.shown
        if shown is None or here is None or self.stopped.is_set():
            return None
        spot = self._first(self._spots(shown, here))  # around, to where it began
        return Found(shown.id, here, spot) if spot is not None else None

    def _first(self, spots: Iterator[Spot]) -> Spot | None:
        if self._step > 0:
            return next(spots, None)
        return max(spots, key=lambda spot: spot.order, default=None)

    def _spots(self, association: Association, entry: Entry) -> Iterator[Spot]:
        session = self._session
        detail = load_detail(session.capture, association, entry, session.book)
        return self._sought.spots(association, entry, detail)

    def _entries(self) -> Iterator[tuple[Association, Entry]]:
        """Yield the selected entry and those after it, of its association and the others, then those before it."""
        session, step = self._session, self._step
        shown = session.shown
        if shown is None:
            return
        own = [entry for entry in session.entries.copy() if session.sight.shows(entry)]
        at = next((place for place, entry in enumerate(own) if entry is session.entry), 0)
        yield from ((shown, entry) for entry in (own[at:] if step > 0 else own[at::-1]))
        place = session.listing.place(session.association)
        at_association = place if place is not None else -1
        after, before = self._listed[at_association + 1 :], self._listed[: max(at_association, 0)]
        for association in chain(after, before) if step > 0 else chain(before[::-1], after[::-1]):
            opened = session.reopening.pass_by(association)
            if opened.condensed:
                self.left_out += 1
                continue
            yield from ((opened, entry) for entry in TimelineOrder(opened).entries[::step])
        yield from ((shown, entry) for entry in (own[:at] if step > 0 else own[:at:-1]))
