"""The time of a capture on one line: divided a little at a time, as many associations as there may be."""

from pathlib import Path

import pytest

from dicomsniff.findings.finding import Severity
from dicomsniff.library import open_capture
from dicomsniff.tui import slices
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.shelf import Shelf
from dicomsniff.tui.strip import Activity, Strip, dividing
from dicomsniff.tui.time_bar import TimeBar
from tui.screens import opened, press, settle


def listing_of(path: Path) -> Listing:
    """List all associations of a capture."""
    with open_capture(path) as capture:
        for _ in capture.updates():
            pass
        listing = Listing(capture.found, Shelf(capture.found))
        listing.add(list(capture.analyzer.associations))
        return listing


def test_each_step_divides_one_association(slow_capture: Path) -> None:
    listing = listing_of(slow_capture)
    start, end = listing.all[0].start_time, max(each.end_time for each in listing.all)
    found = Activity(start, end, [0] * 10, [None] * 10)
    assert sum(1 for _ in dividing(listing, found, listing.all)) == len(listing.all)
    assert found.open[0] >= 1
    assert found.open[9] == 1, "only the slow one is open that long"


def test_a_cell_has_the_worst_that_is_in_it(stored_capture: Path) -> None:
    listing = listing_of(stored_capture)
    found = Activity(listing.all[0].start_time, listing.all[0].end_time, [0], [None])
    for _ in dividing(listing, found, listing.all):
        pass
    assert found.worst == [Severity.ERROR]


def test_a_time_out_of_bounds_is_in_the_nearest_cell() -> None:
    found = Activity(100, 200, [0] * 10, [None] * 10)
    assert [found.cell(time) for time in (0, 100, 150, 200, 300)] == [0, 0, 5, 9, 9]


async def test_many_associations_are_divided_between_keys(slow_capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "AT_ONCE", 1)
    monkeypatch.setattr(slices, "SLICE", 0)
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "1")
        assert "█" in app.query_one(Strip).render().plain


async def test_the_strip_is_as_long_as_the_screen_is_wide(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "1")
        for width in (120, 40, 15):
            await pilot.resize_terminal(width, 24)
            await settle(pilot)
            strip = app.query_one(Strip)
            assert strip.render().cell_len <= strip.size.width == width - 2
            assert strip.render().cell_len >= width - 6


async def test_a_view_that_comes_back_finds_out_nothing_anew_unless_there_is_more(
    slow_capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, *"45612")  # each was in sight
        begun: list[object] = []
        ask = slices.Chore.ask
        monkeypatch.setattr(slices.Chore, "ask", lambda chore: begun.append(chore) or ask(chore))
        await press(pilot, *"1456142")
        assert not [each for each in begun if each is not app.query_one(TimeBar)._divides]
        app.session.set_filter("association == 7")
        await press(pilot, *"1456")
        assert len({id(each) for each in begun if each is not app.query_one(TimeBar)._divides}) == 4
