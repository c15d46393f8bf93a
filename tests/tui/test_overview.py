"""The overview: how the capture went, and its associations, in whatever room there is."""

from pathlib import Path

import pytest

import build
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import Change
from tui.screens import opened, overview, press, screen_text, settle


async def test_associations_stay_in_sight_however_much_is_to_be_said(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", (40, 12)) as (app, pilot):
        app.session.book.verdict = "the association is in trouble: " + "much is to be said of it; " * 20
        await press(pilot, "1")
        for width, height in ((40, 12), (80, 24), (40, 10)):
            await pilot.resize_terminal(width, height)
            app.session.tell(Change.LISTING)
            await settle(pilot)
            assert "ECHOSCU" in "".join(screen_text(app).splitlines()[-(height // 2) - 2 :]), (width, height)
            assert overview(app).table.rows_in_sight >= 1


async def test_of_a_capture_without_associations_nothing_is_awaited(tmp_path: Path) -> None:
    path = tmp_path / "foreign.pcap"
    talk = build.Talk().open()
    talk.client(b"GET / HTTP/1.0\r\n\r\n")
    path.write_bytes(build.pcap(build.frames(talk.close().packets)))
    async with opened(path) as (app, _):
        assert "no DICOM association in this capture" in screen_text(app)
        assert "nothing is over yet" not in screen_text(app)


@pytest.mark.parametrize("size", [(80, 9), (40, 10), (20, 12), (20, 6)], ids="{0[0]}x{0[1]}".format)
async def test_what_is_said_of_the_capture_is_cut_between_words_and_that_is_shown(
    samples: Path, size: tuple[int, int]
) -> None:
    async with opened(samples / "association-aborted.pcap", size) as (app, _):
        head = overview(app).head
        shown = "\n".join(screen_text(app).splitlines()[head.region.y : head.region.bottom])
        kept, mark, after = shown.partition("…")
        assert (mark, after.strip()) == ("…", "")
        assert kept.endswith(" ")
        words = kept.split()
        assert words
        assert words == allowed(app.session.book.verdict).split()[: len(words)]


async def test_what_is_said_of_the_capture_comes_whole_where_the_terminal_grows(samples: Path) -> None:
    async with opened(samples / "association-aborted.pcap", (80, 9)) as (app, pilot):
        await pilot.resize_terminal(80, 15)
        await settle(pilot)
        head = overview(app).head
        shown = " ".join(screen_text(app).splitlines()[head.region.y : head.region.bottom]).split()
        assert shown == allowed(app.session.book.verdict).split()
