"""What `diff` prints: the cause first, values through the gate, and what is wrong with a call or a capture."""

import json
from pathlib import Path

import pytest

from build import (
    Talk,
    abort,
    answer,
    associate_ac,
    associate_rq,
    frames,
    message,
    pcap,
    pixels,
    proposal,
    store_rq,
    store_rsp,
)
from dicomsniff.commands.cli import run
from dicomsniff.export.diff import SCHEMA
from findings.traffic import CT


@pytest.fixture
def diff(capsys):
    """Call the command; return its exit status, its output and what it says on standard error."""

    def call(*args: object) -> tuple[int, str, str]:
        status = run(["diff", *map(str, args)])
        return (status, *capsys.readouterr())

    return call


def pair(samples: Path, name: str) -> tuple[Path, Path]:
    return samples / f"pairs/{name}-good.pcap", samples / f"pairs/{name}-bad.pcap"


def test_text_names_the_cause_then_both_sides_then_the_rest(diff, samples):
    status, out, _ = diff(*pair(samples, "nul-padded-title"))
    assert status == 0
    assert out.splitlines() == [
        'likely cause: called AE title "ARCHIVE": padded with NUL in BAD; padded with spaces in GOOD',
        "GOOD capture-1.pcap, association 1: MODALITY (127.0.0.1:37953) -> ARCHIVE (127.0.0.1:11112): "
        "released: 1 C-ECHO, Success",
        "BAD  capture-2.pcap, association 1: MODALITY (127.0.0.1:38131) -> ARCHIVE (127.0.0.1:11112): "
        "aborted by the acceptor: "
        "MODALITY (127.0.0.1:38131) pads the called AE title ARCHIVE with NUL, not with spaces",
        "decisive:",
        '  calling AE title "MODALITY": padded with NUL in BAD; padded with spaces in GOOD',
        "  answer to A-ASSOCIATE-RQ: none in BAD; accepted in GOOD",
        "  C-ECHO of Verification SOP Class: none in BAD; 1 request in GOOD",
        "  end of the association: aborted by the acceptor (application) in BAD; released in GOOD",
    ]


def test_json_has_every_difference_with_its_place(diff, samples):
    _, out, _ = diff(*pair(samples, "slow-disk"), "--format", "json")
    said = json.loads(out)
    assert said["schema"] == SCHEMA
    assert said["cause"].startswith("most telling: time to answer C-STORE: 353 ms")
    assert said["compared"][0]["bad"]["verdict"].startswith("released: 3 C-STORE, all Success")
    assert said["differences"] == [
        {
            "kind": "latency",
            "weight": "telling",
            "about": "time to answer C-STORE",
            "good": "1.78 ms (median of 3)",
            "bad": "353 ms (median of 3)",
            "good_association": 1,
            "bad_association": 1,
            "good_message": 2,
            "bad_message": 4,
        }
    ]


def test_the_name_of_the_file_says_the_format(diff, samples, tmp_path):
    diff(*pair(samples, "slow-disk"), "-o", tmp_path / "said.json")
    assert json.loads((tmp_path / "said.json").read_text())["schema"] == SCHEMA


def test_names_of_the_network_are_withheld_where_asked_for(diff, samples):
    _, out, _ = diff(*pair(samples, "nul-padded-title"), "--redact-network", "--format", "json")
    assert "ARCHIVE" not in out
    assert "127.0.0.1" not in out
    assert json.loads(out)["differences"][0]["about"] == 'called AE title "AE-1"'


def test_a_comment_that_names_a_patient_is_withheld(diff, tmp_path):
    paths = []
    for status in (0, 0xA700):
        talk = Talk().open()
        talk.client(associate_rq(proposal(3, CT)))
        talk.server(associate_ac(answer(3)))
        talk.client(message(3, store_rq(), pixels(20)))
        talk.server(message(3, store_rsp(1, status, comment="no room for Doe^Jane")))
        talk.client(abort())
        paths.append(tmp_path / f"{status}.pcap")
        paths[-1].write_bytes(pcap(frames(talk.packets)))
    said = diff(*paths)[1]
    assert said.startswith("likely cause: status of C-STORE of CT Image Storage: Failure 0xA700")
    assert "no room for" in said
    assert "Doe" not in said
    assert "Doe^Jane" in diff(*paths, "--keep-phi")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-", "-"), "standard input can be read once only: name a file for one of the two"),
        (("c-echo.pcap", "c-echo.pcap#2"), "c-echo.pcap: there is no association 2; it holds 1 association"),
        (("c-echo.pcap", "c-echo.pcap", "--filter", "command == C-STORE"), "c-echo.pcap: none is chosen; it holds 1"),
        (("c-echo.pcap",), "Missing argument 'BAD'"),
        (("c-echo.pcap", "c-echo.pcap", "-o", "x.csv"), "diff writes text, json"),
    ],
)
def test_a_call_that_cannot_work_is_explained(diff, samples, monkeypatch, arguments, said):
    monkeypatch.chdir(samples)
    status, out, error = diff(*arguments)
    assert (status, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


def test_what_could_be_read_of_a_capture_that_is_cut_off_is_compared(diff, samples, tmp_path):
    whole = samples / "c-store.pcap"
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole.read_bytes()[:40_000])
    status, out, error = diff(whole, cut)
    assert status == 3
    assert out.startswith("likely cause: in BAD only: the capture ends within C-STORE-RQ 1\n")
    assert "the capture is cut off" in error


def test_a_filter_chooses_which_associations_are_compared(diff, samples):
    moves = samples / "c-move.pcap", samples / "c-move-destination-refuses.pcap"
    _, out, _ = diff(*moves, "--filter", "command == C-MOVE")
    assert out.startswith("likely cause: in BAD only: C-MOVE to DEST: DEST rejected the SCP's association 2")
    assert not [line for line in out.splitlines() if line.strip().startswith("association 2")]
