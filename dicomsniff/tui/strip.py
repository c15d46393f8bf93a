"""The whole capture on one line: when associations were open, where something was found, and which one is selected."""

from collections.abc import Iterator
from itertools import accumulate
from typing import ClassVar

from msgspec import Struct
from rich.style import Style
from textual import work
from textual.widget import Widget

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import Severity
from dicomsniff.quantities import duration, time_of_day
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.slices import Chore

BARS = " ▁▂▃▄▅▆▇█"
NARROWEST = 10
"""Cells without which times are left out beside it."""


class Activity(Struct):
    """What each cell of a strip stands for: from when to when (ns since 1970), how many were open, the worst there."""

    start: int
    end: int
    open: list[int]
    worst: list[Severity | None]

    def cell(self, time: int) -> int:
        """Return the cell that a time falls into; of a time before or after them all, the nearest."""
        place = (time - self.start) * len(self.open) // max(1, self.end - self.start)
        return max(0, min(place, len(self.open) - 1))


def dividing(listing: Listing, found: Activity, associations: list[Association]) -> Iterator[None]:
    """Divide the time of associations into the cells of `found`, one association a step."""
    steps = [0] * (len(found.open) + 1)
    for association in associations:
        steps[found.cell(association.start_time)] += 1
        steps[found.cell(association.end_time) + 1] -= 1
        for place, severity in listing.times(association):
            cell = found.cell(place)
            found.worst[cell] = max(found.worst[cell], severity, key=RANK.__getitem__)
        yield
    found.open = list(accumulate(steps[:-1]))


class Strip(Widget):
    """Bars as high as many associations were open, letters where errors and warnings are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--error", "strip--warning", "strip--times"}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._listing: Listing | None = None
        self._selected: Association | None = None
        self._activity: Activity | None = None
        """What is drawn: with many associations that is too much to be found out for every key."""
        self._width = 0
        """Cells that it was drawn for."""
        self._divides = Chore(self._dividing)

    def show(self, listing: Listing, selected: Association | None, *, anew: bool = True) -> None:
        """Show the associations that are listed; unless `anew`, they are those that are shown already."""
        self._listing, self._selected = listing, selected
        if anew:
            self._divide()
        self.refresh()

    def on_resize(self) -> None:
        """Divide time into as many cells as there are now; a view that comes back in sight has as many as before."""
        if self.size.width != self._width:
            self._divide()

    def _divide(self) -> None:
        if self._divides.ask():
            self.divide_on()

    @work(group="dividing")
    async def divide_on(self) -> None:
        """Divide on between keys."""
        await self._divides.finish()

    def _dividing(self) -> Iterator[None]:
        listing, width = self._listing, self.size.width
        self._width = width
        if listing is None or not width:
            return
        listed, found = listing.listed.copy(), None
        if listed:
            start, end = min(each.start_time for each in listed), max(each.end_time for each in listed)
            room = width - sum(map(len, _times(start, end)))
            cells = room if room >= NARROWEST else width
            found = Activity(start, end, [0] * cells, [None] * cells)
            yield from dividing(listing, found, listed)
        self._activity = found
        self.refresh()

    def render(self) -> Shown:
        """Draw them: not before, as styles are known then."""
        selected, found = self._selected, self._activity
        if found is None:
            return Shown()
        begins, lasts = _times(found.start, found.end)
        if len(found.open) + len(begins) + len(lasts) > self.size.width:
            begins = lasts = ""
        most = max(found.open, default=0) or 1
        times = self.get_component_rich_style("strip--times")
        line = Shown().append(begins, times)
        first = last = -1
        if selected is not None and found.start <= selected.start_time <= found.end:
            first, last = found.cell(selected.start_time), found.cell(selected.end_time)
        for cell, (count, worst) in enumerate(zip(found.open, found.worst, strict=True)):
            is_bad = worst is not None and RANK[worst] >= RANK[Severity.WARNING]
            style = self.get_component_rich_style(f"strip--{worst.value}") if worst and is_bad else Style.null()
            here = Style(reverse=True) if first <= cell <= last else Style.null()
            line.append(LETTERS[worst] if is_bad else BARS[-(-count * (len(BARS) - 1) // most)], style + here)
        return line.append(lasts, times)


def _times(start: int, end: int) -> tuple[str, str]:
    """Say when a capture begins and how long it lasts."""
    return f"{time_of_day(start, 3)[:8]} ", f" +{duration(end - start)}"
