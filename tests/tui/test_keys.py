"""The keys as data."""

from collections import Counter

import pytest

from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.key_help import KeyHelp
from dicomsniff.tui.key_line import KeyLine
from dicomsniff.tui.keys import KEYS, Where, work_together
from tui.screens import SMALL, both_sizes, exchange, opened, press, screen_text, settle


def test_ids_are_unique() -> None:
    assert max(Counter(key.id for key in KEYS).values()) == 1


@pytest.mark.parametrize("where", Where)
def test_no_key_has_two_meanings_in_one_place(where: Where) -> None:
    together = work_together(where)
    keys = Counter(each for key in KEYS if key.where in together for each in key.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


@both_sizes
async def test_every_key_in_the_footer_is_bound_and_fits(samples, size) -> None:
    async with opened(samples / "c-echo.pcap", size) as (app, _):
        bound = {binding.id for _, binding, enabled, _ in app.screen.active_bindings.values() if enabled}
        shown = {key.id for key in KEYS if key.shown and key.where in (Where.EVERYWHERE, Where.WORKSPACE, Where.VIEW)}
        assert shown <= bound
        named = screen_text(app).splitlines()[-1]
        assert all(key.label in named for key in KEYS if key.id in bound and key.id in shown)
        assert len(named) <= size[0]


async def test_keys_and_the_way_out_are_named_however_little_room_there_is(samples) -> None:
    async with opened(samples / "c-echo.pcap", (30, 12)) as (app, pilot):
        assert screen_text(app).splitlines()[-1] == "1-7 View s Sort ? Keys q Quit"
        await pilot.click(KeyLine, offset=(17, 0))
        await settle(pilot)
        assert isinstance(app.screen, KeyHelp)


async def test_the_line_of_keys_says_what_works_where_one_types(samples) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash")
        assert screen_text(app).splitlines()[-1] == "tab Complete ⏎ ↓ Keep filter ↑ Earlier esc Clear"


async def test_the_command_palette_lists_every_action(samples) -> None:
    async with opened(samples / "c-echo.pcap") as (app, _):
        listed = {command.title for command in app.get_system_commands(app.screen)}
        assert {key.label for key in KEYS if key.where in (Where.WORKSPACE, Where.VIEW, Where.COLUMNS)} <= listed


async def test_what_only_one_pane_does_is_done_from_the_command_palette_too(samples) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        assert "Times" not in {command.title for command in app.get_system_commands(app.screen)}
        await press(pilot, "2")
        next(each for each in app.get_system_commands(app.screen) if each.title == "Times").callback()
        await settle(pilot)
        assert app.session.times == "absolute"


async def test_keys_can_be_remapped(samples) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        assert isinstance(app, DicomsniffApp)
        app.set_keymap({"view.open": "o"})
        await pilot.press("o")
        assert app.focused is exchange(app).ladder
