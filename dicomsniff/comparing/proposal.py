"""What two associations propose and answer differently beside presentation contexts (PS3.8 §9.3, PS3.7 Annex D)."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from dicomsniff.association.agreement import NOT_SELECTED, agreed_window, extended_by_class, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.comparing.difference import Difference, Kind, Weight, both
from dicomsniff.comparing.subject import Subject
from dicomsniff.dictionary.reasons import in_words, reject_reason_name
from dicomsniff.findings.parts import the_class, the_title, the_uid
from dicomsniff.findings.tls_text import protection_text
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.types import AsynchronousOperationsWindow, UserInformation
from dicomsniff.side import SIDES, Side
from dicomsniff.words.negotiation import role_text

_CALLING, _CALLED = (1, 3), (1, 7)
"""Source and reason of refusals for an AE title (PS3.8 Table 9-21)."""
_PROTOCOL, _APPLICATION_CONTEXT = (2, 2), (1, 2)
_LIMITING = 4
"""How many times smaller a maximum length must be to be worth telling."""
_RIGHT = "padded with spaces"
_PADDING = {0x20: "spaces", 0x00: "NUL"}


def compare_proposals(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield what differs in the negotiation, but for presentation contexts."""
    yield from _tls(good, bad)
    yield from _titles(good, bad)
    yield from _protocol(good, bad)
    yield from _roles(good, bad)
    yield from _items(good, bad)
    yield from _rejection(good, bad)


def _tls(good: Subject, bad: Subject) -> Iterator[Difference]:
    layers = good.association.tls, bad.association.tls
    said = both(lambda layer: protection_text(layer) if layer is not None else "not encrypted", layers)
    if said[0] != said[1]:
        weight = _weight(bad) if None in layers else Weight.SLIGHT
        yield Difference(Kind.TLS, weight, "what the association comes over", *said)


def _weight(bad: Subject) -> Weight:
    """Weigh a difference that may be why an association was not accepted without a reason that says otherwise."""
    return Weight.DECISIVE if bad.was_refused_for() else Weight.TELLING


def _titles(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Compare AE titles: what they say, and how they are padded (PS3.8 Table 9-11)."""
    requests = good.association.request, bad.association.request
    if requests[0] is None or requests[1] is None:
        return
    for place, (name, refused) in enumerate((("called", _CALLED), ("calling", _CALLING))):
        good_title, good_form = _title(requests[0].titles_as_sent[place])
        bad_title, bad_form = _title(requests[1].titles_as_sent[place])
        may_be_why = bad.was_refused_for(refused)
        if good_title != bad_title:
            weight = Weight.TELLING if may_be_why else Weight.SLIGHT  # two systems have two titles
            if bad.was_refused_expressly_for(refused):
                weight = Weight.DECISIVE
            said = both(lambda title: f'"{the_title(title)}"', (good_title, bad_title))
            yield Difference(Kind.TITLE, weight, f"{name} AE title", *said)
        if good_form != bad_form and good_title and bad_title:
            weight = Weight.SLIGHT if bad_form == _RIGHT else Weight.DECISIVE if may_be_why else Weight.TELLING
            yield Difference(Kind.TITLE_FORM, weight, f'{name} AE title "{the_title(bad_title)}"', good_form, bad_form)


def _title(sent: bytes) -> tuple[str, str]:
    """Return an AE title without padding, and how it is padded; one that fills its field is as good as padded right."""
    text = sent.rstrip(b" \0")
    padding = set(sent[len(text) :])
    form = "padded with " + (" and ".join(name for byte, name in _PADDING.items() if byte in padding) or "spaces")
    leading = " and with spaces before it" if text.startswith(b" ") else ""
    return plain_text(text), form + leading


def _protocol(good: Subject, bad: Subject) -> Iterator[Difference]:
    requests = good.association.request, bad.association.request
    if requests[0] is not None and requests[1] is not None:
        versions = f"0x{requests[0].protocol_version:04X}", f"0x{requests[1].protocol_version:04X}"
        if versions[0] != versions[1]:
            weight = Weight.DECISIVE if bad.was_refused_for(_PROTOCOL) else Weight.TELLING
            yield Difference(Kind.PROTOCOL, weight, "protocol version", *versions)
    names = both(lambda each: each.association.application_context_name, (good, bad))
    if names[0] != names[1]:
        weight = Weight.DECISIVE if bad.was_refused_for(_APPLICATION_CONTEXT) else Weight.TELLING
        yield Difference(Kind.PROTOCOL, weight, "application context", *both(_class_or_none, names))


def _class_or_none(uid: str | None) -> str:
    return the_class(uid) if uid else "none"


def _roles(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Compare who may be SCU and SCP of what (PS3.7 §D.3.3.4)."""
    selected = both(lambda each: selected_roles(each.association), (good, bad))
    for uid in dict.fromkeys((*selected[0], *selected[1])):
        roles = selected[0].get(uid, NOT_SELECTED), selected[1].get(uid, NOT_SELECTED)
        if roles[0] == roles[1]:
            continue
        said = role_text(good.association, roles[0]), role_text(bad.association, roles[1])
        if said[0] == said[1]:
            continue
        had = {Side.REQUESTOR: roles[0].scu and not roles[1].scu, Side.ACCEPTOR: roles[0].scp and not roles[1].scp}
        if any(had[each.side] and each.request.sop_class_uid == uid for each in good.operations):
            weight = Weight.TELLING if uid in bad.done else Weight.DECISIVE
        else:
            weight = _weight(bad) if bad.was_not_accepted else Weight.SLIGHT
        yield Difference(Kind.ROLE, weight, f"role for {the_class(uid)}", *said)


def _rejection(good: Subject, bad: Subject) -> Iterator[Difference]:
    said = both(lambda each: _rejected(each.association), (good, bad))
    if said[0] != said[1]:
        weight = Weight.DECISIVE if bad.was_not_accepted else Weight.SLIGHT
        yield Difference(Kind.REJECTION, weight, "answer to A-ASSOCIATE-RQ", *said)


def _rejected(association: Association) -> str:
    if association.rejection is not None:
        why = in_words(reject_reason_name(association.rejection.source, association.rejection.reason))
        return f"refused ({why})"
    if association.accept is not None:
        return "accepted"
    return "none" if association.request is not None else "not captured"


def _items(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Compare the items of user information that both sides send (PS3.7 §D.3.3, PS3.8 §D.1)."""
    for side in SIDES:
        infos = good.association.party(side).information, bad.association.party(side).information
        if infos[0] is None or infos[1] is None:
            continue  # the answer to that is another difference
        for item in _ITEMS:
            values = item.value(infos[0]), item.value(infos[1])
            if values[0] != values[1]:
                said = both(item.words, values)
                kind = Kind.ITEM_MISSING if values[1] is None and item.kind is Kind.ITEM else item.kind
                yield Difference(kind, _item_weight(item, values, side, bad), f"{item.name} of the {side.value}", *said)
        yield from _extended(infos[0], infos[1], side, bad)
    windows = agreed_window(good.association), agreed_window(bad.association)
    if windows[0] is not None and windows[1] is not None and windows[0] != windows[1]:
        said = both(_window, (windows[0], windows[1]))
        yield Difference(Kind.ITEM, Weight.TELLING, "operations at a time by the requestor", *said)


class _Item(NamedTuple):
    """An item of user information: what it is called, what is compared of it (None where absent), and its words."""

    name: str
    value: Callable[[UserInformation], Any]
    say: Callable[[Any], str]
    kind: Kind = Kind.ITEM

    def words(self, value: Any) -> str:
        """Return how a value is told."""
        return self.say(value) if value is not None else "absent"


def _identity(info: UserInformation) -> Any:
    identity = info.identity
    return (identity.type, bool(identity.positive_response_requested)) if identity is not None else None


def _unknown_types(info: UserInformation) -> Any:
    return tuple(sorted({each.type for each in info.unknown})) or None


def _sent(_: Any) -> str:
    return "sent"


_ITEMS = (
    _Item("maximum length", lambda info: info.max_pdu_length, lambda length: _length(length), Kind.MAX_LENGTH),
    _Item("implementation class", lambda info: info.implementation_class_uid, the_uid, Kind.IMPLEMENTATION),
    _Item("implementation version", lambda info: info.implementation_version_name, str, Kind.IMPLEMENTATION),
    _Item("asynchronous operations window", lambda info: info.asynchronous_operations_window and True, _sent),
    _Item("user identity", _identity, lambda said: f"of type {said[0]}, {'' if said[1] else 'no '}answer asked for"),
    _Item("answer to the user identity", lambda info: info.identity_response and True, _sent),
    _Item("sub-items that the standard does not define", _unknown_types, lambda types: ", ".join(map(hex, types))),
)


def _length(length: int) -> str:
    return f"{length} bytes" if length else "any length"


def _window(window: AsynchronousOperationsWindow) -> str:
    return f"{window.invoked or 'any number'} invoked, {window.performed or 'any number'} performed"


def _item_weight(item: _Item, values: tuple[Any, Any], side: Side, bad: Subject) -> Weight:
    if item.kind is Kind.IMPLEMENTATION:
        return Weight.SLIGHT
    if item.kind is Kind.MAX_LENGTH and None not in values:
        less, more = sorted(length or 1 << 32 for length in values)
        return Weight.TELLING if more >= _LIMITING * less else Weight.SLIGHT
    return _weight(bad) if side is Side.REQUESTOR else Weight.TELLING


def _extended(good: UserInformation, bad: UserInformation, side: Side, subject: Subject) -> Iterator[Difference]:
    """Compare service class application information, class by class (PS3.7 §D.3.3.5, §D.3.3.6)."""
    by_class = extended_by_class(good.extended), extended_by_class(bad.extended)
    weight = _weight(subject) if side is Side.REQUESTOR else Weight.TELLING
    for uid in dict.fromkeys((*by_class[0], *by_class[1])):
        sent = both(lambda each: each[uid].information if uid in each else None, by_class)  # noqa: B023  called at once
        if sent[0] != sent[1]:
            said = both(lambda each: each.hex(" ") if each else "absent" if each is None else "empty", sent)
            kind = Kind.ITEM_MISSING if sent[1] is None else Kind.ITEM
            about = f"extended negotiation of the {side.value} for {the_class(uid)}"
            yield Difference(kind, weight, about, *said)
    common = both(lambda info: {each.sop_class_uid for each in info.common_extended}, (good, bad))
    for uid in sorted(common[0] ^ common[1]):
        said = both(lambda each: "sent" if uid in each else "absent", common)  # noqa: B023  called at once
        kind = Kind.ITEM_MISSING if uid in common[0] else Kind.ITEM
        about = f"common extended negotiation of the {side.value} for {the_class(uid)}"
        yield Difference(kind, Weight.SLIGHT, about, *said)
