"""Rows of fields -> which of them are to be seen, where some are folded."""

from collections import Counter

from dicomsniff.tui.field_row import FieldRow

HEADING = -1
"""The depth of a heading: everything up to the next one is below it."""


class Folding:
    """Which rows hold which others, by their depth, and which are folded."""

    def __init__(self, rows: list[FieldRow]) -> None:
        self.parents: list[int | None] = []
        """The place of the row that each row is below."""
        self._depths = [HEADING if row.is_heading else row.depth for row in rows]
        self._names = [(row.name, row.block, row.start) for row in rows]
        open_rows: list[int] = []
        for place, depth in enumerate(self._depths):
            while open_rows and self._depths[open_rows[-1]] >= depth:
                open_rows.pop()
            self.parents.append(open_rows[-1] if open_rows else None)
            open_rows.append(place)
        self._holders = {parent for parent in self.parents if parent is not None}
        self._folded = {place for place, row in enumerate(rows) if row.folded and place in self._holders}

    def is_folded(self, place: int) -> bool:
        """Whether rows below this one are hidden."""
        return place in self._folded

    def shown(self) -> list[int]:
        """Return the places of the rows to be seen."""
        hidden: set[int] = set()
        for place, parent in enumerate(self.parents):
            if parent is not None and (parent in hidden or parent in self._folded):
                hidden.add(place)
        return [place for place in range(len(self.parents)) if place not in hidden]

    def fold(self, place: int) -> bool:
        """Hide what is below a row; tell whether that changes anything."""
        if place in self._folded or place not in self._holders:
            return False
        self._folded.add(place)
        return True

    def unfold(self, place: int) -> bool:
        """Show what is below a row; tell whether that changes anything."""
        known = place in self._folded
        self._folded.discard(place)
        return known

    def reveal(self, place: int) -> bool:
        """Unfold everything that a row is in; tell whether that changes anything."""
        changed = False
        parent = self.parents[place]
        while parent is not None:
            changed |= self.unfold(parent)
            parent = self.parents[parent]
        return changed

    def toggle_all(self, place: int) -> int:
        """Leave only the headings to be seen, or unfold all where that is so; return the row to go to from `place`."""
        headings = {each for each in self._holders if self._depths[each] == HEADING}
        if headings <= self._folded:
            self._folded.clear()
            return place
        self._folded |= headings
        while (parent := self.parents[place]) is not None:
            place = parent
        return place

    def keep(self, before: "Folding", place: int) -> int:
        """Fold what was folded in the same rows as they were before; return where the row at `place` is now."""
        now = {key: each for each, key in enumerate(self._keys())}
        keys = before._keys()
        self._folded = {now[keys[each]] for each in before._folded if keys[each] in now} & self._holders
        return now.get(keys[place], place) if place < len(keys) else place

    def _keys(self) -> list[tuple[object, ...]]:
        """Return what tells each row from the others: its name, its place in the bytes, and how often it came yet."""
        seen: Counter[tuple[object, ...]] = Counter()
        keys: list[tuple[object, ...]] = []
        for name in self._names:
            keys.append((*name, seen[name]))
            seen[name] += 1
        return keys
