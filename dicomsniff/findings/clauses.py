"""Clauses of standards by rule: the one table of which clause a rule judges by and what that clause demands.

The table is `clauses.tsv`, a rule a line, in the order of the catalogue. What the clause demands is said there in one
sentence, in the project's own words; it was looked up in the text of PS3.5, PS3.7, PS3.8 and PS3.10 of 2017c and of
PS3.4 of 2011. A rule on which no standard says anything, such as one on a limit of the capture, is not in it.
"""

from functools import cache
from typing import NamedTuple


class Clause(NamedTuple):
    """Where a standard says what a rule judges by, and what it demands there, as one sentence."""

    reference: str = ""
    demand: str = ""


def clause_of(code: str) -> Clause:
    """Return the clause of a rule; an empty one where no standard says anything of it."""
    return clauses().get(code, Clause())


@cache
def clauses() -> dict[str, Clause]:
    """Return the table; it is read when it is first asked for."""
    from pkgutil import get_data

    # importlib.resources loads zipfile and a dozen other modules, which takes as long as a tenth of the program.
    lines = (get_data("dicomsniff.findings", "clauses.tsv") or b"").decode().splitlines()
    rows = (line.split("\t") for line in lines[1:])
    return {code: Clause(reference, demand) for code, reference, demand in rows}
