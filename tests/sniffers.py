"""Which tests can sniff on this machine, networks that they make for it, and what comes of programs that sniff."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dicomsniff.capture.reader import CaptureReader


def may_sniff() -> str:
    """Say why this machine's tests cannot sniff; empty where they can."""
    if not sys.platform.startswith("linux"):
        return "live tests use Linux's packet sockets"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        return "sniffing needs CAP_NET_RAW"
    return ""


needs_sniffing = pytest.mark.skipif(bool(may_sniff()), reason=may_sniff() or "allowed")


@contextmanager
def joined_namespaces(devices: tuple[str, str], *setting_up: str) -> Iterator[tuple[list[str], list[str]]]:
    """Make two network namespaces joined by a veth pair; yield the commands that run something in each.

    In each, `setting_up` are run before its device is up, where {name}, {device} and {number} (1 or 2) are filled in.
    """
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux, root and iproute2")
    names = [f"dicomsniff-{device}-{os.getpid()}" for device in devices]
    steps = [f"ip netns add {name}" for name in names]
    steps += [f"ip link add {devices[0]} netns {names[0]} type veth peer name {devices[1]} netns {names[1]}"]
    for number, (name, device) in enumerate(zip(names, devices, strict=True), start=1):
        for step in (*setting_up, "ip -n {name} link set {device} up"):
            steps.append(step.format(name=name, device=device, number=number))
    try:
        for step in steps:
            done = subprocess.run(step.split(), capture_output=True, timeout=10, check=False)
            if done.returncode:
                pytest.skip(f"network namespaces are not allowed here: {done.stderr.decode().strip()}")
        yield ["ip", "netns", "exec", names[0]], ["ip", "netns", "exec", names[1]]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=10, check=False)


def packets_in(path: Path) -> int:
    """Return how many packets a capture holds that has to be whole."""
    with closing(CaptureReader(str(path))) as reader:
        count = sum(len(batch.starts) for batch in reader.batches())
        assert not reader.truncated
        return count


def children(process: int) -> list[int]:
    """Return the processes that one has started, and that have not ended."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    """Whether a process has not ended; one that waits for its parent has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    last = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < last, what
        os.sched_yield()
