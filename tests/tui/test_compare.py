"""The view of what differs between two associations."""

from pathlib import Path

from dicomsniff.tui.views.compare import Compare
from tui.screens import every_size, opened, press, screen_text


@every_size
async def test_one_in_trouble_is_compared_with_a_healthy_one_of_its_peers(
    paired_capture: Path, size: tuple[int, int]
) -> None:
    async with opened(paired_capture, size) as (app, pilot):
        await press(pilot, "1", "end", "7")
        view = app.workspace.views["compare"]
        assert isinstance(view, Compare)
        assert view.list.cursor == 0
        shown = screen_text(app)
        assert "good: 1" in shown
        assert "bad: 3" in shown
        assert "0xA700" in shown


async def test_enter_goes_to_the_message_that_differs(paired_capture: Path) -> None:
    async with opened(paired_capture) as (app, pilot):
        await press(pilot, "1", "end", "7", "enter")
        assert app.session.view == "exchange"
        assert app.session.association is not None
        assert app.session.association.id == 3
        assert app.session.entry is not None
        assert app.session.entry.event.name == "C-STORE-RSP"


async def test_m_holds_one_that_others_are_compared_with(paired_capture: Path) -> None:
    async with opened(paired_capture) as (app, pilot):
        await press(pilot, "1", "end", "up", "7", "m")
        assert "association 2 is held: select another one" in screen_text(app)
        await press(pilot, "right_curly_bracket")
        assert "good: 2" in screen_text(app)
        assert "bad: 3" in screen_text(app)
        await press(pilot, "left_curly_bracket", "m", "right_curly_bracket")
        assert "good: 1" in screen_text(app)


async def test_what_has_no_counterpart_says_what_to_do(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap") as (app, pilot):
        await press(pilot, "7", "enter")
        assert "no healthy one of the same peers: select another by { or }" in screen_text(app)


async def test_where_there_is_no_other_one_it_says_so(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await press(pilot, "7")
        assert "there is no other association to compare it with" in screen_text(app)


async def test_of_two_that_went_well_none_is_called_bad(paired_capture: Path) -> None:
    async with opened(paired_capture) as (app, pilot):
        await press(pilot, "7")
        assert "other: 2" in screen_text(app)
        assert "selected: 1" in screen_text(app)
        assert "calling AE title" in screen_text(app)


async def test_the_difference_stays_selected_when_privacy_changes(paired_capture: Path) -> None:
    async with opened(paired_capture) as (app, pilot):
        await press(pilot, "1", "end", "7", "tab")
        shown = screen_text(app)
        await press(pilot, "P", "P")
        assert screen_text(app) == shown
