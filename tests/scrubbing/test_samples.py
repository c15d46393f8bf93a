"""Every sample, scrubbed: the same exchange, the same findings, in this program and in tshark."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dicomsniff.commands.cli import run
from dicomsniff.privacy.gate import Privacy
from scrubbing.scrubbed import exchange, scrub, transcript

SAMPLES = Path(__file__).parents[2] / "samples"
CAPTURES = [*SAMPLES.glob("*.pcap*"), *(Path(__file__).parents[1] / "findings" / "captures").glob("*.pcap")]
BROKEN = ("tls", "mal-dataset", "mal-pdv-larger")
"""What is left out of a copy: data over TLS, and data sets whose structure is broken."""
FIELDS = """
    frame.number frame.time_epoch frame.len frame.cap_len ip.src ip.dst tcp.len tcp.seq tcp.analysis.flags
    dicom.pdu.type dicom.pdu.len dicom.assoc.ae.called dicom.assoc.ae.calling dicom.actx dicom.max_pdu_len
    dicom.pctx.id dicom.pctx.result dicom.pctx.abss.syntax dicom.pctx.xfer.syntax
    dicom.pdv.len dicom.pdv.ctx dicom.pdv.flags dicom.tag dicom.tag.vr dicom.tag.vl dicom.pdv.reassembled.length
""".split()  # noqa: SIM905  a list would be a page long

EXCHANGE = """
    frame.number frame.time_epoch frame.len tcp.len
    dicom.pdu.type dicom.pdu.len dicom.pdv.flags _ws.col.Info _ws.col.info
""".split()  # noqa: SIM905  as above
"""What says which messages there are, with their statuses: in a column whose name depends on tshark's version."""
GUESSED = ("mal-data-before-command", "missing-segment")
"""Where tshark has lost its place: how it names the next message hangs on bytes of a data set, which are others."""


def whole(path: Path) -> bool:
    return not path.name.startswith(BROKEN)


def in_clear(path: Path) -> bool:
    return not path.name.startswith("tls")


@pytest.mark.slow
@pytest.mark.parametrize("path", filter(whole, sorted(CAPTURES)), ids=lambda path: path.name)
def test_a_scrubbed_sample_is_the_same_exchange(path: Path, tmp_path: Path) -> None:
    scrub(path, tmp_path / path.name)
    assert exchange(tmp_path / path.name) == exchange(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("c-*.pcap")), ids=lambda path: path.name)
def test_with_all_withheld_it_is_the_same_but_for_names(path: Path, tmp_path: Path) -> None:
    scrub(path, tmp_path / path.name, Privacy(redact_uids=True, redact_network=True))
    before, after = transcript(path), transcript(tmp_path / path.name)
    for one, other in zip(before["associations"], after["associations"], strict=True):
        assert [each["command"] for each in one["messages"]] == [each["command"] for each in other["messages"]]
        assert [each["status"] for each in one["messages"]] == [each["status"] for each in other["messages"]]
        assert [each["code"] for each in one["findings"]] == [each["code"] for each in other["findings"]]
        assert one["requestor"]["address"] != other["requestor"]["address"]
        assert len(one["requestor"]["ae_title"]) == len(other["requestor"]["ae_title"])


def tshark(capture: Path, fields: list[str]) -> list[list[str]]:
    """What tshark reads of each packet."""
    options = [option for each in fields for option in ("-e", each)]
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-o", "dicom.tag_tree:TRUE", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", ["c-store", "c-find-worklist", "c-get-pending", "c-move", "mpps"])
def test_tshark_reads_the_same(name: str, tmp_path: Path) -> None:
    path, target = SAMPLES / f"{name}.pcap", tmp_path / "copy.pcapng"
    scrub(path, target)
    assert tshark(target, FIELDS) == tshark(path, FIELDS)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", filter(in_clear, sorted(SAMPLES.glob("*.pcap*"))), ids=lambda path: path.name)
def test_tshark_reads_the_same_pdus_and_messages_of_every_sample(path: Path, tmp_path: Path) -> None:
    scrub(path, tmp_path / "copy.pcapng")
    fields = EXCHANGE[:-2] if path.name.startswith(GUESSED) else EXCHANGE
    assert tshark(tmp_path / "copy.pcapng", fields) == tshark(path, fields)


def test_the_command_writes_a_copy_and_says_what_it_did(tmp_path: Path, capsys) -> None:
    target = tmp_path / "copy.pcapng"
    assert run(["scrub", str(SAMPLES / "c-store.pcap"), "-o", str(target)]) == 0
    assert "76 packets written" in capsys.readouterr().err
    assert target.stat().st_mode & 0o077 == 0
    assert run(["scrub", str(SAMPLES / "c-echo.pcap"), "-o", str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert run(["scrub", str(SAMPLES / "c-echo.pcap"), "-o", str(target), "--force"]) == 0
    assert len(transcript(target)["associations"][0]["messages"]) == 2


def test_several_captures_make_one_copy(tmp_path: Path, capsys) -> None:
    target = tmp_path / "copy.pcapng"
    assert run(["scrub", *(str(SAMPLES / f"{name}.pcap") for name in ("c-store", "c-echo")), "-o", str(target)]) == 0
    assert len(transcript(target)["associations"]) == 2


def test_a_capture_is_never_written_over_itself(tmp_path: Path, capsys) -> None:
    path = tmp_path / "capture.pcap"
    shutil.copy(SAMPLES / "c-echo.pcap", path)
    assert run(["scrub", str(path), "-o", str(path), "--force"]) == 2
    assert path.read_bytes() == (SAMPLES / "c-echo.pcap").read_bytes()


def test_what_could_be_read_of_a_capture_that_is_cut_off_is_written(tmp_path: Path, capsys) -> None:
    path, target = tmp_path / "cut.pcap", tmp_path / "copy.pcapng"
    path.write_bytes((SAMPLES / "c-echo.pcap").read_bytes()[:-7])
    assert run(["scrub", str(path), "-o", str(target)]) == 3
    assert exchange(target) == exchange(path)
    assert "what could be read is written" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--keep-phi"], []])
def test_what_cannot_be_done_is_refused(tmp_path: Path, option: list[str], capsys) -> None:
    source = str(SAMPLES / "c-echo.pcap") if option else str(tmp_path / "missing.pcap")
    assert run(["scrub", source, "-o", str(tmp_path / "copy.pcapng"), *option]) in (2, 3)
    assert not (tmp_path / "copy.pcapng").exists()
