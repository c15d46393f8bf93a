"""What `e` and `x` write: files of what is selected, none over another one."""

import json
from pathlib import Path

import pydicom
import pytest

from dicomsniff.library import Capture
from dicomsniff.tui import saving
from tui.screens import SMALL, every_size, notices, opened, press, settle
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
        await settle(pilot)
        assert "written: association-3-2.json" in notices(app)
    written = json.loads((here / "association-3-2.json").read_text())
    assert [each["id"] for each in written["associations"]] == [3]
    assert (here / "association-3.json").read_text() == "mine"


@pytest.mark.parametrize("form", [each.what for each in saving.formats()])
def test_each_format_is_written(samples: Path, here: Path, form: str) -> None:
    with Capture(str(samples.resolve() / "c-move.pcap")) as capture:
        list(capture.updates())
        path = here / saving.export(capture, 2, form, KEPT)
        assert path.stat().st_size > 100
        assert saving.export(capture, 2, form, KEPT) != path.name


async def test_the_object_of_the_selected_c_store_is_extracted(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-store.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "down", "down", "x", "enter")
        await settle(pilot)
        assert "1 object extracted" in notices(app)
    (file,) = here.glob("association-1-message-*/*.dcm")
    assert pydicom.dcmread(file).SOPInstanceUID == file.stem


async def test_an_entry_without_an_object_says_so(samples: Path, here: Path) -> None:
    async with opened(samples.resolve() / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "x")
        assert "no object belongs to this entry" in notices(app)
    assert not list(here.iterdir())


def test_objects_are_de_identified_where_that_is_chosen(samples: Path, here: Path) -> None:
    with Capture(str(samples.resolve() / "c-store.pcap")) as capture:
        list(capture.updates())
        message = next(each.number for each in capture.analyzer.associations[0].messages if each.name == "C-STORE-RQ")
        saving.extract(capture, 1, message, saving.AS_SENT, KEPT)
        saving.extract(capture, 1, message, saving.DE_IDENTIFIED, KEPT)
    plain, hidden = (pydicom.dcmread(next(each.glob("*.dcm"))) for each in sorted(here.iterdir()))
    assert plain.PatientName != hidden.PatientName
