"""Rules on refusals that hold the AE titles of a call against those of associations before it."""

from collections.abc import Iterator

from dicomsniff.association.neighbours import host_of
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_rejected
from dicomsniff.findings.parts import the_address, the_association, the_party, the_title
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.side import Side

_FOR_TITLES = ((1, 1), (1, 3), (1, 7), (2, 1))
"""Source and reason of refusals for an AE title, or without a reason (PS3.8 Table 9-21)."""


@final_rule(code="titles-swapped", where=is_rejected, severity=Severity.WARNING)
def titles_swapped(review: Review) -> Iterator[Hit]:
    """The calling and the called AE title seem to be swapped.

    The requestor calls itself by the acceptor's own AE title, as the capture knows it from an association that was over
    before: one that the acceptor accepted by that title, or one in the other direction, with the same two titles. Then
    the acceptor knows neither its name nor its caller. Nothing is said where it accepted the called title as well.

    What to do: At the requestor, exchange the two titles: the called one is what the acceptor calls itself.
    """
    association = review.association
    request, rejection, known = association.request, association.rejection, review.known
    calling, called = association.requestor.ae_title, association.acceptor.ae_title
    if request is None or rejection is None or known is None or not calling or not called or calling == called:
        return
    if (rejection.source, rejection.reason) not in _FOR_TITLES:
        return
    source, target = association.requestor.endpoint.address, str(association.acceptor.endpoint)
    host = host_of(target)
    right = known.neighbours.accepted_by(called, target)
    if right is not None and right.was_closed_before(association.start_time):
        return  # the acceptor goes by the title that it was called
    own = known.neighbours.accepted_by(calling, target)
    back = known.neighbours.accepted_between(host, source, calling, called) if host != source else None
    told = f"calls {the_address(target)} {the_title(called)} and itself {the_title(calling)}"
    if own is not None and own.ends.source != source and own.was_closed_before(association.start_time):
        why = f"{the_address(target)} accepted association {the_association(own.association)} by the title"
        said = f"{why} {the_title(calling)}"
    elif back is not None and back.was_closed_before(association.start_time):
        which = f"in association {the_association(back.association)}"
        said = f"{which} {the_address(host)} called itself {the_title(calling)}, and this host {the_title(called)}"
    else:
        return
    who = the_party(association.requestor)
    yield Hit(f"{who} {told}; {said}: the two titles are probably swapped", request.span, side=Side.REQUESTOR)
