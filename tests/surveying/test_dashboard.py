"""The page about a survey: it says what the queries say, and obeys nobody."""

import re
from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="needs duckdb")

import build
from dicomsniff.commands.cli import run
from dicomsniff.surveying import dashboard
from dicomsniff.surveying.queries import QUERIES
from network import ARCHIVE, CLIENT, CT, Network, release, store


def page(tmp_path: Path, *hours: int, title: str = "CLIENT") -> str:
    network = Network()
    for hour in hours:
        talk = network.associate(CLIENT, ARCHIVE, title, "ARCHIVE", CT, after=hour * 3_600_000)
        store(talk, title, 1, status=0xA700 if hour else 0)
        release(talk)
    path = tmp_path / "a.pcap"
    path.write_bytes(build.pcap(build.frames(network.packets)))
    assert run(["survey", str(path), "-o", str(tmp_path / "out"), "--jobs", "1", "--report", "html"]) == 0
    return (tmp_path / "out" / "report.html").read_text("utf-8")


def test_it_has_every_query_and_says_where_nothing_was_found(tmp_path):
    said = page(tmp_path, 0)
    assert re.findall(r'<h2 id="([a-z-]+)"', said) == ["h-hours", *(query.name for query in QUERIES)]
    assert "Nothing." in said


def test_hours_without_operations_are_drawn_too(tmp_path):
    hours = re.findall(r"<title>(.*?): (\d+) operations?, (\d+) failed", page(tmp_path, 0, 3))
    assert [(int(count), int(failed)) for _, count, failed in hours] == [(1, 0), (0, 0), (0, 0), (1, 1)]


def test_the_latest_hours_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(dashboard, "MAX_HOURS", 2)
    assert len(re.findall("<title>2", page(tmp_path, 0, 3))) == 2


def test_rows_beyond_what_is_shown_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(dashboard, "MAX_ROWS", 1)
    assert "1 row; 1 more: dicomsniff query DIR failures" in page(tmp_path, 1, 2)


def test_markup_in_a_title_is_shown(tmp_path):
    said = page(tmp_path, 0, title="<script>")
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
