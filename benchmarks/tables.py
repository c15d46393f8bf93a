"""Timings -> a table."""

from collections.abc import Sequence

from measure import Timing

HEADINGS = ("", "MB", "wall s", "CPU s", "peak MB", "MB/s", "÷ floor", "tshark ÷")


def table_lines(timings: list[Timing], *, markdown: bool) -> list[str]:
    """Return a table of a row for each timing, as plain text or Markdown."""
    floor = next(timing for timing in timings if timing.row.name == "floor")
    yardsticks = {name: timing for timing in timings for name in timing.row.beside}
    table = [HEADINGS, *(_cells(timing, floor, yardsticks.get(timing.row.name)) for timing in timings)]
    return aligned(table, markdown=markdown)


def aligned(table: Sequence[Sequence[str]], *, markdown: bool) -> list[str]:
    """Return the lines of a table, its headings first."""
    if markdown:
        lines = [f"| {' | '.join(cells)} |" for cells in table]
        return [lines[0], "| --- |" + " ---: |" * (len(table[0]) - 1), *lines[1:]]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in table
    ]


def findings_line(timings: list[Timing]) -> str:
    """Say what the findings cost on top of the index, in CPU seconds."""
    cpu = {timing.row.name: timing.cpu for timing in timings}
    bare, judged = cpu["index, no findings"], cpu["index"]
    return f"findings: {judged - bare:.2f} s of CPU, {100 * (judged / bare - 1):.1f} % on top of the index without them"


def _cells(timing: Timing, floor: Timing, yardstick: Timing | None) -> tuple[str, ...]:
    # Per byte, since not all rows read the whole capture.
    beside_floor = (timing.wall / timing.size) / (floor.wall / floor.size)
    beside_tshark = "" if yardstick is None else f"{yardstick.wall / timing.wall:.1f}"
    return (
        timing.row.name,
        f"{timing.size / 1e6:.1f}",
        f"{timing.wall:.2f}",
        f"{timing.cpu:.2f}",
        f"{timing.memory / 1e6:.0f}",
        f"{timing.speed:.0f}",
        f"{beside_floor:.2f}",
        beside_tshark,
    )
