"""What commands print, put into pages: a page's text -> the same with what its commands print now.

A page shows a command and its output in a block of `console`. A comment before the block says which lines are shown,
by regular expressions: each stands for the next line that it is found in, and A .. B for all from A to B. Of a line
whose expression has a group, only that is shown. What is left out becomes an ellipsis.

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

from dicomsniff.commands.cli import run

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
    for number, line in [*_found(command, lines, shlex.split(shown)), (len(lines), None)]:
        if number > last + 1:
            left_out = next((each for each in lines[last + 1 : number] if each), "")
            yield f"{left_out[: len(left_out) - len(left_out.lstrip())]}…\n"
        if line is not None:
            yield f"{line}\n"
        last = number


def _found(command: str, lines: list[str], patterns: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are shown, or what is shown of them, with their numbers."""
    last, ranging = -1, False
    for pattern in patterns:
        if pattern == "..":
            ranging = True
            continue
        matches = ((number, re.search(pattern, lines[number])) for number in range(last + 1, len(lines)))
        number, match = next(((number, match) for number, match in matches if match), (0, None))
        if match is None:
            raise ValueError(f"{command}: no further line has {pattern!r}")
        yield from ((each, lines[each]) for each in range(last + 1 if ranging else number, number))
        yield number, f"… {match[1]} …" if match.re.groups else lines[number]
        last, ranging = number, False
    if ranging:
        yield from ((each, lines[each]) for each in range(last + 1, len(lines)))
