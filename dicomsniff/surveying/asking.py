"""The tables of a survey, asked in SQL: DuckDB reads them, and can do nothing else."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dicomsniff.export.tables import Kind
from dicomsniff.output import OutputError
from dicomsniff.surveying.queries import EXCHANGES
from dicomsniff.surveying.tables import SURVEYED

AT_A_TIME = 10_000
"""Rows of an answer that are held in memory."""

_SETTINGS = (
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "python_enable_replacements = false",
    "temp_directory = ''",
    "enable_external_access = false",
)


def require_duckdb(what: str) -> None:
    """Raise OutputError where DuckDB or pyarrow are not installed, which `what` takes."""
    try:
        import duckdb  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError:
        raise OutputError(f"{what} takes duckdb and pyarrow: pip install 'dicomsniff[query]'") from None


class QueryError(ValueError):
    """A query that cannot be answered; the message says why."""


class Answer:
    """What a query brings: the names of columns, and rows, once."""

    def __init__(self, names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
        self.names, self.rows = names, rows


class Tables:
    """The tables of a survey's directory."""

    def __init__(self, directory: str) -> None:
        require_duckdb("query")
        import duckdb
        from pyarrow import dataset

        # What a query may do is decided before it is known: it reaches no file, not even to load extensions or for
        # room. The tables are files that pyarrow has open.
        self._database = duckdb.connect(":memory:")
        for setting in _SETTINGS:
            self._database.execute(f"SET {setting}")
        self._duckdb = duckdb
        for name, columns in SURVEYED.items():
            path = os.path.join(directory, f"{name}.parquet")
            if not os.path.isfile(path):
                raise OutputError(f"{directory}: there is no {name}.parquet; `dicomsniff survey` writes it")
            self._database.register(f"file_of_{name}", dataset.dataset(path))
            # Times as DuckDB has them are exact to the nanosecond only where they have no time zone: they are in UTC.
            told = [
                f"make_timestamp_ns(epoch_ns({column.name})) AS {column.name}"
                if column.kind is Kind.TIME
                else column.name
                for column in columns
            ]
            self._database.execute(f"CREATE VIEW {name} AS SELECT {', '.join(told)} FROM file_of_{name}")
        self._database.execute(f"CREATE VIEW exchanges AS {EXCHANGES}")
        self._database.execute("SET lock_configuration = true")

    def ask(self, sql: str) -> Answer:
        """Return what a query brings; raises QueryError where it is none, or goes wrong."""
        try:
            statements = self._duckdb.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != self._duckdb.StatementType.SELECT:
                raise QueryError("a query is one SELECT")
            result = self._database.execute(statements[0])
        except self._duckdb.Error as error:
            raise QueryError(_in_a_line(error)) from None
        return Answer([column[0] for column in result.description], self._rows(result))

    def close(self) -> None:
        """Let go of the tables."""
        self._database.close()

    def _rows(self, result: Any) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := result.fetchmany(AT_A_TIME):
                for row in rows:
                    yield tuple(map(_plain, row))
        except self._duckdb.Error as error:
            raise QueryError(_in_a_line(error)) from None


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value}Z".replace(" ", "T")
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _in_a_line(error: Exception) -> str:
    return " ".join(line.strip() for line in str(error).partition("\n\nLINE")[0].splitlines() if line.strip())
