"""Captures with deflated data sets that once hung the export, or filled the memory."""

import io
import json
from pathlib import Path

import pytest

import bombs
from data_sets import DEFLATED, deflate, short
from dicomsniff.export.lines import JsonLines
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import write_view
from dicomsniff.library import Capture
from unmarked import ASKED

HOSTILE = Path(__file__).parents[1] / "hostile"


def transcript(path: Path) -> dict:
    out = io.StringIO()
    with Capture(str(path), collect=True) as capture:
        write_view(Transcript, capture, out, ASKED)
    return json.loads(out.getvalue())


def data_sets(said: dict) -> list[dict]:
    return [each["data_set"] for part in said["associations"] for each in part["messages"] if each["data_set"]]


def test_a_pad_byte_behind_a_deflate_stream_does_not_keep_the_export():
    said = data_sets(transcript(HOSTILE / "hang-export-deflated.pcap"))
    assert said
    assert all(each["elements"] and "problem" not in each for each in said)


def test_bytes_behind_a_deflate_stream_that_ends_early_do_not_keep_the_export():
    (said,) = data_sets(transcript(HOSTILE / "hang-dataset-deflated.pcap"))
    assert len(said["elements"]) == 28
    assert said["problem"] == (
        "(7FE0,0010) Pixel Data at byte 526 (262144 bytes) extends 169165 bytes past the end of the data set; "
        "2418 bytes follow the deflate stream"
    )


def test_a_data_set_that_inflates_to_millions_of_elements_is_listed_in_part_and_says_so():
    (said,) = data_sets(transcript(HOSTILE / "oom-deflate-27KB-to-1GB.pcap"))
    assert "on it is not looked at" in said["problem"]


@pytest.mark.parametrize("wbits", [15, 31])
def test_a_deflate_stream_in_another_format_is_decoded_and_said_to_be(tmp_path, wbits):
    path = tmp_path / "wrapped.pcap"
    path.write_bytes(bombs.capture([deflate(bombs.UID + short(0x00100020, "LO", b"12"), wbits=wbits)], DEFLATED))
    (said,) = data_sets(transcript(path))
    assert said["elements"]["00100020"] == {"vr": "LO", "Value": ["12"]}
    assert "which it must not be" in said["problem"]


def test_many_deflated_data_sets_are_written_as_lines(tmp_path):
    path = tmp_path / "many.pcap"
    bomb = deflate(bombs.BOMBS["empty items"][1](16_000))
    path.write_bytes(bombs.capture([bomb] * 50, DEFLATED))
    out = io.StringIO()
    with Capture(str(path), collect=True) as capture:
        write_view(JsonLines, capture, out, ASKED)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert sum(each["kind"] == "message" for each in said) == 50
    assert len(out.getvalue()) < 500_000
