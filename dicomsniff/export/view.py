"""What is written of a capture while it is read: the protocol of every format, and the loop that drives them all."""

from collections.abc import Iterable
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import IO, ClassVar, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.comments import CommentReader
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.printable import printed
from dicomsniff.privacy.gate import Gate, Privacy

IN_MEMORY = 1 << 20
"""Characters that wait in memory; more wait in a temporary file."""


class Asked(NamedTuple):
    """What the call asked for beside a format."""

    contexts: bool = False
    """Whether to say what was negotiated."""
    fail_on: Severity = Severity.ERROR
    """The least severity that makes `check` fail."""
    names: tuple[str, ...] = ()
    """The captures as the user named them."""
    privacy: Privacy = Privacy()
    """What is withheld."""

    @property
    def failing(self) -> tuple[Severity, ...]:
        """The severities that make `check` fail."""
        return SEVERITIES[: SEVERITIES.index(self.fail_on) + 1]


PLAIN = Asked()
"""Nothing in particular."""


class View:
    """One format: it takes what a capture brings, in this order, and writes to `out` whenever it likes.

    `begin()`; for each block of the capture `entries()`, then `closed()` for each association that is over; `end()`.
    `close()` follows in any case.
    """

    collects: ClassVar[bool] = False
    """Whether it writes data sets: the capture must be opened with `collect`."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        self.capture, self.out, self.asked = capture, out, asked
        self.gate = Gate(asked.privacy)
        """Says what may be shown of what a peer sent; no view shows anything of it that the gate did not return."""
        self._comments = None if self.collects or asked.privacy.keep_phi else CommentReader(capture, self.gate)
        self.failed = False
        """At the end, whether something is as bad as was asked about."""

    @property
    def digits(self) -> int:
        """Digits of times after the second; a pcapng file states them only with its first blocks."""
        return self.capture.reader.resolution_digits

    def begin(self) -> None:
        """Nothing is read yet."""

    def entries(self, updates: list[Update]) -> None:
        """Take timeline entries, each with its association, in packet order."""
        if self._comments is not None:
            self._comments.take(updates)

    def closed(self, association: Association) -> None:
        """Take an association that is over."""

    def end(self) -> None:
        """The capture is over."""

    def close(self) -> None:
        """Let go of temporary files."""

    def write_lines(self, lines: Iterable[str]) -> None:
        """Write lines of text, with nothing in them that a terminal obeys."""
        self.out.write(self.text(lines))

    def text(self, lines: Iterable[str]) -> str:
        """Return lines, which may have marks, as they are written."""
        return "".join(printed(shown(line, self.gate) for line in lines))


class HeadedView(View):
    """A view that begins with what is known last: what it writes of associations waits in `body` meanwhile."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self.body = SpooledTemporaryFile(  # noqa: SIM115  closed by close()
            max_size=IN_MEMORY, mode="w+", encoding="utf-8", errors="backslashreplace"
        )

    def copy_body(self) -> None:
        """Write all that waited."""
        self.body.seek(0)
        while piece := self.body.read(IN_MEMORY):
            self.out.write(piece)

    def close(self) -> None:
        """Let go of the temporary file."""
        self.body.close()


def write_view(form: type[View], capture: Capture, out: IO[str], asked: Asked = PLAIN) -> bool:
    """Read a capture to its end and write it; return whether something in it is as bad as was asked about."""
    with closing(form(capture, out, asked)) as view:
        view.begin()
        for updates, closed in capture.blocks():
            view.entries(updates)
            for association in closed:
                view.closed(association)
            if capture.is_live:  # nobody knows when the next block comes
                out.flush()
        view.end()
    return view.failed
