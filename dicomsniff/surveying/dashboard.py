"""The tables of a survey -> one page of HTML: what went on by hour, and what each query with a name brings."""

from contextlib import closing
from itertools import islice
from typing import IO, NamedTuple

from dicomsniff.export.report.environment import environment, privacy_text
from dicomsniff.privacy.gate import Privacy
from dicomsniff.quantities import counted
from dicomsniff.surveying.answers import cell, is_number
from dicomsniff.surveying.asking import Tables
from dicomsniff.surveying.queries import QUERIES

MAX_ROWS = 50
"""Rows of an answer on the page; further ones are counted."""
MAX_HOURS = 24 * 14
"""Hours that are drawn: the latest ones."""
_HOURS = """
    WITH told AS (
        SELECT date_trunc('hour', time) AS hour, count(*) AS operations,
               count(*) FILTER (status_category = 'Failure') AS failed
        FROM operations WHERE time IS NOT NULL GROUP BY ALL
    ),
    ends AS (SELECT max(hour) AS latest, greatest(min(hour), latest - INTERVAL {before} HOUR) AS first FROM told),
    hours AS (SELECT unnest(generate_series(first, latest, INTERVAL 1 HOUR)) AS hour FROM ends)
    SELECT hour, coalesce(operations, 0), coalesce(failed, 0) FROM hours LEFT JOIN told USING (hour) ORDER BY hour
"""
_TOTALS = """
    SELECT count(*), sum(packets)::BIGINT, sum(bytes)::BIGINT, min(first_time), max(last_time),
           count(*) FILTER (problem IS NOT NULL)
    FROM captures
"""


class _Section(NamedTuple):
    """What one query brings, as text; `is_number` says of each column whether it holds numbers."""

    name: str
    title: str
    names: list[str]
    is_number: list[bool]
    rows: list[list[str]]
    shown: str
    """How many rows there are."""


class _Hour(NamedTuple):
    """The operations of an hour, and those that failed of them, also as shares of the busiest hour's."""

    hour: str
    operations: int
    failed: int
    height: float
    failed_height: float


def write_dashboard(directory: str, verdict: str, privacy: Privacy, out: IO[str]) -> None:
    """Write the page about a survey's tables, which begins with how all went."""
    with closing(Tables(directory)) as tables:
        page = (
            environment()
            .get_template("survey.html")
            .render(
                hours=_hours(tables),
                lines=_totals(tables),
                privacy=privacy_text(privacy),
                sections=[_section(tables, *query) for query in QUERIES],
                verdict=verdict,
            )
        )
    out.write(page)


def _section(tables: Tables, name: str, title: str, sql: str) -> _Section:
    answer = tables.ask(sql)
    rows = list(islice(answer.rows, MAX_ROWS))
    more = sum(1 for _ in answer.rows)
    numbers = [any(is_number(row[at]) for row in rows) for at in range(len(answer.names))]
    shown = counted(len(rows), "row") + (f"; {more} more: dicomsniff query DIR {name}" if more else "")
    return _Section(name, title, answer.names, numbers, [list(map(cell, row)) for row in rows], shown)


def _hours(tables: Tables) -> list[_Hour]:
    rows = list(tables.ask(_HOURS.format(before=MAX_HOURS - 1)).rows)
    most = max((operations for _, operations, _ in rows), default=1)
    return [_Hour(hour, count, failed, count / most, failed / most) for hour, count, failed in rows]


def _totals(tables: Tables) -> list[str]:
    ((captures, packets, octets, first, last, problems),) = tables.ask(_TOTALS).rows
    lines = [f"{counted(captures, 'capture')}: {packets or 0:,} packets, {octets or 0:,} bytes"]
    lines += [f"from {first} to {last}"] if first else []
    return lines + ([f"{counted(problems, 'capture')} cut off, or not to be read"] if problems else [])
