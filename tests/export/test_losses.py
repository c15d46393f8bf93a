"""What the capturer lost is told in every view, and nobody is blamed for what may have been lost."""

import io
import json
from pathlib import Path

import pytest

import build
from dicomsniff.capture.losses import Losses
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import write_view
from dicomsniff.library import open_capture
from dicomsniff.sniffing import blocks
from dicomsniff.tui.session import Session
from dicomsniff.tui.status_line import status
from unmarked import GATE


def asked_in_vain(talk: build.Talk) -> list[build.Packet]:
    """Return an association whose requestor gives up after waiting for a response."""
    talk.open()
    talk.client(build.associate_rq(build.proposal(1)))
    talk.server(build.associate_ac(build.answer(1)))
    talk.client(build.message(1, build.echo_rq()))
    talk.wait(5_000_000_000)
    return talk.close().packets


ASKED_AND_NEVER_ANSWERED = asked_in_vain(build.Talk())
LATER = asked_in_vain(build.Talk(("10.8.0.1", 4000), start=build.START + 10**10))


def captured(path: Path, *parts: "list[build.Packet] | tuple[int, int]") -> str:
    """Write packets as pcapng; between them what was lost by then, by the kernel and the interface."""
    data = [blocks.section_header("tests"), blocks.interface_description("eth9", 1, 65535, nanoseconds=True)]
    for part in parts:
        if isinstance(part, tuple):
            data.append(blocks.statistics(0, build.START, build.START, 100, *part))
        else:
            data += [blocks.packet(0, each.time, build.frame(each), len(build.frame(each))) for each in part]
    path.write_bytes(b"".join(data))
    return str(path)


def told(path: str, command: str, form: str) -> str:
    with open_capture(path) as capture:
        write_view(find_view(command, form), capture, out := io.StringIO())
    return out.getvalue()


def codes(path: str) -> list[list[str]]:
    with open_capture(path) as capture:
        return [[finding.code for finding in capture.findings_of(each)] for each in capture.associations]


def test_nobody_is_blamed_for_what_may_have_been_lost(tmp_path: Path) -> None:
    whole = captured(tmp_path / "whole", ASKED_AND_NEVER_ANSWERED)
    assert any("unanswered" in code or "silent" in code for code in codes(whole)[0])
    lossy = captured(tmp_path / "lossy", ASKED_AND_NEVER_ANSWERED[:-3], (7, 0), ASKED_AND_NEVER_ANSWERED[-3:])
    assert codes(lossy) == [[]]


def test_what_was_over_before_is_judged_as_ever(tmp_path: Path) -> None:
    path = captured(tmp_path / "lossy", (0, 0), ASKED_AND_NEVER_ANSWERED, LATER, (7, 0))
    before = captured(tmp_path / "whole", ASKED_AND_NEVER_ANSWERED, LATER)
    assert codes(path)[0] == codes(before)[0]


@pytest.mark.parametrize(("command", "form"), [("show", "text"), ("check", "text"), ("live", "text")])
def test_text_says_how_many_were_lost_and_by_whom(tmp_path: Path, command: str, form: str) -> None:
    path = captured(tmp_path / "lossy", ASKED_AND_NEVER_ANSWERED, (7, 0), LATER, (1000, 5))
    said = told(path, command, form)
    assert "the capturer lost 1005 packets (1,000 by the kernel, 5 by the interface)" in said
    assert "packets-lost" in said


def test_transcripts_count_them(tmp_path: Path) -> None:
    path = captured(tmp_path / "lossy", ASKED_AND_NEVER_ANSWERED, (7, 2))
    transcript = json.loads(told(path, "export", "json"))
    assert (transcript["capture"]["dropped"], transcript["capture"]["dropped_by"]) == (9, {"kernel": 7, "interface": 2})
    assert [finding["code"] for finding in transcript["findings"]] == ["packets-lost"]
    lines = [json.loads(line) for line in told(path, "export", "jsonl").splitlines()]
    assert {"kind": "lost", "packets": 9, "kernel": 7, "interface": 2, "spool": 0, "away": 0.0} in lines


def test_the_status_line_tells_it_while_reading(tmp_path: Path) -> None:
    with open_capture(captured(tmp_path / "lossy", ASKED_AND_NEVER_ANSWERED, (7, 0))) as capture:
        list(capture.updates())
        text = status(Session(capture, GATE), 80).text
    assert "7 packets lost" in text.plain


def test_files_of_one_ring_buffer_tell_of_the_same_losses(tmp_path: Path) -> None:
    first = captured(tmp_path / "1", ASKED_AND_NEVER_ANSWERED, (7, 0))
    second = captured(tmp_path / "2", LATER, (9, 0))
    with open_capture(first, second) as capture:
        assert capture.associations
        assert capture.losses == Losses(kernel=9)


def test_snoop_counts_them_in_every_record(tmp_path: Path) -> None:
    data = bytearray(build.snoop(build.frames(ASKED_AND_NEVER_ANSWERED)))
    (tmp_path / "snoop").write_bytes(data)
    length = int.from_bytes(data[24:28], "big")
    last = 16
    while last + length < len(data):
        last += length
        length = int.from_bytes(data[last + 8 : last + 12], "big")
    data[last + 12 : last + 16] = (3).to_bytes(4, "big")
    (tmp_path / "lossy").write_bytes(data)
    with open_capture(str(tmp_path / "lossy")) as capture:
        assert capture.associations
        assert capture.losses == Losses(kernel=3)


def test_a_statistics_block_of_no_loss_changes_nothing(tmp_path: Path) -> None:
    with open_capture(captured(tmp_path / "whole", ASKED_AND_NEVER_ANSWERED, (0, 0))) as capture:
        assert capture.associations[0].lost_until == 0
        assert not capture.analyzer.findings


def test_a_time_without_an_interface_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gap"
    captured(path, ASKED_AND_NEVER_ANSWERED[:-3])
    with path.open("ab") as file:
        file.write(blocks.statistics(0, build.START, build.START, 0, 0, 0, away=2.125))
        for each in ASKED_AND_NEVER_ANSWERED[-3:]:
            file.write(blocks.packet(0, each.time, build.frame(each), len(build.frame(each))))
    assert codes(str(path)) == [[]]
    assert "the capturer lost what came in 2.1 s while an interface was away" in told(str(path), "show", "text")
