"""Sniff a paced sender beside tcpdump and dumpcap, in one run: packets kept, and CPU seconds of whoever captures.

Needs root (two network namespaces are made, and removed), tcpdump and dumpcap. The frames are those of a capture, cut
to what an Ethernet of 1500 bytes carries.
"""

import argparse
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dicomsniff.capture.reader import CaptureReader

NAMESPACES = "dsbench-a", "dsbench-b"
MOST = 1514
SOURCE, TARGET = "dsva", "dsvb"


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def network() -> None:
    no_network()
    for name in NAMESPACES:
        sh("ip", "netns", "add", name)
    sh(
        "ip",
        "link",
        "add",
        SOURCE,
        "netns",
        NAMESPACES[0],
        "type",
        "veth",
        "peer",
        "name",
        TARGET,
        "netns",
        NAMESPACES[1],
    )
    for namespace, interface in zip(NAMESPACES, (SOURCE, TARGET), strict=True):
        sh("ip", "netns", "exec", namespace, "sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
        sh("ip", "netns", "exec", namespace, "ip", "link", "set", interface, "up")


def no_network() -> None:
    for name in NAMESPACES:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def send(path: str, rate: int, seconds: float) -> None:
    """Send frames of a capture at a rate (packets/s), for so long; print how many were sent."""
    frames = []
    for batch in CaptureReader(path).batches():
        frames += [
            batch.data[start : min(end, start + MOST)] for start, end in zip(batch.starts, batch.ends, strict=True)
        ]
        if len(frames) > 50_000:
            break
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((SOURCE, 0))
    begin, sent, last = time.perf_counter(), 0, rate * seconds
    while sent < last:
        due = min(int((time.perf_counter() - begin) * rate), int(last))
        if due <= sent:
            time.sleep(0.0005)
        while sent < due:
            try:
                out.send(frames[sent % len(frames)])
                sent += 1
            except OSError:
                time.sleep(0.0001)
    print(sent, f"{time.perf_counter() - begin:.2f}")


def kept_by(command: list[str], capture: Path, arguments: argparse.Namespace, rate: int) -> str:
    inside = ["ip", "netns", "exec"]
    with tempfile.TemporaryFile() as said:
        capturer = subprocess.Popen([*inside, NAMESPACES[1], *command], stdout=said, stderr=said)
        time.sleep(3)
        sender = [sys.executable, __file__, arguments.capture, "--send", str(rate), "--seconds", str(arguments.seconds)]
        sent = int(
            subprocess.run(
                [*inside, NAMESPACES[0], *sender], check=True, capture_output=True, text=True
            ).stdout.split()[0]
        )
        middle = resource.getrusage(resource.RUSAGE_CHILDREN)
        capturer.send_signal(signal.SIGINT)
        capturer.wait(120)
        said.seek(0)
        words = said.read().decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - middle.ru_utime - middle.ru_stime
    kept = sum(len(batch.starts) for batch in CaptureReader(str(capture)).batches())
    capture.unlink()
    lost = [line for line in words.splitlines() if "lost" in line]
    return f"{kept / sent:7.1%} {used:6.2f} s {lost[-1] if lost else ''} (status {capturer.returncode})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture")
    parser.add_argument("--rates", default="5000,15000,30000,60000")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--send", type=int)
    arguments = parser.parse_args()
    if arguments.send:
        send(arguments.capture, arguments.send, arguments.seconds)
        return
    ours = str(Path(sys.executable).with_name("dicomsniff"))
    with tempfile.TemporaryDirectory() as directory:
        capture = Path(directory, "captured.pcapng")
        live = [ours, "live", "-i", TARGET, "-w", str(capture), "--format", "jsonl", "--capturer"]
        commands = {
            "tcpdump": ["tcpdump", "-Z", "root", "-i", TARGET, "-w", str(capture)],
            "dumpcap": ["dumpcap", "-q", "-i", TARGET, "-w", str(capture)],
            "live, tcpdump": [*live, "tcpdump"],
            "live, dumpcap": [*live, "dumpcap"],
            "live, builtin": [*live, "builtin"],
        }
        os.chmod(directory, 0o755)
        network()
        try:
            for rate in map(int, arguments.rates.split(",")):
                for name, command in commands.items():
                    print(f"{rate:7} packets/s {name:14}", kept_by(command, capture, arguments, rate), flush=True)
        finally:
            no_network()


if __name__ == "__main__":
    main()
