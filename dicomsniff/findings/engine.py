"""Ask the rules about what has come (`find_now`) and about what is over (`find_final`)."""

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings import association_rules, dimse_rules, pdu_rules
from dicomsniff.findings.finding import EntryRule, FinalRule, Finding
from dicomsniff.provenance import Span

RULES = (*pdu_rules.RULES, *dimse_rules.RULES, *association_rules.RULES)
"""Every rule, in the order in which they are asked."""

_BY_EVENT: dict[type, list[EntryRule]] = {}
for _rule in (rule for rule in RULES if isinstance(rule, EntryRule)):
    for _event in _rule.events:
        _BY_EVENT.setdefault(_event, []).append(_rule)
_FINAL = [rule for rule in RULES if isinstance(rule, FinalRule)]


def find_now(association: Association, entry: Entry) -> list[Finding]:
    """Return what the rules see in one timeline entry."""
    about = entry.event if isinstance(entry.event, Message) else None
    return [
        Finding(rule.code, rule.severity, hit.text, rule.reference, hit.span or entry.span, hit.about or about)
        for rule in _BY_EVENT.get(type(entry.event), ())
        for hit in rule.check(association, entry)
    ]


def find_final(association: Association) -> list[Finding]:
    """Return what the rules see in an association that is over."""
    whole = association.timeline[-1].span if association.timeline else Span(0, 0, 0, 0, 0)
    return [
        Finding(rule.code, rule.severity, hit.text, rule.reference, hit.span or whole, hit.about)
        for rule in _FINAL
        for hit in rule.check(association)
    ]
