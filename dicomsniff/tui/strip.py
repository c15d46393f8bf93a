"""The whole capture on one line: when associations were open, where something was found, and which one is selected."""

from typing import ClassVar

from msgspec import Struct
from rich.style import Style
from textual.widget import Widget

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import Severity
from dicomsniff.quantities import duration, time_of_day
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.shown import Shown

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
        """Return the cell that a time falls into."""
        return min((time - self.start) * len(self.open) // max(1, self.end - self.start), len(self.open) - 1)


def activity(listing: Listing, cells: int) -> Activity | None:
    """Divide the time of the associations that are listed into cells; None where there are none."""
    listed = listing.listed
    if not listed or cells < 1:
        return None
    found = Activity(
        min(each.start_time for each in listed), max(each.end_time for each in listed), [0] * cells, [None] * cells
    )
    steps = [0] * (cells + 1)
    for association in listed:
        steps[found.cell(association.start_time)] += 1
        steps[found.cell(association.end_time) + 1] -= 1
        for place, severity in listing.problems(association).times():
            cell = found.cell(min(max(place, found.start), found.end))
            found.worst[cell] = max(found.worst[cell], severity, key=RANK.__getitem__)
    count = 0
    for cell in range(cells):
        count += steps[cell]
        found.open[cell] = count
    return found


class Strip(Widget):
    """Bars as high as many associations were open, letters where errors and warnings are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--error", "strip--warning", "strip--times"}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._listing: Listing | None = None
        self._selected: Association | None = None
        self._known: dict[int, Activity | None] = {}
        """What was found for so many cells: with many associations that is too much for every key."""

    def show(self, listing: Listing, selected: Association | None, *, anew: bool = True) -> None:
        """Show the associations that are listed; unless `anew`, they are those that are shown already."""
        self._listing, self._selected = listing, selected
        if anew:
            self._known.clear()
        self.refresh()

    def _activity(self, listing: Listing, cells: int) -> Activity | None:
        if cells not in self._known:
            self._known[cells] = activity(listing, cells)
        return self._known[cells]

    def render(self) -> Shown:
        """Draw them: not before, as styles and size are known then."""
        listing, selected = self._listing, self._selected
        if listing is None:
            return Shown()
        width = max(self.size.width, 1)
        found = self._activity(listing, 1)
        if found is None:
            return Shown()
        ends = f"{time_of_day(found.start, 3)[:8]} "
        lasts = f" +{duration(found.end - found.start)}"
        room = width - len(ends) - len(lasts)
        if room < NARROWEST:
            ends, lasts, room = "", "", width
        found = self._activity(listing, room) or found
        most = max(found.open, default=0) or 1
        times = self.get_component_rich_style("strip--times")
        line = Shown().append(ends, times)
        first = last = -1
        if selected is not None and found.start <= selected.start_time <= found.end:
            first, last = found.cell(selected.start_time), found.cell(min(selected.end_time, found.end))
        for cell, (count, worst) in enumerate(zip(found.open, found.worst, strict=True)):
            is_bad = worst is not None and RANK[worst] >= RANK[Severity.WARNING]
            style = self.get_component_rich_style(f"strip--{worst.value}") if worst and is_bad else Style.null()
            here = Style(reverse=True) if first <= cell <= last else Style.null()
            line.append(LETTERS[worst] if is_bad else BARS[-(-count * (len(BARS) - 1) // most)], style + here)
        return line.append(lasts, times)
