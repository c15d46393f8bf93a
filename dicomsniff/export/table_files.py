"""Tables -> CSV or Parquet files, in a directory or a zip archive; they appear when all are complete."""

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar, Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from dicomsniff.association.association import Association
from dicomsniff.export.tables import TABLES, Column, Kind, Row, finding_rows, rows_of
from dicomsniff.export.view import Asked, View
from dicomsniff.filter.selection import Chosen
from dicomsniff.library import Capture
from dicomsniff.output import OutputError, written_bytes
from dicomsniff.printable import printable
from dicomsniff.quantities import timestamp

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_TOO_MUCH = 1 << 63
"""A damaged record may announce any time."""
ROW_GROUP = 20_000
"""Rows of a Parquet file that are written at a time."""


class Table(Protocol):
    """One table that is being written to a file."""

    def add(self, row: Row) -> None:
        """Take a row."""

    def finish(self) -> None:
        """There are no more."""

    def close(self) -> None:
        """Let go of it, finished or not; its file is open still."""


class CsvTable:
    """Comma-separated values in UTF-8, with a header (RFC 4180). What is absent is empty.

    `digits` says how many a time has after the second, which a pcapng file states only with its first blocks.
    """

    def __init__(self, columns: tuple[Column, ...], file: IO[bytes], digits: Callable[[], int]) -> None:
        self._columns, self._digits = columns, digits
        self._text = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="", write_through=False)
        self._writer = csv.writer(self._text)
        self._writer.writerow([column.name for column in columns])

    def add(self, row: Row) -> None:
        """Take a row."""
        self._writer.writerow(
            [self._cell(value, column.kind) for value, column in zip(row, self._columns, strict=True)]
        )

    def finish(self) -> None:
        """There are no more."""
        self._text.flush()
        self._text.detach()

    def close(self) -> None:
        """Let go of it."""
        with suppress(ValueError):  # it is finished
            self._text.detach()

    def _cell(self, value: Any, kind: Kind) -> Any:
        if value is None:
            return ""
        if kind is Kind.TIME:
            return timestamp(value, self._digits())
        if kind is Kind.TRUTH:
            return "true" if value else "false"
        return inert(value) if kind is Kind.TEXT else value


def inert(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: such a value gets an apostrophe before it."""
    line = printable(text)
    return f"'{line}" if line.startswith(FORMULA) else line


class ParquetTable:
    """Apache Parquet: times are timestamps in UTC, durations are seconds."""

    def __init__(self, columns: tuple[Column, ...], file: IO[bytes]) -> None:
        import pyarrow
        from pyarrow import parquet

        types = {
            Kind.INTEGER: pyarrow.int64(),
            Kind.SECONDS: pyarrow.float64(),
            Kind.TEXT: pyarrow.string(),
            Kind.TIME: pyarrow.timestamp("ns", "UTC"),
            Kind.TRUTH: pyarrow.bool_(),
        }
        self._schema: pyarrow.Schema = pyarrow.schema([(column.name, types[column.kind]) for column in columns])
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Take a row."""
        self._rows.append(row)
        if len(self._rows) >= ROW_GROUP:
            self._flush()

    def finish(self) -> None:
        """There are no more."""
        self._flush()
        self._writer.close()

    def close(self) -> None:
        """Let go of it; pyarrow says so where it finds a writer left open."""
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow

        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(self._schema)
        arrays = [_array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)]
        self._writer.write_table(pyarrow.table(arrays, schema=self._schema))
        self._rows = []


class TableFiles:
    """Tables that are being written, each to a temporary file, until all are complete."""

    def __init__(
        self,
        tables: Mapping[str, tuple[Column, ...]],
        begin: Callable[[tuple[Column, ...], IO[bytes]], Table],
        suffix: str,
    ) -> None:
        self._suffix = suffix
        self._files = {name: TemporaryFile() for name in tables}  # noqa: SIM115  closed by close()
        self._tables = {name: begin(columns, self._files[name]) for name, columns in tables.items()}

    def add(self, name: str, row: Row) -> None:
        """Take a row of a table."""
        self._tables[name].add(row)

    def publish(self, output: str, inputs: Sequence[str]) -> None:
        """There are no more: put the tables in a directory or a zip archive, which is none of the `inputs`."""
        for table in self._tables.values():
            table.finish()
        if output.lower().endswith(".zip"):
            with written_bytes(output, inputs) as sink, ZipFile(sink, "w", ZIP_DEFLATED) as archive:
                for name, file in self._read():
                    with archive.open(name, "w") as member:
                        shutil.copyfileobj(file, member)
            return
        make_directory(output)
        for name, file in self._read():
            with written_bytes(os.path.join(output, name), inputs) as sink:
                shutil.copyfileobj(file, sink)

    def close(self) -> None:
        """Let go of temporary files."""
        for name, file in self._files.items():
            self._tables[name].close()
            file.close()

    def _read(self) -> Iterator[tuple[str, IO[bytes]]]:
        for name, file in self._files.items():
            file.seek(0)
            yield f"{name}.{self._suffix}", file


def make_directory(path: str) -> None:
    """Make a directory that only its owner may enter, if there is none."""
    try:
        os.makedirs(path, 0o700, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None


def require_pyarrow(what: str) -> None:
    """Raise OutputError where pyarrow is not installed, which `what` takes."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise OutputError(f"{what} takes pyarrow: pip install 'dicomsniff[parquet]'") from None


class TablesView(View):
    """Four tables, each a file named after it."""

    writes_files = True
    suffix: ClassVar[str]

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._tables = TableFiles(TABLES, self.table, self.suffix)

    def table(self, columns: tuple[Column, ...], file: IO[bytes]) -> Table:
        """Begin a table."""
        raise NotImplementedError

    @classmethod
    def refuse(cls, output: str | None) -> None:
        """Raise what is wrong with where the tables are to be written."""
        if output is None or output == "-":
            raise OutputError(f"{cls.suffix} writes four tables: name a directory or a FILE.zip with -o")
        if output.lower().endswith(f".{cls.suffix}"):
            raise OutputError(f"-o {output}: {cls.suffix} writes four tables: name a directory or a FILE.zip")

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Write the rows of an association."""
        found = self.found(association)
        for name, _, row in rows_of(association, found, chosen.entries(association), self.gate):
            self._tables.add(name, row)

    def end(self) -> None:
        """Write what was found about the whole capture, then put all files where they belong."""
        for row in finding_rows(self.capture.analyzer.findings, None, self.gate):
            self._tables.add("findings", row)
        self._tables.publish(self.asked.output, self.asked.names)

    def close(self) -> None:
        """Let go of temporary files."""
        self._tables.close()


def _array(values: Sequence[Any], kind: Any) -> Any:
    """Return a column as Parquet has it: text with nothing in it that is invisible; no number of more than 64 bits."""
    import pyarrow

    if kind == pyarrow.string():
        told = {value: printable(value) for value in set(values) if value is not None}  # most values repeat
        values = [told.get(value) for value in values]
    try:
        return pyarrow.array(values, kind)
    except OverflowError:
        within = [value if value is None or abs(value) < _TOO_MUCH else None for value in values]
        return pyarrow.array(within, kind)


class CsvTables(TablesView):
    """As CSV."""

    suffix = "csv"

    def table(self, columns: tuple[Column, ...], file: IO[bytes]) -> Table:
        """Begin a table."""
        return CsvTable(columns, file, lambda: self.digits)


class ParquetTables(TablesView):
    """As Parquet, which takes pyarrow."""

    suffix = "parquet"

    @classmethod
    def refuse(cls, output: str | None) -> None:
        """Raise what is wrong with where the tables are to be written, or with what is installed."""
        super().refuse(output)
        require_pyarrow("parquet")

    def table(self, columns: tuple[Column, ...], file: IO[bytes]) -> Table:
        """Begin a table."""
        return ParquetTable(columns, file)
