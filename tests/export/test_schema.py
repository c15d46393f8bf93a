"""Transcripts and comparisons are what their schemas say."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dicomsniff.commands import cli
from dicomsniff.comparing.difference import Kind, Weight
from dicomsniff.export.schemas import SCHEMAS, schema_text
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import open_capture
from dicomsniff.privacy.gate import Privacy

TESTS = Path(__file__).parent.parent
CAPTURES = sorted([*(TESTS.parent / "samples").glob("*.pcap*"), *TESTS.glob("**/captures/*.pcap*")])
PAIRS = sorted((TESTS.parent / "samples" / "pairs").glob("*-good.pcap"))
VALIDATOR = Draft202012Validator(json.loads(schema_text()))


def problems(transcript: object) -> list[str]:
    return [f"{'/'.join(map(str, each.path))}: {each.message}"[:300] for each in VALIDATOR.iter_errors(transcript)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one(name):
    Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.slow
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


def compared(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, Any]:
    assert cli.run(["diff", *map(str, args), "--format", "json"]) == 0
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    return read


@pytest.mark.parametrize("options", [[], ["--keep-phi"], ["--redact-uids", "--redact-network"]], ids=" ".join)
@pytest.mark.parametrize("good", PAIRS, ids=lambda path: path.stem)
def test_a_comparison_is_valid_and_has_no_key_that_is_not_described(good: Path, options, capsys):
    bad = good.with_name(good.name.replace("-good", "-bad"))
    said = compared(capsys, good, bad, *options)
    assert list(Draft202012Validator(closed(json.loads(schema_text("diff")))).iter_errors(said)) == []
    assert said["differences"]


def test_a_comparison_of_captures_without_anything_alike_is_valid(capsys):
    said = compared(capsys, TESTS.parent / "samples" / "c-echo.pcap", PAIRS[0])
    assert list(Draft202012Validator(json.loads(schema_text("diff"))).iter_errors(said)) == []


def closed(schema: Any) -> Any:
    """Return a schema that takes no key but those it describes."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(each) for key, each in schema.items()}
    return inner | {"additionalProperties": False} if schema.get("type") == "object" else inner


def test_the_schema_of_comparisons_names_every_kind_of_difference():
    told = json.loads(schema_text("diff"))["properties"]["differences"]["items"]["properties"]
    assert [kind.value for kind in Kind if f"`{kind}`" not in told["kind"]["description"]] == []
    assert told["weight"]["enum"] == [weight.name.lower() for weight in Weight]


def test_the_schema_of_comparisons_notices_what_scripts_would_stumble_over(capsys):
    good = compared(capsys, PAIRS[0], PAIRS[0].with_name(PAIRS[0].name.replace("-good", "-bad")))
    (first, *_) = good["differences"]
    validator = Draft202012Validator(json.loads(schema_text("diff")))
    for broken in (
        good | {"schema": "dicomsniff.diff/2"},
        good | {"cause": 1},
        good | {"compared": [{"good": None}]},
        good | {"differences": [first | {"weight": "great"}]},
        good | {"differences": [{key: value for key, value in first.items() if key != "about"}]},
    ):
        assert list(validator.iter_errors(broken))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_command_prints_it(name, capsys: pytest.CaptureFixture[str]):
    assert cli.run(["schema", name]) == 0
    assert capsys.readouterr().out == schema_text(name)


def test_the_command_prints_that_of_the_transcript_where_none_is_named(capsys: pytest.CaptureFixture[str]):
    assert cli.run(["schema"]) == 0
    assert capsys.readouterr().out == schema_text("transcript")
