"""The pairs of samples: real exchanges that differ in one thing, which the first line names."""

import io
from pathlib import Path

import pytest

from dicomsniff import open_capture
from dicomsniff.comparing.comparison import Comparison, Side, compare
from dicomsniff.export.diff import DiffText
from unmarked import GATE

CAUSES = {
    "context-refused": "likely cause: presentation context of CT Image Storage: "
    "refused (abstract syntax not supported) in BAD; accepted as Explicit VR Little Endian in GOOD",
    "other-syntax": "likely cause: transfer syntax of CT Image Storage: accepted as Implicit VR Little Endian "
    "(JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1]) refused) in BAD; "
    "accepted as JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1]) "
    "or Explicit VR Little Endian in GOOD",
    "slow-disk": "most telling: time to answer C-STORE: 353 ms (median of 3) in BAD; 1.78 ms (median of 3) in GOOD",
    "missing-role": "likely cause: role for CT Image Storage: requestor is SCU (default) in BAD; "
    "requestor is SCP in GOOD",
    "nul-padded-title": 'likely cause: called AE title "ARCHIVE": padded with NUL in BAD; padded with spaces in GOOD',
}


def compared(good: Path, bad: Path) -> Comparison:
    sides = Side(), Side()
    with open_capture(good) as first, open_capture(bad) as second:
        for side, capture in zip(sides, (first, second), strict=True):
            side.read(capture)
        return compare(*sides)


def text(comparison: Comparison) -> list[str]:
    out = io.StringIO()
    DiffText(comparison, ("good.pcap", "bad.pcap"), GATE, out).write()
    return out.getvalue().splitlines()


@pytest.mark.parametrize("pair", CAUSES)
def test_the_first_line_names_the_cause(samples, pair):
    assert text(compared(samples / f"pairs/{pair}-good.pcap", samples / f"pairs/{pair}-bad.pcap"))[0] == CAUSES[pair]


def test_every_pair_of_samples_is_compared(samples):
    names = {path.name for path in (samples / "pairs").iterdir()}
    assert names == {f"{pair}-{side}.pcap" for pair in CAUSES for side in ("good", "bad")}


@pytest.mark.parametrize("pair", CAUSES)
def test_the_other_way_round_nothing_is_a_cause(samples, pair):
    comparison = compared(samples / f"pairs/{pair}-bad.pcap", samples / f"pairs/{pair}-good.pcap")
    assert comparison.cause is None
    assert comparison.differences


def test_it_is_said_where_good_and_bad_seem_to_be_swapped(samples):
    comparison = compared(samples / "pairs/missing-role-bad.pcap", samples / "pairs/missing-role-good.pcap")
    assert comparison.looks_swapped
    assert "GOOD is in trouble and BAD is not: were they named the wrong way round?" in text(comparison)
    assert not compared(samples / "pairs/missing-role-good.pcap", samples / "pairs/missing-role-bad.pcap").looks_swapped


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("samples/**/*.pcap*")), ids=lambda path: path.name
)
def test_nothing_differs_from_itself(path):
    comparison = compared(path, path)
    assert comparison.differences == []
    assert text(comparison)[0] == "nothing differs that could matter"


def test_of_a_move_the_association_that_was_refused_comes_first(samples):
    comparison = compared(samples / "c-move.pcap", samples / "c-move-destination-refuses.pcap")
    told = text(comparison)
    assert told[0] == "likely cause: answer to A-ASSOCIATE-RQ: refused (no reason given) in BAD; accepted in GOOD"
    assert any("in BAD only: C-MOVE to DEST: DEST rejected the SCP's association 2" in line for line in told)
    assert any('called AE title: "DEST" in BAD; "MOVEDEST" in GOOD' in line for line in told)
