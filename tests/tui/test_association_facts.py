"""What is said of an association as a whole: nothing twice, and all that is known where there is room."""

from pathlib import Path

import pytest

from dicomsniff.library import Capture
from dicomsniff.tui.association_facts import association_facts
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook, Target
from dicomsniff.tui.views import overview
from tui.screens import LARGE, opened, press, screen_text


def facts(path: Path) -> list[FieldRow]:
    with Capture(str(path)) as capture:
        association = capture.associations[0]
        return list(association_facts(association, capture.found.of(association), LinkBook(), 6, 0))


def test_a_finding_that_the_verdict_tells_is_not_told_again(samples: Path) -> None:
    rows = facts(samples / "association-aborted.pcap")
    assert [row.value for row in rows if "PDU type 0x99" in row.value] == [rows[0].value]
    assert rows[1].name == "what to do"
    others = next(place for place, row in enumerate(rows) if row.name == "What else was found")
    assert "aborted without giving a reason" in rows[others + 1].value


def test_why_it_was_slow_is_said_once(samples: Path) -> None:
    rows = facts(samples / "slow-archive.pcap")
    assert sum("took 1.6 of 2.2 s" in row.value for row in rows) == 1
    assert not any("was found" in row.name for row in rows)


def test_findings_lead_to_their_messages(samples: Path) -> None:
    rows = facts(samples / "c-move-destination-refuses.pcap")
    assert any(row.style == "error" and row.target == Target(1, 2) for row in rows)


@pytest.mark.slow
async def test_the_overview_of_a_few_associations_says_each_thing_once(samples: Path) -> None:
    async with opened(samples / "slow-archive.pcap", LARGE) as (app, pilot):
        await press(pilot, "1")
        shown = screen_text(app)
        assert shown.count("released: 6 C-STORE, all Success") == 2, "in the table, and whole below it"
        assert shown.count("took 1.6 of 2.2 s") == 1
        assert "████████████████ acceptor thinking" in shown


@pytest.mark.slow
@pytest.mark.parametrize("many", [2, 20])
async def test_the_most_frequent_reasons_are_listed_where_there_are_many_associations(
    samples: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(overview, "MANY", many)
    async with opened(samples / "association-rejected.pcap", LARGE) as (app, pilot):
        await press(pilot, "1")
        assert ("and 2 associations in trouble for other reasons" in screen_text(app)) is (many == 2)
