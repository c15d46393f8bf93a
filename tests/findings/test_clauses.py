"""Every rule names the clause it judges by, and what that clause demands: the table of findings/clauses.tsv."""

import re
from pathlib import Path

import pytest

from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.clauses import Clause, clause_of, clauses

_PLACE = r"(?:(?:[A-Z]{1,2}|\d{1,2})(?:\.\d+)*)"
_BIT = re.compile(rf"(?:(PS3\.\d+|RFC \d+) )?(§{_PLACE}|Annex [A-Z]{{1,2}}|Table {_PLACE}(?:-\d+)?)")
_NOT_SAID = {
    "acceptor-varies",
    "other-protocol-unanswered",
    "packets-cut",
    "packets-lost",
    "proxy-header",
    "association-per-object",
    "association-slow",
    "bytes-missing",
    "capture-ends-early",
    "connections-given-up",
    "echo-was-answered",
    "port-speaks-tls",
    "move-to-other-host",
    "entries-not-listed",
    "findings-not-listed",
    "foreign-protocol",
    "answered-after-another",
    "found-otherwise",
    "identifiers-not-read",
    "links-not-listed",
    "message-partly-captured",
    "name-not-found",
    "negotiation-not-captured",
    "one-direction",
    "other-protocol",
    "response-on-other-context",
    "same-request-succeeded",
    "slower-beside-another",
    "time-goes-back",
    "tls-not-decrypted",
    "tls-unread",
    "tries-repeated",
    "worked-otherwise",
}
"""Rules on limits of a capture or of the program, and on what no standard speaks of."""


def places(reference: str) -> list[tuple[str, str]]:
    """Return the places that a reference names, each with the standard it is in."""
    found, standard = [], ""
    for bit in reference.split(", "):
        match = _BIT.fullmatch(bit)
        assert match, bit
        standard = match[1] or standard
        found.append((standard, match[2]))
    return found


def sections() -> dict[str, set[str]]:
    """Return the section numbers of the parts that are listed."""
    lines = (Path(__file__).parent / "sections.txt").read_text("utf-8").replace("\n ", " ").splitlines()[1:]
    return {part: set(numbers.split()) for part, _, numbers in (line.partition(": ") for line in lines)}


def test_the_table_is_of_the_rules_in_their_order() -> None:
    assert list(clauses()) == [rule.code for rule in RULES if rule.code in clauses()]


def test_a_rule_without_a_clause_is_one_on_which_no_standard_says_anything() -> None:
    assert {rule.code for rule in RULES} - set(clauses()) == _NOT_SAID
    assert clause_of("one-direction") == Clause("", "")


@pytest.mark.parametrize("code", clauses())
def test_a_reference_names_its_standard_first_and_places_in_it(code: str) -> None:
    named = places(clause_of(code).reference)
    assert all(standard for standard, _ in named)
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("code", clauses())
def test_a_reference_names_sections_that_there_are(code: str) -> None:
    known = sections()
    for standard, place in places(clause_of(code).reference):
        kind, _, number = place.replace("§", "§ ").partition(" ")
        if standard in known and kind != "Table":
            assert number in known[standard], (standard, place)


@pytest.mark.parametrize("code", clauses())
def test_a_demand_is_one_short_sentence(code: str) -> None:
    demand = clause_of(code).demand
    assert 30 < len(demand) <= 120
    assert demand[0].isupper()
    assert demand.endswith(".")
    assert ". " not in demand
    assert "shall" not in demand.casefold(), "in the project's own words"
