"""The catalogue of rules -> text, JSON, and the page docs/rules.md."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from dicomsniff.export.json_text import indented_json_text
from dicomsniff.findings.catalogue import LAYERS, RULES
from dicomsniff.findings.rule import AnyRule

_WIDTH = 100


def rule_json(rule: AnyRule) -> dict[str, Any]:
    """Describe a rule."""
    return {
        "code": rule.code,
        "severity": str(rule.severity),
        "title": rule.title,
        "reference": rule.clause.reference,
        "demand": rule.clause.demand,
        "meaning": rule.meaning,
        "remedy": rule.remedy,
        "follows": sorted(causes_of(rule)),
    }


def causes_of(rule: AnyRule) -> set[str]:
    """Return the codes of which a rule's finding may be a mere consequence."""
    return {each.rpartition(":")[2] for each in rule.follows}


def rules_json(rules: tuple[AnyRule, ...] = RULES) -> str:
    """Return rules as a JSON array, or a single one as an object."""
    said = [rule_json(rule) for rule in rules]
    return indented_json_text(said[0] if len(said) == 1 else said)


def list_lines() -> Iterator[str]:
    """Yield a line per rule, under what they are about: code, severity, title, clause."""
    width = max(len(rule.code) for rule in RULES)
    for number, (layer, rules) in enumerate(LAYERS):
        if number:
            yield ""
        yield layer
        for rule in rules:
            yield f"  {rule.code:<{width}}  {rule.severity:<7}  {rule.title}{_clause(rule)}"


def rule_lines(rule: AnyRule) -> Iterator[str]:
    """Yield all that is said of a rule, as text."""
    yield f"{rule.code} ({rule.severity}){_clause(rule)}"
    yield rule.title
    yield ""
    yield from _wrapped(rule.meaning)
    yield ""
    if rule.clause.demand:
        yield from _wrapped(f"{rule.clause.reference}: {rule.clause.demand}")
        yield ""
    yield from _wrapped(f"What to do: {rule.remedy}")
    if causes := causes_of(rule):
        yield ""
        known = ", ".join(sorted(causes))
        yield from _wrapped(f"It is shown below its cause where one of these is found before: {known}")


def _clause(rule: AnyRule) -> str:
    """The clause in brackets; nothing where the standard says nothing of it."""
    return f" [{rule.clause.reference}]" if rule.clause.reference else ""


def _wrapped(text: str) -> list[str]:
    # Codes, and names such as A-ASSOCIATE-RQ, stay whole.
    return textwrap.wrap(text, _WIDTH, break_on_hyphens=False)


def page_lines(examples: Mapping[str, str]) -> Iterator[str]:
    """Yield the page docs/rules.md; an example is what a rule said of some traffic, by the rule's code."""
    yield "# Findings"
    yield ""
    yield "Made from the catalogue by `make docs`; do not edit. `dicomsniff rules` prints the same, without examples."
    yield ""
    yield "An **error** is data lost, malformed, or an exchange that failed; a **warning** is a breach of the standard"
    yield "or a risk that still worked; a **note** is worth knowing, such as a breach in fields that no receiver tests."
    yield "What merely follows from another finding is shown below it."
    yield ""
    yield "The meaning of a finding is followed by the clause that it is judged by, with what the clause demands; where"
    yield "there is none, the standard says nothing about it."
    for layer, rules in LAYERS:
        yield ""
        yield f"## {layer}"
        for rule in rules:
            yield ""
            yield f"### {rule.code}"
            yield ""
            yield f"**{rule.title}.** {str(rule.severity).capitalize()}."
            yield ""
            yield rule.meaning
            yield ""
            if rule.clause.demand:
                yield f"*{rule.clause.reference}:* {rule.clause.demand}"
                yield ""
            yield f"*What to do:* {rule.remedy}"
            if rule.code in examples:
                yield ""
                yield f"*Example:* {examples[rule.code]}"
            if causes := causes_of(rule):
                yield ""
                yield "*Follows from:* " + ", ".join(f"[{code}](#{code})" for code in sorted(causes)) + "."
