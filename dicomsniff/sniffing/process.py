"""The capturer as seen by the program that starts it: a process, and what it tells."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Condition, Thread

from dicomsniff.capture.losses import Losses
from dicomsniff.capture.notices import Notices
from dicomsniff.capture.packets import CaptureError
from dicomsniff.quantities import is_are
from dicomsniff.sniffing.notes import Channel, Note
from dicomsniff.sniffing.plan import Plan

PATIENCE = 15.0
"""Seconds within which a capturer has to begin, and to end."""


class CapturerProcess:
    """A capturer at work. Its notes are taken in a thread of their own, so that it never waits for us.

    `take` is called, in that thread, with every note that is not about the process itself; `changed` is notified then.
    Raises CaptureError where it does not begin.
    """

    def __init__(self, plan: Plan, take: Callable[[Note], None]) -> None:
        self._notices = Notices()
        """What happened and was not told yet: who captures, an interface that went away."""
        self.changed = Condition()
        self.is_over = False
        """Whether it has captured all it will."""
        self._is_unwanted = False
        """Whether nothing of what it does is wanted any more, so that it may go without a word."""
        self.was_lost = False
        """Whether it went away without a word."""
        self.losses = Losses()
        """What was lost by now, as far as the capturer counts it before it ends."""
        self.away = ""
        """Why nothing, or not all, is captured for now: an interface that went away; empty where none did."""
        self.failure = ""
        """Why it ended before it was told to."""
        self._wrong_call = self._started = False
        self._take_other = take
        self._errors = TemporaryFile()  # noqa: SIM115  open as long as the process may write to it
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _start(plan, theirs, self._errors.fileno())
        self._channel = Channel(ours)
        self._channel.send("plan", plan=plan.to_json())
        self._listener = Thread(target=self._listen, name="notes of the capturer", daemon=True)
        self._listener.start()
        with self.changed:
            self.changed.wait_for(lambda: self._started or self.is_over, PATIENCE)
            started = self._started
        if not started:
            self.close(at_once=True)
            raise CaptureError(self.failure or "the capturer did not begin", wrong_call=self._wrong_call)

    def note(self, notice: str) -> None:
        """Take something that happened, to be told."""
        self._notices.note(notice)

    def pop_notices(self) -> list[str]:
        """Hand over what happened since the last time."""
        return self._notices.pop()

    def stop(self) -> None:
        """Let it take what the kernel still has, and end."""
        self._channel.send("stop")

    def wait(self) -> None:
        """Wait until it is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_over)

    def close(self, *, at_once: bool = False) -> None:
        """End it, and what it has started; in order, unless nothing of what it does is wanted."""
        self.stop()
        if at_once:
            self._is_unwanted = True
            self._kill()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._listener.join()
        self._channel.close()
        self._errors.close()

    def _listen(self) -> None:
        """Take its notes until it is gone."""
        while not self._channel.is_over:
            for note in self._channel.receive(None):
                with self.changed:
                    self._take(note)
                    self.changed.notify_all()
        with self.changed:
            if not self.is_over:
                self._kill()  # what it had started would go on until its next packet
                self.is_over = self.was_lost = True
                self.failure = self.failure or ("" if self._is_unwanted else self._last_words())
            self.changed.notify_all()

    def _take(self, note: Note) -> None:
        match note["is"]:
            case "started":
                self._started = True
                held = f", with a buffer of {note['buffer']}" if note["buffer"] else ""
                late = ", which tells only at its end what was lost" if note["tells_late"] else ""
                instead = "".join(f"; {reason}" for reason in note["refused"])
                self.note(f"captured by {note['capturer']}{held}{late}{instead}")
            case "gone":
                self.away = _away(note)
                self.note(f"{note['text']}; waiting for it to come back")
            case "resumed":
                where = f" from {', '.join(note['back'])}" if note["back"] else ""
                self.away = _away(note)
                lacking = ", and ".join(f"{', '.join(names)}, still {how}" for names, how in _lacking(note))
                without = f"; without {lacking}" if lacking else ""
                self.note(f"capturing{where} again after {note['seconds']:.1f} s, of which nothing is known{without}")
            case "failed":
                self.failure, self._wrong_call = note["text"], note["wrong_call"]
            case "lost":
                self.losses = Losses(note["kernel"], note["interface"])
            case "ended":
                self.is_over = True
            case _:
                self._take_other(note)

    def _last_words(self) -> str:
        """Say that it is gone, with the last line of its traceback if there is one."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 1000))
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        return "the capturing process is gone" + (f": {lines[-1].strip()}" if lines else "")

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _lacking(note: Note) -> list[tuple[list[str], str]]:
    """Return the interfaces that nothing comes from now, and how they are: down, or away."""
    return [(names, how) for names, how in ((note["down"], "down"), (note["missing"], "away")) if names]


def _away(note: Note) -> str:
    """Say which interfaces nothing comes from, or why from none; empty where all are captured from."""
    said = ", ".join(f"{', '.join(names)} {is_are(len(names))} {how}" for names, how in _lacking(note))
    return said if note["goes_on"] else f"{said or note['text']}: nothing is captured"


def _start(plan: Plan, connection: socket.socket, errors: int) -> "subprocess.Popen[bytes]":
    """Start a capturer: in a group of its own, so that Ctrl-C reaches us alone, who then say when it ends."""
    # The same package that we are, never one that happens to be in the working directory.
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "dicomsniff.sniffing.capturer", str(connection.fileno())],
        env=os.environ | {"PYTHONPATH": path},
        stdin=None if plan.is_piped else subprocess.DEVNULL,
        stdout=None if plan.write == "-" else subprocess.DEVNULL,
        stderr=errors,
        pass_fds=(connection.fileno(),),
        start_new_session=True,
    )
