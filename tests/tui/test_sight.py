"""What the filter leaves of an exchange, and that filtering never takes long at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomsniff.dimse.message import Message
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui import slices
from dicomsniff.tui.filter_line import FilterLine
from dicomsniff.tui.session import Change, Session
from tui.screens import LARGE, SMALL, chooses, every_size, exchange, opened, press, screen_text, settle


def messages(app: object) -> list[str]:
    """The messages that the exchange lists."""
    return [line.entry.event.name for line in exchange(app).ladder.rows if isinstance(line.entry.event, Message)]


@every_size
async def test_in_the_exchange_only_messages_that_match_are_listed(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-move.pcap", size) as (app, pilot):
        await press(pilot, "2")
        before = len(exchange(app).ladder.rows)
        listed = len(app.session.entries)
        await press(pilot, "slash")
        app.query_one(FilterLine).input.value = "command == C-MOVE-RSP"
        await settle(pilot)
        await press(pilot, "enter")
        assert set(messages(app)) == {"C-MOVE-RSP"}
        assert len(exchange(app).ladder.rows) < before
        assert "entries pass the filter" in screen_text(app)
        await press(pilot, "home", "right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert app.session.sight.shows(app.session.entry)
        app.session.set_filter("")
        await settle(pilot)
        assert sum(line.count for line in exchange(app).ladder.rows if not line.is_gap) == listed


async def test_the_gaps_of_an_exchange_are_those_of_all_messages(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", LARGE) as (app, pilot):
        await press(pilot, "2")
        known = {id(line.entry): line.since for line in exchange(app).ladder.rows}
        app.session.set_filter("command == C-MOVE-RSP")
        await settle(pilot)
        assert all(line.since == known[id(line.entry)] for line in exchange(app).ladder.rows)


async def test_a_word_of_the_association_as_a_whole_hides_no_message(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "2")
        app.session.set_filter("STORESCP")
        await settle(pilot)
        assert app.session.sight.shows_all


async def test_a_selected_message_that_is_filtered_out_gives_way_to_the_next(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "down", "down")
        app.session.set_filter("command == C-MOVE-RSP")
        await settle(pilot)
        assert app.session.sight.shows(app.session.entry)
        assert exchange(app).ladder.entry is app.session.entry


async def test_what_is_wrong_with_a_filter_is_marked_where_it_is_typed(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", LARGE) as (app, pilot):
        await press(pilot, "slash")
        line = app.query_one(FilterLine)
        line.input.value = "x colour=1"
        await settle(pilot)
        assert "at character 3" in screen_text(app)
        marked = [each for each in line.input.render_line(0) if each.style and each.style.reverse and each.style.bold]
        assert [each.text for each in marked] == ["c"]


@pytest.fixture
def many(samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session of ten associations, of which two are filtered at a time."""
    monkeypatch.setattr(slices, "AT_ONCE", 2)
    monkeypatch.setattr(slices, "SLICE", 0.0)
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        list(capture.updates())
        session = Session(capture, Gate())
        session.advance(capture.analyzer.associations, None, None, None)
        session.end("")
        yield session


def test_a_filter_is_applied_a_little_at_a_time_and_told_when_it_is_done(many: Session) -> None:
    many.set_filter("NOTHERE")
    assert many.is_filtering
    assert len(many.listing.listed) == 10, "what was listed stays meanwhile"
    changes: list[Change] = []
    many.observe(changes.append)
    steps = 0
    while many.is_filtering:
        many.go_on_filtering()
        steps += 1
    assert steps > 2
    assert [each.acceptor.ae_title for each in many.listing.listed] == ["NOTHERE"]
    assert any(change & Change.LISTING for change in changes)
    assert many.association is many.listing.listed[0]


@pytest.mark.parametrize("text", ["nowhere", "status == 0xA700", "stored"])
def test_the_messages_of_one_association_are_filtered_a_few_at_a_time(
    samples: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(slices, "AT_ONCE", 2)
    monkeypatch.setattr(slices, "SLICE", 0.0)
    with Capture(str(samples / "c-find-worklist.pcap")) as capture:
        list(capture.updates())
        session = Session(capture, Gate())
        session.advance(capture.analyzer.associations, None, None, None)
        session.end("")
        session.set_filter(text)
        steps = 0
        while session.listing.is_sifting:
            session.go_on_filtering()
            steps += 1
        assert steps >= 3
        assert not session.listing.listed


def test_what_comes_while_it_filters_is_filtered_too(many: Session) -> None:
    every = many.listing.all
    many.advance([], None, None, every[:5])
    many.set_filter("ECHOSCU")
    assert many.is_filtering
    many.advance(every[5:], None, None, None)
    while many.is_filtering:
        many.go_on_filtering()
    assert many.listing.listed == [each for each in every if chooses(many.listing.filter, each)]
    assert many.listing.listed[-1].id > 5


def test_typing_on_begins_anew(many: Session) -> None:
    many.set_filter("ECHOSCU")
    many.set_filter("")
    assert not many.is_filtering
    assert len(many.listing.listed) == 10
