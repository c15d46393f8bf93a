"""Transcripts: one golden file per sample, and the promises of the schema."""

import hashlib
import io
import json
from pathlib import Path

import pytest

from dicomsniff.export.lines import JsonLines
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import write_view
from dicomsniff.library import Capture
from unmarked import ASKED

ROOT = Path(__file__).parent.parent.parent
CAPTURES = sorted(path for path in (ROOT / "samples").iterdir() if path.suffix in (".pcap", ".pcapng"))
GOLDEN = ROOT / "tests" / "golden"


def transcript_of(path: Path) -> str:
    out = io.StringIO()
    with Capture(str(path), collect=True) as capture:
        write_view(Transcript, capture, out, ASKED)
    return out.getvalue()


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_the_transcript_of_a_sample_is_the_reviewed_one(path: Path, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{path.stem}.json"
    said = transcript_of(path)
    if request.config.getoption("--update-golden"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_transcript_has_the_keys_of_the_contract(path: Path) -> None:
    transcript = json.loads(transcript_of(path))
    assert list(transcript) == ["schema", "tool", "capture", "privacy", "associations", "verdict", "links", "findings"]
    assert transcript["schema"] == "dicomsniff.transcript/1"
    for association in transcript["associations"]:
        assert {
            "id", "start_time", "end_time", "requestor", "acceptor", "application_context_name", "outcome", "reject",
            "abort", "presentation_contexts", "messages", "pdu_counts", "operations",
            "findings",
        } <= set(association)  # fmt: skip
        assert association["outcome"] in ("released", "rejected", "aborted", "unfinished")
        numbers = [message["number"] for message in association["messages"]]
        assert numbers == list(range(1, len(numbers) + 1))
        for message in association["messages"]:
            assert {
                "time", "direction", "command", "presentation_context_id", "message_id", "status", "command_set",
                "message_id_being_responded_to", "affected_sop_class_uid", "affected_sop_instance_uid", "data_set",
                "requested_sop_class_uid", "requested_sop_instance_uid", "first_packet", "last_packet",
            } <= set(message)  # fmt: skip


def test_the_same_capture_gives_the_same_bytes_twice() -> None:
    path = ROOT / "samples" / "c-get-pending.pcap"
    assert transcript_of(path) == transcript_of(path)


def test_a_data_set_is_digested_as_sent(samples: Path) -> None:
    """The digest in the transcript is that of the bytes which rereading the capture gives."""
    path = samples / "c-store-multi-pdv.pcap"
    transcript = json.loads(transcript_of(path))
    with Capture(str(path)) as capture:
        for association, said in zip(capture.associations, transcript["associations"], strict=True):
            for message, wanted in zip(association.messages, said["messages"], strict=True):
                if wanted["data_set"] is not None:
                    content = capture.message_bytes(message).data_set
                    assert content is not None
                    content.seek(0)
                    data = content.read()
                    assert hashlib.sha256(data).hexdigest() == wanted["data_set"]["sha256"]
                    assert len(data) == wanted["data_set"]["length"]


def test_bulk_values_are_given_by_length_and_digest(samples: Path) -> None:
    transcript = json.loads(transcript_of(samples / "c-store.pcap"))
    pixels = transcript["associations"][0]["messages"][0]["data_set"]["elements"]["7FE00010"]
    assert pixels["vr"] == "OW"
    assert pixels["length"] == 32768
    assert len(pixels["sha256"]) == 64
    assert "InlineBinary" not in pixels


def test_lines_hold_the_same_messages_as_the_transcript(samples: Path) -> None:
    path = samples / "c-move.pcap"
    out = io.StringIO()
    with Capture(str(path), collect=True) as capture:
        write_view(JsonLines, capture, out, ASKED)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[0]["kind"] == "transcript"
    messages = [line for line in lines if line["kind"] == "message"]
    transcript = json.loads(transcript_of(path))
    for association in transcript["associations"]:
        wanted = association["messages"]
        found = [message for message in messages if message["association"] == association["id"]]
        assert [{k: v for k, v in line.items() if k not in ("kind", "association")} for line in found] == wanted
