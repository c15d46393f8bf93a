"""Lists whose rows have columns: what they are sorted by."""

from pathlib import Path

from textual.pilot import Pilot

from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.column_list import ColumnList
from tui.screens import opened, press, screen_text


async def test_contexts_stay_sorted_when_another_association_brings_other_columns(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap") as (app, pilot):
        await stays_sorted(app, pilot, "3")


async def test_differences_stay_sorted_when_others_are_compared(paired_capture: Path) -> None:
    async with opened(paired_capture) as (app, pilot):
        await stays_sorted(app, pilot, "7")


async def stays_sorted(app: DicomsniffApp, pilot: Pilot[None], view: str) -> None:
    """Sort by the second column, then select another association."""
    await press(pilot, view, "s", "s")
    rows = app.focused
    assert isinstance(rows, ColumnList)
    before = rows.columns
    await press(pilot, "right_curly_bracket")
    assert rows.columns is not before
    assert rows.sorted_by is rows.columns[1]
    assert f"{rows.columns[1].title}▴" in screen_text(app)
    await press(pilot, "s")
    assert rows.sorted_by is rows.columns[2]


async def test_objects_stay_sorted_when_the_column_of_patients_comes_and_goes(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "4", "s", "s", "S")
        rows = app.focused
        assert isinstance(rows, ColumnList)
        codes = [row.code for row in rows.rows]
        assert codes == ["none", "Success", "A700"]
        await press(pilot, "P")
        assert "patient" not in [column.title for column in rows.columns]
        assert [row.code for row in rows.rows] == codes
        assert "status▾" in screen_text(app)


async def test_what_was_sorted_by_a_column_that_is_gone_is_in_the_order_in_which_it_came(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "4")
        rows = app.focused
        assert isinstance(rows, ColumnList)
        came = list(rows.rows)
        rows.sort_by(next(column for column in rows.columns if column.title == "size"))
        rows.action_reverse()
        rows.sort_by(next(column for column in rows.columns if column.title == "patient"))
        await press(pilot, "P")
        assert rows.sorted_by is None
        assert list(rows.rows) == came[::-1]
