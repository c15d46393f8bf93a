"""Identifiers planted wherever a peer can put one are nowhere in the bytes of a scrubbed copy."""

from pathlib import Path

import pytest

from dicomsniff.privacy.gate import Privacy
from privacy import plants as planted
from privacy.plants import CANARY, Plants
from scrubbing.scrubbed import PLAIN, scrub


@pytest.fixture
def copied(tmp_path: Path):
    """Scrub the planted capture; return its plants and the bytes of the copy."""

    def call(privacy: Privacy) -> tuple[Plants, bytes]:
        plants = Plants()
        source, target = tmp_path / "planted.pcap", tmp_path / "copy.pcapng"
        source.write_bytes(planted.capture(plants, planted.everything))
        scrub(source, target, privacy)
        return plants, target.read_bytes()

    return call


@pytest.mark.slow
def test_nothing_that_was_planted_is_in_a_copy(copied):
    plants, copy = copied(PLAIN)
    # What stands for a date may be the date of another plant, as may what stands for a letter or two.
    told = {text: where for text, where in plants.texts.items() if len(text) > 4 and not text.isdigit()}
    assert len(told) > 4000
    assert {where for text, where in told.items() if text.encode() in copy} == set()
    assert {where for raw, where in plants.raw.items() if raw in copy} == set()
    for name in sorted(plants.network, key=len, reverse=True):
        copy = copy.replace(name.encode(), b"")
    assert CANARY.encode() not in copy


@pytest.mark.slow
def test_uids_and_names_of_the_network_stay_unless_they_are_to_go(copied):
    plants, copy = copied(PLAIN)
    assert any(uid.encode() in copy for uid in plants.uids)
    assert any(name.encode() in copy for name in plants.network)
    plants, copy = copied(PLAIN._replace(redact_uids=True, redact_network=True))
    assert {where for uid, where in plants.uids.items() if uid.encode() in copy} == set()
    assert {where for name, where in plants.network.items() if name.encode() in copy} == set()
