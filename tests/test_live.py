"""Sniffing for real: pynetdicom peers on loopback, and between two network namespaces. Skipped where not allowed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicomsniff.library import open_capture
from dicomsniff.sniffing.interfaces import list_interfaces
from sniffers import joined_namespaces, needs_sniffing

pytestmark = pytest.mark.slow

PEERS = str(Path(__file__).with_name("peers.py"))
PROGRAM = [sys.executable, "-m", "dicomsniff"]


@pytest.fixture
def namespaces() -> Iterator[tuple[list[str], list[str]]]:
    """Two network namespaces joined by a veth pair: the commands that run something in each."""
    with joined_namespaces(("dsa", "dsb"), "ip -n {name} addr add 10.78.0.{number}/24 dev {device}") as made:
        yield made


def sniff(listen: list[str], serve: list[str], ask: list[str], address: str, *args: str) -> tuple[int, list[str]]:
    """Sniff one C-ECHO between real peers until its release is seen; return exit status and lines."""
    lines: list[str] = []
    sniffer = subprocess.Popen([*listen, *PROGRAM, "live", *args], stdout=subprocess.PIPE, text=True)
    try:
        assert sniffer.stdout is not None
        lines.append(sniffer.stdout.readline())
        server = subprocess.Popen(
            [*serve, sys.executable, PEERS, "scp", address, "0"], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        port = server.stdout.readline().split()[1]
        client = [*ask, sys.executable, PEERS, "scu", address, port]
        assert subprocess.run(client, timeout=30, check=False).returncode == 0
        for line in sniffer.stdout:
            lines.append(line)
            if "A-RELEASE-RP" in line:
                break
        sniffer.send_signal(signal.SIGINT)
        lines += sniffer.stdout.readlines()
        server.stdout.close()
        server.wait(30)
        return sniffer.wait(30), lines
    finally:
        sniffer.kill()
        sniffer.wait()
        assert sniffer.stdout is not None
        sniffer.stdout.close()


@needs_sniffing
def test_loopback_is_followed_as_text(tmp_path: Path) -> None:
    kept = tmp_path / "kept.pcap"
    status, lines = sniff([], [], [], "127.0.0.1", "-i", "lo", "--format", "text", "-w", str(kept))
    assert status == 0
    text = "".join(lines)
    assert "following lo" in text
    assert "LIVESCU>LIVESCP --> C-ECHO-RQ 1" in text
    assert "Success" in text
    with open_capture(str(kept)) as capture:
        released = [a for a in capture.associations if a.requestor.ae_title == "LIVESCU" and a.outcome == "released"]
        assert [message.name for message in released[0].messages] == ["C-ECHO-RQ", "C-ECHO-RSP"]


@needs_sniffing
def test_an_earlier_capture_is_not_sniffed_over(tmp_path: Path) -> None:
    kept = tmp_path / "kept.pcap"
    kept.write_bytes(b"an earlier capture")
    call = [*PROGRAM, "live", "-i", "lo", "--format", "text", "-w", str(kept)]
    done = subprocess.run(call, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    said = "it is there already, and is kept; name a new file, or say --force"
    assert done.stderr.decode() == f"dicomsniff: {kept}: {said}\n"
    assert kept.read_bytes() == b"an earlier capture"


@needs_sniffing
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_in_order_and_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    call = [*PROGRAM, "live", "-i", "lo", "--format", "text"]
    sniffer = subprocess.Popen(call, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        assert sniffer.stdout is not None
        assert b"following lo" in sniffer.stdout.readline()
        assert os.listdir(tmp_path) == []
        sniffer.send_signal(number)
        assert b"packet" in sniffer.stdout.read()
        assert sniffer.wait(60) == 0
    finally:
        sniffer.kill()
        sniffer.communicate()


@needs_sniffing
def test_two_namespaces_are_followed_as_json_lines(namespaces: tuple[list[str], list[str]]) -> None:
    here, there = namespaces
    status, lines = sniff(here, there, here, "10.78.0.2", "-i", "dsa", "--format", "jsonl")
    assert status == 0
    said = [json.loads(line) for line in lines]
    assert said[0]["kind"] == "transcript"
    assert [line["command"] for line in said if line["kind"] == "message"] == ["C-ECHO-RQ", "C-ECHO-RSP"]
    associations = [line for line in said if line["kind"] == "association"]
    assert [line["outcome"] for line in associations] == ["released"]
    assert associations[0]["acceptor"]["address"] == "10.78.0.2"


@contextmanager
def running(call: list[str], errors: int) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the test."""
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def dcmtk(program: str) -> str:
    """Return the path of a program of DCMTK; pynetdicom installs others of the same names."""
    path = shutil.which(program, path=os.defpath)
    if path is None:
        pytest.skip(f"needs DCMTK's {program}")
    return path


def unordered(lines: list[str]) -> list[str]:
    """Return lines of JSON but the first, which names the source; the order of late findings is another matter."""
    return sorted(lines[1:])


@needs_sniffing
def test_what_is_followed_is_what_dcmtks_peers_log_and_what_the_spool_exports(
    namespaces: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    here, there = namespaces
    storescp, echoscu, storescu = dcmtk("storescp"), dcmtk("echoscu"), dcmtk("storescu")
    kept, image, peer = tmp_path / "kept.pcapng", get_testdata_file("CT_small.dcm"), ["10.78.0.2", "11112"]
    server = [*there, storescp, "-v", "-aet", "DCMTK", "-od", str(tmp_path), "11112"]
    call = [*here, *PROGRAM, "live", "-i", "dsa", "--format", "jsonl", "-w", str(kept)]
    with running(call, subprocess.DEVNULL) as sniffer:
        assert sniffer.stdout is not None
        lines = [sniffer.stdout.readline()]
        with running(server, subprocess.STDOUT) as serving:
            echoing = [*here, echoscu, "-v", *peer]
            for _ in range(500):  # until the server listens
                if subprocess.run(echoing, capture_output=True, timeout=30, check=False).returncode == 0:
                    break
            storing = [*here, storescu, "-v", *peer, str(image), str(image)]
            stored = subprocess.run(storing, capture_output=True, timeout=30, check=True, text=True)
            while sum('"kind":"association"' in line.replace(" ", "") for line in lines) < 2:
                lines.append(sniffer.stdout.readline())
                assert lines[-1], "it ended"
            serving.terminate()
            log = serving.communicate()[0]
        sniffer.send_signal(signal.SIGINT)
        lines += sniffer.stdout.readlines()
    assert sniffer.returncode == 0
    said = [json.loads(line) for line in lines]
    outcomes = [line["outcome"] for line in said if line["kind"] == "association"]
    assert len(outcomes) == log.count("I: Association Received") == log.count("I: Association Release")
    assert set(outcomes) == {"released"}
    messages = [(line["command"], line["status"]) for line in said if line["kind"] == "message"]
    assert log.count("I: Received Store Request") == messages.count(("C-STORE-RQ", None)) == 2
    answers = (stored.stdout + stored.stderr).count("I: Received Store Response (Success)")
    assert answers == messages.count(("C-STORE-RSP", 0)) == 2
    exporting = [*PROGRAM, "export", "--format", "jsonl", str(kept)]
    exported = subprocess.run(exporting, capture_output=True, timeout=60, check=True, text=True)
    assert unordered(exported.stdout.splitlines()) == unordered("".join(lines).splitlines())


@needs_sniffing
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv to drop privileges")
def test_missing_privileges_are_said_in_one_line() -> None:
    if os.geteuid() != 0:
        pytest.skip("privileges can be dropped by root only")
    drop = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]
    done = subprocess.run(
        [*drop, *PROGRAM, "live", "-i", "lo", "--format", "text"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert b"CAP_NET_RAW" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names Linux's loopback interface")
def test_interfaces_are_listed_with_their_addresses() -> None:
    found = {interface.name: interface.addresses for interface in list_interfaces()}
    assert "127.0.0.1" in found["lo"]
