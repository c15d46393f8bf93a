"""Tables -> CSV or Parquet files, in a directory or a zip archive; they appear when all are complete."""

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar, Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.export.tables import (
    TABLES,
    Column,
    Kind,
    Row,
    association_row,
    finding_rows,
    message_row,
    operation_row,
)
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
ROW_GROUP = 50_000
"""Rows of a Parquet file that are written at a time."""


class Table(Protocol):
    """One table that is being written to a file."""

    def add(self, row: Row) -> None:
        """Take a row."""

    def finish(self) -> None:
        """There are no more."""


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

    def _flush(self) -> None:
        import pyarrow

        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(self._schema)
        told = [list(map(_told, values)) for values in columns]
        arrays = [pyarrow.array(values, kind) for values, kind in zip(told, self._schema.types, strict=True)]
        self._writer.write_table(pyarrow.table(arrays, schema=self._schema))
        self._rows = []


class TablesView(View):
    """Four tables, each a file named after it."""

    writes_files = True
    suffix: ClassVar[str]

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._files = {name: TemporaryFile() for name in TABLES}  # noqa: SIM115  closed by close()
        self._tables = {name: self.table(columns, self._files[name]) for name, columns in TABLES.items()}

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
        self._add("associations", [association_row(association, found, self.gate)])
        entries = chosen.entries(association)
        messages = sorted((each.event for each in entries if isinstance(each.event, Message)), key=attrgetter("number"))
        self._add("messages", (message_row(association, each, self.gate) for each in messages))
        shown = {id(each) for each in messages}
        operations = (each for each in association.operations.operations if id(each.request) in shown)
        self._add("operations", (operation_row(association, each, self.gate) for each in operations))
        self._add("findings", finding_rows(found.causes, association.id, self.gate))

    def end(self) -> None:
        """Write what was found about the whole capture, then put all files where they belong."""
        self._add("findings", finding_rows(self.capture.analyzer.findings, None, self.gate))
        for table in self._tables.values():
            table.finish()
        output = self.asked.output
        if output.lower().endswith(".zip"):
            with written_bytes(output, self.asked.names) as sink, ZipFile(sink, "w", ZIP_DEFLATED) as archive:
                for name, file in self._read():
                    with archive.open(name, "w") as member:
                        shutil.copyfileobj(file, member)
            return
        try:
            os.makedirs(output, 0o700, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{output}: {error.strerror}") from None
        for name, file in self._read():
            with written_bytes(os.path.join(output, name), self.asked.names) as sink:
                shutil.copyfileobj(file, sink)

    def close(self) -> None:
        """Let go of temporary files."""
        for file in self._files.values():
            file.close()

    def _add(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            self._tables[name].add(row)

    def _read(self) -> Iterator[tuple[str, IO[bytes]]]:
        for name, file in self._files.items():
            file.seek(0)
            yield f"{name}.{self.suffix}", file


def _told(value: Any) -> Any:
    """Return a value as Parquet has it: text with nothing in it that is invisible; no number of more than 64 bits."""
    if isinstance(value, str):
        return printable(value)
    return value if not isinstance(value, int) or abs(value) < _TOO_MUCH else None


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
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise OutputError("parquet takes pyarrow: pip install 'dicomsniff[parquet]'") from None

    def table(self, columns: tuple[Column, ...], file: IO[bytes]) -> Table:
        """Begin a table."""
        return ParquetTable(columns, file)
