"""Associations that are over and lie on the shelf: nothing on the screen tells that their details were put away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomsniff.association.association import Association
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.tui import shelf
from dicomsniff.tui.association_table import AssociationTable
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.shelf import Shelf
from tui.screens import LARGE, SMALL, opened, press, screen_text

SAMPLES = ("c-move.pcap",)
OTHER = "right_curly_bracket"
STEPS = (
    *((key,) for key in "123457"),
    *(each for key in "12345" for each in ((key, OTHER), ("n",), ("down", "enter"))),
    ("p",),
    ("6", "home"),
    ("6", "end", "enter"),
    ("1", "slash", *"MOVER", "enter"),
    ("slash", "ctrl+u", *"status >= 0xA700", "enter"),
    ("slash", "ctrl+u", "enter"),
    ("4", "end", "enter", "r"),
    ("7", OTHER),
    ("2", "home", "asterisk", *"PYSC", "enter"),
    ("full_stop",),
    ("comma",),
    ("1", *"ssssssss", "home", "enter"),
)


@pytest.fixture
def small_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every association that is over is put away, two at a time, and only the last pack stays open."""
    monkeypatch.setattr(shelf, "LATEST", 0)
    monkeypatch.setattr(shelf, "TOGETHER", 2)
    monkeypatch.setattr(shelf, "OPEN", 1)


async def screens(path: Path, size: tuple[int, int]) -> list[str]:
    async with opened(path, size) as (app, pilot):
        shown = [f"{sum(each.condensed for each in app.session.listing.all)}"]
        for keys in STEPS:
            await press(pilot, *keys)
            shown.append(f"{keys}\n{screen_text(app)}")
        app.session.shelf.close()
        return shown


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("association-rejected.pcap", SMALL),
        *(pytest.param(name, LARGE, marks=pytest.mark.slow) for name in SAMPLES),
    ],
)
async def test_every_screen_is_as_if_nothing_had_been_put_away(
    samples: Path, name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, *before = await screens(samples / name, size)
    assert number == "0"
    monkeypatch.setattr(shelf, "LATEST", 0)
    monkeypatch.setattr(shelf, "TOGETHER", 1)
    monkeypatch.setattr(shelf, "OPEN", 1)
    number, *after = await screens(samples / name, size)
    assert int(number) > 0
    assert after == before


@pytest.fixture
def shelved(samples: Path, small_shelf: None) -> Iterator[tuple[Capture, Shelf, list[Association]]]:
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        list(capture.updates())
        made = Shelf(capture.found)
        over = capture.analyzer.associations
        for each in made.take(over):
            each.condense(capture.found.of(each.association))
        yield capture, made, over
        made.close()


def test_a_copy_has_what_was_given_up(shelved: tuple[Capture, Shelf, list[Association]], samples: Path) -> None:
    capture, made, over = shelved
    put_away = [each for each in over if each.condensed]
    assert len(put_away) == 10
    with Capture(str(samples / "association-rejected.pcap")) as again:
        for association, known in zip(again.associations, over, strict=True):
            copy = made.load(known) or known
            assert [repr(entry) for entry in copy.timeline] == [repr(entry) for entry in association.timeline]
            assert verdict(copy, capture.found.of(copy)) == verdict(association, again.found.of(association))
            assert verdict(known, capture.found.of(known)) == verdict(association, again.found.of(association))


def test_what_is_looked_at_stays_open_a_while(shelved: tuple[Capture, Shelf, list[Association]]) -> None:
    _, made, over = shelved
    first = made.look(over[0])
    assert first is made.look(over[0]) is not over[0]
    assert made.load(over[0]) is not first
    made.look(over[5])
    assert made.look(over[0]) is not first


def test_a_table_of_all_opens_no_pack(slow_capture: Path, small_shelf: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with Capture(str(slow_capture)) as capture:
        list(capture.updates())
        made, every = Shelf(capture.found), capture.analyzer.associations
        before = said(table(capture, made, every))
        for each in made.take(every):
            each.condense(capture.found.of(each.association))
        monkeypatch.setattr(Shelf, "_unpack", None)
        assert said(table(capture, made, every)) == before
        assert all(each.condensed and made.sent(each) and made.waited(each) for each in every)
        made.close()


def said(shown: AssociationTable) -> list[list[str]]:
    return [[column.text(row) for column in shown.columns] for row in shown._listing.all]


def table(capture: Capture, shelf: Shelf, associations: list[Association]) -> AssociationTable:
    listing = Listing(capture.found, shelf)
    listing.add(associations)
    return AssociationTable(listing, lambda _: None)


def test_without_room_nothing_is_given_up(samples: Path, small_shelf: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf, "TemporaryFile", full)
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        list(capture.updates())
        assert not Shelf(capture.found).take(capture.analyzer.associations)


def test_long_ones_and_those_over_tls_stay_in_memory(
    samples: Path, small_shelf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "LONGEST", 8)
    monkeypatch.setattr(shelf, "TOGETHER", 1)
    for name in ("tls-secrets-inside.pcapng", "c-find-worklist.pcap"):
        with Capture(str(samples / name)) as capture:
            list(capture.updates())
            assert not Shelf(capture.found).take(capture.analyzer.associations)
