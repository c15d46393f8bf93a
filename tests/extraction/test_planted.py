"""Identifiers planted wherever a peer can put one are nowhere in objects that are extracted without them."""

from pathlib import Path

import pytest
from pydicom import dcmread

from dicomsniff.commands.cli import run
from privacy import plants as planted
from privacy.plants import CANARY, Plants


@pytest.mark.slow
def test_nothing_that_was_planted_is_in_a_file(tmp_path: Path) -> None:
    plants, source, out, key = Plants(), tmp_path / "planted.pcap", tmp_path / "out", tmp_path / "key"
    source.write_bytes(planted.capture(plants, planted.everything))
    key.write_text("the same in every run")
    options = ["--de-identify", "--identifiers", "--redact-network", "--redact-uids", "--pseudonym-key", str(key)]
    assert run(["extract", str(source), "-o", str(out), *options]) == 0
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(files) > 20
    whole = b"".join([*files.values(), *(name.encode() for name in files)])
    assert CANARY.encode() not in whole
    assert {where for raw, where in plants.raw.items() if raw in whole} == set()
    assert {where for uid, where in plants.uids.items() if uid.encode() in whole} == set()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_whole_object_can_be_read(tmp_path: Path) -> None:
    source, out = tmp_path / "planted.pcap", tmp_path / "out"
    source.write_bytes(planted.capture(Plants(), planted.everything))
    assert run(["extract", str(source), "-o", str(out), "--de-identify"]) == 0
    files = list(out.glob("*.dcm"))
    assert files
    for path in files:
        str(dcmread(path))
