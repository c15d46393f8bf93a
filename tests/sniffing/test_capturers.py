"""Each capturer for real, between two network namespaces, where they can be made: what it loses is counted."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import build
from dicomsniff.capture.pcapng import MAGIC
from dicomsniff.capture.reader import CaptureReader
from sniffers import children, is_running, joined_namespaces, packets_in, until

pytestmark = pytest.mark.slow

CAPTURERS = ["tcpdump", "dumpcap", "builtin"]
PROGRAM = [sys.executable, "-m", "dicomsniff", "live"]
FRAME = bytes(12) + b"\x08\x00" + build.ipv4(b"\x0a\x4e\0\1", b"\x0a\x4e\0\2", bytes(1000), protocol=17)
SEND = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[3], 0))
frame = bytes.fromhex(sys.argv[2])
for _ in range(int(sys.argv[1])):
    out.send(frame)
"""


@pytest.fixture(params=CAPTURERS)
def capturer(request: pytest.FixtureRequest) -> str:
    if request.param != "builtin" and shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@pytest.fixture
def namespaces() -> Iterator[tuple[list[str], list[str]]]:
    """Two quiet namespaces joined by a veth pair: the commands that run something in each."""
    quiet = "ip netns exec {name} sysctl -qw net.ipv6.conf.{device}.disable_ipv6=1"
    with joined_namespaces(("dsc", "dsd"), quiet) as made:
        yield made


class Sniffer:
    """`live` at work in a namespace, with a temporary directory of its own."""

    def __init__(self, inside: list[str], temporary: Path, *options: str, interface: str = "dsd") -> None:
        self.temporary = temporary
        self.process = subprocess.Popen(
            [*inside, *PROGRAM, "-i", interface, "--format", "jsonl", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(temporary)},
        )
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline()]
        self.heard = ""
        """What it said so far, as far as that was awaited."""

    @property
    def capturer(self) -> int:
        """The process that captures, or starts another program that does."""
        return children(self.process.pid)[0]

    def hear(self, text: str) -> None:
        """Wait until it says a line with some text."""
        assert self.process.stderr is not None
        line = ""
        while text not in line:
            line = self.process.stderr.readline().decode()
            assert line, self.heard
            self.heard += line

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, list[dict], str]:
        """End it, and return exit status, lines, and what it said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return (
            self.process.returncode,
            [json.loads(line) for line in (*self.lines, *out.splitlines())],
            (self.heard + err.decode()),
        )

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def sniff(namespaces, tmp_path) -> Iterator:
    made: list[Sniffer] = []

    def start(*options: str) -> Sniffer:
        temporary = tmp_path / f"temporary-{len(made)}"
        temporary.mkdir()
        made.append(Sniffer(namespaces[1], temporary, *options))
        return made[-1]

    yield start
    for each in made:
        each.close()


def send(inside: list[str], count: int, device: str = "dsc") -> None:
    subprocess.run([*inside, sys.executable, "-c", SEND, str(count), FRAME.hex(), device], timeout=60, check=True)


def add_second_pair(inside: list[str]) -> None:
    """Join two further interfaces inside a namespace: what is sent to dsy comes out of dsz."""
    setting = "sysctl -qw net.ipv6.conf.default.disable_ipv6=1"
    steps = [setting, "ip link add dsz type veth peer name dsy", "ip link set dsy up", "ip link set dsz up"]
    for step in steps:
        subprocess.run([*inside, *step.split()], timeout=10, check=True)


def times_in(path: Path) -> list[int]:
    reader = CaptureReader(str(path))
    times = [batch.time(number) for batch in reader.batches() for number in range(len(batch.starts))]
    reader.close()
    return times


def test_what_is_not_kept_is_counted_to_the_packet(namespaces, sniff, tmp_path, capturer) -> None:
    kept, sent = tmp_path / "kept.pcapng", 4000
    sniffer = sniff("--capturer", capturer, "--buffer", "1MB", "-w", str(kept))
    stopped = sniffer.capturer if capturer == "builtin" else children(sniffer.capturer)[0]
    os.kill(stopped, signal.SIGSTOP)
    send(namespaces[0], sent)
    os.kill(stopped, signal.SIGCONT)
    status, lines, said = sniffer.end()
    lost = [line for line in lines if line["kind"] == "lost"][-1]
    assert lost["packets"] > 0
    assert packets_in(kept) + lost["packets"] == sent
    assert f"the capturer lost {lost['packets']} packets" in said
    assert [line["code"] for line in lines if line["kind"] == "finding" and line["association"] is None] == [
        "packets-lost"
    ]
    assert status == 3


def test_of_several_interfaces_what_is_lost_is_told_while_they_are_captured_from(
    namespaces, sniff, tmp_path, capturer
) -> None:
    kept, sent = tmp_path / "kept.pcapng", 3000
    add_second_pair(namespaces[1])
    sniffer = sniff("-i", "dsz", "--capturer", capturer, "--buffer", "2MB", "-w", str(kept))
    stopped = [sniffer.capturer] if capturer == "builtin" else children(sniffer.capturer)
    assert len(stopped) == (2 if capturer == "tcpdump" else 1)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    send(namespaces[0], sent)
    send(namespaces[1], sent, "dsy")
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    while capturer != "dumpcap" and json.loads(sniffer.lines[-1])["kind"] != "lost":  # it goes on meanwhile
        sniffer.lines.append(sniffer.process.stdout.readline())
    status, lines, said = sniffer.end()
    lost = [line["packets"] for line in lines if line["kind"] == "lost"][-1]
    assert lost > 0
    assert (status, packets_in(kept) + lost) == (3, 2 * sent)
    assert (", which tells only at its end what was lost" in said) == (capturer == "dumpcap")


def test_packets_of_several_interfaces_are_kept_in_the_order_of_their_times(
    namespaces, sniff, tmp_path, capturer
) -> None:
    kept = tmp_path / "kept.pcapng"
    add_second_pair(namespaces[1])
    sniffer = sniff("-i", "dsz", "--capturer", capturer, "-w", str(kept))
    for _ in range(20):
        send(namespaces[1], 10, "dsy")
        send(namespaces[0], 10)
    sniffer.end()
    times = times_in(kept)
    assert len(times) == 400
    assert times == sorted(times)


def test_what_comes_just_before_the_end_is_kept(namespaces, sniff, tmp_path, capturer) -> None:
    kept = tmp_path / "kept.pcapng"
    sniffer = sniff("--capturer", capturer, "-w", str(kept))
    send(namespaces[0], 100)
    status, _, said = sniffer.end()
    assert (status, packets_in(kept)) == (0, 100)
    assert f"captured by {'dicomsniff' if capturer == 'builtin' else capturer}" in said


def test_nothing_goes_on_or_is_left_behind_when_the_program_is_killed(namespaces, sniff, capturer) -> None:
    sniffer = sniff("--capturer", capturer)
    running = [sniffer.capturer, *children(sniffer.capturer)]
    sniffer.process.kill()
    until(lambda: not any(map(is_running, running)), "the capturer goes on")
    assert os.listdir(sniffer.temporary) == []


def test_a_capturer_that_is_killed_leaves_whole_records_and_is_missed(namespaces, sniff, tmp_path, capturer) -> None:
    kept = tmp_path / "kept.pcapng"
    sniffer = sniff("--capturer", capturer, "-w", str(kept))
    tools = children(sniffer.capturer)
    send(namespaces[0], 10)
    os.kill(sniffer.capturer, signal.SIGKILL)
    _, err = sniffer.process.communicate(timeout=60)
    assert sniffer.process.returncode == 3
    assert "the capturing process is gone" in err.decode()
    packets_in(kept)
    until(lambda: not any(map(is_running, tools)), "what it had started goes on")


def test_it_ends_after_so_many_packets(namespaces, sniff, tmp_path, capturer) -> None:
    kept = tmp_path / "kept.pcapng"
    sniffer = sniff("--capturer", capturer, "-w", str(kept), "--packets", "7")
    send(namespaces[0], 20)
    sniffer.process.communicate(timeout=60)
    assert (sniffer.process.returncode, packets_in(kept)) == (0, 7)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 256 kB."""
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield small
    subprocess.run(["umount", "-l", small], check=True)


def test_a_full_disk_ends_it_with_whole_records(namespaces, sniff, small, capturer) -> None:
    sniffer = sniff("--capturer", capturer, "-w", str(small / "kept.pcapng"))
    running = children(sniffer.capturer)
    send(namespaces[0], 1000)
    _, err = sniffer.process.communicate(timeout=60)
    assert sniffer.process.returncode == 3
    assert "kept.pcapng: No space left on device" in err.decode()
    assert 0 < packets_in(small / "kept.pcapng") < 1000
    assert not any(map(is_running, running))


def test_a_full_disk_under_the_spool_ends_it_and_what_is_kept_is_analyzed(
    namespaces, small, capturer, monkeypatch
) -> None:
    sniffer = Sniffer(namespaces[1], small, "--capturer", capturer, "--format", "text")
    try:
        running = children(sniffer.capturer)
        send(namespaces[0], 1000)
        out, err = sniffer.process.communicate(timeout=60)
    finally:
        sniffer.close()
    assert sniffer.process.returncode == 3
    assert err.decode().endswith("dicomsniff: the temporary spool: No space left on device\n")
    assert 0 < int(re.findall(r"([0-9]+) packets", out.decode())[-1]) < 1000
    assert list(small.iterdir()) == []
    assert not any(map(is_running, running))


def test_an_interface_that_is_removed_is_awaited(namespaces, sniff, tmp_path, capturer) -> None:
    kept, inside = tmp_path / "kept.pcapng", namespaces[1]
    add_second_pair(inside)
    sniffer = Sniffer(inside, tmp_path, "--capturer", capturer, "-w", str(kept), interface="dsz")
    try:
        send(inside, 10, "dsy")
        until(lambda: packets_in(kept) == 10, "what came before is kept")
        subprocess.run([*inside, "ip", "link", "del", "dsz"], timeout=10, check=True)
        add_second_pair(inside)
        until(lambda: kept.read_bytes().count(MAGIC) == 2, "it is captured from again")
        send(inside, 10, "dsy")
        status, _, said = sniffer.end()
    finally:
        sniffer.close()
    assert (status, packets_in(kept)) == (3, 20)
    assert "capturing again after" in said


def test_while_an_interface_is_away_it_is_ended_in_order(namespaces, sniff, tmp_path, capturer) -> None:
    kept, inside = tmp_path / "kept.pcapng", namespaces[1]
    sniffer = sniff("--capturer", capturer, "-w", str(kept))
    running = [sniffer.capturer, *children(sniffer.capturer)]
    subprocess.run([*inside, "ip", "link", "del", "dsd"], timeout=10, check=True)
    until(lambda: not any(map(is_running, running[1:])), "what captured from it has ended")
    sniffer.hear("waiting for it to come back")
    status, lines, _ = sniffer.end()
    assert status == 3
    assert [line["code"] for line in lines if line["kind"] == "finding"] == ["packets-lost"]
    assert packets_in(kept) == 0
    assert not any(map(is_running, running))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-i", "nix0"], "nix0"),
        (["-i", "dsd", "-f", "tcp prt 104"], "-f 'tcp prt 104': can't parse filter expression: syntax error; filters"),
        (["-i", "dsd", "-f", "tcp and udp"], "-f 'tcp and udp': expression rejects all packets; filters"),
    ],
    ids=["interface", "grammar", "sense"],
)
def test_what_cannot_be_captured_is_said_in_one_line(namespaces, capturer, options, said) -> None:
    call = [*namespaces[1], *PROGRAM, "--format", "jsonl", "--capturer", capturer, *options]
    done = subprocess.run(call, capture_output=True, timeout=60, check=False, text=True)
    assert (done.returncode, done.stdout) == (2 if "-f" in options else 3, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_packets_are_written_to_a_pipe_alone(namespaces, capturer, tmp_path) -> None:
    call = [*namespaces[1], *PROGRAM, "-i", "dsd", "--capturer", capturer, "-w", "-", "--packets", "5"]
    sniffer = subprocess.Popen(call, stdout=subprocess.PIPE)
    assert sniffer.stdout is not None
    head = sniffer.stdout.read(4)
    send(namespaces[0], 5)
    (tmp_path / "piped").write_bytes(head + sniffer.stdout.read())
    assert sniffer.wait(60) == 0
    sniffer.stdout.close()
    assert packets_in(tmp_path / "piped") == 5


def test_loopback_is_captured_once(capturer, tmp_path) -> None:
    if os.geteuid() != 0:
        pytest.skip("sniffing needs root")
    kept = tmp_path / "kept.pcapng"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        port = str(out.getsockname()[1])
        call = [*PROGRAM, "-i", "lo", "-f", f"udp port {port}", "--capturer", capturer, "--format", "jsonl"]
        sniffer = subprocess.Popen([*call, "-w", str(kept), "--packets", "3"], stdout=subprocess.PIPE)
        assert sniffer.stdout is not None
        sniffer.stdout.readline()
        for _ in range(3):
            out.sendto(b"once", ("127.0.0.1", int(port)))
        sniffer.communicate(timeout=60)
    assert packets_in(kept) == 3


def test_where_one_of_several_interfaces_goes_away_the_others_are_captured_from(
    namespaces, sniff, tmp_path, capturer
) -> None:
    kept, inside = tmp_path / "kept.pcapng", namespaces[1]

    def sections() -> int:
        return kept.read_bytes().count(MAGIC)

    add_second_pair(inside)
    sniffer = sniff("-i", "dsz", "--capturer", capturer, "-w", str(kept))
    subprocess.run([*inside, "ip", "link", "del", "dsz"], timeout=10, check=True)
    until(lambda: sections() == 2, "capturing goes on")
    send(namespaces[0], 100)
    add_second_pair(inside)
    until(lambda: sections() == 3, "all are captured from again")
    status, _, said = sniffer.end()
    assert (status, packets_in(kept)) == (3, 100)
    assert "of which nothing is known; without dsz, still away" in said
    assert "capturing from dsz again after" in said
