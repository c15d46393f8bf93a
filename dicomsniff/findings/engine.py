"""Ask the rules about what has come (`find_now`), what is over (`find_final`), and the whole (`find_in_capture`)."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import compress

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.command import MAX_KNOWN, Command
from dicomsniff.dimse.message import Message
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.causes import add_findings, arrange
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import LAST_PACKET, Finding
from dicomsniff.findings.grounds import is_over_tls
from dicomsniff.findings.parts import parts_of
from dicomsniff.findings.review import Known, Review
from dicomsniff.findings.rule import CaptureFacts, CaptureRule, EntryRule, FinalRule, Hit, Rule
from dicomsniff.pdu.types import AssociateAc, AssociateRq
from dicomsniff.side import Side
from dicomsniff.span import Span

_BY_EVENT: dict[type, list[EntryRule]] = {}
_BY_CONDITION: dict[Callable[[Association, Message], bool], list[EntryRule]] = {}
_BY_FORM: dict[Callable[[Command], bool], list[EntryRule]] = {}
for _rule in (rule for rule in RULES if isinstance(rule, EntryRule)):
    for _event in _rule.events:
        if _event is Message and _rule.form is not None:
            _BY_FORM.setdefault(_rule.form, []).append(_rule)
        elif _event is Message and _rule.condition is not None:
            _BY_CONDITION.setdefault(_rule.condition, []).append(_rule)
        else:
            _BY_EVENT.setdefault(_event, []).append(_rule)
_CONDITIONS = list(_BY_CONDITION.items())
_ORDER = {rule.code: place for place, rule in enumerate(RULES)}
_FINAL = [rule for rule in RULES if isinstance(rule, FinalRule)]
_GROUNDS = tuple(dict.fromkeys(rule.where for rule in _FINAL if rule.where is not None))
_CAPTURE = [rule for rule in RULES if isinstance(rule, CaptureRule)]
_NOWHERE = Span(0, 0, 0, 0, 0)
_TITLES = (4, 20, 36)
"""Where called and calling AE title begin in the body of A-ASSOCIATE-RQ and -AC, and end (PS3.8 Table 9-11)."""
_ORDINARY = re.compile(rb"\w[\w .-]*").fullmatch


def find_now(collector: Collector, association: Association, entry: Entry) -> None:
    """Ask the rules about one timeline entry, and collect what they find."""
    event = entry.event
    rules = _BY_EVENT.get(type(event), [])
    about = event if isinstance(event, Message) else None
    if about is not None:
        further = [rule for met, some in _CONDITIONS if met(association, about) for rule in some]
        if further := further + _rules_by_form(about.command):
            rules = sorted([*rules, *further], key=lambda rule: _ORDER[rule.code])
    said = _negotiated(association, event) if isinstance(event, AssociateRq | AssociateAc) else None
    if not rules or (said is not None and collector.is_sound(said)):
        return
    hits: list[tuple[EntryRule, Hit]] = []
    for rule in rules:
        if rule.judge is None:
            seen = rule.check(association, entry)
        else:
            seen = rule.judge(association, entry, collector.of(association))
        for hit in seen:
            hits.append((rule, hit))  # noqa: PERF401  most see nothing, and a list for each takes longer
    if hits:
        collected = collector.collect(association)
        found = [(rule, _finding(rule, hit, entry.span, about, entry.side)) for rule, hit in hits]
        fresh = [finding for rule, finding in found if not (rule.once and collected.repeats(finding))]
        add_findings(collected.causes, collected.add(fresh), collected.codes)
    elif said is not None:
        collector.note_sound(said)


def _negotiated(association: Association, event: AssociateRq | AssociateAc) -> tuple[bytes, ...] | None:
    """Return all that the rules on A-ASSOCIATE-RQ and -AC judge by; None where something of it is not there as sent.

    Rules judge AE titles by their bytes, and by whether both sides send the same: ordinary ones make no difference.
    """
    if association.tls is not None:
        return None
    request, accept = association.request, association.accept
    said: tuple[bytes, ...] = ()
    if event is request and accept is None:
        said = (event.raw,)
    elif event is accept and request is not None:
        said = (request.raw, event.raw)
    if not (said and all(said)):
        return None
    first, (called, calling, end) = said[0], _TITLES
    ordinary = _ORDINARY(first, called, calling) and _ORDINARY(first, calling, end)
    if not ordinary or any(each[called:end] != first[called:end] for each in said[1:]):
        return said
    return (b"", *[each[:called] + each[end:] for each in said])


def _rules_by_form(command: Command) -> list[EntryRule]:
    """Return the rules to be asked about a command set; no form depends on a Message ID or an instance."""
    known = _KNOWN_FORMS.get(command.kind) if command.kind else None
    if known is None:
        known = _judge_form(command)
        if command.kind:
            if len(_KNOWN_FORMS) >= MAX_KNOWN:
                _KNOWN_FORMS.clear()
            _KNOWN_FORMS[command.kind] = known
    return known


def _judge_form(command: Command) -> list[EntryRule]:
    return [rule for met, some in _BY_FORM.items() if met(command) for rule in some]


_KNOWN_FORMS: dict[int, list[EntryRule]] = {}
"""By the kind of command."""


def find_final(collector: Collector, association: Association, known: Known | None = None) -> None:
    """Ask the rules about an association that is over, and put causes and consequences in order."""
    review = Review(association, collector, known)
    where = association.timeline[0].span if association.timeline else _NOWHERE
    is_unread = association.tls is not None and association.tls.is_unread
    again: list[tuple[Finding, Finding]] = []
    # One by one: the last of them say how much is not listed.
    for rule in _final_rules(tuple([ground(review) for ground in _GROUNDS]), is_unread=is_unread):
        if hits := [*rule.check(review)]:
            found = [_finding(rule, hit, where, None, None) for hit in hits]
            collector.collect(association).add(found, final=True)
            again += [(each, hit.instead) for each, hit in zip(found, hits, strict=True) if hit.instead is not None]
    collected = collector.of(association)
    if collected.all:
        told_once = _without_repetition(again, arrange(collected.all)) if again else collected.all
        collected.all = [collected.counted(each) for each in told_once]
        collected.causes = arrange(collected.all)


def _without_repetition(again: list[tuple[Finding, Finding]], causes: list[Finding]) -> list[Finding]:
    """Return findings without those that say again what others say: of two, what has followers stays."""
    dropped = set()
    for later, earlier in again:
        if not earlier.followers:
            dropped.add(id(earlier))
        elif not later.followers:
            dropped.add(id(later))
    return [each for each in flatten(causes) if id(each) not in dropped]


@lru_cache(maxsize=256)
def _final_rules(there: tuple[bool, ...], *, is_unread: bool) -> list[FinalRule]:
    """Return the rules to be asked where these of _GROUNDS are there; only those on TLS where it is unread."""
    met = {is_over_tls} if is_unread else {None, *compress(_GROUNDS, there)}
    return [rule for rule in _FINAL if rule.where in met]


def find_in_capture(facts: CaptureFacts) -> list[Finding]:
    """Ask the rules about a capture that is over."""
    return arrange([_finding(rule, hit, _NOWHERE, None, None) for rule in _CAPTURE for hit in rule.check(facts)])


def flatten(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with their followers, each behind its cause."""
    return [each for finding in findings for each in finding.all()]


def _finding(rule: Rule, hit: Hit, span: Span, about: Message | None, side: Side | None) -> Finding:
    span = hit.span or span
    about = hit.about or about
    if hit.side is not None:
        side = hit.side
    elif side is None and about is not None:
        side = about.side
    latest = LAST_PACKET if hit.latest_cause < 0 else hit.latest_cause or span.last_packet
    return Finding(
        rule.code,
        hit.severity or rule.severity,
        parts_of(hit.text),
        rule.clause.reference if hit.reference is None else hit.reference,
        span,
        about,
        side,
        hit.earliest_cause,
        latest,
        hit.listed_at,
        association=hit.association,
        number=hit.number,
        only=hit.only,
        amount=hit.amount,
    )
