"""`*` finds text in the rows and fields of a view."""

from pathlib import Path

from tui.screens import SMALL, every_size, exchange, notices, opened, overview, press, settle


async def find(pilot: object, text: str) -> None:
    await press(pilot, "asterisk")
    pilot.app.focused.value = text
    await press(pilot, "enter")
    await settle(pilot)


@every_size
async def test_an_association_is_found_then_the_next_and_the_one_before(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "association-rejected.pcap", size) as (app, pilot):
        table = overview(app).table
        every = [place for place in range(table.searched) if "nothere" in table.searched_text(place).casefold()]
        await find(pilot, "NotHere")
        assert table.cursor == every[0]
        assert app.session.association is table.selected
        assert app.focused is table
        await find(pilot, "refused")
        first = table.cursor
        assert first == 0, "around, from the last row"
        await press(pilot, "full_stop")
        assert table.cursor == first + 1
        await press(pilot, "comma")
        assert table.cursor == first


async def test_a_field_is_found_in_the_next_pane_and_unfolded(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "2")
        fields = exchange(app).fields
        fields.action_fold_all()
        await find(pilot, "implementation-version")
        assert app.focused is fields
        assert "implementation-version" in fields.selected.name.casefold()


async def test_a_search_goes_around_to_where_it_began(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        await press(pilot, "end")
        await find(pilot, "WRONGAE")
        assert overview(app).table.cursor == 0
        await find(pilot, "no reason given")
        assert overview(app).table.cursor == 2
        await press(pilot, "full_stop")
        await press(pilot, "full_stop")
        assert overview(app).table.cursor == 8


async def test_what_is_nowhere_is_said(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await find(pilot, "qqqq")
        assert "not in the rows and fields of this view: qqqq" in notices(app)
        assert app.focused is overview(app).table


async def test_escape_finds_nothing(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "asterisk", "escape")
        assert app.focused is overview(app).table
        await press(pilot, "full_stop")
        assert app.focused is app.workspace.find_line.input, "there is nothing to find again: ask"
