"""Sniffing for real: pynetdicom peers on loopback, and between two network namespaces. Skipped where not allowed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
