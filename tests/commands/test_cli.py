"""The command line as a user meets it: output, exit status, one line for every mistake."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from build import START, Talk, associate_ac, associate_rq, frames, pcap, release_rp, release_rq
from calls import called
from dicomsniff import __version__
from dicomsniff.capture.loops import ARE_COMPILED

PROGRAM = [sys.executable, "-m", "dicomsniff"]


def run(*args: str, stdin: bytes = b"", **env: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*PROGRAM, *args], input=stdin, capture_output=True, timeout=60, check=False, env=os.environ | env
    )


def test_version_says_name_and_number() -> None:
    done = called("--version")
    assert done.returncode == 0
    assert done.stdout == f"dicomsniff {__version__}, {'with' if ARE_COMPILED else 'without'} compiled loops\n"


def test_a_capture_alone_is_shown_where_there_is_no_terminal(samples: Path) -> None:
    done = called(samples / "c-echo.pcap")
    assert done.returncode == 0
    assert done.stdout == called("show", samples / "c-echo.pcap").stdout
    assert "released: 1 C-ECHO, Success" in done.stdout
    assert "\x1b[" not in done.stdout


def test_options_may_stand_before_the_capture_that_is_opened(samples: Path) -> None:
    done = called("--port", "104", samples / "c-echo.pcap")
    assert done.returncode == 0
    assert "released: 1 C-ECHO, Success" in done.stdout


def test_standard_input_is_a_capture_too(samples: Path) -> None:
    content = (samples / "c-echo.pcap").read_bytes()
    from_pipe = run("show", "-", stdin=content).stdout.decode()
    assert "released: 1 C-ECHO, Success" in from_pipe
    assert run("show", "-", stdin=gzip.compress(content)).stdout.decode() == from_pipe


def test_export_writes_a_transcript_to_a_file(samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.json"
    done = called("export", samples / "c-store.pcap", "--format", "json", "-o", out)
    assert done.returncode == 0
    assert done.stdout == ""
    assert json.loads(out.read_text())["associations"][0]["outcome"] == "released"


def test_export_lines_are_json_each(samples: Path) -> None:
    lines = called("export", samples / "c-find-cancel.pcap", "--format", "jsonl").stdout.splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[0] == "transcript"
    assert {"message", "event", "association"} <= set(kinds)


def test_a_cut_off_capture_is_shown_as_far_as_it_goes(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes((samples / "c-store.pcap").read_bytes()[:30_000])
    done = called("show", path)
    assert done.returncode == 3
    assert "C-STORE-RQ 1" in done.stdout
    assert "cut off" in done.stderr
    assert json.loads(called("export", path).stdout)["capture"]["truncated"] is True


def test_an_empty_capture_is_a_capture_without_packets(tmp_path: Path, samples: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes((samples / "c-echo.pcap").read_bytes()[:24])
    done = called("show", path)
    assert done.returncode == 0
    assert done.stdout == "capture-1.pcap: 0 packets, 0 TCP connections, 0 associations\n"


def test_a_closed_pipe_ends_the_program_quietly(samples: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "export", str(samples / "c-get-pending.pcap")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert error == b""


def test_what_comes_through_a_pipe_is_printed_as_associations_end(samples: Path) -> None:
    show = subprocess.Popen([*PROGRAM, "show", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert show.stdin is not None
    assert show.stdout is not None
    minute = 60_000_000_000
    for number in range(3):
        talk = Talk(client=("10.0.0.1", 4711 + number), start=START + number * minute).open()
        talk.client(associate_rq())
        talk.server(associate_ac())
        talk.client(release_rq())
        talk.server(release_rp())
        show.stdin.write(pcap(frames(talk.close().packets))[24 * (number > 0) :])
        show.stdin.flush()
        if number:  # the one before it is over for sure; nobody waits for more
            while not show.stdout.readline().startswith(f"association {number}:".encode()):
                assert show.poll() is None
    show.stdin.close()
    assert b"3 associations" in show.stdout.read()
    show.stdout.close()
    assert show.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("command", [["live", "--format", "text"], ["show", "--follow"]], ids=" ".join)
def test_the_files_of_a_ring_buffer_are_followed_as_they_come(
    command: list[str], samples: Path, tmp_path: Path
) -> None:
    shutil.copy(samples / "c-echo.pcap", tmp_path / "ring_1.pcap")
    follow = subprocess.Popen([*PROGRAM, *command, str(tmp_path)], stdout=subprocess.PIPE)
    assert follow.stdout is not None
    for name in ("ring_2.pcap", None):
        while b"A-RELEASE-RP" not in follow.stdout.readline():
            assert follow.poll() is None
        if name is not None:
            shutil.copy(samples / "c-find-orthanc.pcap", tmp_path / name)
    follow.send_signal(signal.SIGINT)
    assert b"associations" in follow.stdout.read()
    follow.stdout.close()
    assert follow.wait(60) == 0


def test_a_port_is_read_as_dicom_where_told_so(tmp_path: Path) -> None:
    talk = Talk(server=("10.0.0.2", 4567)).open()
    talk.client(b"this is nothing DICOM would say")
    path = tmp_path / "odd.pcap"
    path.write_bytes(pcap(frames(talk.packets)))
    assert "0 associations" in called("show", path).stdout
    assert "1 association" in called("show", path, "--port", "4567").stdout


def test_the_help_of_every_command_starts(samples: Path) -> None:
    for command in ("show", "export", "live", "interfaces"):
        done = called(command, "--help")
        assert done.returncode == 0
        assert f"dicomsniff {command}" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("command", "sample"), [("show", "c-echo"), ("check", "c-echo"), ("show", "c-find-orthanc")])
def test_what_a_small_capture_does_not_need_is_not_loaded(command: str, sample: str, samples: Path) -> None:
    line = [sys.executable, "-X", "importtime", "-m", "dicomsniff", command, samples / f"{sample}.pcap"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    loaded = {each.rpartition("|")[2].strip() for each in done.stderr.splitlines()}
    assert "dicomsniff.engine.analyzer" in loaded
    assert loaded.isdisjoint(["lark", "dpkt", "pydicom", "scapy", "textual", "pynetdicom", "cryptography", "rich"])
    assert loaded.isdisjoint(["asyncio", "difflib", "email", "gzip", "pickle", "sqlite3", "ssl"])
    assert loaded.isdisjoint(f"dicomsniff.{name}" for name in ("capture.following", "filter.filter"))
