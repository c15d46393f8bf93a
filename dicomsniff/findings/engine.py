"""Ask the rules about what has come (`find_now`), what is over (`find_final`), and the whole (`find_in_capture`)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from dicomsniff.association.association import MAX_FINDINGS, Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.causes import add_findings, arrange
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.review import Known, Review
from dicomsniff.findings.rule import CaptureFacts, CaptureRule, EntryRule, FinalRule, Hit, Rule
from dicomsniff.side import Side
from dicomsniff.span import Span

_BY_EVENT: dict[type, list[EntryRule]] = {}
_BY_CONDITION: dict[Callable[[Association, Message], bool], list[EntryRule]] = {}
for _rule in (rule for rule in RULES if isinstance(rule, EntryRule)):
    for _event in _rule.events:
        if _event is Message and _rule.condition is not None:
            _BY_CONDITION.setdefault(_rule.condition, []).append(_rule)
        else:
            _BY_EVENT.setdefault(_event, []).append(_rule)
_CONDITIONS = list(_BY_CONDITION.items())
_ORDER = {rule.code: place for place, rule in enumerate(RULES)}
_FINAL = [rule for rule in RULES if isinstance(rule, FinalRule)]
_CAPTURE = [rule for rule in RULES if isinstance(rule, CaptureRule)]
_NOWHERE = Span(0, 0, 0, 0, 0)
_END = 1 << 62
_NUMBER = re.compile(r"[0-9]+")


def find_now(association: Association, entry: Entry) -> None:
    """Ask the rules about one timeline entry; the association takes what they find."""
    event = entry.event
    rules = _BY_EVENT.get(type(event), [])
    about = event if isinstance(event, Message) else None
    if about is not None:
        further = [rule for met, some in _CONDITIONS if met(association, about) for rule in some]
        if further:
            rules = sorted([*rules, *further], key=lambda rule: _ORDER[rule.code])
    if not rules:
        return
    found = [
        finding
        for rule in rules
        for hit in rule.check(association, entry)
        if (finding := _finding(rule, hit, entry.span, about, entry.side)) and not _counted(rule, finding, association)
    ]
    if found:
        add_findings(association.findings, association.add_findings(found), association.found_codes)


def find_final(association: Association, known: Known | None = None) -> None:
    """Ask the rules about an association that is over, and put causes and consequences in order."""
    review = Review(association, known)
    where = association.timeline[0].span if association.timeline else _NOWHERE
    for rule in _FINAL:  # one by one: the last of them say how much is not listed
        association.add_findings([_finding(rule, hit, where, None, None) for hit in rule.check(review)], final=True)
    if association.found:
        association.found = [_with_count(each, association) for each in association.found]
        association.findings = arrange(association.found)


def find_in_capture(facts: CaptureFacts) -> list[Finding]:
    """Ask the rules about a capture that is over."""
    return arrange([_finding(rule, hit, _NOWHERE, None, None) for rule in _CAPTURE for hit in rule.check(facts)])


def _counted(rule: EntryRule, finding: Finding, association: Association) -> bool:
    """Whether a finding is told already and only counted."""
    if not rule.once:
        return False
    key, repeated = _alike(finding), association.repeated
    if key in repeated:
        repeated[key] += 1
        return True
    if len(repeated) < MAX_FINDINGS:
        repeated[key] = 1
    return False


def _with_count(finding: Finding, association: Association) -> Finding:
    count = association.repeated.get(_alike(finding), 1) if association.repeated else 1
    return finding if count == 1 else replace(finding, message=f"{finding.message} ({count} times)")


def _alike(finding: Finding) -> tuple[str, Side | None, str]:
    return finding.code, finding.side, _NUMBER.sub("", finding.message)


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
    latest = _END if hit.latest_cause < 0 else hit.latest_cause or span.last_packet
    return Finding(
        rule.code,
        hit.severity or rule.severity,
        hit.text,
        rule.reference,
        span,
        about,
        side,
        hit.earliest_cause,
        latest,
        hit.listed_at,
        association=hit.association,
        number=hit.number,
    )
