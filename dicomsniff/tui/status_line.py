"""The top line: how the capture went, how far it is read, and whether patient data are shown."""

from bisect import bisect_right
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from textual.geometry import Size
from textual.widgets import Static

from dicomsniff.capture.packets import Keeping
from dicomsniff.library import Capture
from dicomsniff.quantities import byte_size, counted
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import Session
from dicomsniff.tui.shown import Shown, shortened

BAR = 12
"""Columns of the progress bar."""
WIDE = 110
"""Columns from which on the state of privacy is said in words."""
LINES, ROOMY = 2, 20
"""Lines that it may take, and those of a terminal from which on it may take more than one."""
LONGEST_NAME = 60
"""Characters of the capture's name that are shown."""


class Status(NamedTuple):
    """How things stand, in the room there is."""

    text: Shown
    is_cut: bool
    """Whether there was no room for all of it."""


def status(session: Session, width: int, lines: int = 1) -> Status:
    """Say how the capture went and how far reading is; then, where there is room, its name and counts.

    That takes as many lines as it needs, and no more than `lines`.
    """
    capture, reading = session.capture, session.reading
    text = Shown(" ", "bold")
    truncated = session.problem or capture.reader.truncated
    if truncated:
        text.append(f"{truncated}  ", "bold reverse")
    if reading and capture.away:
        text.append(f"{allowed(capture.away)}  ", "bold reverse")
    if any(capture.losses):
        text.append(f"{capture.losses} lost  ", "bold reverse")
    if capture.is_live:
        text.append("live  " if reading else "live capture ended  ", "bold")
        if reading:
            text.append("following the newest  " if session.following else "F follows the newest  ", "not bold")
    elif reading:
        text.append_text(_progress(capture.reader.position, capture.reader.size))
    if verdict := allowed(session.book.verdict):
        text.append(f"so far {verdict}" if reading else verdict, "bold")
    state = "SHOWN" if session.gate.privacy.keep_phi else "hidden"
    privacy = f" P {state} " if width < WIDE else f" patient data {state} (P) "
    room = width - len(privacy)
    name = shortened(allowed(capture.marked_name), LONGEST_NAME)
    rest = f"  {name}  {packets_text(session)}"
    if text.cell_len + len(rest) <= room:
        text.append(rest, "not bold")
    first, more = _broken(text, room) if lines > 1 else (text, None)
    is_cut = first.cell_len > room or (more is not None and more.cell_len > width)
    first = _cut(first, room)
    first.truncate(max(room, 0), overflow="ellipsis", pad=True)
    first.append(privacy, "bold reverse" if session.gate.privacy.keep_phi else "not bold reverse")
    if more is not None:
        first.append_line("").append(_cut(more, width))
    return Status(first, is_cut)


def status_in(session: Session, size: Size) -> Status:
    """Say it in a terminal of this size.

    While a file is read, it is another text every moment: then it has one line, so that nothing below moves for it.
    """
    lines = LINES if size.height >= ROOMY and (session.capture.is_live or not session.reading) else 1
    said = status(session, size.width, lines)
    # What is longer than that, the overview says whole.
    return status(session, size.width) if said.is_cut and session.view == "overview" else said


def _broken(text: Shown, room: int) -> tuple[Shown, Shown | None]:
    """Return what of a text fits in so many cells, and the rest, if there is any; it is broken between words."""
    if text.cell_len <= room:
        return text, None
    characters = bisect_right(range(len(text)), room, key=lambda count: cell_len(text.plain[:count])) - 1
    at = text.plain.rfind(" ", 2, max(characters, 2) + 1)
    if at < 0:
        return text, None
    first, rest = text.divide([at])
    return Shown().append(first), Shown().append(rest)


def _cut(text: Shown, room: int) -> Shown:
    """Return what of a text fits in so many cells; what is left out is left out from the beginning of a word on."""
    if text.cell_len <= room:
        return text
    whole, _ = _broken(text, room - 2)
    whole.append(" …")
    whole.truncate(max(room, 0), overflow="ellipsis")
    return whole


def fitted(text: Shown, console: Console, width: int, lines: int) -> Shown:
    """Return what of a text fits in so many lines, cut as `status` cuts its own where that is not all of it."""
    broken = text.wrap(console, max(width, 1))
    if len(broken) <= lines:
        return text
    head = Shown()
    for line in broken[:lines]:
        line.rstrip()
    for line in broken[: lines - 1]:
        head.append(line).append_line("")
    return head.append(_cut(Shown().append(broken[lines - 1]).append(" …"), width))


def packets_text(session: Session) -> str:
    """Say how many packets were read, and how fast they come where they do."""
    capture = session.capture
    counts = counted(capture.analyzer.packets, "packet", ",")
    return f"{counts}, {session.rate:,.0f} a second" if capture.is_live and session.reading else counts


def keeping_text(keeping: Keeping) -> str:
    """Say where what is captured is kept, and how much of it."""
    size = byte_size(keeping.size)
    if keeping.files:
        before = len(keeping.files) - 1
        others = f" and {counted(before, 'file')} before it" if before else ""
        return f"{size} written to {keeping.files[-1]}{others}"
    kept = f"{size} in a temporary file until you quit; -w FILE keeps it"
    return f"{kept}; {counted(keeping.gone, 'packet', ',')} before are gone (--spool)" if keeping.gone else kept


def _progress(position: int, whole: int | None) -> Shown:
    if not whole:
        return Shown(f"reading {byte_size(position)}  ")
    share = min(position / whole, 1.0)  # a compressed capture holds more than its file
    done = round(share * BAR)
    return Shown(f"reading {'━' * done}{'╌' * (BAR - done)} {share:4.0%} of {byte_size(whole)}  ")


class StatusLine(Static):
    """Shows it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def show(self) -> None:
        """Show how things stand."""
        self.update(status_in(self._session, self.app.size).text)

    def on_resize(self) -> None:
        """Fit it in."""
        self.show()


def nothing_found(capture: Capture) -> str:
    """Say what the capture holds where there is no association in it."""
    analyzer = capture.analyzer
    if not analyzer.packets:
        return "the capture holds no packets"
    foreign = ", ".join(f"{count} {name or 'of another protocol'}" for name, count in analyzer.foreign.most_common())
    undecoded = ", ".join(f"{count} {reason}" for reason, count in analyzer.undecoded.most_common())
    parts = [
        "no DICOM association in this capture",
        counted(analyzer.packets, "packet", ","),
        counted(analyzer.connections, "TCP connection", ",") + (f" ({foreign})" if foreign else ""),
    ]
    return "; ".join(parts + ([f"packets without TCP: {undecoded}"] if undecoded else []))
