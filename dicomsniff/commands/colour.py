"""Lines of text as `show` and its like print them -> the same lines in colours, for a terminal."""

import os
import re
from typing import IO

_RESET = "\x1b[0m"
_STYLES = {"error": "1;31", "warning": "33", "note": "36", "heading": "1", "time": "2"}
"""How a terminal shows what a group of the pattern finds: bold red, yellow, cyan, bold, faint.

Colour is never the only sign: each severity is told by its word.
"""
_LINE = (
    r"(?m)^(?: *(?:#\d+ )?(?:then )?(?:(?P<error>error)|(?P<warning>warning)|(?P<note>note))(?=: )"
    r"|(?P<heading>association \d+: .*|what belongs together:)"
    r"|    (?P<time> *\d+\.\d{6})(?=  ))"
)


def wants_colour(choice: str, out: IO[str]) -> bool:
    """Whether text is to be in colours: `always`, `never`, or `auto`, where a terminal shows them and its user sees to.

    NO_COLOR, if it is not empty, and TERM=dumb say that it is not to be.
    """
    if choice == "auto":
        return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def coloured(text: str) -> str:
    """Return whole lines with codes for colours; what a peer sent is escaped in them before, so that each is ours."""
    return re.sub(_LINE, _paint, text)


def _paint(found: "re.Match[str]") -> str:
    kind = str(found.lastgroup)
    before, word = found[0][: found.start(kind) - found.start()], found[kind]
    return f"{before}\x1b[{_STYLES[kind]}m{word}{_RESET}"
