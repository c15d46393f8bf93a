"""The view of findings: what was on the wire around each, and how much room the list takes."""

from pathlib import Path

from dicomsniff.tui.session import Change
from tui.screens import LARGE, SMALL, opened, press, screen_text


async def test_what_a_finding_is_about_is_shown_with_what_was_around_it(stored_capture: Path) -> None:
    async with opened(stored_capture, LARGE, touched=False) as (app, pilot):
        assert app.session.view == "findings"
        shown = screen_text(app)
        assert "In the exchange" in shown
        assert "◀─ C-STORE-RSP 2  Failure 0xA700" in shown
        await press(pilot, "tab")
        rows = app.workspace.current.pane
        place = next(at for at, (row, _, _) in enumerate(rows._lines) if "C-STORE-RQ 3" in rows.rows[row].value)
        rows.move_to(place, by_user=True)
        await press(pilot, "enter")
        assert app.session.view == "exchange"
        assert app.session.entry.event.command.message_id == 3


async def test_the_list_of_findings_takes_no_more_room_than_it_needs(samples: Path) -> None:
    async with opened(samples / "c-move-destination-refuses.pcap", SMALL, touched=False) as (app, pilot):
        view = app.workspace.current
        first, second = view.order
        assert first.size.height == first.count + 1
        assert second.size.height > first.size.height
        await press(pilot, "plus")
        assert first.size.height > first.count + 1, "who moves the split has it as they like"


async def test_what_is_known_of_its_place_is_said_and_fills_the_screen(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", LARGE, touched=False) as (app, pilot):
        view = app.workspace.current
        said = {row.name: row.value for row in view.meaning.rows}
        assert list(said)[:2] == ["error", "what to do"]
        assert said["demands"] == "A-ASSOCIATE-RJ says who rejects, why, and whether for good."
        assert said["packet"] == "6"
        assert "in all" in said.values()
        assert view.meaning.count >= view.meaning.size.height - 2
        await press(pilot, "home")
        seen = next(row.value for row in view.meaning.rows if row.name == "seen in")
        assert seen == "associations 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"


async def test_of_one_about_an_association_that_is_not_selected_its_place_is_known_too(mixed_capture: Path) -> None:
    async with opened(mixed_capture, LARGE) as (app, pilot):
        app.session.select(app.session.listing.find(1))
        await press(pilot, "6")
        view = app.workspace.current
        assert view.list.selected.first.association == 2
        assert app.session.association.id == 1
        assert "In the exchange" in screen_text(app)
        before = view.meaning.rows
        view.meaning.move_to(7)
        app.session.tell(Change.LISTING)
        await pilot.pause()
        assert (view.meaning.cursor, view.meaning.rows) == (7, before), "what is read on does not take anybody away"
