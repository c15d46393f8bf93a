"""Where jumps lead: from one entry to another, wherever it is."""

from dicomsniff.association.timeline import Entry
from dicomsniff.association.timing import Part
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Finding
from dicomsniff.tui.link_book import LinkLines, Target
from dicomsniff.tui.related import counterpart, related_links, related_rows, targets
from dicomsniff.tui.session import Place, Session
from dicomsniff.tui.timeline_order import TimelineOrder
from dicomsniff.words.waits import Waited

_WAITED_FOR = {Part.NEGOTIATION: "A-ASSOCIATE-RQ", Part.RELEASE: "A-RELEASE-RQ"}
"""The PDUs whose answers are waited for in the parts of an association's time that are theirs."""


def find_target(session: Session, target: Target) -> Place | None:
    """Return the place that a line leads to; None where it is not kept any longer.

    Of an association without its details that is the whole of it.
    """
    association = session.listing.find(target.association)
    order = session.order_of(association) if association is not None else None
    if association is None or order is None:
        return None
    entry: Entry | None = None
    messages = order.association.messages
    if 0 < target.message <= len(messages):
        entry = order.find_message(messages[target.message - 1])
    return Place(association, entry)


def find_finding(session: Session, finding: Finding, number: int | None) -> Place | None:
    """Return the place that a finding about an association is about; None where that is not kept."""
    association = session.listing.find(number or 0)
    if association is None:
        return None
    place = find_target(session, Target(association.id, finding.message_number or 0))
    if finding.about is None and place is not None and place.entry is not None:
        return place
    order = session.order_of(association)
    return Place(association, order.find_cause(finding) if order is not None else None)


def find_wait(session: Session, row: Waited) -> Place | None:
    """Return the place of what was waited for; of time in which nothing was, that is the whole association."""
    place = find_target(session, Target(row.association.id, row.message))
    order = session.order_of(place.association) if place is not None else None
    if place is None or order is None or row.message:
        return place
    name = row.wait.name if row.wait is not None else _WAITED_FOR.get(row.part, "")
    entries = (each for each in order.entries if not isinstance(each.event, Message))
    return place._replace(entry=next((each for each in entries if each.event.name == name), None))


def find_related(session: Session) -> tuple[list[LinkLines], list[Target]]:
    """Return the links that the selected entry has part in, and where they lead from here.

    Where it has part in none, those of its association.
    """
    shown, entry = session.shown, session.entry
    if shown is None or entry is None:
        return [], []
    leads = targets(related_rows(shown, entry, session.book), shown, entry)
    return related_links(shown, entry, session.book) or session.book.about(shown), leads


def find_counterpart(session: Session) -> Place | None:
    """Return the place of the response to the selected request, or of the request."""
    association, order, entry = session.association, session.order, session.entry
    message = counterpart(entry.event) if entry is not None and isinstance(entry.event, Message) else None
    found = order.find_message(message) if message is not None and order is not None else None
    return Place(association, found) if association is not None and found is not None else None


def find_problem(session: Session, step: int, *, from_start: bool = False) -> Place | None:
    """Return the nearest entry with an error or warning, 1 or -1 away from the selected one or further.

    Of an association that nobody has gone into, the first entry counts too; so does the selected one, unless it is
    looked at: no problem is passed over. `from_start` that is looked for from the beginning of the capture on.
    """
    listing = session.listing
    here = listing.place(session.association) if not from_start else 0
    if here is None or (from_start and step < 0):
        return None
    if from_start:
        start: int | None = None
    elif session.entry is None:
        start = 0 if step > 0 else -1
    else:
        start = session.place + (step if session.view == "exchange" else 0)
    for number in range(here, len(listing.listed) if step > 0 else -1, step):
        association = listing.listed[number]
        problems = listing.problems(association)
        if problems.is_troubled:
            entries = session.entries if start is not None else TimelineOrder(listing.look(association)).entries
            first = start if start is not None else (0 if step > 0 else len(entries) - 1)
            index = problems.find(entries, first, step)
            if index is not None:
                return Place(association, entries[index])
        start = None
    return None
