"""Answers to queries -> a table of text, CSV or JSON."""

import csv
from collections.abc import Callable
from itertools import islice
from typing import IO, Any

from dicomsniff.export.json_text import json_text
from dicomsniff.export.table_files import inert
from dicomsniff.printable import printable
from dicomsniff.surveying.asking import Answer

ALIGNED = 1000
"""Rows by which the width of columns is chosen."""
WIDEST = 60
"""Characters of a column, at most; a longer value makes its own row longer."""


def write_table(answer: Answer, out: IO[str]) -> None:
    """Write lines with aligned columns, numbers to the right."""
    first = list(islice(answer.rows, ALIGNED))
    told = [list(map(cell, row)) for row in first]
    known = [[row[at] for row in first if row[at] is not None] for at in range(len(answer.names))]
    right = [bool(values) and all(map(is_number, values)) for values in known]
    names = list(map(printable, answer.names))
    widths = [
        min(max(len(row[at]) for row in [names, *told]), WIDEST) if at < len(names) - 1 or right[at] else 0
        for at in range(len(names))
    ]

    def line(cells: list[str]) -> str:
        aligned = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(aligned).rstrip() + "\n"

    out.write(line(names))
    for cells in told:
        out.write(line(cells))
    for row in answer.rows:
        out.write(line(list(map(cell, row))))


def write_csv(answer: Answer, out: IO[str]) -> None:
    """Write comma-separated values with a header (RFC 4180); what is absent is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(printable, answer.names))
    for row in answer.rows:
        writer.writerow([value if is_number(value) else inert(cell(value)) for value in row])


def write_json(answer: Answer, out: IO[str]) -> None:
    """Write a list of objects, a line for each."""
    out.write("[")
    for number, row in enumerate(answer.rows):
        out.write(",\n" * bool(number) + json_text(dict(zip(answer.names, row, strict=True))))
    out.write("]\n")


FORMATS: dict[str, Callable[[Answer, IO[str]], None]] = {"table": write_table, "csv": write_csv, "json": write_json}
"""How answers are written, by name."""


def cell(value: Any) -> str:
    """Return a value in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(cell(each) for each in value if each is not None)
    return printable(json_text(value) if isinstance(value, dict) else str(value))


def is_number(value: Any) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
