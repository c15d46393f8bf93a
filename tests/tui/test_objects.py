"""The view of stored objects."""

from pathlib import Path

import pytest

import build
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.session import Change
from dicomsniff.tui.views.objects import Objects
from tui.screens import LARGE, SMALL, opened, press, screen_text, settle


async def test_failures_come_first(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "4")
        view = app.workspace.views["objects"]
        assert isinstance(view, Objects)
        assert [row.code for row in view.list.rows] == ["A700", "none", "Success"]
        assert "Objects (3, 2 failures)" in screen_text(app)


async def test_enter_goes_to_the_message_and_b_back(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "4", "down", "enter")
        assert app.session.view == "exchange"
        assert app.session.entry is not None
        assert app.session.entry.event.command.message_id == 3
        await press(pilot, "b")
        assert app.session.view == "objects"


async def test_the_object_of_the_selected_message_is_selected(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "2", "down", "down", "4")
        view = app.workspace.views["objects"]
        assert isinstance(view, Objects)
        assert view.list.selected is not None
        assert view.list.selected.instance == f"{build.STUDY}.1"


async def test_patients_are_read_where_they_may_be_shown(stored_capture: Path) -> None:
    async with opened(stored_capture) as (app, pilot):
        await press(pilot, "4")
        assert "Doe^Jane, PAT-03" in screen_text(app)


async def test_patients_are_withheld_until_asked_for(stored_capture: Path) -> None:
    async with opened(stored_capture, LARGE, Privacy()) as (app, pilot):
        await press(pilot, "4")
        assert "Doe" not in screen_text(app)
        assert "withheld; P shows it" in screen_text(app)
        await press(pilot, "P")
        assert "Doe^Jane, PAT-03" in screen_text(app)
        await press(pilot, "P")
        assert "Doe" not in screen_text(app)


async def test_a_capture_without_objects_says_so(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        await press(pilot, "4", "down", "enter")
        assert "no object was sent by C-STORE" in screen_text(app)


async def test_whose_all_objects_in_sight_are_is_read_however_they_came_in_sight(tmp_path: Path) -> None:
    """Rows are listed before it is known how many there is room for, and a wheel moves no cursor."""
    path = tmp_path / "many.pcap"
    path.write_bytes(build.pcap(build.frames(build.stores(40).packets)))
    async with opened(path, SMALL) as (app, pilot):
        await press(pilot, "4")
        view = app.workspace.views["objects"]
        assert isinstance(view, Objects)
        first = view.list.in_sight
        assert len(first) > 5
        assert all(map(view.patients.of, first))
        view.list.scroll_to(y=25, animate=False)
        await settle(pilot)
        assert view.list.in_sight != first
        assert all(map(view.patients.of, view.list.in_sight))


async def test_of_an_object_whose_details_cannot_be_had_its_row_is_what_is_known(
    stored_capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(stored_capture, LARGE) as (app, pilot):
        await press(pilot, "4", "home")
        view = app.workspace.current
        said = {row.name: row.value for row in view.explained.rows}
        assert said["status"] == "Failure 0xA700 (Refused: Out of Resources)"
        assert said["comment"] == "disk full"
        view._known = None
        monkeypatch.setattr(app.session.reopening, "shown", lambda _: None)
        app.session.tell(Change.PRIVACY)
        less = {row.name: row.value for row in view.explained.rows}
        assert less["status"] == "A700"
        assert (less["SOP instance"], less["size"]) == (said["SOP instance"], said["size"])
        assert not {"comment", "time", "error"} & less.keys()
        assert view.object is None
