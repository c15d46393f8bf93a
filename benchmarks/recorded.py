"""Real C-STORE traffic: DCMTK's storescu and storescp in two network namespaces, recorded by tcpdump. Linux, root."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from expectation import Expectation, StoredObject
from objects import MULTI_FRAME_FROM, data_set_bytes, file_bytes, kind_of, make_object
from wire import SCP_PORT

# A virtual environment with pynetdicom holds programs of the same names as DCMTK's.
SEARCH_PATH = "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin:/bin:/sbin"
PROGRAMS = ("storescu", "storescp", "tcpdump", "ip", "ethtool", "sysctl")
PARALLEL = 4
ASSOCIATIONS = 12
OVERHEAD = 1.06
"""Bytes of the capture for a byte of data set."""
ADDRESSES = ("10.87.0.1", "10.87.0.2")
BUFFERS = {"net.ipv4.tcp_rmem": "4096 262144 1048576", "net.ipv4.tcp_wmem": "4096 65536 131072"}
"""They bound what is in flight, so that tcpdump's buffer never overflows."""
PATIENCE = 30.0
"""Seconds to wait for a program to be ready."""
QUIET = 2.0
"""Seconds without growth after which the capture is complete; tcpdump hands packets on within one."""


class RecordingError(Exception):
    """A program failed, or packets were lost."""


def what_is_missing() -> str:
    """Say why nothing can be recorded here; empty where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "needs root on Linux"
    missing = [name for name in PROGRAMS if _program(name) is None]
    return f"needs {', '.join(missing)}" if missing else ""


def record_capture(path: str, size: int) -> Expectation:
    """Record about `size` bytes of traffic."""
    expected = Expectation("c-store")
    with ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))))
        folders = _make_studies(Path(work), int(size / OVERHEAD), expected)
        spaces = _make_network(stack)
        server = stack.enter_context(_Program(spaces[1], work, "storescp", "--fork", "--ignore", str(SCP_PORT)))
        _wait(lambda: _listens(spaces[1]), server, "storescp listens")
        sniffer = stack.enter_context(
            _Program(spaces[1], work, "tcpdump", "-i", "bench1", "-B", "524288", "-s", "0", "-n", "-Z", "root",
                     "-w", os.path.abspath(path), "tcp", "port", str(SCP_PORT))
        )  # fmt: skip
        _wait(lambda: "listening on" in sniffer.said(), sniffer, "tcpdump listens")
        _send(spaces[0], work, folders)
        _wait_for_end(path)
        sniffer.process.send_signal(2)
        sniffer.process.wait()
        if "\n0 packets dropped by kernel" not in sniffer.said():
            raise RecordingError(f"tcpdump lost packets:\n{sniffer.said()}")
    return expected


def _make_studies(work: Path, size: int, expected: Expectation) -> list[Path]:
    folders = []
    share = size // ASSOCIATIONS
    for study in range(ASSOCIATIONS):
        folder = work / f"study{study}"
        folder.mkdir()
        folders.append(folder)
        made = number = 0
        while made < share:
            number += 1
            ds = make_object(kind_of(number, multi_frame=share > MULTI_FRAME_FROM), study, number)
            data = data_set_bytes(ds)
            (folder / f"{number:05}.dcm").write_bytes(file_bytes(ds))
            made += len(data)
            expected.objects.append(StoredObject.of(ds.SOPInstanceUID, data))
        expected.associations += 1
    expected.stored = len(expected.objects)
    expected.messages = 2 * expected.stored
    return folders


def _make_network(stack: ExitStack) -> tuple[str, str]:
    """Join two new namespaces by a cable that carries frames of at most 1514 bytes; both go with the stack."""
    spaces = (f"dicomsniff-bench-{os.getpid()}-0", f"dicomsniff-bench-{os.getpid()}-1")
    for space in spaces:
        _run("ip", "netns", "add", space)
        stack.callback(_run, "ip", "netns", "del", space)
    _run(
        "ip", "link", "add", "bench0", "netns", spaces[0], "type", "veth", "peer", "name", "bench1", "netns", spaces[1]
    )
    for number, space in enumerate(spaces):
        device = f"bench{number}"
        _run("ip", "-n", space, "addr", "add", f"{ADDRESSES[number]}/24", "dev", device)
        _run("ip", "-n", space, "link", "set", device, "mtu", "1500", "up")
        _run("ip", "netns", "exec", space, "ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off")
        for setting, value in BUFFERS.items():
            _run("ip", "netns", "exec", space, "sysctl", "-qw", f"{setting}={value}")
    return spaces


def _send(space: str, work: str, folders: list[Path]) -> None:
    waiting = deque(enumerate(folders))
    running: list[_Program] = []
    with ExitStack() as stack:
        while waiting or running:
            while waiting and len(running) < PARALLEL:
                number, folder = waiting.popleft()
                command = ("-pdu", "16384", "-aet", f"BENCH{number}", "-aec", "BENCHSCP", "+sd", ADDRESSES[1])
                program = _Program(space, work, "storescu", *command, str(SCP_PORT), str(folder))
                running.append(stack.enter_context(program))
            time.sleep(0.05)
            for program in running[:]:
                if program.process.poll() is not None:
                    running.remove(program)
                    if program.process.returncode:
                        raise RecordingError(f"storescu failed:\n{program.said()}")


def _wait_for_end(path: str) -> None:
    size, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET:
        time.sleep(0.1)
        now = os.path.getsize(path)
        if now != size:
            size, since = now, time.monotonic()


def _wait(ready: Callable[[], bool], program: "_Program", what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not ready():
        if program.process.poll() is not None or time.monotonic() > until:
            raise RecordingError(f"waited in vain: {what}\n{program.said()}")
        time.sleep(0.02)


def _listens(space: str) -> bool:
    table = _run("ip", "netns", "exec", space, "cat", "/proc/net/tcp", "/proc/net/tcp6")
    return any(f":{SCP_PORT:04X} " in line and " 0A " in line for line in table.splitlines())


class _Program:
    """A program running in a namespace; what it says goes to a file. Leaving ends it."""

    def __init__(self, space: str, work: str, name: str, *arguments: str) -> None:
        self._output = tempfile.TemporaryFile(dir=work)  # noqa: SIM115  closed by __exit__
        # `ip netns exec` becomes the program, so that signals reach it.
        command = [_program("ip") or "ip", "netns", "exec", space, _program(name) or name, *arguments]
        self.process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT, cwd=work)

    def said(self) -> str:
        # Its own offset: the program goes on writing where it is.
        return os.pread(self._output.fileno(), 1 << 20, 0).decode(errors="replace")

    def __enter__(self) -> "_Program":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self._output.close()


def _program(name: str) -> str | None:
    return shutil.which(name, path=SEARCH_PATH)


def _run(name: str, *arguments: str) -> str:
    done = subprocess.run([_program(name) or name, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RecordingError(f"{name} {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
