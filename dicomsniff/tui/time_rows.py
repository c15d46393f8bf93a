"""Where the time of an association went -> field rows."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.quantities import byte_size, counted, duration
from dicomsniff.side import SIDES
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import Target
from dicomsniff.words.times import answers, nearest_side, time_parts

LONGEST_BAR = 16
"""Cells of the bar of something that took all the time."""


def time_rows(association: Association) -> Iterator[FieldRow]:
    """Yield what the time of an association that is over was spent on, how long answers took, how fast bytes went."""
    timing = association.timing
    for part in time_parts(timing):
        bar = "█" * round(part.share * LONGEST_BAR)
        yield FieldRow(f"{duration(part.time):>7}  {part.share:>4.0%}", f"{bar:{LONGEST_BAR}} {part.name}")
    yield FieldRow(f"{duration(timing.total):>7}", "in all")
    for each in answers(timing):
        if each.number == 1:
            said = f"answered in {duration(each.worst)}"
        else:
            said = f"{counted(each.number, 'answer', ',')}: median {duration(each.median)}, 90 % within "
            said += f"{duration(each.ninth)}, longest {duration(each.worst)} (message {each.message})"
        yield FieldRow(each.service, said, target=Target(association.id, each.message))
    for side in SIDES:
        rate = timing.throughput(side)
        speed = f", {byte_size(int(rate))}/s while it sends" if rate is not None else ""
        yield FieldRow(f"{side.value} sent", f"{byte_size(timing.bytes[side])} of messages{speed}")
    if near := nearest_side(association):
        yield FieldRow("captured", "between the two" if near == "between" else f"near the {near}")
