"""Tables: what is in them is what transcripts say, and no spreadsheet computes it."""

import csv
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from comparing.exchanges import exchanged, stored
from dicomsniff.commands.cli import run
from dicomsniff.export.table_files import inert
from dicomsniff.export.tables import TABLES
from export.report.reports import NAMED, captured, hostile, written

pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap*"))


def exported(form: str, path: Path, directory: Path, *options: str) -> Path:
    assert run(["export", str(path), "--format", form, "-o", str(directory), *options]) == 0
    return directory


def rows(directory: Path, table: str) -> list[dict[str, str]]:
    with open(directory / f"{table}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_association(directory: Path, table: str) -> list[dict[str, str]]:
    """Return rows in the order of transcripts; a table has them as associations end."""
    return sorted(rows(directory, table), key=lambda row: int(row["association"]))


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_tables_hold_what_the_transcript_says(path, tmp_path):
    said = json.loads(written("json", path))
    directory = exported("csv", path, tmp_path / "tables")
    associations = said["associations"]
    assert [row["verdict"] for row in by_association(directory, "associations")] == [
        each["verdict"] for each in associations
    ]
    messages = [
        (str(each["id"]), str(message["number"]), message["time"], message["command"])
        for each in associations
        for message in each["messages"]
    ]
    told = by_association(directory, "messages")
    assert [(row["association"], row["number"], row["time"], row["command"]) for row in told] == messages
    operations = [
        (operation["name"], operation["latency"]) for each in associations for operation in each["operations"]
    ]
    told = by_association(directory, "operations")
    assert [(row["name"], float(row["latency"]) if row["latency"] else None) for row in told] == operations
    findings = [found["code"] for each in associations for found in each["findings"]]
    findings += [found["code"] for found in said["findings"]]
    assert sorted(row["code"] for row in rows(directory, "findings")) == sorted(findings)


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_parquet_holds_the_same_as_csv(path, tmp_path):
    as_csv, as_parquet = exported("csv", path, tmp_path / "csv"), exported("parquet", path, tmp_path / "parquet")
    for name, columns in TABLES.items():
        table = parquet.read_table(as_parquet / f"{name}.parquet")
        assert table.column_names == [column.name for column in columns]
        told = rows(as_csv, name)
        assert table.num_rows == len(told)
        for column in columns:
            if column.kind == "text" and column.name != "verdict" and column.name != "message":
                values = [value if value is not None else "" for value in table[column.name].to_pylist()]
                assert values == [row[column.name] for row in told]


def test_times_of_parquet_are_moments_in_utc(samples, tmp_path):
    table = parquet.read_table(exported("parquet", samples / "c-echo.pcap", tmp_path / "x") / "associations.parquet")
    (start,) = table["start_time"].cast(pyarrow.timestamp("us", "UTC")).to_pylist()
    (told,) = json.loads(written("json", samples / "c-echo.pcap"))["associations"]
    assert start == datetime.fromisoformat(told["start_time"]).astimezone(UTC)
    assert str(table.schema.field("start_time").type) == "timestamp[ns, tz=UTC]"


def test_an_archive_holds_the_same_files_as_a_directory(samples, tmp_path):
    directory = exported("csv", samples / "c-move.pcap", tmp_path / "x")
    assert run(["export", str(samples / "c-move.pcap"), "-o", str(tmp_path / "x.zip")]) == 0
    with ZipFile(tmp_path / "x.zip") as archive:
        assert sorted(archive.namelist()) == sorted(os.listdir(directory)) == sorted(f"{name}.csv" for name in TABLES)
        for name in archive.namelist():
            assert archive.read(name) == (directory / name).read_bytes()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "\\tx"),
        ("A=1", "A=1"),
        ("a\nb", "a\\nb"),
    ],
)
def test_no_spreadsheet_takes_a_value_for_a_formula(text, expected):
    assert inert(text) == expected


def test_titles_that_are_formulas_are_inert(tmp_path):
    path = captured(tmp_path / "x.pcap", hostile("=cmd|' /C c'!A1", '@A","B', "x"))
    (row,) = rows(exported("csv", path, tmp_path / "x"), "associations")
    assert (row["acceptor_ae_title"], row["requestor_ae_title"]) == ("'=cmd|' /C c'!A1", '\'@A","B')


def test_nobody_is_named(tmp_path):
    path = captured(tmp_path / "x.pcap", exchanged(stored(1, 0xC000, data=NAMED, comment="Doe^Jane is unknown")))
    directory = exported("csv", path, tmp_path / "x", "--redact-network")
    everything = b"".join((directory / name).read_bytes() for name in os.listdir(directory))
    for sent in (b"Doe", b"4711", b"STORESCU", b"10.0.0.1"):
        assert sent not in everything


def test_a_filter_chooses_rows(samples, tmp_path):
    directory = exported("csv", samples / "c-move.pcap", tmp_path / "x", "--filter", "command == C-STORE")
    assert {row["association"] for row in rows(directory, "associations")} == {"2"}
    assert {row["command"] for row in rows(directory, "messages")} <= {"C-STORE-RQ", "C-STORE-RSP"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "csv"), "csv writes four tables: name a directory or a FILE.zip with -o"),
        (("-o", "x.csv"), "-o x.csv: csv writes four tables: name a directory or a FILE.zip"),
        (("-o", "x.parquet"), "-o x.parquet: parquet writes four tables: name a directory or a FILE.zip"),
        (("--format", "csv", "-o", "c-echo.pcap"), "c-echo.pcap: File exists"),
    ],
)
def test_where_four_tables_cannot_go_it_says_so(samples, monkeypatch, capsys, options, said):
    monkeypatch.chdir(samples)
    assert run(["export", "c-echo.pcap", *options]) == 2
    assert said in capsys.readouterr().err


def test_files_that_were_there_are_replaced_only_when_all_is_read(samples, tmp_path):
    directory = exported("csv", samples / "c-echo.pcap", tmp_path / "x")
    before = {name: (directory / name).read_bytes() for name in os.listdir(directory)}
    assert run(["export", str(tmp_path / "missing.pcap"), "--format", "csv", "-o", str(directory)]) != 0
    assert {name: (directory / name).read_bytes() for name in os.listdir(directory)} == before
    assert all(os.stat(directory / name).st_mode & 0o077 == 0 for name in before)


def test_a_csv_file_is_written_as_rfc_4180_says(samples, tmp_path):
    content = (exported("csv", samples / "c-echo.pcap", tmp_path / "x") / "operations.csv").read_bytes()
    assert content.endswith(b"\r\n")
    assert next(csv.reader(io.StringIO(content.decode())))[:2] == ["association", "name"]
