"""Associations that go as others did are told of as if each had been followed, whatever differs between them."""

from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from alike import DRAWN, SECOND, TALKS, WELL, captured, said
from dicomsniff.association.repeated import Repeated
from dicomsniff.capture.losses import Losses
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.export.check import CheckedJson, CheckedLines, CheckedText
from dicomsniff.export.model_json import association_json
from dicomsniff.export.sarif import Sarif
from dicomsniff.export.show import ShownText
from dicomsniff.export.view import Asked, View, write_view
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.tcp import connection, repeats
from dicomsniff.tcp.repeats import Repeat
from examples import examples
from pipeline import batch


def told(capture: bytes, *, spares: bool, view: type[View] = ShownText, **asked: object) -> tuple[str, int]:
    """What `show` or another view says of a capture, and how many associations were not followed."""
    spared: list[Repeated] = []

    class Counted(view):
        def closed(self, association, chosen):
            spared.extend([association] if isinstance(association, Repeated) else [])
            super().closed(association, chosen)

    with pytest.MonkeyPatch.context() as patch, Capture(BytesIO(capture)) as opened:
        if not spares:
            patch.setattr(Analyzer, "spare_repeats", lambda _: None)
        write_view(Counted, opened, out := StringIO(), Asked(**asked))
    return out.getvalue(), len(spared)


@given(DRAWN, st.booleans(), st.booleans())
@settings(max_examples=examples(400))
def test_what_is_told_does_not_depend_on_sparing_repeats(drawn, contexts, redact):
    asked = {"contexts": contexts, "privacy": Privacy(redact_network=redact, key=b"key")}
    capture = captured(drawn)
    assert told(capture, spares=True, **asked)[0] == told(capture, spares=False, **asked)[0]


@pytest.mark.parametrize("view", [CheckedText, CheckedJson, CheckedLines, Sarif, ShownText])
@pytest.mark.parametrize("kind", range(len(TALKS)))
def test_nor_does_what_check_says(view, kind):
    capture = captured([(TALKS[0], [(0, 0, 20, 0, [])] * 4), (TALKS[kind], [(0, 0, 0, 0, [])] * 3)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CLOSED", 1)
        text, spared = told(capture, spares=True, view=view, names=("a.pcap",))
        assert text == told(capture, spares=False, view=view, names=("a.pcap",))[0]
    assert spared or kind


def transcribed(capture: bytes, *, spares: bool) -> list[object]:
    """All that is known of each association, by number."""
    said = []
    with Capture(BytesIO(capture)) as opened:
        if spares:
            opened.analyzer.spare_repeats()
        for association in opened.closed():
            found = opened.found.of(association)
            times = [association_json(association, found, 9, Gate()), sorted(association.timing.spent.items(), key=str)]
            said.append((association.id, times, [str(entry.event) for entry in association.timeline]))
    return sorted(said, key=lambda each: each[0])


@given(DRAWN)
@settings(max_examples=examples(200))
def test_what_waited_and_is_followed_then_is_known_as_any(drawn):
    capture = captured(drawn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Repeat, "is_told", False)
        assert transcribed(capture, spares=True) == transcribed(capture, spares=False)


@given(DRAWN)
@settings(max_examples=examples(200))
def test_nor_does_what_is_told_where_few_connections_may_be_remembered(drawn):
    capture = captured(drawn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CLOSED", 1)
        patch.setattr(repeats, "MAX_STAGES", 20)
        assert told(capture, spares=True)[0] == told(capture, spares=False)[0]


@given(DRAWN)
@settings(max_examples=examples(200))
def test_where_few_may_be_open_as_many_associations_are_told_of(drawn):
    # Which are given up may differ: one that waits for its first bytes counts only where others began like it.
    capture = captured(drawn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CONNECTIONS", 2)
        with Capture(BytesIO(capture)) as opened:
            opened.analyzer.spare_repeats()
            numbers = [association.id for association in opened.closed()]
    assert sorted(numbers) == list(range(1, opened.analyzer.association_count + 1))
    assert opened.analyzer._tcp.is_over


def test_associations_that_are_the_same_but_for_ports_and_times_are_spared():
    capture = captured([(TALKS[0], [(each % 3, each % 7, 20, 0, []) for each in range(40)])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CLOSED", 3)
        text, spared = told(capture, spares=True)
        assert spared == 39
        assert text == told(capture, spares=False)[0]
    assert text.count("released: 1 C-ECHO, Success\n") == 40


@pytest.mark.parametrize(("slow", "spared"), [(80, 3), (100, 2), (1500, 2)])
def test_an_association_that_took_long_is_followed_after_all(slow, spared):
    again = [(0, 0, 20, 0, []), (0, 0, 20, 0, []), (slow, 5, 20, 0, []), (0, 0, 20, 0, [])]
    capture = captured([(TALKS[0], again)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CLOSED", 1)
        assert told(capture, spares=True) == (told(capture, spares=False)[0], spared)


@pytest.mark.parametrize("kind", range(len(TALKS)))
def test_only_associations_in_which_all_went_well_are_spared(kind):
    capture = captured([(TALKS[kind], [(0, 0, 20, 0, [])] * 5)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "MAX_CLOSED", 1)
        assert told(capture, spares=True)[1] == (4 if TALKS[kind] in WELL else 0)


def test_a_capture_that_lost_packets_says_so_of_what_waits_then():
    first, second = (said(20_000 + at, TALKS[0], build.START + at * SECOND, 0, 0, 1) for at in range(2))
    analyzer = Analyzer(keep=Keep.OPEN)
    analyzer.spare_repeats()
    analyzer.feed(batch(build.frames([*first, *second[:6]])))
    analyzer.note_losses(Losses(7), 20)
    updates = analyzer.feed(batch(build.frames(second[6:]), first=18))
    analyzer.close()
    lost = [association.lost_until for association in analyzer.pop_closed()]
    assert lost == [20, 20]
    assert {association.id for association, _ in updates} == {2}
