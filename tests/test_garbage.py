"""Garbage is looked for in short steps while a capture is watched; what is given up leaves none behind."""

import gc
import io
from collections.abc import Iterator

import pytest

import build
from association.test_bounds import many
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import write_view
from dicomsniff.garbage import AT_A_TIME, nothing_but_new, short_pauses
from pipeline import batch
from replayed import replay
from unmarked import ASKED


def later(count: int) -> list[build.Packet]:
    """Traffic long after so many associations: connections that were closed before are gone by then."""
    start = build.START + (count + 10) * 10_000_000_000
    return build.Talk(client=("10.9.0.1", 4711), server=("10.9.0.2", 80), start=start).open().packets


def clean() -> None:
    """Collect what other tests left; what has a finalizer takes a second look."""
    while gc.collect():
        pass


def garbage() -> list[str]:
    """Collect garbage, and return the kinds of our own objects in it: threads of other tests may leave some, too."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith("dicomsniff")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.fixture
def thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.freeze()  # as all tests have it: conftest.py


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize("frozen", [False, True])
def test_short_pauses_end_as_they_began(frozen: bool) -> None:
    if frozen:
        gc.freeze()
    before = gc.get_threshold()
    with short_pauses():
        assert gc.get_threshold()[0] == AT_A_TIME
        assert gc.get_freeze_count()
    assert gc.get_threshold() == before
    assert bool(gc.get_freeze_count()) == frozen


def test_what_stays_is_looked_through_no_more_while_it_is_read() -> None:
    with short_pauses():
        before = gc.get_freeze_count()
        with nothing_but_new():
            kept = [[number] for number in range(10 * AT_A_TIME)]
            assert gc.get_freeze_count() - before > len(kept) / 2
            assert len(gc.get_objects(generation=2)) < len(kept) / 2
        assert gc.get_freeze_count() - before > len(kept)
        seldom = gc.get_freeze_count()
        later = [[number] for number in range(10 * AT_A_TIME)]
        assert gc.get_freeze_count() == seldom, f"{len(later)} lists later"


def test_what_is_given_up_is_gone_without_anybody_looking_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "LATEST_ENTRIES", 1)
    analyzer = Analyzer(keep=Keep.LATEST, watches=True)
    analyzer.feed(batch(build.frames(many(1))))  # what is looked up for the first time may leave something behind
    clean()
    gc.disable()
    try:
        analyzer.feed(batch(build.frames(many(5))))
        analyzer.feed(batch(build.frames(later(5))))
        kept = analyzer.associations
        assert kept
        assert all(association.condensed for association in kept)
        assert garbage() == []
    finally:
        gc.enable()


def test_what_was_written_of_a_live_capture_is_gone_as_well() -> None:
    def left(count: int) -> list[str]:
        capture = replay(many(count), later(count))
        clean()
        gc.disable()
        try:
            write_view(find_view("live", "text"), capture, io.StringIO(), ASKED)
            return garbage()
        finally:
            gc.enable()

    left(1)  # what is looked up for the first time may leave something behind
    assert left(20) == left(5)
