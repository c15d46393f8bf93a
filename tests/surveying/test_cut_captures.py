"""Captures cut anywhere: the tables of the pieces are those of the whole."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow", reason="needs pyarrow")

import build
from dicomsniff.commands.cli import run
from dicomsniff.export.tables import TABLES
from examples import examples
from findings.cases import CASES, frames_of
from surveying.pieces import MAGICS, PRIVACY, Rows, cut, rows, surveyed

SAMPLES = Path(__file__).parents[2] / "samples"
CAPTURES = sorted(path.name for path in SAMPLES.glob("*.pcap") if path.read_bytes()[:4] in MAGICS)

OUT_OF_ORDER = {"time-goes-back"}
"""What a whole capture shows and pieces do not: these are put in the order of time."""


@cache
def whole(name: str) -> dict[str, Rows]:
    """Return the tables that an export of the whole capture has, and the links that a survey of it has."""
    with TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "key").write_bytes(PRIVACY.key or b"")
        exported = str(place / "exported")
        run(
            [
                "export",
                str(SAMPLES / name),
                "--format",
                "parquet",
                "-o",
                exported,
                "--pseudonym-key",
                str(place / "key"),
            ]
        )
        surveyed([str(SAMPLES / name)], place / "surveyed")
        return {table: rows(Path(exported), table) for table in TABLES} | {"links": rows(place / "surveyed", "links")}


def in_pieces(name: str, cuts: list[int], place: Path) -> dict[str, Rows]:
    surveyed(cut(SAMPLES / name, place / "pieces", cuts), place / "surveyed")
    return {table: rows(place / "surveyed", table, without=("capture",)) for table in (*TABLES, "links")}


@pytest.mark.slow
@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_cut_into_twenty_is_told_as_the_whole(name: str, tmp_path: Path) -> None:
    assert in_pieces(name, list(range(1, 2000, 97))[:19], tmp_path) == whole(name)


@pytest.mark.slow
@given(name=st.sampled_from(CAPTURES), cuts=st.lists(st.integers(0, 5000), min_size=1, max_size=19))
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_it_does_not_matter_where_a_capture_is_cut(name: str, cuts: list[int]) -> None:
    with TemporaryDirectory() as directory:
        assert in_pieces(name, cuts, Path(directory)) == whole(name)


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted({*CASES} - OUT_OF_ORDER))
def test_every_rule_finds_in_pieces_what_it_finds_in_the_whole(code: str, tmp_path: Path) -> None:
    traffic = CASES[code].raises()
    frames = frames_of(traffic)
    capture = tmp_path / "case.pcap"
    capture.write_bytes(build.pcap(frames))
    surveyed([str(capture)], tmp_path / "whole")
    for cuts in ([len(frames) // 2], range(1, len(frames), max(len(frames) // 10, 1))):
        surveyed(cut(capture, tmp_path / f"pieces{len(cuts)}", cuts), tmp_path / f"cut{len(cuts)}")
        for table in (*TABLES, "links"):
            whole, pieces = (
                rows(tmp_path / name, table, without=("capture",)) for name in ("whole", f"cut{len(cuts)}")
            )
            assert pieces == whole
