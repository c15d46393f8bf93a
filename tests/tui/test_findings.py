"""The view of findings: what was on the wire around each, and how much room the list takes."""

from pathlib import Path

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
