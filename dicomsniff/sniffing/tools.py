"""tcpdump and dumpcap as capturers: how they are called, and what they tell."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from tempfile import TemporaryFile

from dicomsniff import __version__
from dicomsniff.quantities import byte_size
from dicomsniff.sniffing.movers import Counts, MoverError, filter_error
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.translation import (
    NOTHING,
    PcapngTranslation,
    PcapTranslation,
    Taken,
    Translation,
    TranslationError,
)

PIPE = 1 << 20
"""Bytes a pipe is asked to hold, and read at a time."""
GRACE = 1.1
"""Seconds that a tool goes on after `stop`: it takes packets from the kernel no less often than once a second."""
PATIENCE = 5.0
"""Seconds within which a tool has to begin, and to end."""
_MAX_SAID = 1 << 16
_COUNT = re.compile(r"([0-9]+) packets? (received by filter|dropped by kernel|dropped by interface)")
_DUMPCAP_COUNTS = re.compile(r"on interface .*: ([0-9]+)/([0-9]+) \(.*ps_ifdrop:([0-9]+)\)")
_WRONG_FILTER = re.compile(r"isn't a valid capture filter \((.*)\)", re.DOTALL)
"""What dumpcap says of it."""
_SET_PIPE_SIZE = 1031  # fcntl.F_SETPIPE_SZ, on Linux


class Tool:
    """One of these programs at work, writing to a pipe of ours."""

    tick = 1000
    writes_losses = tells_late = False

    def __init__(self, plan: Plan, program: str, command: list[str], translation: Translation) -> None:
        self._bpf = plan.bpf
        self.buffer = f"{byte_size(plan.kernel_buffer)} asked of the kernel"
        self.name = program
        self._translation = translation
        self._said = TemporaryFile()  # noqa: SIM115  open as long as the program may write to it
        self._asked_to_stop = 0.0
        self._signalled = self._is_over = False
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said, bufsize=0
            )
        except OSError as error:
            self._said.close()
            raise MoverError(f"{program}: {error.strerror}") from None
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        _widen(self._pipe.fileno())

    def files(self) -> list[int]:
        """Return the pipe."""
        return [self._pipe.fileno()]

    def take(self, most: int) -> Taken:
        """Return what has come."""
        try:
            data = os.read(self._pipe.fileno(), PIPE)
            if data:
                return self._translation.feed(data, most)
        except BlockingIOError:
            return NOTHING
        except TranslationError as error:
            raise MoverError(f"{self.name} wrote what it never does: {error}") from None
        self._is_over = True
        self._process.wait(PATIENCE)
        if not self._asked_to_stop:
            raise self._failure()
        return NOTHING

    def stop(self) -> None:
        """Let it end, a second later: until then it has taken what the kernel had for it."""
        now = time.monotonic()
        self._asked_to_stop = self._asked_to_stop or now
        if now - self._asked_to_stop >= GRACE and not self._signalled:
            self._signalled = True
            self._signal("SIGINT")
        elif now - self._asked_to_stop >= GRACE + PATIENCE:
            self._process.kill()

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._is_over

    def close(self) -> None:
        """End it if it has not ended."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        self._said.close()

    def said(self) -> str:
        """Return what it has written to standard error, the last of it."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _MAX_SAID))
        return self._said.read().decode("utf-8", "replace")

    def _signal(self, name: str) -> None:
        if sys.platform == "win32":
            self._process.terminate()
        else:
            self._process.send_signal(getattr(signal, name))

    def _failure(self) -> MoverError:
        """Return why it ended by itself, in its own words."""
        lines = [line.strip() for line in self.said().splitlines()]
        told = [line for line in lines if line and not _COUNT.search(line) and not _is_greeting(line)]
        text = " ".join(told).removeprefix(f"{self.name}: ") or f"it ended with status {self._process.returncode}"
        problem = self._filter_problem(text)
        return filter_error(self._bpf, problem) if problem else MoverError(f"{self.name}: {text}")

    def _filter_problem(self, text: str) -> str:
        """Return what is wrong with the capture filter, if that is why it ended; `text` is what it said."""
        raise NotImplementedError


class Tcpdump(Tool):
    """tcpdump, of one interface of a plan; it tells what was lost whenever it is asked to."""

    def __init__(self, plan: Plan, number: int = 0) -> None:
        interface = plan.interfaces[number]
        command = [
            *("tcpdump", "-i", interface, "-n", "-U", "-w", "-"),
            *("-s", str(plan.snap_length), "-B", str(max(plan.buffer_of_each >> 10, 1))),
            *(() if plan.promiscuous else ("-p",)),
            *(("--", plan.bpf) if plan.bpf else ()),
        ]
        translation = PcapTranslation(interface, plan.bpf, f"dicomsniff {__version__} (tcpdump)", number)
        super().__init__(plan, "tcpdump", command, translation)

    def losses(self) -> dict[int, Counts]:
        """Return what it said last, and ask it to say it again."""
        counts = {what: int(number) for number, what in _COUNT.findall(self.said())}
        if not self._is_over and _TELL:
            self._signal(_TELL)
        return {0: Counts(*(counts.get(what, 0) for what in _COUNTED))}

    def _filter_problem(self, text: str) -> str:  # noqa: ARG002  it says it in a thousand ways
        """Ask it to compile the filter, which takes no privileges."""
        if not self._bpf:
            return ""
        command = ["tcpdump", "-y", "EN10MB", "-d", "--", self._bpf]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, text=True)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        last = done.stderr.strip().rpartition("\n")[2]
        return last.removeprefix("tcpdump: ") if done.returncode else ""


_TELL = next((name for name in ("SIGINFO", "SIGUSR1") if hasattr(signal, name)), "")
"""The signal on which it tells: where there is SIGINFO, as on macOS, the other one ends it."""
_COUNTED = ("received by filter", "dropped by kernel", "dropped by interface")


class Dumpcap(Tool):
    """dumpcap, of any number of interfaces; it tells what was lost once it ends."""

    writes_losses = tells_late = True
    tick = 1

    def __init__(self, plan: Plan) -> None:
        command = ["dumpcap", "-q", "-w", "-"]
        for interface in plan.interfaces:
            # What stands behind an interface is meant for it alone.
            command += ["-i", interface, "-s", str(plan.snap_length), "-B", str(max(plan.buffer_of_each >> 20, 1))]
            command += [] if plan.promiscuous else ["-p"]
            command += ["-f", plan.bpf] if plan.bpf else []
        super().__init__(plan, "dumpcap", command, PcapngTranslation())

    def losses(self) -> dict[int, Counts]:
        """Return what it said at its end, of each interface in order."""
        return {
            number: Counts(int(counts[0]), int(counts[1]), int(counts[2]))
            for number, counts in enumerate(_DUMPCAP_COUNTS.findall(self.said()))
        }

    def _filter_problem(self, text: str) -> str:
        """Find it in what it said."""
        found = _WRONG_FILTER.search(text)
        return found[1] if found else ""


def find_tool(name: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(name) is not None


def _is_greeting(line: str) -> bool:
    """Whether a line says how it began, not why it ended."""
    return line.startswith(("Capturing on ", "File: ", "Packets ")) or "listening on " in line or "captured" in line


def _widen(pipe: int) -> None:
    """Let a pipe hold more than usual, where the system lets it."""
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(pipe, _SET_PIPE_SIZE, PIPE)
        except OSError:  # more than this user may have
            return
