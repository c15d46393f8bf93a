"""`*` finds text in the rows and fields of a view."""

import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui import deep_search
from dicomsniff.tui.deep_search import Sought
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import ByteBlock
from tui.screens import (
    LARGE,
    PATIENCE,
    SMALL,
    every_size,
    exchange,
    notices,
    opened,
    overview,
    press,
    screen_text,
    settle,
    until,
)


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
        await find(pilot, "rejected")
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
        assert "found nowhere: qqqq" in notices(app)
        assert app.focused is overview(app).table


async def test_escape_finds_nothing(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "asterisk", "escape")
        assert app.focused is overview(app).table
        await press(pilot, "full_stop")
        assert app.focused is app.workspace.find_line.input, "there is nothing to find again: ask"


async def test_what_is_found_in_entries_that_are_not_selected_is_gone_to_next_and_back(stored_capture: Path) -> None:
    async with opened(stored_capture, LARGE) as (app, pilot):
        view = exchange(app)
        await press(pilot, "2")
        seen = []
        await find(pilot, "SOP Instance UID")
        for _ in range(8):
            assert app.focused is view.fields
            assert "SOP Instance UID" in f"{view.fields.selected.name} {view.fields.selected.value}"
            seen.append((app.session.place, view.fields.searched_from))
            await press(pilot, "full_stop")
        assert seen == sorted(set(seen))
        assert len({entry for entry, _ in seen}) > 2
        for place in (*reversed(seen[1:]), seen[0]):
            await press(pilot, "comma")
            assert (app.session.place, view.fields.searched_from) == place


@every_size
async def test_bytes_are_found_as_text_and_as_hexadecimal_digits(stored_capture: Path, size: tuple[int, int]) -> None:
    async with opened(stored_capture, size) as (app, pilot):
        view = exchange(app)
        await press(pilot, "2")
        await find(pilot, "50 41 54 2d")
        assert app.focused is view.bytes
        assert "found at 0x" in screen_text(app)
        block, at = view.bytes.spot
        assert view.fields.detail.blocks[block].data[at : at + 4] == b"PAT-"
        entry = app.session.place
        await press(pilot, "full_stop")
        assert app.focused is view.bytes
        assert app.session.place > entry


async def test_what_no_view_lists_is_found_from_the_overview_in_another_association(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await find(pilot, "MoveOriginatorMessageID")
        assert "found nowhere" in notices(app)
        await find(pilot, "Move Originator Message ID")
        assert app.session.view == "exchange"
        assert app.session.association.id == 2
        assert exchange(app).fields.selected.name.endswith("Move Originator Message ID")
        await press(pilot, "b")
        assert app.session.view == "overview"


async def test_withheld_values_are_not_found(stored_capture: Path) -> None:
    async with opened(stored_capture, SMALL, Privacy()) as (app, pilot):
        for text in ("Doe^Jane", "44 6f 65 5e"):
            await find(pilot, text)
            assert f"found nowhere: {text}" in notices(app)
        await press(pilot, "P")
        await find(pilot, "Doe^Jane")
        assert "Doe^Jane" in exchange(app).fields.selected.value


async def test_what_occurs_once_is_found_again_around(stored_capture: Path) -> None:
    async with opened(stored_capture, SMALL) as (app, pilot):
        await press(pilot, "2")
        await find(pilot, b"disk full".hex(" "))
        place = app.session.place, exchange(app).bytes.spot
        for key in ("full_stop", "comma"):
            await press(pilot, key)
            assert (app.session.place, exchange(app).bytes.spot) == place


async def test_escape_ends_a_search(stored_capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def load(*_: object) -> Detail:
        asked.set()
        release.wait(PATIENCE)
        return Detail("")

    release = threading.Event()
    async with opened(stored_capture, SMALL) as (app, pilot):
        await press(pilot, "2")
        monkeypatch.setattr(deep_search, "load_detail", load)
        app.workspace.find_on("qqqq", 1)
        await until(pilot, asked.is_set)
        await pilot.press("escape")
        release.set()
        await settle(pilot)
        assert app.session.view == "exchange", "it is not what else Escape does"
        assert "found nowhere" not in notices(app)
        assert app.session.seeking is None


@given(
    st.binary(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3),
    st.binary(min_size=2, max_size=2),
)
@example(b"\0\0", [(1, 1)], b"\0\0")
def test_bytes_that_are_not_shown_are_not_found(data: bytes, holes: list[tuple[int, int]], octets: bytes) -> None:
    detail = Detail("", [], [ByteBlock("", data, len(data), holes)])
    shown = [not any(start <= place < end for start, end in holes) for place in range(len(data))]
    expected = {at for at in range(len(data)) if data[at : at + 2] == octets and all(shown[at : at + 2])}
    sought = Sought("\ue000", (b"\xff" * 50, octets))
    assert {spot.offset for spot in sought.in_bytes(detail)} == expected
