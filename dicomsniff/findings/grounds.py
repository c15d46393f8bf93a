"""What must be there of an association that is over for a rule to find anything: rules are asked only where it is.

Most associations are as they should be and use one service, and there are more than a hundred final rules. Each ground
is looked at once an association, whatever rules share it, before the first of them is asked.
"""

from dicomsniff.association.state import State
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.sub_operations import RETRIEVALS
from dicomsniff.findings.review import Review
from dicomsniff.pdu.types import AssociateAc, AssociateRq, MalformedPdu, MissingBytes, ReleaseRp, ReleaseRq
from dicomsniff.side import Side

_USUAL = frozenset((AssociateRq, AssociateAc, Message, ReleaseRq, ReleaseRp, TcpEnd))


def is_over_tls(review: Review) -> bool:
    """It came over TLS. Of one that could not be read nothing else is there: rules with other grounds are not asked."""
    return review.association.tls is not None


def is_irregular(review: Review) -> bool:
    """It is not all regular, in the capture from A-ASSOCIATE-RQ to A-RELEASE-RP, and every request answered."""
    association = review.association
    operations, request = association.operations, association.request
    is_regular = (
        association.state is State.RELEASED
        and request is not None
        and request.span.start == association.begins_at(Side.REQUESTOR)
        and association.accept is not None
        and association.rejection is None
        and association.abort is None
        and review.ending is None
        and review.kinds <= _USUAL
        and review.both_directions
        and not association.has_holes
        and not association.unlisted
        and not operations.has_outstanding
        and not operations.unmatched_responses
        and not any(message.lack is not None for message in association.messages)
    )
    return not is_regular


def is_broken_off(review: Review) -> bool:
    """Something broke the association off before it was over."""
    return review.ending is not None


def is_rejected(review: Review) -> bool:
    """The acceptor rejected it."""
    return review.association.rejection is not None


def asks(review: Review) -> bool:
    """It holds queries or retrievals whose identifiers are read."""
    return bool(review.association.operations.queries)


def retrieves(review: Review) -> bool:
    """It holds a C-MOVE or C-GET."""
    return not review.association.message_counts.requests.keys().isdisjoint(RETRIEVALS)


def has_normalized(review: Review) -> bool:
    """It holds operations of normalized services (PS3.7 §10)."""
    return bool(review.association.operations.normalized)


def reports(review: Review) -> bool:
    """It holds an N-EVENT-REPORT."""
    return "N-EVENT-REPORT" in review.association.message_counts.requests


def waits(review: Review) -> bool:
    """It holds a request that got no final response."""
    return review.association.operations.has_outstanding


def cancels(review: Review) -> bool:
    """It holds a C-CANCEL-RQ of something that was outstanding."""
    return any(operation.cancel is not None for operation in review.association.operations.operations)


def has_fragments(review: Review) -> bool:
    """Not every message is a single fragment."""
    messages = review.association.messages
    return any(message.data_set is not None or message.command_fragments > 1 for message in messages)


def has_broken_message(review: Review) -> bool:
    """Not every message is whole."""
    return any(message.problem for message in review.association.messages)


def has_stray_fragment(review: Review) -> bool:
    """A fragment continues no message."""
    return StrayFragment in review.kinds


def begins_otherwise(review: Review) -> bool:
    """Something stands before it on the connection, or bytes break the layout of PDUs."""
    return bool(review.association.preambles.names) or has_malformed_bytes(review)


def has_malformed_bytes(review: Review) -> bool:
    """Bytes break the layout of PDUs."""
    return MalformedPdu in review.kinds


def has_gap(review: Review) -> bool:
    """The capture lacks bytes of it."""
    return MissingBytes in review.kinds


def is_sent_again(review: Review) -> bool:
    """TCP sent something again."""
    return any(health.retransmitted for health in review.association.tcp.values())
