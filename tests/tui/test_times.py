"""The view of where time went."""

from pathlib import Path

import pytest

from dicomsniff.tui import slices
from dicomsniff.tui.time_bar import TimeBar
from dicomsniff.tui.views.times import Times
from tui.screens import opened, press, screen_text, settle


async def test_the_longest_wait_of_the_capture_comes_first(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "5", "home")
        view = app.workspace.views["times"]
        assert isinstance(view, Times)
        assert view.list.rows[0].association.id == 7
        assert "longest: 30.2 s acceptor thinking to answer C-ECHO-RQ 2, association 7" in screen_text(app)


async def test_enter_goes_to_what_was_waited_for(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "5", "home", "enter")
        assert app.session.view == "exchange"
        assert app.session.association is not None
        assert app.session.association.id == 7
        assert app.session.entry is not None
        assert (app.session.entry.event.name, app.session.entry.event.command.message_id) == ("C-ECHO-RQ", 2)


async def test_the_selected_association_is_accounted_for(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "1", "end", "5")
        view = app.workspace.views["times"]
        assert isinstance(view, Times)
        assert view.list.selected is not None
        assert view.list.selected.association.id == 12
        shown = screen_text(app)
        assert "Where the time of association 12 went" in shown
        assert "2 answers: median 3.00 ms, 90 % within 3.00 ms, longest 3.00 ms (message 2)" in shown
        await press(pilot, "left_curly_bracket")
        assert "Where the time of association 11 went" in screen_text(app)


async def test_a_service_leads_to_its_longest_answer(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "5", "home", "tab")
        view = app.workspace.views["times"]
        assert isinstance(view, Times)
        place = next(place for place, row in enumerate(view.account.rows) if row.name == "C-ECHO")
        view.account.move_to(place)
        await press(pilot, "enter")
        assert app.session.entry is not None
        assert app.session.entry.event.name == "C-ECHO-RSP"


async def test_a_bar_shows_whose_turn_it_was(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "5", "home", "end", "home")
        bar = next(line for line in screen_text(app).splitlines() if line.startswith(" 0 s"))
        assert bar.count("█") > 100


async def test_the_bar_of_a_long_association_is_drawn_between_keys(
    slow_capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "5", "home")
        whole = next(line for line in screen_text(app).splitlines() if line.startswith(" 0 s"))
        monkeypatch.setattr(slices, "AT_ONCE", 1)
        monkeypatch.setattr(slices, "SLICE", 0.0)
        bar = app.query_one(TimeBar)
        bar._known, bar._turns = (), []
        bar.show()
        assert not bar._turns, "nothing was drawn at once"
        await settle(pilot)
        assert whole in screen_text(app)


async def test_where_nothing_was_waited_for_it_says_so(slow_capture: Path) -> None:
    async with opened(slow_capture) as (app, pilot):
        await press(pilot, "1", "slash", *"nobody", "enter", "5")
        assert "nothing was waited for in the associations that" in screen_text(app)
