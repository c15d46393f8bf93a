"""Transcripts are what their schema says."""

import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dicomsniff import cli
from dicomsniff.export.transcript import Transcript, schema_text
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import open_capture
from dicomsniff.privacy.gate import Privacy

TESTS = Path(__file__).parent.parent
CAPTURES = sorted([*(TESTS.parent / "samples").glob("*.pcap*"), *TESTS.glob("**/captures/*.pcap*")])
VALIDATOR = Draft202012Validator(json.loads(schema_text()))


def problems(transcript: object) -> list[str]:
    return [f"{'/'.join(map(str, each.path))}: {each.message}"[:300] for each in VALIDATOR.iter_errors(transcript)]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("privacy", [Privacy(), Privacy(keep_phi=True)], ids=["withheld", "kept"])
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_the_transcript_of_a_capture_is_valid(path: Path, privacy: Privacy):
    with open_capture(path, collect=True) as capture:
        write_view(Transcript, capture, out := io.StringIO(), Asked(privacy=privacy))
    assert problems(json.loads(out.getvalue())) == []


@pytest.mark.parametrize("path", sorted((TESTS / "golden").glob("*.json")), ids=lambda path: path.stem)
def test_a_reviewed_transcript_is_valid(path: Path):
    assert problems(json.loads(path.read_text("utf-8"))) == []


def test_the_schema_notices_what_scripts_would_stumble_over():
    good = json.loads((TESTS / "golden" / "c-echo.json").read_text("utf-8"))
    association = good["associations"][0]
    for broken in (
        good | {"schema": "dicomsniff.transcript/2"},
        good | {"associations": [association | {"outcome": "done"}]},
        good | {"associations": [{key: value for key, value in association.items() if key != "messages"}]},
        good | {"findings": [{"code": "x"}]},
    ):
        assert problems(broken)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]):
    assert cli.run(["schema"]) == 0
    assert capsys.readouterr().out == schema_text()
