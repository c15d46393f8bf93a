"""Who comes to a list of the whole capture and presses a key means what is under the cursor there."""

from pathlib import Path
from shlex import join

import pytest

from dicomsniff.dimse.message import Message
from dicomsniff.tui.app import DicomsniffApp
from tui.screens import SMALL, notices, opened, press, screen_text
from tui.test_copying import copied, offered


def go_elsewhere(app: DicomsniffApp, number: int) -> None:
    """Select the first entry of an association, while the cursor stays where it is."""
    app.session.select(app.session.listing.find(number))
    app.session.select_entry(app.session.entries[0])


def selected(app: DicomsniffApp) -> tuple[int, str, int]:
    """Return the association and the entry that are selected, by name and number."""
    event = app.session.entry.event
    return app.session.association.id, event.name, event.number if isinstance(event, Message) else 0


@pytest.mark.parametrize(("key", "sample", "number"), [("4", "c-move.pcap", 2), ("6", "association-rejected.pcap", 1)])
async def test_what_is_in_sight_is_exported(key: str, sample: str, number: int, samples: Path) -> None:
    async with opened(samples / sample, SMALL) as (app, pilot):
        other = next(each for each in app.session.listing.all if each.id != number)
        app.session.select(other)
        if key == "6":
            await press(pilot, key, "home", "down")
            app.session.select(other)
        await press(pilot, key, "e")
        assert f"Export association {app.session.association.id}" in screen_text(app)
        await press(pilot, "escape")
        row = app.workspace.current.list.selected
        about = row.association.id if key == "4" else row.first.association
        assert app.session.association.id == about


async def test_the_time_that_is_in_sight_is_meant(slow_capture: Path) -> None:
    async with opened(slow_capture, SMALL) as (app, pilot):
        await press(pilot, "5", "home")
        app.session.select(app.session.listing.all[0])
        app.workspace.current.list.cursor = 0
        await press(pilot, "e")
        assert "Export association 7" in screen_text(app)


async def test_from_an_object_that_nobody_has_selected_r_goes_to_what_asked_for_it(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "1", "home", "4", "r")
        assert app.session.association.id == 1
        assert app.session.entry.event.name == "C-MOVE-RQ"


async def test_of_another_entry_of_its_association_an_object_is_meant_all_the_same(samples: Path) -> None:
    async with opened(samples / "c-store.pcap", SMALL) as (app, pilot):
        await press(pilot, "1", "2", "home", "4")
        assert app.session.entry is app.session.entries[0]
        await press(pilot, "y")
        assert "association == 1 and message == 1" in offered(app)["command line"]
        await press(pilot, "escape")
        go_elsewhere(app, 1)
        await press(pilot, "e", "escape")
        assert selected(app) == (1, "C-STORE-RQ", 1)
        go_elsewhere(app, 1)
        await press(pilot, "o")
        assert selected(app) == (1, "C-STORE-RSP", 2)
        assert app.session.view == "exchange"
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "4", "home", "down", "up")
        go_elsewhere(app, 2)
        await press(pilot, "r")
        assert selected(app) == (1, "C-MOVE-RQ", 1)


async def test_of_another_entry_of_its_association_a_wait_is_meant_all_the_same(slow_capture: Path) -> None:
    async with opened(slow_capture, SMALL) as (app, pilot):
        await press(pilot, "5", "home")
        for key in ("y", "e", "r"):
            go_elsewhere(app, 7)
            await press(pilot, key)
            if key == "y":
                assert "association == 7 and message == 3" in await copied(pilot, "command line")
            elif key == "e":
                await press(pilot, "escape")
            else:
                assert "nothing that belongs together with this entry" in notices(app)
            assert selected(app) == (7, "C-ECHO-RQ", 3)
        go_elsewhere(app, 7)
        await press(pilot, "o")
        assert selected(app) == (7, "C-ECHO-RSP", 4)


async def test_of_a_wait_for_a_pdu_that_is_meant_and_of_time_in_which_nothing_was_no_entry(samples: Path) -> None:
    async with opened(samples / "c-store.pcap", SMALL) as (app, pilot):
        await press(pilot, "5", "home")
        waits = app.workspace.current.list
        meant = {}
        for place, row in enumerate(waits.rows):
            app.session.select_entry(app.session.order.find_message(app.session.shown.messages[-1]))
            waits.cursor = place
            await press(pilot, "e", "escape")
            meant[row.text] = app.session.entry.event.name if app.session.entry is not None else ""
        assert meant["acceptor thinking to answer A-ASSOCIATE-RQ"] == "A-ASSOCIATE-RQ"
        assert meant["A-RELEASE-RQ waiting for an answer"] == "A-RELEASE-RQ"
        waits.cursor = 0
        assert waits.selected.text.startswith("waiting for delayed acknowledgements")
        app.session.select_entry(app.session.order.find_message(app.session.shown.messages[-1]))
        await press(pilot, "o")
        assert app.session.view == "times"
        assert "what is selected here is no single entry" in notices(app)
        await press(pilot, "y")
        assert "message ==" not in offered(app)["command line"]


async def test_of_another_entry_of_its_association_a_finding_is_meant_all_the_same(samples: Path) -> None:
    async with opened(samples / "c-move-destination-refuses.pcap", SMALL) as (app, pilot):
        await press(pilot, "6", "home")
        for key in ("y", "e"):
            go_elsewhere(app, 1)
            await press(pilot, key)
            if key == "y":
                assert "association == 1 and message == 2" in offered(app)["command line"]
            await press(pilot, "escape")
            assert selected(app) == (1, "C-MOVE-RSP", 2)
        go_elsewhere(app, 1)
        await press(pilot, "o")
        assert selected(app) == (1, "C-MOVE-RQ", 1)
        await press(pilot, "6")
        go_elsewhere(app, 1)
        await press(pilot, "r")
        assert selected(app) == (2, "A-ASSOCIATE-RQ", 0)


async def test_a_finding_about_the_capture_as_a_whole_means_no_association(mixed_capture: Path) -> None:
    async with opened(mixed_capture, SMALL) as (app, pilot):
        await press(pilot, "6")
        rows = app.workspace.current.list
        rows.move_to(next(at for at, row in enumerate(rows.rows) if row.kind.code == "foreign-protocol"), by_user=True)
        assert rows.selected.first.association is None
        before = app.session.association, app.session.entry
        for key in ("o", "r", "e", "x", "enter"):
            await press(pilot, key)
            assert "this finding is about the capture as a whole" in notices(app)
            assert (app.session.view, app.session.association, app.session.entry) == ("findings", *before)
            app.clear_notifications()
        await press(pilot, "y")
        said = offered(app)
        assert "HTTP" in said["finding"]
        assert said["command line"] == join(["dicomsniff", str(mixed_capture)])
        assert "SOP Instance UID" not in said
        await press(pilot, "escape", "p")
        assert "no earlier error or warning" in notices(app)
        await press(pilot, "n")
        assert app.session.association.id == 2
        assert app.session.view == "exchange"


async def test_n_and_p_begin_at_the_finding_under_the_cursor(mixed_capture: Path) -> None:
    async with opened(mixed_capture, SMALL) as (app, pilot):
        await press(pilot, "6", "home")
        view = app.workspace.current
        place = next(at for at, row in enumerate(view.list.rows) if row.first.finding.severity.value == "error")
        view.list.move_to(place)
        for key in ("n", "p"):
            go_elsewhere(app, 1)
            app.session.show("findings")
            await press(pilot, key)
            assert selected(app) == (2, "C-STORE-RSP", 4)
            assert app.session.view == "exchange"
