"""Encapsulated pixel data -> its fragments by their lengths (PS3.5 §A.4)."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dicomsniff.dimse.scan.nesting import ITEM, SEQUENCE_DELIMITER
from dicomsniff.dimse.scan.pixels import MAX_TABLE, SAMPLE
from dicomsniff.quantities import counted

LISTED_FRAGMENTS = 256
"""Fragments, and entries of an offset table, whose numbers are listed."""


@dataclass(slots=True)
class FragmentList:
    """Fragments as far as they were read: up to byte `at`, where `tag` stands, None where the data set ends.

    `items` counts the offset table too. `announced` is the length behind `tag`, `sample` the start of the first
    fragment.
    """

    at: int
    tag: int | None = None
    announced: int = 0
    items: int = 0
    total: int = 0
    sample: bytes = b""
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))
    table: "array[int]" = field(default_factory=lambda: array("L"))

    @property
    def ended(self) -> bool:
        """Whether the sequence delimiter came."""
        return self.tag == SEQUENCE_DELIMITER

    @property
    def text(self) -> str:
        """Say how many there are."""
        return f"{counted(max(self.items - 1, 0), 'fragment')}, {self.total} bytes"

    def to_json(self, frames: object) -> dict[str, Any]:
        """Return what is told beside length and digest; `frames` as Number of Frames has it."""
        return {
            "frames": frames if isinstance(frames, int) else len(self.table) or None,
            "fragments": max(self.items - 1, 0),
            "fragment_lengths": list(self.lengths),
            "offset_table": list(self.table),
        }


def read_fragments(peek: Callable[[int, int], bytes], start: int, end: int, most: int) -> FragmentList:
    """Read from `start` on what ends before `end`, `most` items at most; `peek` gives bytes by place and length."""
    found = FragmentList(start)
    while found.items < most:
        head = peek(found.at, 8)
        if len(head) < 8:
            found.tag = None
            break
        found.tag = int.from_bytes(head[:2], "little") << 16 | int.from_bytes(head[2:4], "little")
        length = found.announced = int.from_bytes(head[4:], "little")
        place = found.at + 8
        if found.tag != ITEM or place + length > end:
            break
        if not found.items:
            value = peek(place, min(length, 4 * LISTED_FRAGMENTS, MAX_TABLE))
            found.table.extend(int.from_bytes(value[at : at + 4], "little") for at in range(0, len(value), 4))
        else:
            if found.items == 1:
                found.sample = peek(place, min(length, SAMPLE))
            found.total += length
            if found.items <= LISTED_FRAGMENTS:
                found.lengths.append(length)
        found.items += 1
        found.at = place + length
    return found
