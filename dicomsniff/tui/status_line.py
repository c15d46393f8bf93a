"""The top line: what is being read, how far, and what it holds."""

from rich.text import Text
from textual.widgets import Static

from dicomsniff.quantities import size
from dicomsniff.tui.printable import printable
from dicomsniff.tui.source import CaptureSource, is_live, known_size

BAR = 12
"""Columns of the progress bar."""


def status_text(capture: CaptureSource, *, reading: bool, following: bool, problem: str, verdict: str) -> Text:
    """Say how far reading is, the counts, and how the capture went."""
    analyzer, reader = capture.analyzer, capture.reader
    text = Text(f" {printable(reader.name, 40)}  ", "bold")
    if problem or reader.truncated:
        text.append(f"{printable(problem or reader.truncated)}  ", "bold reverse")
    count = analyzer.association_count
    counts = [f"{count:,} association{'s' * (count != 1)}", f"{analyzer.packets:,} packets"]
    if is_live(capture):
        text.append("live  " if reading else "live capture ended  ", "bold")
        if reading:
            counts.append("following the newest" if following else "F follows the newest")
    elif reading:
        text.append_text(_progress(reader.position, known_size(capture)))
    if verdict:
        counts.append(f"so far {verdict}" if reading else verdict)
    return text.append(" · ".join(counts), "not bold")


def _progress(position: int, whole: int | None) -> Text:
    if not whole:
        return Text(f"reading {size(position)}  ")
    share = min(position / whole, 1.0)  # a compressed capture holds more than its file
    done = round(share * BAR)
    return Text(f"reading {'━' * done}{'╌' * (BAR - done)} {share:4.0%} of {size(whole)}  ")


class StatusLine(Static):
    """Shows it."""

    def show(self, capture: CaptureSource, *, reading: bool, following: bool, problem: str, verdict: str) -> None:
        """Show how things stand."""
        self.update(status_text(capture, reading=reading, following=following, problem=problem, verdict=verdict))


def nothing_found(capture: CaptureSource) -> str:
    """Say what the capture holds where there is no association in it."""
    analyzer = capture.analyzer
    if not analyzer.packets:
        return "the capture holds no packets"
    foreign = ", ".join(f"{count} {name or 'of another protocol'}" for name, count in analyzer.foreign.most_common(4))
    undecoded = ", ".join(f"{count} {reason}" for reason, count in analyzer.undecoded.most_common(3))
    parts = [
        "no DICOM association in this capture",
        f"{analyzer.packets:,} packets",
        f"{analyzer.connections:,} TCP connections" + (f" ({foreign})" if foreign else ""),
    ]
    return "; ".join(parts + ([f"packets without TCP: {undecoded}"] if undecoded else []))
