"""Text of any origin -> text that a terminal shows and does not obey: every view prints through here."""

import re
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from unicodedata import category

MAX_MARKS = 8
"""Combining marks shown on one character. No writing needs more; a flood of them covers the lines around."""

_PLAIN = re.compile("[ -~\xa0-\xac\xae-\u02ff]*")
_PLAIN_LINES = re.compile("[\n -~\xa0-\xac\xae-\u02ff]*")
"""What nearly all text is, and is found to be at once: letters without marks of their own, and signs."""
_SUSPECT, _SUSPECT_IN_LINES = re.compile("[^ -~]+"), re.compile("[^\n -~]+")
_NO_CHARACTERS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of what has no shape of its own: control and format characters (bidirectional ones too),
surrogates, private and unassigned ones, separators of lines and paragraphs. Spaces of other widths are not among them:
U+3000 stands in Japanese names, and hides nothing."""


def printable(text: str) -> str:
    r"""Return text as it is printed on one line: what is no visible character is escaped, as `\x1b` or `\n`."""
    return escape(text, _in_words)


def printed(lines: Iterable[str]) -> str:
    """Return lines as they are printed: each ends with a newline, and there is no other in it."""
    every = [*lines, ""]
    text = "\n".join(every)
    # Nearly all is plain, and one look finds that of all lines.
    if text.count("\n") == len(every) - 1 and _PLAIN_LINES.fullmatch(text):
        return text
    return "".join([f"{printable(line)}\n" for line in every[:-1]])


def escape(text: str, write: Callable[[str], str]) -> str:
    """Return text in which `write` has put what stands for a character in the place of each that is not visible."""
    if _PLAIN.fullmatch(text):
        return text
    return _SUSPECT.sub(lambda found: _escape_run(found[0], write), text)


def byte_of(surrogate: str) -> int | None:
    """Return the byte that a surrogate stands for in a file name which is not UTF-8; None for another character."""
    return ord(surrogate) - 0xDC00 if "\udc80" <= surrogate <= "\udcff" else None


class PrintableStream(TextIOWrapper):
    """Standard output or standard error: no control characters but newlines reach the terminal, whoever writes to it.

    It knows no lines, so that a newline within a value must have been escaped before, by `printed`.
    """

    def write(self, text: str) -> int:
        """Write text, escaped."""
        super().write(_escape_lines(text))
        return len(text)

    def write_styled(self, text: str, style: Callable[[str], str]) -> None:
        """Write what `style` makes of text that is escaped already: the only way for codes that a terminal obeys."""
        super().write(style(_escape_lines(text)))


def _escape_lines(text: str) -> str:
    if _PLAIN_LINES.fullmatch(text):
        return text
    return _SUSPECT_IN_LINES.sub(lambda found: _escape_run(found[0], _in_words), text)


def _escape_run(run: str, write: Callable[[str], str]) -> str:
    """Escape what stands between printable ASCII characters."""
    if run.isprintable() and len(run) <= MAX_MARKS:
        return run
    parts, marks = [], 0
    for char in run:
        kind = category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        parts.append(write(char) if kind in _NO_CHARACTERS or marks > MAX_MARKS else char)
    return "".join(parts)


def _in_words(char: str) -> str:
    byte = byte_of(char)
    return char.encode("unicode_escape").decode() if byte is None else f"\\x{byte:02x}"
