"""What `e` and `x` write: files of what is selected, none over another one."""

import json
from pathlib import Path

import pydicom
import pytest

from dicomsniff.library import Capture
from dicomsniff.tui import saving
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.path_prompt import PathPrompt, obstacle
from tui.screens import LARGE, SMALL, every_size, notices, opened, press, screen_text, settle
from unmarked import KEPT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to write to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@every_size
async def test_the_selected_association_is_exported_and_what_was_there_is_kept(
    samples: Path, here: Path, size: tuple[int, int]
) -> None:
    path = samples.resolve() / "association-rejected.pcap"
    (here / "association-3.json").write_text("mine")
    async with opened(path, size) as (app, pilot):
        await press(pilot, "down", "down", "e", "enter")
        assert app.screen.input.value == "association-3-2.json"
        await press(pilot, "enter")
        assert "written: association-3-2.json" in notices(app)
    written = json.loads((here / "association-3-2.json").read_text())
    assert [each["id"] for each in written["associations"]] == [3]
    assert (here / "association-3.json").read_text() == "mine"


@pytest.mark.parametrize("form", [each.what for each in saving.formats()])
def test_each_format_is_written(samples: Path, here: Path, form: str) -> None:
    with Capture(str(samples.resolve() / "c-move.pcap")) as capture:
        list(capture.updates())
        name = saving.export_name(2, form)
        path = here / saving.export(capture, 2, form, KEPT, name).partition(":")[0]
        assert path.stat().st_size > 100
        assert saving.export_name(2, form) != name


async def test_packets_of_the_association_are_written_without_its_patient(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-move.pcap", LARGE) as (app, pilot):
        await press(pilot, "1", "down", "P", "e", "end", "enter", "enter")
        assert "written: association-2.pcapng: " in notices(app)
    with Capture(str(here / "association-2.pcapng")) as capture, Capture(str(samples / "c-move.pcap")) as before:
        (association,) = capture.associations
        assert association.requestor.ae_title == before.associations[1].requestor.ae_title
        sent = [
            {str(each.dataset(message).PatientID) for message in one.messages if message.data_set is not None}
            for each, one in ((capture, association), (before, before.associations[1]))
        ]
        assert sent[1]
        assert sent[0].isdisjoint(sent[1])


async def test_the_object_of_the_selected_c_store_is_extracted(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-store.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "down", "down", "x", "enter", "enter")
        assert "1 object extracted" in notices(app)
    (file,) = here.glob("association-1-message-*/*.dcm")
    assert pydicom.dcmread(file).SOPInstanceUID == file.stem


async def test_the_object_under_the_cursor_is_extracted_though_another_entry_is_selected(
    samples: Path, here: Path
) -> None:
    async with opened(samples.resolve() / "c-store.pcap", SMALL) as (app, pilot):
        await press(pilot, "4", "x", "enter", "enter")
        assert "1 object extracted" in notices(app)


async def test_an_entry_without_an_object_says_so(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "x")
        assert "no object belongs to this entry" in notices(app)
    assert not list(here.iterdir())


def test_objects_are_de_identified_where_that_is_chosen(samples: Path, here: Path) -> None:
    with Capture(str(samples.resolve() / "c-store.pcap")) as capture:
        list(capture.updates())
        message = next(each.number for each in capture.analyzer.associations[0].messages if each.name == "C-STORE-RQ")
        saving.extract(capture, 1, message, saving.AS_SENT, KEPT, "1")
        saving.extract(capture, 1, message, saving.DE_IDENTIFIED, KEPT, "2")
    plain, hidden = (pydicom.dcmread(next(each.glob("*.dcm"))) for each in sorted(here.iterdir()))
    assert plain.PatientName != hidden.PatientName


@every_size
async def test_another_name_is_typed_and_a_file_is_written_over_when_that_is_said_twice(
    samples: Path, here: Path, size: tuple[int, int]
) -> None:
    (here / "mine.txt").write_text("mine")
    async with opened(samples.resolve() / "c-echo.pcap", size) as (app, pilot):
        await press(pilot, "e", "down", "enter", "ctrl+u", *"mine.txt", "enter")
        assert "it is there already: Enter again writes over it" in screen_text(app)
        assert (here / "mine.txt").read_text() == "mine"
        await press(pilot, *"0", "backspace")
        await press(pilot, "enter")
        assert isinstance(app.screen, PathPrompt), "another name was typed meanwhile: it is told again"
        await press(pilot, "enter")
        assert not isinstance(app.screen, PathPrompt)
        await settle(pilot)
        assert "written: mine.txt" in notices(app)
    assert (here / "mine.txt").read_text() != "mine"


async def test_escape_writes_nothing(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "e", "enter", "escape", "e", "escape")
        assert not isinstance(app.screen, Dialog)
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("path", "to_directory", "says"),
    [
        ("", False, "name a file"),
        ("-", True, "name a directory"),
        ("new", False, None),
        ("new", True, None),
        ("file", False, "Enter again writes over it"),
        ("file", True, "that is no directory"),
        ("full", False, "that is a directory"),
        ("full", True, "it holds files: Enter again writes to it"),
        ("empty", True, None),
        ("/dev/null", False, "that is no file"),
    ],
)
def test_what_stands_in_the_way_is_told(here: Path, path: str, to_directory: bool, says: str | None) -> None:
    (here / "file").write_text("")
    (here / "empty").mkdir()
    (here / "full").mkdir()
    (here / "full" / "file").write_text("")
    found = obstacle(path, to_directory=to_directory)
    assert (found is None) if says is None else (found is not None and says in found.says)
    assert found is None or found.yields is ("Enter again" in found.says)
