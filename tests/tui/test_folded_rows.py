"""Rows of an exchange that say the same: one row, that says how many and until when, until somebody looks inside."""

import copy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.library import Capture
from dicomsniff.tui import message_ladder
from dicomsniff.tui.ladder_line import LONG, LadderLines
from tui.screens import LARGE, SMALL, exchange, opened, press, screen_text, settle


@pytest.fixture(scope="module")
def found() -> tuple[Association, list[Entry]]:
    """A C-FIND with ten pending responses, and its timeline."""
    path = Path(__file__).parent.parent.parent / "samples" / "c-find-worklist.pcap"
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        return association, list(association.timeline)


def rows(lines: LadderLines) -> list[tuple[Entry, int]]:
    return [(line.entry, line.count) for line in lines.lines]


def names(app: object) -> list[tuple[str, int]]:
    """The rows of messages: each with how many entries are in it."""
    lines = exchange(app).ladder.rows
    return [(line.entry.event.name, line.count) for line in lines if isinstance(line.entry.event, Message)]


FOLDED = [("C-FIND-RQ", 1), ("C-FIND-RSP", 10), ("C-FIND-RSP", 1)]
UNFOLDED = [("C-FIND-RQ", 1), *[("C-FIND-RSP", 1)] * 11]


@given(cuts=st.lists(st.integers(0, 18), max_size=4).map(sorted), odd=st.integers(0, 17))
def test_rows_are_the_same_however_entries_and_findings_come(
    found: tuple[Association, list[Entry]], cuts: list[int], odd: int
) -> None:
    """And what something was found about has a row of its own, whenever that was found."""
    association, entries = found

    class About:
        span = entries[odd].span

    known: list[About] = []
    lines = LadderLines(association, lambda entry: any(each.span == entry.span for each in known))
    for cut in [*cuts, len(entries)]:
        lines.take(entries[:cut], known)
    before = rows(lines)
    assert [entry for line in lines.lines for entry in line.inside] == entries
    assert [count for _, count in before if count > 1] == [10]
    known.append(About())
    lines.take(entries, known)
    assert [entry for line in lines.lines for entry in line.inside] == entries
    assert (entries[odd], 1) in rows(lines)
    at_once = LadderLines(association, lambda entry: entry is entries[odd])
    at_once.take(entries, known)
    assert rows(at_once) == rows(lines)


def test_a_gap_is_not_hidden_in_a_row(found: tuple[Association, list[Entry]]) -> None:
    association, entries = found
    pending = entries[3:13]
    for entry in (later := copy.deepcopy(pending[5:])):
        span = entry.event.span
        entry.event.span = replace(span, first_time=span.first_time + LONG, last_time=span.last_time + LONG)
        entry.event.operation = pending[0].event.operation
    lines = LadderLines(association, lambda _: False)
    lines.take(pending[:5] + later, [])
    assert [(line.is_gap, line.count) for line in lines.lines] == [(False, 5), (True, 1), (False, 5)]


def test_what_a_filter_leaves_is_folded_and_opened_as_all_is(found: tuple[Association, list[Entry]]) -> None:
    association, entries = found
    lines = LadderLines(association, lambda _: False)
    lines.take(entries, [])
    left = {id(each) for each in entries[4:7]} | {id(entries[9])}
    (row,) = lines.shown(lambda entry: id(entry) in left)
    assert (row.entry, row.count) == (entries[4], 4)
    assert lines.turn(entries[9], folded=False)
    assert [line.count for line in lines.shown(lambda entry: id(entry) in left)] == [1] * 4


def test_runs_that_come_later_are_as_all_were_left(found: tuple[Association, list[Entry]]) -> None:
    association, entries = found
    lines = LadderLines(association, lambda _: False)
    lines.take(entries[:6], [])
    assert lines.turn_all()
    lines.take(entries, [])
    assert rows(lines) == [(entry, 1) for entry in entries]
    assert lines.turn_all()
    lines.turn(entries[5], folded=False)
    lines.take(entries[1:], [])
    assert rows(lines) == [(entry, 1) for entry in entries[1:]], "one that was opened stays open"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_pending_responses_have_one_row_until_somebody_opens_it(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-find-worklist.pcap", size) as (app, pilot):
        await press(pilot, "2")
        assert names(app) == FOLDED
        assert "10 until 0.123236 s" in screen_text(app)
        await press(pilot, "down", "down", "down")
        assert "the first of 10, which → shows one by one" in screen_text(app)
        first = app.session.entry
        await press(pilot, "right")
        assert names(app) == UNFOLDED
        assert app.session.entry is first
        await press(pilot, "down", "left")
        assert names(app) == FOLDED
        assert app.session.entry is first is exchange(app).ladder.entry
        await press(pilot, "enter")
        assert names(app) == UNFOLDED, "Enter goes into it"
        await press(pilot, "z")
        assert names(app) == FOLDED
        await press(pilot, "right_square_bracket")
        assert names(app) == UNFOLDED, "what is gone to is in sight"
        assert exchange(app).ladder.entry is app.session.entry is not first


async def test_what_is_folded_is_found_filtered_and_copied(samples: Path) -> None:
    async with opened(samples / "c-find-worklist.pcap", LARGE) as (app, pilot):
        await press(pilot, "2", "down", "down", "down")
        ladder = exchange(app).ladder
        assert ladder.everything().count("C-FIND-RSP 1") == 11
        assert {each.what: each.says for each in ladder.copied(3)}["its 10 rows"].count("\n") == 9
        fifth = app.session.entries[7]
        app.session.set_filter(f"message == {fifth.event.number}")
        await settle(pilot)
        assert ("C-FIND-RSP", 1) in names(app)
        assert ladder.entry is fifth
        app.session.set_filter("")
        await settle(pilot)
        assert names(app) == UNFOLDED


async def test_long_exchanges_get_their_rows_a_few_at_a_time(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the cursor gets to the selected entry when that has its row."""
    monkeypatch.setattr(message_ladder, "AT_ONCE", 2)
    async with opened(samples / "c-find-worklist.pcap", LARGE) as (app, pilot):
        ladder = exchange(app).ladder
        last = app.session.entries[-1]
        app.session.select_entry(last)
        app.session.show("exchange")
        assert sum(line.count for line in ladder.rows) == 2
        await settle(pilot)
        assert names(app) == FOLDED
        assert ladder.entry is last


@given(order=st.permutations(range(4)), taken=st.integers(0, 4))
def test_findings_that_were_put_in_another_order_fold_nothing_else(
    found: tuple[Association, list[Entry]], order: list[int], taken: int
) -> None:
    """At its end an association's findings are listed behind their causes: another list, of the same ones."""
    association, entries = found

    class About:
        def __init__(self, entry: Entry) -> None:
            self.span = entry.span

    known = [About(entries[place]) for place in (3, 5, 9, 12)]
    lines = LadderLines(association, lambda entry: any(each.span == entry.span for each in known[:taken]))
    lines.take(entries, known[:taken])
    lines._stands_out = lambda entry: any(each.span == entry.span for each in known)
    lines.take(entries, [known[place] for place in order])
    afresh = LadderLines(association, lambda entry: any(each.span == entry.span for each in known))
    afresh.take(entries, known)
    assert rows(lines) == rows(afresh)


async def test_whoever_follows_sees_a_run_grow_in_one_row(samples: Path) -> None:
    async with opened(samples / "c-find-worklist.pcap", LARGE) as (app, pilot):
        await press(pilot, "2")
        app.session.follow(follows=True)
        app.session.select_entry(app.session.entries[9])
        await settle(pilot)
        assert names(app) == FOLDED
        assert exchange(app).ladder.selected.count == 10
