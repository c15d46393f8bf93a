"""The page about a survey's tables and the queries that have a name, made from both."""

from collections.abc import Iterator
from textwrap import dedent

from dicomsniff.surveying.queries import QUERIES
from dicomsniff.surveying.tables import SURVEYED

_HEAD = """\
# Queries

<!-- Made by docs/make.py from dicomsniff/surveying/queries.py and tables.py. -->

`dicomsniff survey` writes [tables of many captures](scale.md); `dicomsniff query DIR NAME` asks them one of these.
Any other SELECT that DuckDB understands will do in place of NAME; `--format csv` and `json` are for programs.

## Tables

Columns mean what they mean in [transcripts](transcript.md). Times are in UTC, durations in seconds. `association` is the
number of an association among those of all captures, `capture` that of the capture in which it, or the message, began.
Packets are numbered through all captures: in the capture's own file, their numbers are less by `packets_before`.
"""
_EXCHANGES = (
    "The view `exchanges` has the columns of `operations`, and of each operation who asked whom: `asking_ae_title`, "
    "`asking_address`, `asked_ae_title`, `asked_address`, whichever of both opened the association; the end of the "
    "request (`end_time`), its `data_set_length` and its `sop_instance_uid`."
)


def queries_lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield from _HEAD.splitlines()
    yield from ("", "| table | columns |", "| --- | --- |")
    for name, columns in SURVEYED.items():
        yield f"| `{name}` | {', '.join(f'`{column.name}`' for column in columns)} |"
    yield from ("", _EXCHANGES)
    for query in QUERIES:
        yield from ("", f"## {query.name}", "", f"{query.title}.", "")
        yield from ("```sql", *dedent(query.sql).strip().splitlines(), "```")
