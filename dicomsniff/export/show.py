"""What `show` prints of a capture: of a file the whole in short and then each association, of a pipe as it comes."""

import re
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.export.text import FOLDED, association_lines, summary_lines
from dicomsniff.export.waiting import copy_out, waiting_text
from dicomsniff.findings.alike import gist
from dicomsniff.library import Capture
from dicomsniff.printable import printed
from dicomsniff.words.links import link_lines

_UID = re.compile(r"\b[0-9]+(?:\.[0-9]+){3,}\b")
MAX_WAITING = 10_000
"""Timeline entries and contexts of associations that wait to be printed for one which began before them and goes on.

Beyond, those that began first are printed without waiting.
"""
_ALWAYS = 10
"""How many of those an association counts for at least."""


def write_text(capture: Capture, out: IO[str], *, contexts: bool = False) -> None:
    """Read a capture to its end and write it; what is read from a pipe is written as its associations end."""
    if capture.reader.size is None:
        _write_associations(capture, out, contexts=contexts)
        out.writelines(printed(_links(capture)))
        out.writelines(printed(_summary(capture)))
        return
    with waiting_text() as body:
        _write_associations(capture, body, contexts=contexts)
        out.writelines(printed(_summary(capture)))
        if capture.analyzer.association_count:
            out.write("\n")
        out.writelines(printed(_links(capture)))
        copy_out(body, out)


def in_order(closed: Iterable[Association]) -> Iterator[Association]:
    """Yield associations in the order in which they began, as far as MAX_WAITING lets them wait for that."""
    waiting: list[tuple[int, Association]] = []
    following, weight = 1, 0
    for ended in closed:
        heappush(waiting, (ended.id, ended))
        weight += _weight(ended)
        while waiting and (waiting[0][0] == following or weight > MAX_WAITING):
            number, association = heappop(waiting)
            following = number + 1
            weight -= _weight(association)
            yield association
    yield from (association for _, association in sorted(waiting))


def _weight(association: Association) -> int:
    return _ALWAYS + len(association.timeline) + len(association.contexts)


def _write_associations(capture: Capture, out: IO[str], *, contexts: bool) -> None:
    for association in in_order(capture.closed()):
        lines = association_lines(association, capture.reader.resolution_digits, contexts=contexts)
        out.writelines(printed([*lines, ""]))


def _summary(capture: Capture) -> Iterator[str]:
    return summary_lines(capture.analyzer, capture.reader.name, capture.reader.truncated)


def _links(capture: Capture) -> Iterator[str]:
    """Yield what belongs together, and an empty line; nothing where nothing does."""
    alike: dict[str, list[str]] = {}
    for line in link_lines(capture.analyzer.links):
        alike.setdefault(gist(_UID.sub("#", line)), []).append(line)
    if alike:
        yield "what belongs together:"
        for lines in alike.values():
            few = len(lines) < FOLDED
            yield from (f"  {line}" for line in (lines if few else lines[:1]))
            if not few:
                yield f"    and {len(lines) - 1} like it"
        yield ""
