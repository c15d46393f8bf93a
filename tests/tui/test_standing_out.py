"""What is wrong stands out without colours, nothing covers what one reads, and no size of terminal is too small."""

from pathlib import Path

import pytest
from rich.color import Color, ColorSystem
from textual import constants

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.strip import Strip
from dicomsniff.tui.views.registry import VIEWS
from tui.screens import SMALL, exchange, notices, opened, overview, press, screen_text, settle


@pytest.mark.parametrize("without_colour", [False, True])
async def test_the_sign_of_an_error_is_reversed_and_its_row_bold(
    samples: Path, monkeypatch: pytest.MonkeyPatch, *, without_colour: bool
) -> None:
    if without_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, _):
        assert app.no_color is without_colour
        strip = overview(app).table.render_line(2)
        sign = next(each for each in strip if "E" in each.text)
        assert sign.style.reverse
        text = next(each for each in strip if "rejected" in each.text)
        assert text.style.bold
        assert not text.style.reverse


async def test_an_object_that_failed_has_a_sign_that_is_reversed(stored_capture: Path) -> None:
    async with opened(stored_capture, SMALL) as (app, pilot):
        await press(pilot, "4")
        strip = app.workspace.current.pane.render_line(1)
        assert next(each for each in strip if "E" in each.text).style.reverse


async def test_without_colours_an_error_is_no_dimmer_than_other_text(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, _):
        table = overview(app).table
        assert table.styled("error").color == table.styled("note").color
        strip = app.query_one(Strip)
        assert strip.get_component_rich_style("strip--error").color == strip.rich_style.color


async def test_of_16_colours_severities_and_the_selected_row_have_different_ones_on_dark_and_on_light_ground(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "standard")

    def shown(color: Color | None) -> int | None:
        assert color is not None
        return color.downgrade(ColorSystem.STANDARD).number

    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        for theme in ("textual-dark", "textual-light"):
            app.theme = theme
            await settle(pilot)
            for rows in app.screen.query(RowList):
                ground, text = shown(rows.rich_style.bgcolor), shown(rows.rich_style.color)
                toned = {shown(rows.styled(name).color) for name in ("error", "warning")}
                assert len({ground, text, *toned}) == 4
                assert shown(rows.styled("cursor").bgcolor) != ground
            strip = app.query_one(Strip)
            assert shown(strip.get_component_rich_style("strip--error").color) in toned - {text}


async def test_what_is_told_is_above_the_views_and_covers_no_row_of_a_list(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL, tells=True) as (app, pilot):
        await press(pilot, "2", "F")
        styles = app.screen.query_one("ToastRack").styles
        assert styles.dock == "top"
        assert styles.max_height.value <= exchange(app).region.y


async def test_only_the_last_thing_told_is_in_sight(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "F", "b")
        assert notices(app) == "there is nothing to go back to"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("contexts-all-refused.pcap", (40, 24)),
        pytest.param("association-rejected.pcap", (40, 12), marks=pytest.mark.slow),
        pytest.param("c-move.pcap", (20, 6), marks=pytest.mark.slow),
    ],
)
async def test_a_tiny_terminal_shows_less_and_breaks_nothing(samples: Path, name: str, size: tuple[int, int]) -> None:
    async with opened(samples / name, size, touched=False) as (app, pilot):
        for kind in VIEWS:
            for keys in ((kind.key,), ("tab",), ("end",), ("enter",), ("escape",), ("y",), ("escape",), ("w",)):
                await press(pilot, *keys)
                assert all(len(line) <= size[0] for line in screen_text(app).splitlines())
            await press(pilot, "escape")
        for key in ("slash", "asterisk", "question_mark", "l", "e"):
            await press(pilot, key, "escape")
            if isinstance(app.screen, Dialog):
                await press(pilot, "escape")
        await pilot.resize_terminal(160, 45)
        await settle(pilot)
        await pilot.resize_terminal(*size)
        await settle(pilot)
        assert app.is_running


async def test_why_there_are_no_rows_is_said_in_as_many_lines_as_that_takes(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "7")
        said = app.workspace.current.pane.EMPTY
        await pilot.resize_terminal(40, 24)
        await settle(pilot)
        shown = " ".join(line.strip("┃│ ") for line in screen_text(app).splitlines())
        assert said in shown


async def test_how_it_went_takes_two_lines_where_one_is_too_short(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL, touched=False) as (app, pilot):
        first, second, *_ = screen_text(app).splitlines()
        assert first.startswith(" all 10 associations are in trouble: rejected: no reason given (3")
        assert second == " times, and 6 other reasons)"
        await pilot.resize_terminal(160, 45)
        await settle(pilot)
        assert "(3 times, and 6 other reasons)" in screen_text(app).splitlines()[0]
        await pilot.resize_terminal(80, 12)
        await settle(pilot)
        assert "…" in screen_text(app).splitlines()[0], "there is no room for more"
        assert "1 Overview" in screen_text(app).splitlines()[1]


async def test_what_two_lines_cannot_say_the_overview_does(samples: Path) -> None:
    async with opened(samples / "c-move-destination-refuses.pcap", SMALL) as (app, pilot):
        await press(pilot, "1")
        lines = [line.strip() for line in screen_text(app).splitlines()]
        assert "…" in lines[0]
        assert "(failed)" in lines[4]
