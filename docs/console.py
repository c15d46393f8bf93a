"""What commands print, put into pages: a page's text -> the same with what its commands print now.

A page shows a command and its output in a block of `console`. A comment before the block says which lines are shown,
by regular expressions: each stands for the next line that it is found in, and A .. B for all from A to B. What is left
out becomes a line with an ellipsis.

    <!-- shown: "^association 1" "A-ASSOCIATE-RQ" .. "A-ASSOCIATE-RJ" -->
    ```console
    $ dicomsniff show samples/association-rejected.pcap
    …
    ```
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from dicomsniff.cli import run

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"^(?P<before>(?:<!-- shown: (?P<shown>.*?) -->\n)?```console\n\$ (?P<command>.*)\n)(?P<output>(?:.*\n)*?)(?=```$)",
    re.MULTILINE,
)
STATUSES = (0, 1)
"""A command that a page shows has done what it says, or found what it looked for."""


def pages() -> list[Path]:
    """Return the pages that people write."""
    named = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "samples/README.md")]
    return [*named, *sorted((ROOT / "docs").rglob("*.md"))]


def refreshed(page: str) -> str:
    """Return a page with what its commands print now; they run in the current directory."""
    return BLOCK.sub(lambda block: block["before"] + "".join(_chosen(block["command"], block["shown"])), page)


def printed(command: str) -> list[str]:
    """Return the lines that a command of ours prints; ValueError where it fails."""
    program, *arguments = shlex.split(command)
    if program != "dicomsniff":
        raise ValueError(f"{command}: a page shows the output of dicomsniff only")
    out = StringIO()
    with redirect_stdout(out):
        status = run(arguments)
    if status not in STATUSES:
        raise ValueError(f"{command}: exit status {status}")
    return out.getvalue().splitlines()


def _chosen(command: str, shown: str | None) -> Iterator[str]:
    """Yield the lines of a command that are shown."""
    lines = printed(command)
    if shown is None:
        yield from (f"{line}\n" for line in lines)
        return
    last = -1
    for number in [*_numbers(command, lines, shlex.split(shown)), len(lines)]:
        if number > last + 1:
            left_out = next((line for line in lines[last + 1 : number] if line), "")
            yield f"{left_out[: len(left_out) - len(left_out.lstrip())]}…\n"
        if number < len(lines):
            yield f"{lines[number]}\n"
        last = number


def _numbers(command: str, lines: list[str], patterns: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines that are shown."""
    last, ranging = -1, False
    for pattern in patterns:
        if pattern == "..":
            ranging = True
            continue
        found = next((number for number in range(last + 1, len(lines)) if re.search(pattern, lines[number])), None)
        if found is None:
            raise ValueError(f"{command}: no further line has {pattern!r}")
        yield from range(last + 1 if ranging else found, found + 1)
        last, ranging = found, False
    if ranging:
        yield from range(last + 1, len(lines))
