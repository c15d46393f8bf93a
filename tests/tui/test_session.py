"""The session by itself: what is selected, and who is told of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.navigation import find_problem
from dicomsniff.tui.session import Change, Place, Session


@pytest.fixture
def session(samples: Path) -> Iterator[Session]:
    """A session of ten associations, the first of them selected."""
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        list(capture.updates())
        session = Session(capture, Gate())
        session.advance(capture.analyzer.associations, None, None, None)
        session.end("")
        yield session


def told(session: Session) -> list[Change]:
    changes: list[Change] = []
    session.observe(changes.append)
    return changes


def test_the_first_association_is_selected_and_none_of_its_entries(session: Session) -> None:
    assert session.association is session.listing.all[0]
    assert session.entry is None
    assert len(session.entries) == 4


def test_who_selects_is_heard_by_every_observer_at_once(session: Session) -> None:
    first, second = told(session), told(session)
    session.select(session.listing.all[3])
    assert first == second == [Change.ASSOCIATION | Change.ENTRY]
    session.select_entry(session.entries[1])
    assert first[1:] == [Change.ENTRY]
    session.select_entry(session.entries[1])
    assert len(first) == 2, "nothing is another one"


def test_steps_go_to_the_ends_and_not_beyond(session: Session) -> None:
    session.step(1)
    assert session.place == 0, "the first step goes into the association"
    session.step(99)
    assert session.place == 3
    session.step(-99)
    assert session.place == 0
    session.step_association(99)
    assert session.association.id == 10


def test_a_jump_is_remembered_with_the_view_it_began_in(session: Session) -> None:
    session.show("findings")
    begun = session.here
    session.go(Place(session.listing.all[4], None, "exchange"))
    assert (session.association.id, session.view) == (5, "exchange")
    assert session.back()
    assert session.here == begun
    assert not session.back()


def test_a_filter_that_hides_the_selection_selects_what_it_shows(session: Session) -> None:
    session.set_filter("NOTHERE")
    assert [each.id for each in session.listing.listed] == [session.association.id]
    session.set_filter("")
    assert len(session.listing.listed) == 10
    assert session.association.acceptor.ae_title == "NOTHERE", "the selection outlives the filter"


def test_a_jump_to_what_the_filter_hides_drops_it(session: Session) -> None:
    session.set_filter("NOTHERE")
    session.go(Place(session.listing.all[0], None))
    assert session.listing.filter.text == ""
    assert session.association.id == 1


def test_what_was_given_up_is_not_selected_any_longer(session: Session) -> None:
    session.select(session.listing.all[0])
    session.advance([], None, None, session.listing.all[5:])
    assert session.association.id == 6
    assert session.listing.given_up == 5


def test_privacy_is_a_change_like_any_other(session: Session) -> None:
    changes = told(session)
    session.toggle_privacy()
    assert session.gate.privacy.keep_phi
    assert changes == [Change.PRIVACY]


def test_n_goes_to_the_selected_problem_first_unless_it_is_looked_at(session: Session) -> None:
    session.select(session.listing.all[2], session.listing.all[2].timeline[1])
    assert find_problem(session, 1)[:2] == (session.association, session.entry)
    session.show("exchange")
    assert find_problem(session, 1).association.id == 4


def test_n_and_p_begin_with_the_association_that_nobody_has_gone_into(session: Session) -> None:
    session.select(session.listing.all[2])
    assert find_problem(session, 1).association.id == 3
    assert find_problem(session, -1).association.id == 2
