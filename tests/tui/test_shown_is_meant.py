"""Who comes to a list of the whole capture and presses a key means what is under the cursor there."""

from pathlib import Path

import pytest

from tui.screens import SMALL, opened, press, screen_text


@pytest.mark.parametrize(("key", "sample", "number"), [("4", "c-move.pcap", 2), ("6", "association-rejected.pcap", 1)])
async def test_what_is_in_sight_is_exported(key: str, sample: str, number: int, samples: Path) -> None:
    async with opened(samples / sample, SMALL) as (app, pilot):
        other = next(each for each in app.session.listing.all if each.id != number)
        app.session.select(other)
        if key == "6":
            await press(pilot, key, "home", "down")
            app.session.select(other)
        await press(pilot, key, "e")
        assert f"Export association {app.session.association.id}" in screen_text(app)
        await press(pilot, "escape")
        row = app.workspace.current.list.selected
        about = row.association.id if key == "4" else row.first.association
        assert app.session.association.id == about


async def test_the_time_that_is_in_sight_is_meant(slow_capture: Path) -> None:
    async with opened(slow_capture, SMALL) as (app, pilot):
        await press(pilot, "5", "home")
        app.session.select(app.session.listing.all[0])
        app.workspace.current.list.cursor = 0
        await press(pilot, "e")
        assert "Export association 7" in screen_text(app)


async def test_from_an_object_that_nobody_has_selected_r_goes_to_what_asked_for_it(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "1", "home", "4", "r")
        assert app.session.association.id == 1
        assert app.session.entry.event.name == "C-MOVE-RQ"
