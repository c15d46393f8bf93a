"""How the fields are laid out: long values without bytes are wrapped, and can be copied from the screen."""

from pathlib import Path

import pytest

from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from tui.screens import SMALL, exchange, opened, press, screen_text, settle

PATH_NAME = "/srv/a-b-c-d/ring-buffer-of-the-archive/gone-today-1.pcap"
UID = "1.2.826.0.1.3680043.8.498.12345678901234567890123456789012345"


def value_lines(app: DicomsniffApp) -> list[str]:
    """What is shown of the value, line by line."""
    shown = screen_text(app).splitlines()
    first = next(number for number, line in enumerate(shown) if " said " in line)
    return [line.strip("│┃ ").removeprefix("said").strip() for line in shown[first : first + 8]]


@pytest.mark.parametrize("word", [PATH_NAME, UID], ids=["path", "uid"])
async def test_a_word_that_fits_a_line_is_never_broken(samples: Path, word: str) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        app.session.show("exchange")
        exchange(app).go_to(exchange(app).fields)
        await settle(pilot)
        for before in range(0, 40, 3):
            exchange(app).fields.show(Detail("", [FieldRow("said", f"{'x ' * before}{word}: it is no longer there")]))
            await settle(pilot)
            assert any(word in line for line in value_lines(app)), before


@pytest.mark.parametrize(
    "text",
    ["山田太郎" * 40, "a-b" * 90, "words of any length, one after the other " * 6],
    ids=["ideographs", "no-space", "words"],
)
async def test_nothing_of_a_wrapped_value_is_lost(samples: Path, text: str) -> None:
    """Ideographs are two cells wide."""
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        app.session.show("exchange")
        exchange(app).go_to(exchange(app).fields)
        await settle(pilot)
        exchange(app).fields.show(Detail("", [FieldRow("said", text)]))
        await settle(pilot)
        assert "".join(value_lines(app)).replace(" ", "").startswith(text.replace(" ", ""))


async def test_a_field_that_is_gone_to_while_there_is_no_room_is_selected_when_there_is(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "2")
        fields = exchange(app).fields
        assert not fields.region.area, "the exchange alone is in sight"
        fields.show_found(4)
        await press(pilot, "tab")
        assert fields.selected is fields.rows[4]
