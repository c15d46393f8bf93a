"""Sniff a sender beside tcpdump and dumpcap, in one run: packets kept, and CPU seconds of whoever captures.

Needs root (two network namespaces are made, and removed), ethtool, tcpdump and dumpcap. The frames are those of a
capture, cut to what an Ethernet of 1500 bytes carries, at a pace; or, with --storescu, DCMTK's storescu and storescp
talk as fast as they can.
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
from collections.abc import Callable
from pathlib import Path

from dicomsniff.capture.reader import CaptureReader

NAMESPACES = "dsbench-a", "dsbench-b"
MOST = 1514
SOURCE, TARGET = "dsva", "dsvb"
ADDRESSES = "10.77.5.1", "10.77.5.2"
PORT = 11112


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def network() -> None:
    no_network()
    for name in NAMESPACES:
        sh("ip", "netns", "add", name)
    ends = [SOURCE, "netns", NAMESPACES[0], "type", "veth", "peer", "name", TARGET, "netns", NAMESPACES[1]]
    sh("ip", "link", "add", *ends)
    for namespace, interface, address in zip(NAMESPACES, (SOURCE, TARGET), ADDRESSES, strict=True):
        sh("ip", "netns", "exec", namespace, "sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
        sh("ip", "netns", "exec", namespace, "ip", "addr", "add", f"{address}/24", "dev", interface)
        sh("ip", "netns", "exec", namespace, "ethtool", "-K", interface, "tso", "off", "gso", "off", "gro", "off")
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


def paced(arguments: argparse.Namespace, rate: int) -> int:
    """Let frames of the capture be sent at a rate; return how many were sent."""
    sender = [sys.executable, __file__, arguments.capture, "--send", str(rate), "--seconds", str(arguments.seconds)]
    inside = ["ip", "netns", "exec", NAMESPACES[0]]
    return int(subprocess.run([*inside, *sender], check=True, capture_output=True, text=True).stdout.split()[0])


def stored(arguments: argparse.Namespace) -> tuple[int, int]:
    """Let storescu send one object again and again, several at once, as fast as it can; return packets and bytes."""
    before = counted()
    scp = begin(NAMESPACES[1], "storescp", "-q", "--ignore", "--fork", str(PORT))
    time.sleep(1)
    scu = ["storescu", "--repeat", "1000000", ADDRESSES[1], str(PORT), arguments.capture]
    senders = [begin(NAMESPACES[0], *scu) for _ in range(arguments.storescu)]
    time.sleep(arguments.seconds)
    for each in (*senders, scp):
        each.terminate()
    for each in (*senders, scp):
        each.wait()
    time.sleep(0.5)  # what is under way
    after = counted()
    return after[0] - before[0], after[1] - before[1]


def begin(namespace: str, *command: str) -> subprocess.Popen[bytes]:
    """Start a command in a namespace, whatever it says unread."""
    return subprocess.Popen(["ip", "netns", "exec", namespace, *command], stderr=subprocess.DEVNULL)


def counted() -> tuple[int, int]:
    """Return how many packets and bytes went over the interface that is captured from, both ways."""
    read = f"cat /sys/class/net/{TARGET}/statistics/*x_packets /sys/class/net/{TARGET}/statistics/*x_bytes"
    inside = ["ip", "netns", "exec", NAMESPACES[1], "sh", "-c", read]
    figures = [int(each) for each in subprocess.run(inside, check=True, capture_output=True, text=True).stdout.split()]
    return sum(figures[:2]), sum(figures[2:])


def cpu_of_children(pid: int) -> float:
    """Return the CPU seconds of the processes that a process has started and that still run."""
    used, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / ticks + cpu_of_children(int(child))
    return used


def kept_by(command: list[str], capture: Path, traffic: Callable[[], tuple[int, str]]) -> str:
    """Return what share of the traffic's packets a command keeps, its CPU seconds and those of its capture process."""
    with tempfile.TemporaryFile() as said:
        inside = ["ip", "netns", "exec", NAMESPACES[1]]
        capturer = subprocess.Popen([*inside, *command], stdout=subprocess.DEVNULL, stderr=said)
        time.sleep(3)
        sent, rate = traffic()
        middle = resource.getrusage(resource.RUSAGE_CHILDREN)
        of_capturer = cpu_of_children(capturer.pid)
        capturer.send_signal(signal.SIGINT)
        capturer.wait(300)
        said.seek(0)
        words = said.read().decode(errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - middle.ru_utime - middle.ru_stime
    kept = sum(len(batch.starts) for batch in CaptureReader(str(capture)).batches())
    capture.unlink()
    lost = [line for line in words.splitlines() if "lost" in line or "dropped" in line]
    told = lost[-1] if lost else ""
    return f"{rate} {kept / sent:7.2%} {used:6.2f} {of_capturer:6.2f} {told} ({capturer.returncode})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", help="a capture whose frames are sent, or an object for storescu")
    parser.add_argument("--rates", default="5000,15000,30000,60000")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--send", type=int)
    parser.add_argument("--storescu", type=int, metavar="N", help="N at once send an object at full speed")
    arguments = parser.parse_args()
    if arguments.send:
        send(arguments.capture, arguments.send, arguments.seconds)
        return
    ours = str(Path(sys.executable).with_name("dicomsniff"))
    with tempfile.TemporaryDirectory() as directory:
        capture = Path(directory, "captured.pcapng")
        live = [ours, "live", "-i", TARGET, "-w", str(capture), "--format", "jsonl", "--port", str(PORT), "--capturer"]
        commands = {
            "tcpdump": ["tcpdump", "-Z", "root", "-i", TARGET, "-w", str(capture)],
            "dumpcap": ["dumpcap", "-q", "-i", TARGET, "-w", str(capture)],
            "live, tcpdump": [*live, "tcpdump"],
            "live, dumpcap": [*live, "dumpcap"],
            "live, builtin": [*live, "builtin"],
        }
        os.chmod(directory, 0o755)
        network()

        def of_storescu() -> tuple[int, str]:
            packets, octets = stored(arguments)
            return packets, f"{packets / arguments.seconds:6.0f}/s {octets * 8e-6 / arguments.seconds:6.0f} Mbit/s"

        print("sent, kept, CPU seconds, those of the capture process, what was said of losses, exit status")
        try:
            if arguments.storescu:
                for name, command in commands.items():
                    print(f"{name:14}", kept_by(command, capture, of_storescu), flush=True)
            for rate in () if arguments.storescu else map(int, arguments.rates.split(",")):
                for name, command in commands.items():
                    kept = kept_by(command, capture, lambda rate=rate: (paced(arguments, rate), f"{rate:6}/s"))
                    print(f"{name:14}", kept, flush=True)
        finally:
            no_network()


if __name__ == "__main__":
    main()
