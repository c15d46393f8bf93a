"""The states of an association as an observer sees them (PS3.8 §9.2, both sides' state machines in one)."""

from enum import Enum

from dicomsniff.side import Side


class State(Enum):
    """Where an association stands."""

    UNKNOWN = "begun before the capture"
    IDLE = "not begun"
    REQUESTED = "requested"
    ESTABLISHED = "established"
    RELEASING = "release requested by the requestor"
    ACCEPTOR_RELEASING = "release requested by the acceptor"
    COLLISION = "release requested by both sides"
    COLLISION_ANSWERED = "release requested by both sides and granted by one"
    RELEASED = "released"
    REJECTED = "rejected"
    ABORTED = "aborted"

    # As of `Side`: each PDU looks for what follows its state.
    __hash__ = object.__hash__

    def __init__(self, text: str) -> None:
        self.is_over = text in ("released", "rejected", "aborted")
        """Whether nothing more belongs to the association."""
        self.is_releasing = text.startswith("release requested")
        """Whether one side, or both, asked to release and not all was answered."""


REQUESTOR, ACCEPTOR = Side.REQUESTOR, Side.ACCEPTOR

TRANSITIONS = {
    (State.IDLE, REQUESTOR, "A-ASSOCIATE-RQ"): State.REQUESTED,
    (State.REQUESTED, ACCEPTOR, "A-ASSOCIATE-AC"): State.ESTABLISHED,
    (State.REQUESTED, ACCEPTOR, "A-ASSOCIATE-RJ"): State.REJECTED,
    (State.ESTABLISHED, REQUESTOR, "P-DATA-TF"): State.ESTABLISHED,
    (State.ESTABLISHED, ACCEPTOR, "P-DATA-TF"): State.ESTABLISHED,
    (State.ESTABLISHED, REQUESTOR, "A-RELEASE-RQ"): State.RELEASING,
    (State.ESTABLISHED, ACCEPTOR, "A-RELEASE-RQ"): State.ACCEPTOR_RELEASING,
    (State.RELEASING, ACCEPTOR, "A-RELEASE-RP"): State.RELEASED,
    (State.ACCEPTOR_RELEASING, REQUESTOR, "A-RELEASE-RP"): State.RELEASED,
    # The side asked to release may still send what it has (PS3.8 §9.2.3, Sta7 and AR-6).
    (State.RELEASING, ACCEPTOR, "P-DATA-TF"): State.RELEASING,
    (State.ACCEPTOR_RELEASING, REQUESTOR, "P-DATA-TF"): State.ACCEPTOR_RELEASING,
    # Both sides may ask at once (AR-8); then the requestor answers first, the acceptor after it (PS3.8 §7.2.2.7).
    (State.RELEASING, ACCEPTOR, "A-RELEASE-RQ"): State.COLLISION,
    (State.ACCEPTOR_RELEASING, REQUESTOR, "A-RELEASE-RQ"): State.COLLISION,
    (State.COLLISION, REQUESTOR, "A-RELEASE-RP"): State.COLLISION_ANSWERED,
    (State.COLLISION_ANSWERED, ACCEPTOR, "A-RELEASE-RP"): State.RELEASED,
    (State.COLLISION_ANSWERED, REQUESTOR, "A-RELEASE-RP"): State.RELEASED,
    (State.UNKNOWN, REQUESTOR, "A-ASSOCIATE-RQ"): State.REQUESTED,
    (State.UNKNOWN, ACCEPTOR, "A-ASSOCIATE-AC"): State.ESTABLISHED,
    (State.UNKNOWN, ACCEPTOR, "A-ASSOCIATE-RJ"): State.REJECTED,
    (State.UNKNOWN, REQUESTOR, "P-DATA-TF"): State.ESTABLISHED,
    (State.UNKNOWN, ACCEPTOR, "P-DATA-TF"): State.ESTABLISHED,
    (State.UNKNOWN, REQUESTOR, "A-RELEASE-RQ"): State.RELEASING,
    (State.UNKNOWN, ACCEPTOR, "A-RELEASE-RQ"): State.ACCEPTOR_RELEASING,
    (State.UNKNOWN, REQUESTOR, "A-RELEASE-RP"): State.RELEASED,
    (State.UNKNOWN, ACCEPTOR, "A-RELEASE-RP"): State.RELEASED,
}
"""(state, side that sent the PDU, PDU) -> next state. A-ABORT is expected wherever the association is not over."""

BREACHES = {(State.COLLISION, ACCEPTOR, "A-RELEASE-RP"): State.COLLISION_ANSWERED}
"""Where a PDU that is not expected means the same as one that is: the acceptor answers although its turn is second."""


def next_state(state: State, side: Side, pdu: str) -> State | None:
    """Return the state after a PDU, or None where PS3.8 §9.2 does not expect it."""
    if pdu == "A-ABORT":
        return None if state.is_over else State.ABORTED
    return TRANSITIONS.get((state, side, pdu))
