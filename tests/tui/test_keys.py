"""The keys as data."""

from collections import Counter

import pytest

from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.keys import KEYS, Where, work_together
from tui.screens import SMALL, both_sizes, exchange, opened


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
        last = max(app.query("FooterKey"), key=lambda key: key.region.right)
        assert last.region.right <= size[0]


async def test_the_command_palette_lists_every_action(samples) -> None:
    async with opened(samples / "c-echo.pcap") as (app, _):
        listed = {command.title for command in app.get_system_commands(app.screen)}
        assert {key.label for key in KEYS if key.where is Where.WORKSPACE} <= listed


async def test_keys_can_be_remapped(samples) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        assert isinstance(app, DicomsniffApp)
        app.set_keymap({"view.open": "o"})
        await pilot.press("o")
        assert app.focused is exchange(app).ladder
