"""Why a C-MOVE or C-GET brought less than was asked for: the likeliest reason (PS3.4 §C.4.2, §C.4.3)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from dicomsniff.association.agreement import NOT_SELECTED, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import Delivery, Stores
from dicomsniff.association.moves import JITTER, Move, Unconnected
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.dictionary.reasons import in_words, reject_reason_name
from dicomsniff.dictionary.uids import is_storage
from dicomsniff.dimse.operations import Operation
from dicomsniff.findings.parts import the_address, the_association, the_class, the_message_id, the_title
from dicomsniff.findings.review import PATIENCE, Review
from dicomsniff.quantities import counted, duration, of_all, some_of
from dicomsniff.side import Side

DESTINATION_UNKNOWN = 0xA801
MAX_GOING_ON = 1_000
"""Associations going on that are looked at for the deliveries of a C-MOVE that failed."""
MAX_TITLE = 16
"""Characters of an AE title (PS3.5 §6.2)."""
MAX_NAMED = 3
"""SOP classes that a line names; further ones are counted."""


def move_of(review: Review, operation: Operation, refused: Iterable[Unconnected] = ()) -> Move | None:
    """Return a C-MOVE of an association that is over, with what the capture shows of it; None where nobody looks on.

    `refused` are calls that are not remembered yet.
    """
    if review.known is None:
        return None
    going_on = (each for each in review.known.open_associations if each is not review.association)
    return review.known.links.find_move(review.association, operation, islice(going_on, MAX_GOING_ON), refused)


def move_name(move: Move) -> str:
    """Name a C-MOVE by its destination, marked: `C-MOVE to VIEWER`."""
    return f"C-MOVE to {the_title(move.destination or '?')}"


def brought_less(move: Move) -> bool:
    """Whether a C-MOVE failed, or did not say that it moved everything there was."""
    counters = move.counters
    lost = counters.get("failed", 0) + move.sent - move.kept
    return move.category != "Success" or bool(lost) or not counters.get("completed", move.sent)


def moved_nothing(move: Move) -> bool:
    """Whether a C-MOVE says success, counts no object, and the capture shows none sent."""
    counted = ("completed" in move.counters) and not any(move.counters.values())
    return move.category == "Success" and counted and not move.sent and not move.partial


def why_in_sight(move: Move) -> str:
    """Return, as a marked line, why a C-MOVE brought less, where the capture shows that: what its deliveries met."""
    if not brought_less(move):
        return ""
    destination = _destination(move)
    if said := _first_refusal(move, destination):
        return said
    refused = [each for each in move.unconnected if each.how == "refused" and each.time <= (move.end or 0)]
    if refused and not move.sent:
        return _tried_in_vain(refused)
    if move.status == DESTINATION_UNKNOWN and not refused:
        return _unknown(move)
    return _refused_objects(move, destination)


def why_less(move: Move) -> str:
    """Return the likeliest reason as a marked line that says what it is judged by; empty where a C-MOVE went well."""
    if not brought_less(move):
        return ""
    destination = _destination(move)
    if said := _first_refusal(move, destination):
        return said
    if move.category == "Cancel":
        refused = _refused_objects(move, destination)
        return f"{_stopped(move)}; {refused}" if refused else _stopped(move)
    if move.unconnected and not move.sent:
        return _tried_in_vain(move.unconnected)
    if move.status == DESTINATION_UNKNOWN:
        return _unknown(move)
    failed = move.counters.get("failed", 0)
    if move.sent:
        return _explain_partial(move, destination, failed)
    if move.partial:
        return ""  # what delivered for it may have been forgotten
    if done := move.counters.get("completed", 0) + move.counters.get("warning", 0):
        total = max(done + failed + move.counters.get("remaining", 0), move.announced)
        return f"{of_all(done, total, 'object')} arrived, as it counts; the capture does not see that path"
    if failed:
        return (
            f"{counted(failed, 'object')} failed and no C-STORE is in the capture: the SCP could not reach "
            f"{destination}, or had nothing to send that it accepts, or the capture does not see that path"
        )
    if move.status is None:
        so_far = f" after {_share_over(move)}" if move.over else ""
        return f"it got no final response{so_far}, and no C-STORE to {destination} is in the capture"
    if move.category == "Success":
        return "nothing was moved: no object matched, or the SCP does not tell what it could not send"
    gave_up = f"after {_share_over(move)}, as it counted" if move.over else "before it sent anything"
    return f"no C-STORE to {destination} is in the capture: the SCP gave up {gave_up}"


def _share_over(retrieval: Move | Operation) -> str:
    """`2 of 10 sub-operations`, as the responses to a C-MOVE or C-GET counted."""
    over, announced = retrieval.over, retrieval.announced
    return of_all(over, announced, "sub-operation") if announced >= over else counted(over, "sub-operation")


def _stopped(retrieval: Move | Operation) -> str:
    """Say how much a C-MOVE or C-GET that was cancelled had done."""
    counts = retrieval.announced or retrieval.over
    return "it was cancelled" + (f" after {_share_over(retrieval)}" if counts else "")


def _tried_in_vain(unconnected: Sequence[Unconnected]) -> str:
    """Say where an SCP tried to connect to."""
    (target, how), count = Counter((each.target, each.how) for each in unconnected).most_common(1)[0]
    what = {"refused": "refused the TCP connection", "unanswered": "did not answer"}.get(how, "took it in silence")
    times = f" ({count} times)" if count > 1 else ""
    tried = f"while it ran, the SCP tried to connect to {the_address(target)}"
    return f"{tried}, which {what}{times}: nothing listens there?"


def sent_meanwhile(move: Move) -> str:
    """Say where objects of a C-MOVE were being sent when its requestor gave up, or no longer were."""
    sending = [each for each in move.deliveries if each.stores.asked and each.stores.first_time <= move.over_at]
    if not sending:
        return ""
    stopped = [each for each in sending if each.stores.unsent and move.over_at - each.end >= PATIENCE]
    if stopped and all(each in stopped or each.end <= stopped[0].end for each in sending):
        since, number = duration(move.over_at - stopped[0].end), the_message_id(stopped[0].stores.first_unsent)
        where = f"association {the_association(stopped[0].association)}"
        return f"the delivery had stopped within C-STORE-RQ {number} ({where}) {since} before"
    numbers = some_of([the_association(each.association) for each in sending], MAX_NAMED)
    return f"it was sending the objects meanwhile, in association{'s' * (len(sending) > 1)} {numbers}"


def _destination(move: Move) -> str:
    return the_title(move.destination) if move.destination else "the destination"


def _unknown(move: Move) -> str:
    if not move.destination:
        return "it names no destination"
    unknown = the_title(move.destination)
    if (length := len(move.destination)) > MAX_TITLE:
        return f"the destination {unknown} has {length} characters; an AE title has {MAX_TITLE} at most"
    if move.destination == move.provider_title and move.originator not in (None, move.provider_title):
        own = f"the destination {unknown} is the SCP's own AE title, which it does not know as a destination"
        return f"{own}; {the_title(str(move.originator))} may have meant its own"
    return f"the SCP does not know the destination {unknown}; it must be configured there"


def _first_refusal(move: Move, destination: str) -> str:
    """Say which association to the destination came to nothing, and how; empty where none did."""
    return next(filter(None, (_refusal(delivery, destination, move) for delivery in _in_time(move))), "")


def _in_time(move: Move) -> list[Delivery]:
    """Return the deliveries that began before the C-MOVE was over: what came of later ones is no cause of that."""
    return [each for each in move.deliveries if each.start <= _latest(move)]


def _refusal(delivery: Delivery, destination: str, move: Move) -> str:
    association = f"association {the_association(delivery.association)}"
    if delivery.refused is not None:
        return f"{destination} rejected the SCP's {association}: {in_words(reject_reason_name(*delivery.refused))}"
    if delivery.answered and delivery.contexts and not delivery.accepted:
        accepted = f"accepted {of_all(0, delivery.contexts, 'presentation context')}"
        return f"{destination} {accepted} in {association}"
    if delivery.outcome == "released" and not move.sent:
        return _sent_nothing(delivery, destination, association)
    if delivery.broken is None or delivery.stores.kept or _kept_beside(delivery, move):
        return ""
    side, how, time = delivery.broken
    if time > _latest(move):
        return ""
    when = "before anything was stored" if delivery.answered else "without an answer to A-ASSOCIATE-RQ"
    if side is Side.ACCEPTOR:
        return f"{destination} {_BROKEN[how]} the SCP's {association} {when}"
    if delivery.answered:
        return f"the SCP {_BROKEN[how]} its {association} to {destination} {when}"
    return f"{destination} did not answer the SCP's {association}"


def _sent_nothing(delivery: Delivery, destination: str, association: str) -> str:
    """Say that the destination was reached and nothing sent: most often it had refused the context that was needed."""
    refused, sent = delivery.contexts - delivery.accepted, f"the SCP sent nothing in {association}"
    if not refused:
        return f"{destination} accepted all that was proposed, yet {sent}"
    return f"{destination} refused {of_all(refused, delivery.contexts, 'presentation context')} and {sent}"


_BROKEN = {"A-ABORT": "aborted", "RST": "reset the TCP connection of", "FIN": "closed the TCP connection of"}
"""How who broke an association off did it."""


def _kept_beside(delivery: Delivery, move: Move) -> bool:
    """Whether the association of a delivery also delivered something of the same C-MOVE that was kept."""
    return any(each.association == delivery.association and each.stores.kept for each in move.deliveries)


def _refused_objects(move: Move, destination: str) -> str:
    """Say how many C-STOREs of a C-MOVE the destination refused or did not answer, with its commonest status."""
    deliveries = _in_time(move)
    refusing = [each for each in deliveries if each.stores.failures and each.stores.first_failed <= _latest(move)]
    leaving = [each for each in deliveries if _left(each.stores) and each.stores.first_unanswered <= _latest(move)]
    cut = [each for each in deliveries if each.stores.unsent and each.broken and each.broken[2] <= _latest(move)]
    parts = []
    if refusing:
        statuses: Counter[str] = Counter()
        for delivery in refusing:
            statuses.update(delivery.stores.failures)
        often = "a failure, most often " if len(statuses) > 1 else ""
        why = f"{often}{statuses.most_common(1)[0][0]}"
        rejected = sum(each.stores.by_category["Failure"] for each in refusing)
        parts.append(f"{destination} answered {of_all(rejected, move.sent, 'C-STORE')} with {why}")
    if leaving:
        aborted = any(each.outcome == "aborted" for each in leaving)
        then = " and the association was aborted" if aborted else ""
        left = sum(_left(each.stores) for each in leaving)
        parts.append(f"{destination} left {of_all(left, move.sent, 'C-STORE')} without an answer{then}")
    parts += map(_cut_off, cut)
    if late := _answered_late(move):
        took = duration(min(late) - move.over_at)
        when = "the C-MOVE was over" if move.status is not None else "the requestor had given up"
        parts.append(f"{destination} answered {of_all(len(late), move.sent, 'C-STORE')} only {took} after {when}")
    return "; ".join(parts)


def _answered_late(move: Move) -> list[int]:
    """Return when (ns) C-STOREs that were under way when a C-MOVE was over were answered."""
    late = (each for delivery in move.deliveries for each in delivery.stores.late)
    return [answered for asked, answered in late if asked <= move.over_at < answered - JITTER]


def _cut_off(delivery: Delivery) -> str:
    assert delivery.broken is not None
    side, how, _ = delivery.broken
    who = the_title(str(delivery.called_ae_title)) if side is Side.ACCEPTOR else "the SCP"
    return f"{who} {_BROKEN[how]} association {the_association(delivery.association)} within a C-STORE-RQ"


def _latest(move: Move) -> int:
    return move.over_at + JITTER


def _left(stores: Stores) -> int:
    """Return how many C-STOREs were sent whole and left without an answer, but those that did not wait for long."""
    left = stores.unanswered - stores.unsent
    return left if stores.waited >= PATIENCE else left - stores.pending


def _explain_partial(move: Move, destination: str, failed: int) -> str:
    stores = [delivery.stores for delivery in move.deliveries]
    tried = sum(each.by_category.get("Failure", 0) + each.unanswered for each in stores)
    unsent = max(failed - tried - len(_answered_late(move)), 0)
    parts = list(filter(None, [_refused_objects(move, destination)]))
    if unsent:
        contexts = sum(delivery.contexts - delivery.accepted for delivery in move.deliveries)
        refusal = f"{destination} had refused {counted(contexts, 'presentation context')}"
        why = refusal if contexts else "the SCP's log says why"
        parts.append(
            f"{counted(unsent, 'object')} counted as failed {'was' if unsent == 1 else 'were'} never sent: {why}"
        )
    return "; ".join(parts)


def explain_get(association: Association, operation: Operation) -> str:
    """Return the likeliest reason why a C-GET stored less than its response counts; empty where it went well."""
    if operation.final is None:
        return ""
    failed = operation.counters.get("failed", 0)
    stored = operation.stored or Counter()
    if not failed and operation.category == "Success":
        return ""
    if operation.category == "Cancel":
        refused = f"; the requestor answered {counted(stored['Failure'], 'C-STORE')} with a failure"
        return _stopped(operation) + (refused if stored["Failure"] else "")
    if operation.sub_operations and stored["Failure"]:
        share = of_all(stored["Failure"], operation.sub_operations, "C-STORE")
        return f"the requestor answered {share} with a failure"
    if (unsent := unsent_of(operation)) and not storage_without_role(association):  # which has a rule of its own
        verb = "was" if unsent == 1 else "were"
        return f"{counted(unsent, 'object')} {verb} never sent: {_what_fits(association)}"
    return ""


def _what_fits(association: Association) -> str:
    """Say which storage SOP classes a C-GET could have used, and which were refused."""
    storage = [
        each for each in association.contexts.values() if each.abstract_syntax and is_storage(each.abstract_syntax)
    ]
    refused = list(dict.fromkeys(the_class(each.abstract_syntax) for each in storage if not each.accepted))
    accepted = list(dict.fromkeys(_accepted(each) for each in storage if each.accepted))
    said = []
    if refused:
        said.append(f"the acceptor refused contexts for {some_of(refused, MAX_NAMED)}")
    if accepted:
        said.append(f"{'' if refused else _OTHERWISE}accepted: {some_of(accepted, MAX_NAMED)}")
    return "; ".join(said) or "no storage SOP class was proposed"


_OTHERWISE = "probably of other SOP classes, or in other transfer syntaxes, than those "


def _accepted(context: PresentationContext) -> str:
    """`CT Image Storage in Explicit VR Little Endian`."""
    return f"{the_class(context.abstract_syntax)} in {the_class(context.transfer_syntax)}"


def unsent_of(operation: Operation) -> int:
    """Return how many objects a C-GET counts as failed of which it sent none (PS3.4 §C.4.3.1.7)."""
    stored = operation.stored or Counter()
    kept = stored["Success"] + stored["Warning"]
    return operation.counters.get("failed", 0) if operation.sub_operations <= kept else 0


def storage_without_role(association: Association) -> list[str]:
    """Return the accepted storage SOP classes that the requestor may not receive, having no SCP role for them."""
    selected = selected_roles(association)
    accepted = (each.abstract_syntax for each in association.contexts.values() if each.accepted)
    classes = dict.fromkeys(uid for uid in accepted if uid and is_storage(uid))
    return [uid for uid in classes if not selected.get(uid, NOT_SELECTED).scp]
