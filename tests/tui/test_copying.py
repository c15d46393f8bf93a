"""What `y` copies, and how a row that is cut is seen whole."""

import shlex
from pathlib import Path

import pytest
from textual.widgets import Static

from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.menu import Menu
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.value_view import ValueView
from dicomsniff.tui.views.registry import VIEWS
from tui.screens import SMALL, every_size, exchange, opened, overview, press


def offered(app: object) -> dict[str, str]:
    assert isinstance(app.screen, Menu)
    return {choice.what: choice.says for choice in app.screen.rows.rows}


async def copied(pilot: object, what: str) -> str:
    """Choose from the menu; return what is in the clipboard then."""
    place = list(offered(pilot.app)).index(what)
    await press(pilot, *(["down"] * place), "enter")
    return pilot.app.clipboard


@every_size
async def test_of_an_association_its_row_is_copied_and_the_command_that_opens_it(
    samples: Path, size: tuple[int, int]
) -> None:
    path = samples / "association-rejected.pcap"
    async with opened(path, size) as (app, pilot):
        await press(pilot, "down", "y", "enter")
        assert app.clipboard.split("\t")[0] == "2"
        await press(pilot, "y")
        command = await copied(pilot, "command line")
        assert shlex.split(command) == ["dicomsniff", str(path.resolve()), "--filter", "association == 2"]


async def test_the_command_line_opens_at_the_selected_message(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (_, pilot):
        await press(pilot, "2", "down", "down", "down", "y")
        assert "association == 1 and message == " in await copied(pilot, "command line")


async def test_of_a_field_its_value_is_copied_first_and_whole(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "down", "down", "enter")
        fields = exchange(app).fields
        while "Affected SOP Class UID" not in fields.selected.name:
            await press(pilot, "down")
        await press(pilot, "y", "enter")
        assert app.clipboard == fields.selected.value
        assert app.clipboard


async def test_of_a_response_the_instance_of_its_request_is_copied(samples: Path) -> None:
    async with opened(samples / "c-store.pcap", SMALL) as (_, pilot):
        await press(pilot, "2", "down", "down", "down", "y")
        assert (await copied(pilot, "SOP Instance UID")).startswith("1.")


async def test_what_is_withheld_is_not_copied(tmp_path: Path, samples: Path) -> None:
    path = tmp_path / "doe-john-mri.pcap"
    path.write_bytes((samples / "c-store.pcap").read_bytes())
    async with opened(path, SMALL, Privacy()) as (app, pilot):
        await press(pilot, "y")
        assert "doe-john" not in "\n".join(offered(app).values())
        assert shlex.split(offered(app)["command line, P names the file"])[:2] == ["dicomsniff", "CAPTURE"]
        await press(pilot, "escape", "P", "y")
        assert "doe-john" in offered(app)["command line"]


async def test_escape_copies_nothing(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "y", "escape")
        assert not app.clipboard
        assert app.focused is overview(app).table


@pytest.mark.parametrize("view", [kind.key for kind in VIEWS])
async def test_every_row_that_is_cut_somewhere_is_seen_whole_with_one_key(samples: Path, view: str) -> None:
    async with opened(samples / "contexts-all-refused.pcap", SMALL) as (app, pilot):
        await press(pilot, view)
        panes = app.workspace.views[app.session.view].order
        for _ in panes:
            pane = app.focused
            assert isinstance(pane, RowList)
            for row in range(min(pane.count, 4)):
                pane.move_to(row, by_user=True)
                await press(pilot, "w")
                assert isinstance(app.screen, ValueView)
                seen = "\n".join(each.content.plain for each in app.screen.query(Static))
                assert all(part.says in seen for part in pane.parts(row))
                await press(pilot, "escape")
            await press(pilot, "tab")
