"""Typing a filter: what is offered, and what was used before."""

from pathlib import Path

import pytest

from dicomsniff.filter import known_values
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.filter_completion import FilterCompletion
from dicomsniff.tui.filter_history import MAX_KEPT, FilterHistory
from dicomsniff.tui.settings import Settings
from tui.screens import SMALL, every_size, opened, overview, press, screen_text


def typed(app: DicomsniffApp) -> str:
    return app.workspace.filter_line.input.value


@every_size
async def test_tab_writes_fields_operators_and_values_of_the_capture(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "association-rejected.pcap", size) as (app, pilot):
        await press(pilot, "slash", *"calle")
        assert "⇥ called" in screen_text(app)
        await press(pilot, "tab")
        assert typed(app) == "called "
        assert "⇥ ==  !=" in screen_text(app)
        await press(pilot, "tab", *" noth")
        assert "⇥ NOTHERE" in screen_text(app)
        await press(pilot, "tab")
        assert typed(app) == "called == NOTHERE "
        assert len(app.session.listing.listed) == 1
        await press(pilot, "enter")
        assert "⇥" not in screen_text(app)
        assert app.focused is overview(app).table


async def test_tab_goes_on_to_the_next_offer_and_around(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash", *"call", "tab")
        assert typed(app) == "calling"
        await press(pilot, "tab")
        assert typed(app) == "called"
        assert "⇥ called" in screen_text(app), "the one that was written comes first"
        await press(pilot, "tab")
        assert typed(app) == "calling"
        await press(pilot, "shift+tab")
        assert typed(app) == "called"
        await press(pilot, *" ~ X")
        assert typed(app) == "called ~ X"


async def test_tab_stays_in_the_line_where_nothing_is_offered(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash", *"qqq", "tab", "shift+tab")
        assert typed(app) == "qqq"
        assert app.focused is app.workspace.filter_line.input


async def test_values_that_are_withheld_are_not_offered(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL, Privacy(redact_network=True)) as (app, pilot):
        await press(pilot, "slash", *"calling == ")
        assert "⇥" not in screen_text(app)
        assert "ECHOSCU" not in screen_text(app)


async def test_no_more_values_are_looked_for_than_are_listed(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, _):
        completion = FilterCompletion(app.session)
        for most in (2, 1):
            monkeypatch.setattr(known_values, "MAX_KNOWN", most)
            completion.look("", 0)
            completion.look("status == ", 10)
            assert len(completion.offers) == most


async def test_up_brings_back_the_filters_that_were_used(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        for text in ("NOTHERE", "local"):
            await press(pilot, "slash", *text, "enter", "escape")
        await press(pilot, "slash", *"mine", "up")
        assert typed(app) == "local"
        await press(pilot, "up", "up")
        assert typed(app) == "NOTHERE", "there is none before it"
        assert len(app.session.listing.listed) == 1
        await press(pilot, "down", "down")
        assert typed(app) == "mine"
        await press(pilot, "down")
        assert app.focused is overview(app).table, "there is none after it: it is kept"


async def test_a_filter_that_was_cleared_is_not_remembered(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash", *"qqq", "escape", "slash", "up")
        assert typed(app) == ""


async def test_filters_are_kept_unless_they_may_name_somebody(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "filters"
    with Capture(str(samples / "c-echo.pcap")) as capture:
        app = DicomsniffApp(capture, settings=Settings(path.parent))
        async with app.run_test(size=SMALL) as pilot:
            for text in ("status == 0", "calling == ECHOSCU", "Doe", "status ==", "outcome == released"):
                await press(pilot, "slash", *text, "enter", "slash", "escape")
            await press(pilot, "slash", "up", "up", "up")
            assert typed(app) == "Doe", "for the session it is remembered"
    assert path.read_text() == "status == 0\noutcome == released\n"
    assert path.stat().st_mode & 0o077 == 0
    assert FilterHistory(path).older("") == "outcome == released"


def test_the_latest_filters_are_kept_each_once(tmp_path: Path) -> None:
    history = FilterHistory(tmp_path / "filters")
    for number in (*range(MAX_KEPT + 5), MAX_KEPT):
        history.add(f"status == {number}")
    kept = (tmp_path / "filters").read_text().splitlines()
    assert kept[-2:] == [f"status == {MAX_KEPT + 4}", f"status == {MAX_KEPT}"]
    assert len(set(kept)) == len(kept) == MAX_KEPT


@pytest.mark.parametrize("content", [None, b"\xff\xfe\n\n  \nstatus == 1\n"])
def test_a_history_that_is_broken_or_not_there_is_no_obstacle(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "filters"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    history = FilterHistory(path)
    history.add("status == 0")
    assert history.older("") == "status == 0"
    assert history.older("") == (None if content is None else "status == 1")
