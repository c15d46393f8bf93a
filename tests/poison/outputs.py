"""Everything the program says of a capture, and what must hold of each output whatever a peer or a user put into it."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from rich.segment import Segment
from textual.filter import LineFilter

from dicomsniff.export.formats import find_view
from dicomsniff.export.view import Asked
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from unmarked import KEPT
from views import said_by, view_names

FORGED = "FORGED LINE"
"""Stands behind each kind of line break in a poison: no line of an output may begin with it."""
POISON = (
    f"\x1b]0;title\x07\x9b31m\x7f\0\r\n{FORGED}\x0b{FORGED}\x85{FORGED}\u2028{FORGED}\u2029{FORGED}"
    "\u202e\u2066\u061c\u200b\ufeff\xad\udc9b\ud800\U000e0041[red]<&]]>\"'\\"
)
"""Text that a terminal, a reader of lines, of markup, of JSON or of XML would obey."""
HARMFUL = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")

Open = Callable[..., Capture]
"""Opens the capture anew; `collect` as the library has it."""


def written(opened: Open, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each thing that is written of a capture, by what writes it; `names` as given in the call."""
    for command, form in view_names():
        view = find_view(command, form)
        with opened(collect=view.collects) as capture:
            asked = Asked(contexts=True, fail_on=Severity.NOTE, names=names, privacy=KEPT)
            yield f"{command} --format {form}", said_by(view, capture, asked)


def assert_printable(view: str, said: str) -> None:
    """No control character but newline."""
    harmful = [char for char in said if char != "\n" and unicodedata.category(char) in HARMFUL]
    assert not harmful, (view, harmful[:5], _around(said, harmful[:1]))


def assert_harmless(view: str, said: str) -> None:
    """Nothing to obey, no line that a value forged, and the format is what it should be."""
    assert_printable(view, said)
    assert not [line for line in said.split("\n") if line.strip().startswith(FORGED)], view
    said.encode()
    if "jsonl" in view:
        for line in said.splitlines():
            json.loads(line, parse_constant=_refuse)
    elif "json" in view or "sarif" in view:
        json.loads(said, parse_constant=_refuse)
    elif "junit" in view:
        ElementTree.fromstring(said)


class Recorder(LineFilter):
    """Takes down what widgets draw, before the last gate."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def apply(self, segments: list[Segment], background: object) -> list[Segment]:
        self.texts.update(segment.text for segment in segments if not segment.control)
        return segments


def _around(said: str, harmful: list[str]) -> str:
    at = said.index(harmful[0]) if harmful else 0
    return said[max(0, at - 80) : at + 40]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
