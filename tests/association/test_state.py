"""The observer's state machine: every state, side and PDU (PS3.8 §9.2)."""

import pytest

from dicomsniff.association.association import Association, Party
from dicomsniff.association.state import BREACHES, TRANSITIONS, State, next_state
from dicomsniff.association.timeline import UnexpectedPdu
from dicomsniff.capture.segments import Endpoint
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    ReleaseRp,
    ReleaseRq,
    UserInformation,
)
from dicomsniff.side import Side
from dicomsniff.span import Span

SPAN = Span(1, 1, 5, 5, 24)
INFO = UserInformation(max_pdu_length=16384)
PDUS = {
    "A-ASSOCIATE-RQ": AssociateRq(SPAN, 200, 1, "SCP", "SCU", "1.2", (), INFO),
    "A-ASSOCIATE-AC": AssociateAc(SPAN, 200, 1, "SCP", "SCU", "1.2", (), INFO),
    "A-ASSOCIATE-RJ": AssociateRj(SPAN, 4, 1, 1, 7),
    "P-DATA-TF": None,
    "A-RELEASE-RQ": ReleaseRq(SPAN, 4),
    "A-RELEASE-RP": ReleaseRp(SPAN, 4),
    "A-ABORT": Abort(SPAN, 4, 0, 0),
}


def association(state: State = State.IDLE) -> Association:
    made = Association(1, Party(Endpoint("a", 1)), Party(Endpoint("b", 2)), known_start=True, time=0)
    made.state = state
    return made


def take(made: Association, name: str, side: Side):
    pdu = PDUS[name]
    if pdu is None:
        return made.add_fragment(100, SPAN, side)
    return made.add_pdu(pdu, side)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
@pytest.mark.parametrize("name", PDUS)
def test_every_pdu_in_every_state_moves_on_or_is_called_unexpected(state, side, name):
    made = association(state)
    expected = next_state(state, side, name)
    entries = take(made, name, side)
    unexpected = [entry.event for entry in entries if isinstance(entry.event, UnexpectedPdu)]
    if expected is None:
        assert made.state is BREACHES.get((state, side, name), state)
        assert [(event.pdu, event.state) for event in unexpected] == [(name, state)]
    else:
        assert made.state is expected
        assert unexpected == []
    assert all(entry.side is side for entry in entries)
    assert made.timeline == entries


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("side", [True, False])
def test_an_abort_is_expected_until_the_association_is_over(state, side):
    assert next_state(state, side, "A-ABORT") is (None if state.is_over else State.ABORTED)


def test_nothing_but_an_abort_leaves_the_table():
    assert {pdu for _, _, pdu in TRANSITIONS} == set(PDUS) - {"A-ABORT"}
    assert not any(state.is_over for state, _, _ in TRANSITIONS)


def test_every_state_can_be_reached_from_the_beginning():
    reached, waiting = {State.IDLE, State.UNKNOWN}, [State.IDLE, State.UNKNOWN]
    while waiting:
        state = waiting.pop()
        for side in Side:
            for name in PDUS:
                after = next_state(state, side, name)
                if after is not None and after not in reached:
                    reached.add(after)
                    waiting.append(after)
    assert reached == set(State)


SEQUENCES = [
    ("RQ> AC< D> D< RELEASE-RQ> RELEASE-RP<", State.RELEASED, 0),
    ("RQ> AC< RELEASE-RQ< RELEASE-RP>", State.RELEASED, 0),
    ("RQ> AC< RELEASE-RQ> RELEASE-RQ< RELEASE-RP> RELEASE-RP<", State.RELEASED, 0),
    ("RQ> AC< RELEASE-RQ> RELEASE-RQ< RELEASE-RP< RELEASE-RP>", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ> RELEASE-RQ> RELEASE-RP<", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ< RELEASE-RQ< RELEASE-RP>", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ> RELEASE-RQ> RELEASE-RQ< RELEASE-RP> RELEASE-RP<", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ> RELEASE-RP>", State.RELEASING, 1),
    ("RQ> AC< RELEASE-RQ> D> RELEASE-RP<", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ< D< RELEASE-RP>", State.RELEASED, 1),
    ("RQ> AC< RELEASE-RQ< D> RELEASE-RP>", State.RELEASED, 0),
    ("RQ> RJ<", State.REJECTED, 0),
    ("RQ> ABORT>", State.ABORTED, 0),
    ("RQ> AC< RELEASE-RQ> D< RELEASE-RP<", State.RELEASED, 0),
    ("RQ> D>", State.REQUESTED, 1),
    ("RQ> AC< AC<", State.ESTABLISHED, 1),
    ("AC<", State.IDLE, 1),
    ("RQ> AC< ABORT< D>", State.ABORTED, 1),
]


@pytest.mark.parametrize(("sequence", "state", "unexpected"), SEQUENCES)
def test_a_sequence_of_pdus_ends_in_its_state(sequence, state, unexpected):
    names = {"RQ": "A-ASSOCIATE-RQ", "AC": "A-ASSOCIATE-AC", "RJ": "A-ASSOCIATE-RJ", "D": "P-DATA-TF"}
    made, seen = association(), 0
    for step in sequence.split():
        entries = take(
            made, names.get(step[:-1], f"A-{step[:-1]}"), Side.REQUESTOR if step.endswith(">") else Side.ACCEPTOR
        )
        seen += sum(isinstance(entry.event, UnexpectedPdu) for entry in entries)
    assert (made.state, seen) == (state, unexpected)


def test_repeated_unexpected_data_is_said_once():
    made = association(State.REQUESTED)
    for _ in range(5):
        made.add_fragment(100, SPAN, Side.REQUESTOR)
    assert len(made.timeline) == 1


@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
def test_data_that_had_begun_when_the_other_side_aborted_is_not_unexpected(side):
    made = association(State.ESTABLISHED)
    made.add_pdu(Abort(Span(9, 9, 9, 9, 24), 4, 0, 0), side.other)
    assert made.add_fragment(100, Span(8, 8, 8, 8, 24), side) == []
    assert made.state is State.ABORTED
    (entry,) = made.add_fragment(100, Span(10, 10, 10, 10, 24), side)
    assert isinstance(entry.event, UnexpectedPdu)


def test_data_of_the_side_that_aborted_comes_after_its_abort_whatever_packet_brought_it():
    """A packet that was sent again, or overtook another one: within one stream, bytes have their own order."""
    made = association(State.ESTABLISHED)
    made.add_pdu(Abort(Span(9, 9, 9, 9, 24), 4, 0, 0), Side.ACCEPTOR)
    assert len(made.add_fragment(100, Span(8, 8, 8, 8, 24), Side.ACCEPTOR)) == 1
