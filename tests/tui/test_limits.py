"""What the terminal UI says where a limit is reached: how much there is, and how much of it is listed."""

import re
from pathlib import Path

import pytest

import build
from association.test_bounds import echoes, many
from dicomsniff.association import normalized_links
from dicomsniff.engine import kept as kept_module
from dicomsniff.findings import collector
from dicomsniff.tui import found, reading
from findings.link_traffic import committed, report
from findings.traffic import many_failures
from tui.screens import opened, press, screen_text


def save(path: Path, packets: list[build.Packet]) -> Path:
    path.write_bytes(build.pcap(build.frames(packets)))
    return path


async def test_a_long_exchange_says_how_much_of_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_LISTED", 10)
    async with opened(save(tmp_path / "long.pcap", echoes(50).packets)) as (app, pilot):
        assert re.search(r"messages +100 ", screen_text(app)), "counted beyond the limit"
        await press(pilot, "2")
        assert "the first 10 of 106 entries" in screen_text(app)


@pytest.mark.slow
async def test_a_list_of_findings_says_how_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MAX_FINDINGS", 10)
    path = save(tmp_path / "failures.pcap", many_failures(30))
    async with opened(path) as (app, pilot):
        await press(pilot, "f")
        assert "Findings (11 of 31)" in screen_text(app)
    monkeypatch.setattr(found, "MAX_FOUND", 3)
    async with opened(path) as (app, pilot):
        await press(pilot, "f")
        assert "Findings (3 of 31)" in screen_text(app)


async def test_associations_that_were_given_up_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_ASSOCIATIONS", 5)
    monkeypatch.setattr(reading, "MANY", 1)
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)
    async with opened(save(tmp_path / "many.pcap", many(20))) as (app, _):
        kept = len(app.session.listing.all)
        assert kept < 20
        assert f"Associations ({kept}; {20 - kept} given up to bound memory)" in screen_text(app)


async def test_steps_that_are_not_listed_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalized_links, "MAX_STEPS", 3)
    async with opened(save(tmp_path / "steps.pcap", committed(*[report(0)] * 5))) as (app, pilot):
        await press(pilot, "l")
        assert "3 further parts are not listed" in screen_text(app)
