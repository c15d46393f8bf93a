"""How far a capture has been read, on standard error, for a person who waits at a terminal."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol, Self, cast

from dicomsniff.capture import silence
from dicomsniff.output import say_error

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dicomsniff.library import Capture

PATIENCE = 1.0
"""Seconds that pass before anything is shown: most captures are read by then."""
_PER_SECOND = 5


class Measured(Protocol):
    """What is read."""

    @property
    def size(self) -> int | None:
        """Its bytes, where that is known beforehand."""

    @property
    def position(self) -> int:
        """Bytes read so far."""


@contextmanager
def progress_shown(reader: Measured, out: IO[str]) -> Iterator[IO[str]]:
    """Show how far a source has been read, if standard error is a terminal; yield `out`, to be written to instead.

    Where `out` is a terminal too, the first text that is written to it ends the display: two would be in each other's
    way. A source whose size is not known is shown without a share.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield out
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn

    class Display(Progress):
        """Asks the source itself whenever it is drawn: between two blocks of a capture much time may pass."""

        since = time.monotonic()

        def get_renderables(self) -> "Iterable[RenderableType]":
            """Return nothing while it is too early."""
            if time.monotonic() - self.since < PATIENCE:
                return
            for task in self.task_ids:
                self.update(task, completed=reader.position)
            yield from super().get_renderables()

    columns = (TextColumn("reading"), BarColumn(), TaskProgressColumn(), DownloadColumn())
    display = Display(
        *columns,
        console=Console(stderr=True),
        refresh_per_second=_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    display.add_task("reading", total=reader.size)
    with display:
        yield cast("IO[str]", _Until(display.stop, out)) if out.isatty() else out


class SilenceWatch:
    """Says once on standard error that nothing comes from standard input, if it is among what is read."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._capture: Capture | None = None
        self._timer = None
        if "-" in paths:
            from threading import Timer

            self._timer = Timer(silence.PATIENCE, self._look)

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def watch(self, capture: "Capture") -> None:
        """Take what reads it, as soon as there is a header to be read."""
        self._capture = capture

    def _look(self) -> None:
        if self._capture is None or not self._capture.analyzer.packets:
            say_error(silence.silence_text("standard input", silence.BUFFERED))


class _Until:
    """Text to write, before the first of which something else ends."""

    def __init__(self, end: Callable[[], None], out: IO[str]) -> None:
        self._end, self._out = end, out

    def write(self, text: str) -> int:
        self._end()
        return self._out.write(text)

    def flush(self) -> None:
        self._out.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        self._end()
        self._out.writelines(lines)
