"""Standard output on its way to a terminal: in colours, and through a pager, if the user wants that."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, cast

from dicomsniff.commands.colour import coloured, wants_colour
from dicomsniff.interruption import leave_at_once, taken_over
from dicomsniff.output import on_descriptor
from dicomsniff.printable import PrintableStream

if TYPE_CHECKING:
    import subprocess

_DEFAULT = "less"
_SURROUNDINGS = {"LESS": "FRX", "LV": "-c", "LESSCHARSET": "utf-8"}
"""What usual pagers go by where the user says nothing: not to stay for what fits the screen, and to show colours."""
_NO_PAGER = ("", "cat")


@contextmanager
def on_terminal(out: IO[str], *, color: str = "auto", pager: bool = True) -> Iterator[IO[str]]:
    """Yield what to write text to instead of standard output; anything else, a file say, is yielded as it is.

    A pager begins with the first text, so that it is in nobody's way while a capture is read.
    """
    if out is not sys.stdout or not isinstance(out, PrintableStream):
        yield out
        return
    call = _pager() if pager and out.isatty() else []
    colours = wants_colour(color, out)
    if not call and not colours:
        yield out
        return
    terminal = _Terminal(out, call, colours=colours)
    with taken_over(terminal.leave) if call else nullcontext():
        try:
            yield cast("IO[str]", terminal)
        finally:
            terminal.close()


def _pager() -> list[str]:
    """Return the call of the user's pager; none where there is none, or the terminal has no lines to go back in."""
    wanted = os.environ.get("PAGER", _DEFAULT).strip()
    if wanted in _NO_PAGER or os.environ.get("TERM") == "dumb":
        return []
    import shlex
    import shutil

    try:
        call = shlex.split(wanted)
    except ValueError:
        return []
    return call if shutil.which(call[0]) else []


def _surroundings() -> dict[str, str]:
    """Return what a pager is told; one that root runs, as after `sudo`, starts no other program (LESSSECURE)."""
    secure = {"LESSSECURE": "1"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}
    return _SURROUNDINGS | secure | os.environ


class _Terminal:
    """Writes to the terminal, or to a pager in front of it. Whoever leaves the pager early ends what is written."""

    def __init__(self, out: PrintableStream, call: list[str], *, colours: bool) -> None:
        self._out, self._call, self._colours = out, call, colours
        self._process: subprocess.Popen[bytes] | None = None
        self._descriptor = -1
        self._rest = ""

    def isatty(self) -> bool:
        """Whether somebody sees what is written at once, as far as that is a terminal's."""
        return self._out.isatty()

    def write(self, text: str) -> int:
        """Write text; of coloured text, the lines that have ended."""
        self._begin()
        if not self._colours:
            return self._out.write(text)
        lines, newline, rest = text.rpartition("\n")
        if newline:
            self._out.write_styled(f"{self._rest}{lines}\n", coloured)
        self._rest = rest if newline else self._rest + rest
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write pieces of text."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Let what is written be seen."""
        self._out.flush()

    def close(self) -> None:
        """Write what is left; stay until the user leaves the pager."""
        process = self._process
        try:
            if self._rest:
                self._out.write_styled(self._rest, coloured)
            if process is not None:
                self._out.close()
        finally:
            if process is not None:
                with suppress(OSError, ValueError):
                    self._out.close()
                process.wait()

    def leave(self) -> None:
        """End because of a signal: the pager has the terminal until its user leaves it."""
        if self._process is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._process.wait()
        leave_at_once()

    def _begin(self) -> None:
        call, self._call = self._call, []
        if not call:
            return
        import subprocess

        self._out.flush()
        try:
            self._process = subprocess.Popen(call, stdin=subprocess.PIPE, env=_surroundings())
        except OSError:
            return  # there is no pager after all
        assert self._process.stdin is not None
        self._descriptor = os.dup(self._process.stdin.fileno())
        self._process.stdin.close()
        self._out = on_descriptor(self._descriptor, "the pager")
