"""What the detail panes show: rows of fields, and the blocks of bytes they lie in."""

from dataclasses import dataclass, field

from dicomsniff.tui.link_book import Target
from dicomsniff.tui.shown import shortened


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field: its name, its value in words, and where its bytes are (`block` is None where it has none).

    `style` is a severity's name, or "heading". `target` is where the row leads, `folded` whether the rows below it are
    hidden at first.
    """

    name: str
    value: str = ""
    depth: int = 0
    block: int | None = None
    start: int = 0
    end: int = 0
    style: str = ""
    target: Target | None = None
    folded: bool = False

    def __post_init__(self) -> None:
        """Escape what it says: a value is measured and wrapped before it is drawn."""
        object.__setattr__(self, "name", shortened(self.name))
        object.__setattr__(self, "value", shortened(self.value))

    @property
    def is_heading(self) -> bool:
        """Whether it begins a section."""
        return self.style == "heading"


@dataclass(slots=True)
class ByteBlock:
    """Bytes to show under one name: the first of `length`; `holes` are (start, end) of those that are not shown."""

    name: str
    data: bytes
    length: int
    holes: list[tuple[int, int]] = field(default_factory=list)
