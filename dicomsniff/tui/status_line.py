"""The top line: what is being read, how far, and what it holds."""

from textual.widgets import Static

from dicomsniff.library import Capture
from dicomsniff.quantities import byte_size, counted
from dicomsniff.tui.said import allowed, gate
from dicomsniff.tui.shown import Shown, shortened

BAR = 12
"""Columns of the progress bar."""
LONGEST_NAME = 60
"""Characters of the capture's name that are shown."""


def status_text(capture: Capture, *, reading: bool, following: bool, problem: str, verdict: str) -> Shown:
    """Say how far reading is, whether patient data are shown, how the capture went, and last the counts."""
    analyzer, reader = capture.analyzer, capture.reader
    text = Shown(f" {shortened(allowed(capture.marked_name), LONGEST_NAME)}  ", "bold")
    if problem or reader.truncated:
        text.append(f"{problem or reader.truncated}  ", "bold reverse")
    if any(capture.losses):
        text.append(f"{capture.losses} lost  ", "bold reverse")
    count = analyzer.association_count
    told = [f"patient data {'shown' if gate().privacy.keep_phi else 'hidden'} (P)"]
    if verdict:
        told.append(f"so far {allowed(verdict)}" if reading else allowed(verdict))
    counts = [counted(count, "association", ","), counted(analyzer.packets, "packet", ",")]
    if capture.is_live:
        text.append("live  " if reading else "live capture ended  ", "bold")
        if reading:
            told.insert(0, "following the newest" if following else "F follows the newest")
    elif reading:
        text.append_text(_progress(reader.position, reader.size))
    return text.append(" · ".join([*told, *counts]), "not bold")


def _progress(position: int, whole: int | None) -> Shown:
    if not whole:
        return Shown(f"reading {byte_size(position)}  ")
    share = min(position / whole, 1.0)  # a compressed capture holds more than its file
    done = round(share * BAR)
    return Shown(f"reading {'━' * done}{'╌' * (BAR - done)} {share:4.0%} of {byte_size(whole)}  ")


class StatusLine(Static):
    """Shows it."""

    def show(self, capture: Capture, *, reading: bool, following: bool, problem: str, verdict: str) -> None:
        """Show how things stand."""
        self.update(status_text(capture, reading=reading, following=following, problem=problem, verdict=verdict))


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
