"""Which associations are shown, and which of their entries."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dicomsniff.dimse.message import Message
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import ALL, EVERYTHING, Chosen, Period, Selection, has_problem
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture, open_capture

SAMPLES = Path(__file__).parent.parent.parent / "samples"
Opened = Callable[[str], Capture]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    with ExitStack() as stack:
        known: dict[str, Capture] = {}

        def get(name: str) -> Capture:
            if name not in known:
                known[name] = stack.enter_context(open_capture(SAMPLES / f"{name}.pcap"))
                assert known[name].associations
            return known[name]

        yield get


def shown(capture: Capture, selection: Selection) -> dict[int, list[int]]:
    """The associations that are shown, with the numbers of their messages that are."""
    found = {}
    for association in capture.associations:
        chosen = selection.choose(association, capture.found.of(association), capture.data_set)
        if chosen is not None:
            entries = chosen.entries(association)
            found[association.id] = [each.event.number for each in entries if isinstance(each.event, Message)]
    return found


def test_all_is_shown_unless_asked_otherwise(opened: Opened) -> None:
    capture = opened("c-move")
    assert EVERYTHING.is_all
    assert {EVERYTHING.choose(each, capture.found.of(each)) for each in capture.associations} == {ALL}


def test_a_request_is_shown_for_what_its_response_says(opened: Opened) -> None:
    capture = opened("c-move")
    assert shown(capture, Selection(Filter("command == C-STORE and status == 0 and size > 9000"))) == {2: [1, 3]}
    assert shown(capture, Selection(Filter("command == C-STORE-RSP"))) == {2: [2, 4, 6]}


def test_a_filter_about_associations_shows_all_their_messages(opened: Opened) -> None:
    association = opened("c-move").associations[1]
    assert Selection(Filter("calling == QRSCP")).choose(association, Findings()) is ALL
    assert Selection(Filter("calling == MOVER")).choose(association, Findings()) is None


def test_words_that_no_message_has_all_of_show_every_message(opened: Opened) -> None:
    found = shown(opened("c-move"), Selection(Filter("'CT Image' and 'MR Image'")))
    assert found == {2: [1, 2, 3, 4, 5, 6]}


def test_a_word_above_the_messages_goes_with_what_is_asked_of_them(opened: Opened) -> None:
    assert shown(opened("c-move"), Selection(Filter("MOVEDEST and command == C-STORE-RSP"))) == {2: [2, 4, 6]}


def test_what_is_no_message_stays_on_the_timeline(opened: Opened) -> None:
    association = opened("c-move").associations[1]
    chosen = Selection(Filter("message == 3")).choose(association, Findings())
    assert chosen is not None
    names = [entry.event.name for entry in chosen.entries(association)]
    assert names[:2] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"]
    assert [name for name in names if name.startswith("C-")] == ["C-STORE-RQ"]
    assert chosen.left_out(association) == "1 of 6 messages shown"


def test_associations_are_chosen_by_number(opened: Opened) -> None:
    assert list(shown(opened("association-rejected"), Selection(associations=[2, 4, 40]))) == [2, 4]


def test_a_period_chooses_entries(opened: Opened) -> None:
    capture = opened("c-move")
    # Association 2 lasts from 01:18:51.458 to .607; its second store is sent and answered at .513.
    period = Period("01:18:51.5", "01:18:51.55")
    assert shown(capture, Selection(period=period))[2] == [3, 4]
    assert 2 not in shown(capture, Selection(period=period & Period("01:18:51.54")))
    assert shown(capture, Selection(period=Period("2026-11-21T01:19:00"))) == {}
    assert shown(capture, Selection(Filter("command == C-STORE-RQ"), period=Period("01:18:51.5")))[2] == [3, 5]


def test_only_what_went_wrong_is_a_problem(opened: Opened) -> None:
    chooses = Selection(only_problems=True)
    assert shown(opened("c-echo"), chooses) == {}
    assert len(shown(opened("association-rejected"), chooses)) == 10
    assert shown(opened("no-answer"), chooses)


def test_messages_that_are_not_kept_are_counted(opened: Opened) -> None:
    association = opened("c-move").associations[1]
    chosen = Chosen(b"\1\0\1")
    assert not chosen.shows_message(3)
    assert chosen.left_out(association) == (
        "2 of 6 messages shown; 3 could not be asked about: too many were open to keep them"
    )


def test_an_association_without_messages_is_asked_as_a_whole(opened: Opened) -> None:
    capture = opened("association-rejected")
    assert shown(capture, Selection(Filter("not command == C-STORE"))) == {each.id: [] for each in capture.associations}
    assert shown(capture, Selection(Filter("not command == C-STORE"), only_problems=True))


def test_warnings_that_are_only_counted_are_a_problem_as_well(opened: Opened) -> None:
    (association,) = opened("c-echo").associations
    found = Findings()
    assert not has_problem(association, found)
    found.unlisted[Severity.WARNING] += 1
    assert has_problem(association, found)
