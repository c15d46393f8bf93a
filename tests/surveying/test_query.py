"""Queries of a survey's tables: what they bring, how it is written, and what they cannot do."""

import csv
import io
import json
from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="needs duckdb")

import build
from dicomsniff.commands.cli import run
from dicomsniff.surveying.asking import QueryError, Tables
from dicomsniff.surveying.queries import QUERIES
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from surveying.pieces import surveyed

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap"))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("samples")
    surveyed(map(str, SAMPLES), directory)
    return directory


@pytest.fixture(scope="module")
def retrievals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A C-MOVE of three objects: one arrives twice, one never; another C-MOVE of which all arrives."""
    network = Network()
    for number, (completed, failed, sent) in enumerate([(2, 1, (1, 1)), (1, 0, (2,))], start=1):
        asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=number * 60_000)
        asking.client(move_rq(number))
        delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=number * 60_000 + 50)
        for each in sent:
            store(delivery, "CLIENT", number, number=each)
        asking.wait(400 * build.MILLISECOND)
        asking.server(move_rsp(0xB000 if failed else 0, number, completed=completed, failed=failed))
        release(asking)
        release(delivery)
    directory = tmp_path_factory.mktemp("retrievals")
    path = directory / "retrievals.pcap"
    path.write_bytes(build.pcap(build.frames(network.packets)))
    surveyed([path], directory / "out")
    return directory / "out"


def asked(directory: Path, what: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["query", str(directory), what, *options]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", [query.name for query in QUERIES])
def test_every_query_with_a_name_is_answered(name, samples, capsys):
    assert json.loads(asked(samples, name, capsys, "--format", "json"))


def test_what_never_arrived_is_counted(retrievals, capsys):
    (row,) = json.loads(asked(retrievals, "never-arrived", capsys, "--format", "json"))
    assert (row["asked_by"], row["asked"], row["wanted"], row["arrived"]) == ("CLIENT", "ARCHIVE", 3, 2)


def test_what_was_sent_twice_is_found_and_nothing_else(retrievals, capsys):
    (row,) = json.loads(asked(retrievals, "sent-twice", capsys, "--format", "json"))
    assert (row["sent_to"], row["times"], row["sent_by"]) == ("VIEWER", 2, ["ARCHIVE"])


def test_a_failure_counts_for_whoever_was_asked_on_any_association(samples, capsys):
    """On a C-GET, it is the requestor that is asked to store."""
    question = (
        "SELECT 1 FROM exchanges JOIN associations USING (association) "
        "WHERE name = 'C-STORE' AND asked_ae_title = requestor_ae_title"
    )
    assert json.loads(asked(samples, question, capsys, "--format", "json"))


def test_the_formats_say_the_same(samples, capsys):
    columns = "association, requestor_ae_title, duration, start_time"
    question = f"SELECT {columns} FROM associations ORDER BY association"
    as_json = json.loads(asked(samples, question, capsys, "--format", "json"))
    as_csv = list(csv.DictReader(io.StringIO(asked(samples, question, capsys, "--format", "csv"))))
    as_text = asked(samples, question, capsys).splitlines()
    assert len(as_json) == len(as_csv) == len(as_text) - 1
    for row, told, line in zip(as_json, as_csv, as_text[1:], strict=True):
        values = ["" if value is None else str(value) for value in row.values()]
        assert list(told.values()) == values
        assert line.split() == [value for value in values if value]


def test_an_answer_without_rows_is_a_header_or_an_empty_list(samples, capsys):
    nothing = "SELECT capture, name FROM captures WHERE false"
    assert asked(samples, nothing, capsys).split() == ["capture", "name"]
    assert asked(samples, nothing, capsys, "--format", "csv") == "capture,name\n"
    assert json.loads(asked(samples, nothing, capsys, "--format", "json")) == []


def test_nothing_that_a_spreadsheet_or_a_terminal_obeys_is_written(samples, capsys):
    evil = "SELECT '=1+1' AS a, chr(27) || '[2J' AS b"
    assert asked(samples, evil, capsys, "--format", "csv").splitlines()[1].startswith("'=1+1,")
    for form in ("table", "csv", "json"):
        assert "\x1b" not in asked(samples, evil, capsys, "--format", form)


@pytest.mark.parametrize(
    "statement",
    [
        "COPY captures TO '{file}'",
        "COPY (SELECT 1) TO '{file}'",
        "EXPORT DATABASE '{file}'",
        "ATTACH '{file}' AS other",
        "CREATE TABLE mine AS SELECT 1",
        "DELETE FROM captures",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT 1; COPY captures TO '{file}'",
        "PRAGMA database_list",
    ],
)
def test_a_query_changes_nothing(statement, samples, tmp_path, capsys):
    assert run(["query", str(samples), statement.format(file=tmp_path / "file")]) == 2
    assert "a query is one SELECT" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "source",
    ["'{file}'", "read_csv('{file}')", "read_text('{file}')", "read_blob('{file}')", "glob('{file}')",
     "read_parquet('{tables}/messages.parquet')", "directory"],
)  # fmt: skip
def test_a_query_reads_no_file(source, samples, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    tables = Tables(str(samples))
    with pytest.raises(QueryError, match=r"disabled by configuration|does not exist"):
        list(tables.ask(f"SELECT * FROM {source.format(file=tmp_path / 'a.csv', tables=samples)}").rows)
    tables.close()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["SELECT nothing FROM captures"], "nothing"),
        (["SELEC 1"], "syntax error"),
        (["no-such-query"], "--list"),
        ([], "say what to ask"),
    ],
)
def test_a_wrong_question_is_explained_in_a_line(call, said, samples, capsys):
    assert run(["query", str(samples), *call]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_directory_without_tables_is_refused(tmp_path, capsys):
    assert run(["query", str(tmp_path), "findings"]) == 2
    assert "`dicomsniff survey` writes it" in capsys.readouterr().err


def test_the_list_has_every_query(samples, capsys):
    assert run(["query", str(samples), "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [query.name for query in QUERIES]
