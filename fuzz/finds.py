"""What a fuzzer found: told apart by where it happens, kept with the shortest input that shows it."""

import hashlib
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fuzz.limits import TooSlow

ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = f"{ROOT}/dicomsniff/"
CAPTURE = "dicomsniff-fuzz-"
"""Begins the names of the captures that inputs stand for."""
_FILE = re.compile(rf"{CAPTURE}\w*")
FOUND = "found: "
"""Begins the line that says what was found."""
_KEY = 200
"""Characters of what tells a find from others."""
TRIES = 300
"""Inputs tried to find a shorter one that shows the same."""


class BrokenError(AssertionError):
    """Something does not hold that must; `key` says what, else the text without its numbers and values does."""

    def __init__(self, text: str, key: str | None = None) -> None:
        super().__init__(text)
        self.key = _FILE.sub("…", skeleton(text) if key is None else key)[:_KEY]


def skeleton(text: str) -> str:
    """Return text without its numbers and quoted values."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "…", text)
    return re.sub(r"\b(?=[0-9A-Fa-f]*\d)(0x)?[0-9A-Fa-f]+\b", "#", text)[:_KEY]


def key_of(error: BaseException) -> str:
    """Return what tells a find from others: what is broken, or the exception and the innermost place it came through.

    Places of the program count before those of libraries and of the targets. What takes too long or too much may be
    stopped anywhere: the outermost place tells it.
    """
    if isinstance(error, BrokenError):
        return error.key
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(_PACKAGE)] or frames[-1:]
    if not own:
        return type(error).__name__
    frame = own[0 if isinstance(error, TooSlow | MemoryError) else -1]
    return f"{type(error).__name__} at {frame.filename.removeprefix(_PACKAGE)}:{frame.lineno} in {frame.name}"


class Find(NamedTuple):
    """A kind of defect of one target."""

    target: str
    key: str

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.target}-{hashlib.sha256(self.key.encode()).hexdigest()[:10]}"


class Finds:
    """A directory of finds: for each the shortest input so far, and beside it what happened, as text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: dict[Find, int] = {}
        """How often each was seen."""

    def add(self, find: Find, data: bytes, how: str) -> bool:
        """Keep an input, if it is the first or the shortest of its kind; return whether it is the first."""
        self.counts[find] = self.counts.get(find, 0) + 1
        path = self.path(find)
        if not path.exists() or path.stat().st_size > len(data):
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            text = f"{find.key}\n\nto see it again: {self._command(find)}\n\n{how}"
            path.with_suffix(".txt").write_text(text, encoding="utf-8", errors="backslashreplace")
        return self.counts[find] == 1

    def path(self, find: Find) -> Path:
        """Where the input of a find is."""
        return self._folder / f"{find.name}.bin"

    def line(self, find: Find) -> str:
        """Say in one line what was found, and how to see it again."""
        return f"{FOUND}{find.target}: {find.key}: {self._command(find)}"

    def _command(self, find: Find) -> str:
        path = self.path(find)
        return f"python -m fuzz --check {find.target} {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}"


def shorten(data: bytes, shows: Callable[[bytes], bool], tries: int = TRIES) -> bytes:
    """Return a shorter input that still shows the same, as far as leaving out pieces leads to one."""
    piece = max(len(data) // 2, 1)
    while tries > 0:
        start = 0
        while start < len(data) and tries > 0:
            tries -= 1
            shorter = data[:start] + data[start + piece :]
            if shows(shorter):
                data = shorter
            else:
                start += piece
        if piece == 1:
            break
        piece = max(piece // 2, 1)
    return data
