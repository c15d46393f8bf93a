"""Every string of the model, poisoned: no view prints one that it has not escaped."""

from html import unescape
from pathlib import Path

import pytest

from dicomsniff.export import model_json
from dicomsniff.library import Capture
from dicomsniff.tui import detail
from dicomsniff.tui.guarded_app import GuardedApp
from poison.model import PoisonedCapture, poison_data_set
from poison.outputs import Recorder, assert_harmless, assert_printable, written
from tui.screens import opened, walk

SAMPLES = ["c-move-destination-refuses", "c-get-pending", "mpps", "c-find-cancel", "missing-segment"]
SAMPLES += ["mal-pdu-length-too-short", "association-rejected", "mal-data-before-command"]
KNOWN = {
    ("Party", "ae_title"),
    ("PresentationContext", "abstract_syntax"),
    ("UserInformation", "implementation_version_name"),
    ("Command", "affected_sop_class_uid"),
    ("Value", "text"),
    ("Move", "destination"),
    ("Workflow", "key"),
    ("Series", "called_ae_title"),
    ("Endpoint", "address"),
}


@pytest.fixture(autouse=True)
def _poisoned_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (model_json, detail):  # a data set is decoded when it is asked for
        decode = module.decode_data_set
        monkeypatch.setattr(module, "decode_data_set", lambda *args, of=decode: poison_data_set(of(*args)))


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_output_prints_a_string_of_the_model_as_it_is(samples: Path, sample: str) -> None:
    path = str(samples / f"{sample}.pcap")
    for view, said in written(lambda **options: PoisonedCapture(path, **options), (path,)):
        assert_harmless(view, said)
        shown = unescape(said)  # Markdown writes a backslash as a reference
        assert "\\x1b]0;title\\x07" in shown or "\\u001b]0;title\\u0007" in shown, view


def test_the_walk_finds_the_strings_there_are(samples: Path) -> None:
    found: set[tuple[str, str]] = set()
    for sample in SAMPLES:
        with PoisonedCapture(str(samples / f"{sample}.pcap")) as capture:
            assert capture.associations
            found |= capture.poisoner.fields
    assert found >= KNOWN


@pytest.mark.slow
def test_the_poison_stays_in_its_capture(samples: Path) -> None:
    path = samples / "c-move-destination-refuses.pcap"
    before = list(written(lambda **options: Capture(str(path), **options), (str(path),)))
    with PoisonedCapture(str(path)) as capture:
        assert capture.associations
    assert list(written(lambda **options: Capture(str(path), **options), (str(path),))) == before


@pytest.mark.slow
async def test_no_screen_shows_a_string_of_the_model_as_it_is(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, filters = Recorder(), GuardedApp.get_line_filters
    monkeypatch.setattr(GuardedApp, "get_line_filters", lambda app: [recorder, *filters(app)])
    async with opened(PoisonedCapture(str(samples / "mpps.pcap"))) as (app, pilot):
        assert await walk(app, pilot) > 0
        assert len(app.screen_stack) == 1, "every dialog was left"
    for text in recorder.texts:
        assert_printable("screen", text)
    assert any("\\x1b]0;title\\x07" in text for text in recorder.texts)
