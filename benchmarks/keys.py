#!/usr/bin/env python3
"""Time from key to redraw of the terminal UI, while it reads a capture and after, beside `less` in the same tmux.

keys.py CAPTURE [--size 120x35] [--keys 40]

Both run in windows of one tmux server; their keys take turns, so that both meet the same load. A key is sent and the
screen asked for until it is another one; what is asked is only that part which a key changes, as counts and progress
change by themselves. `CPU` is what the interface's own thread worked meanwhile, which depends less on what else the
machine does. Memory is the highest resident set of the terminal UI, and of `show` on the same capture.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

from machine import machine_lines

PATIENCE = 10.0
"""Seconds after which a key is given up."""
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
MOVES = {"↓ and ↑": ("Down", "Up"), "PageDown, PageUp": ("NPage", "PPage"), "End, Home": ("G", "g")}
VIEWS = {"2": "Exchange", "3": "Negotiation", "4": "Objects", "5": "Time", "6": "Findings", "7": "Compare"}


class Terminal:
    """A tmux server of its own, talked to by one client in control mode: no process is begun for a key."""

    def __init__(self, width: int, height: int) -> None:
        self._server = f"keys{os.getpid()}"
        session = ["new-session", "-x", str(width), "-y", str(height), "sleep 86400"]
        self._client = subprocess.Popen(
            ["tmux", "-L", self._server, "-f", os.devnull, "-C", *session],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._size = width, height
        self._answer()

    def run(self, command: str) -> str:
        """Run a program in a window of its own; return the window."""
        window = self._ask(f"new-window -P -F '#{{window_id}}' {command!r}")[0]
        self._ask(f"resize-window -t {window} -x {self._size[0]} -y {self._size[1]}")
        return window

    def press(self, window: str, key: str) -> None:
        """Press a key."""
        self._ask(f"send-keys -t {window} {key}")

    def screen(self, window: str) -> list[str]:
        """Return the lines of a window, with their colours."""
        return self._ask(f"capture-pane -e -p -t {window}")

    def process(self, window: str) -> int:
        """Return the number of the process in a window."""
        return int(self._ask(f"display-message -p -t {window} '#{{pane_pid}}'")[0])

    def close(self) -> None:
        """End everything in it."""
        subprocess.run(["tmux", "-L", self._server, "kill-server"], check=False, capture_output=True)
        self._client.wait()

    def _ask(self, command: str) -> list[str]:
        assert self._client.stdin is not None
        self._client.stdin.write(f"{command}\n")
        self._client.stdin.flush()
        return self._answer()

    def _answer(self) -> list[str]:
        assert self._client.stdout is not None
        lines: list[str] | None = None
        for line in self._client.stdout:
            if line.startswith("%begin "):
                lines = []
            elif line.startswith("%error ") and lines is not None:
                raise SystemExit(f"keys.py: tmux: {' '.join(lines)}; has the program in it ended?")
            elif line.startswith("%end ") and lines is not None:
                return lines
            elif lines is not None:
                lines.append(line.rstrip("\n"))
        raise SystemExit("keys.py: tmux has gone")


class Window:
    """A program in it, and how long its keys took (ms)."""

    def __init__(self, terminal: Terminal, command: str, looked_at: Callable[[list[str]], list[str]]) -> None:
        self._terminal, self._looked_at = terminal, looked_at
        self.window = terminal.run(command)
        self._process = terminal.process(self.window)
        self.worked: list[float] = []
        """What the first thread of the program worked for each key that changed something (ms)."""

    def time(self, key: str, looked_at: Callable[[list[str]], list[str]] | None = None) -> float | None:
        """Press a key and return how long its redraw took (ms); None where nothing changed."""
        looked_at = looked_at or self._looked_at
        before = looked_at(self._terminal.screen(self.window))
        worked, begun = working(self._process), time.perf_counter()
        self._terminal.press(self.window, key)
        while time.perf_counter() - begun < PATIENCE:
            if looked_at(self._terminal.screen(self.window)) != before:
                took = (time.perf_counter() - begun) * 1000
                self.worked.append(working(self._process) - worked)
                return took
        return None

    def shows(self, *texts: str) -> bool:
        """Whether one of some texts is on the screen."""
        return any(text in line for line in self._terminal.screen(self.window) for text in texts)

    def wait_for(self, *texts: str) -> None:
        """Wait for one of some texts."""
        while not self.shows(*texts):
            time.sleep(0.01)


def working(process: int) -> float:
    """Return how long the first thread of a process has had a processor (ms), where the system tells."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


def everything(lines: list[str]) -> list[str]:
    return lines


def views(lines: list[str]) -> list[str]:
    """The line of the views, of which one stands out."""
    return lines[1:2]


def selected(lines: list[str]) -> list[str]:
    """The heading of the pane that tells of the selected association: it changes with every move, by nothing else."""
    plain = (COLOUR.sub("", line) for line in lines)
    return [line for line in plain if "─ Association " in line or "━ Association " in line]


def presses(
    window: Window,
    beside: Window,
    keys: Iterator[str],
    looked_at: Callable[[list[str]], list[str]] | None = None,
) -> tuple[list[float], list[float]]:
    """Press keys in both, taking turns; return what they took."""
    took: tuple[list[float], list[float]] = ([], [])
    for key in keys:
        for each, times in zip((window, beside), took, strict=True):
            if (said := each.time(key, looked_at)) is not None:
                times.append(said)
    return took


def row(name: str, window: Window, times: list[float], beside: list[float]) -> list[str]:
    worked, window.worked = window.worked, []
    return [name, figure(times), figure(worked), figure(beside)]


def figure(times: list[float]) -> str:
    if not times:
        return "–"
    ninth = quantiles(times, n=10, method="inclusive")[-1] if len(times) > 1 else times[0]
    return f"{median(times):.0f} / {ninth:.0f} / {max(times):.0f}"


def peak(process: int) -> float:
    """Return the highest resident set of a process (MB)."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


def show_peak(capture: str) -> float:
    """Return that of `show`: of it alone, as other children may have taken more."""
    call = [sys.executable, "-m", "dicomsniff", "show", capture]
    with open(os.devnull, "wb") as nowhere, subprocess.Popen(call, stdout=nowhere, stderr=nowhere) as process:
        _, process.returncode, used = os.wait4(process.pid, 0)
    return used.ru_maxrss / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", metavar="CAPTURE")
    parser.add_argument("--size", default="120x35", metavar="COLUMNSxLINES")
    parser.add_argument("--keys", type=int, default=40, metavar="N", help="keys of each kind (40)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the tmux server is not left behind
    width, height = map(int, args.size.split("x"))
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        text = Path(directory) / "text"
        text.write_text("".join(f"{number:9,} {number * 7919 % 1000003:9,}\n" for number in range(400_000)))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["XDG_CONFIG_HOME"] = directory
        terminal = Terminal(width, height)
        try:
            less = Window(terminal, f"less {text}", everything)
            less.wait_for("7,919")
            begun = time.perf_counter()
            ui = Window(terminal, f"{sys.executable} -m dicomsniff {args.capture}", selected)
            ui.wait_for(" → ", "Findings (")
            first_rows = time.perf_counter() - begun
            took: tuple[list[float], list[float]] = ([], [])
            terminal.press(ui.window, "1")  # which changes nothing where the overview is there already
            ui.wait_for("Associations (")
            moved = True  # there may be one association
            while moved and ui.shows("reading ") and len(took[0]) < args.keys:
                pressed = presses(ui, less, iter(("Down", "Up")))
                moved = bool(pressed[0])
                for each, more in zip(took, pressed, strict=True):
                    each.extend(more)
            rows.append(row("↓ and ↑ while loading", ui, *took))
            while ui.shows("reading "):
                time.sleep(0.1)
            loaded, at_first = time.perf_counter() - begun, peak(terminal.process(ui.window))
            terminal.press(ui.window, "1")
            ui.wait_for("Associations (")
            is_one = ui.shows("Associations (1)")
            # Nothing changes by itself any more.
            for view, place in (("1", "loaded"), ("2", "in the exchange"))[is_one:]:
                ui.time(view, views)
                ui.worked = []
                for name, keys in MOVES.items():
                    times = presses(ui, less, iter(keys * (args.keys // 2)), everything)
                    rows.append(row(f"{name}, {place}", ui, *times))
            for key, name in VIEWS.items():
                there = [each for _ in range(5) for each in (ui.time(key, views), ui.time("1", views)) if each]
                rows.append(row(f"{name} and back", ui, there, []))
            memory = peak(terminal.process(ui.window))
        finally:
            terminal.close()
    load = os.getloadavg()[0]
    print("\n".join(machine_lines(with_tshark=False)))
    print(f"load {load:.1f}; first rows after {first_rows:.1f} s, loaded after {loaded:.1f} s")
    print(
        f"peak memory {at_first:.0f} MB when loaded, {memory:.0f} MB after all views; "
        f"of show {show_peak(args.capture):.0f} MB"
    )
    print("\n| keys | terminal UI, ms | CPU, ms | less, ms |\n| --- | ---: | ---: | ---: |")
    print("\n".join(f"| {' | '.join(each)} |" for each in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
