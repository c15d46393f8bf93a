"""Lists whose rows have columns: what they are sorted by."""

from pathlib import Path

from textual.pilot import Pilot

import build
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Row
from dicomsniff.tui.finding_rows import FindingRows
from dicomsniff.tui.problem_index import RANK
from tui.screens import SMALL, exchange, notices, opened, overview, press, screen_text


def sort(rows: ColumnList[Row], title: str) -> None:
    rows.sort_by(next(column for column in rows.columns if column.title == title))


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
        sort(rows, "size")
        rows.action_reverse()
        sort(rows, "patient")
        await press(pilot, "P")
        assert rows.sorted_by is None
        assert list(rows.rows) == came[::-1]


async def test_entries_are_sorted_by_seconds_as_numbers(tmp_path: Path) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.wait(9_500_000_000)
    talk.client(build.message(1, build.echo_rq(1)))
    talk.wait(2_000_000_000)
    talk.server(build.message(1, build.echo_rsp(1)))
    path = tmp_path / "slow.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    async with opened(path) as (app, pilot):
        await press(pilot, "2")
        ladder = exchange(app).ladder
        came = list(ladder.rows)
        sort(ladder, "seconds")
        assert list(ladder.rows) == came, "with the gap before what came after it"


async def test_findings_are_sorted_by_severity_and_by_their_numbers_as_numbers(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap") as (app, pilot):
        await press(pilot, "6")
        rows = app.focused
        assert isinstance(rows, FindingRows)
        sort(rows, "assoc.")
        numbers = [row.found.association for row in rows.rows if row.found is not None]
        assert numbers == sorted(numbers)
        assert max(numbers) >= 10
        sort(rows, "packet")
        packets = [row.found.finding.span.first_packet for row in rows.rows if row.found is not None]
        assert packets == sorted(packets)
        assert max(packets) >= 10
        sort(rows, "")
        ranks = [RANK[row.severity] for row in rows.rows]
        assert ranks == sorted(ranks, reverse=True)


async def test_what_rows_are_sorted_by_is_said_where_there_is_no_room_for_the_column(slow_capture: Path) -> None:
    async with opened(slow_capture, SMALL) as (app, pilot):
        await press(pilot, "1")
        table, said = overview(app).table, []
        for _ in table.columns:
            await press(pilot, "s")
            said.append(notices(app))
        titles = [column.title or "severity" for column in table.columns]
        assert said == [f"sorted by {title}" for title in titles]
        assert "longest wait" in titles
        assert "longest wait" not in screen_text(app)
        await press(pilot, "s", "S")
        assert notices(app) == "in the order in which they came, backwards"
