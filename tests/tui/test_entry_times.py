"""When entries came: in seconds since the association began, or by the clock; with a date where one is needed."""

from pathlib import Path

import build
from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.entry_times import moment, spans_days
from dicomsniff.tui.settings import load_settings
from tui.screens import LARGE, SMALL, exchange, opened, press, screen_text, settle

DAY = 86_400_000_000_000
TIME = 1_700_000_000_123_456_789


def test_a_time_is_cut_where_that_costs_least() -> None:
    assert moment(TIME, 9, dated=False) == "22:13:20.123456789"
    assert moment(TIME, 6, dated=False, width=15) == "22:13:20.123456"
    assert moment(TIME, 6, dated=False, width=12) == "22:13:20.123"
    assert moment(TIME, 6, dated=False, width=9) == "22:13:20"
    assert moment(TIME, 6, dated=True, width=26) == "2023-11-14 22:13:20.123456"
    assert moment(TIME, 6, dated=True, width=18) == "11-14 22:13:20.123"
    assert moment(10**30, 6, dated=True, width=18)


def test_days_are_those_of_utc() -> None:
    assert spans_days(DAY - 1, DAY)
    assert not spans_days(DAY, DAY + 1)
    assert not spans_days(None, DAY)


async def test_times_of_day_are_a_key_away_and_kept(samples: Path, tmp_path: Path) -> None:
    for before, after in (("01:18:45", ""), ("", "01:18:45")):
        with Capture(str(samples / "c-find-worklist.pcap")) as capture:
            app = DicomsniffApp(capture, settings=load_settings(tmp_path))
            async with app.run_test(size=SMALL) as pilot:
                await settle(pilot)
                await press(pilot, "2")
                shown = screen_text(app)
                assert ("01:18:45.149" in shown) is (before == "")
                assert ("10 until 01:18:45.200" in shown) is (before == "")
                await press(pilot, "t")
                assert ("01:18:45.149" in screen_text(app)) is (after == "")
    assert 'times = "relative"' in (tmp_path / "settings.toml").read_text()


async def test_entries_around_a_finding_say_when_as_the_exchange_does(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('times = "absolute"\n')
    with Capture(str(samples / "association-aborted.pcap")) as capture:
        app = DicomsniffApp(capture, settings=load_settings(tmp_path))
        async with app.run_test(size=LARGE) as pilot:
            await settle(pilot)
            await press(pilot, "2")
            assert " UTC " in screen_text(app), "the screen says which times these are"
            when = exchange(app).ladder.parts(exchange(app).ladder.cursor)[1].says
            await press(pilot, "6")
            meaning = app.workspace.current.meaning
            assert "times in UTC" in screen_text(app)
            assert when in [row.name for row in meaning.rows]
            await press(pilot, "2", "t", "6")
            assert "seconds since it began" in screen_text(app)
            assert when not in [row.name for row in meaning.rows]


async def test_a_capture_of_several_days_has_dates(tmp_path: Path) -> None:
    packets = []
    for day in (0, 1):
        talk = build.Talk(("10.0.0.1", 40_000 + day), start=TIME + day * DAY).open()
        talk.client(build.associate_rq())
        talk.server(build.associate_rj())
        packets += talk.close().packets
    path = tmp_path / "days.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    async with opened(path, SMALL) as (app, pilot):
        await press(pilot, "2", "t")
        assert "11-14 22:13:20.1" in screen_text(app)
        await press(pilot, "w")
        assert "2023-11-14 22:13:20.1" in screen_text(app)
        await press(pilot, "escape", "right_curly_bracket")
        assert "11-15 22:13:20.1" in screen_text(app)
        assert exchange(app).ladder.entry is not None
