"""Strings of any origin -> text on the screen: every view makes its text of these, and none of rich's own."""

from bisect import bisect_right
from typing import Self

from rich.style import Style
from rich.text import Text

from dicomsniff.printable import printable

LONGEST = 4096
"""Characters shown of a string."""
_COUNT = len(" … 1000000000 more characters")


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return text as it is printed, in at most `longest` characters; those left out are counted."""
    if len(text) <= longest and len(shown := printable(text)) <= longest:
        return shown
    room = max(longest - _COUNT, 0)
    kept = bisect_right(range(room + 1), room, key=lambda count: len(printable(text[:count]))) - 1
    return f"{printable(text[:kept])} … {len(text) - kept} more characters"


class Shown(Text):
    """Rich text whose strings are escaped where a terminal would obey them, and cut where they are very long.

    Rich drops some control characters and passes others on; a peer may send any of them, and a megabyte of text.
    """

    def __init__(self, text: str = "", style: str | Style = "") -> None:
        super().__init__(shortened(text), style)

    def append(self, text: Text | str, style: str | Style | None = None) -> Self:
        """Add text; a newline in it does not begin a line."""
        super().append(text if isinstance(text, Text) else shortened(text), style)
        return self

    def append_line(self, text: str, style: str | Style | None = None) -> Self:
        """Add text on a line of its own."""
        super().append("\n")
        return self.append(text, style)
