"""Expressions -> the associations and messages they choose."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.fields import FIELDS
from dicomsniff.filter.filter import Filter
from dicomsniff.library import Capture, open_capture
from findings.tls_cases import exchanged
from pipeline import analyze

SAMPLES = Path(__file__).parent.parent.parent / "samples"
NAMES = ("c-echo", "c-store", "c-move", "association-rejected")


@pytest.fixture(scope="module")
def captures() -> Iterator[dict[str, Capture]]:
    with ExitStack() as stack:
        opened = {name: stack.enter_context(open_capture(SAMPLES / f"{name}.pcap")) for name in NAMES}
        assert all(capture.associations for capture in opened.values())
        yield opened


def chosen(capture: Capture, expression: str) -> list[tuple[int, list[int]]]:
    """The associations chosen, each with the numbers of its messages that are."""
    selected, chosen = Filter(expression), []
    for each in capture.associations:
        found, read = capture.found.of(each), capture.data_set
        if selected.chooses(each, found, read):
            matching = [message.number for message in each.messages if selected.matches(each, found, message, read)]
            chosen.append((each.id, matching))
    return chosen


@pytest.mark.parametrize(
    ("name", "expression", "ids"),
    [
        ("c-echo", "outcome == released", [1]),
        ("c-echo", "outcome == aborted", []),
        ("c-echo", "command == C-ECHO", [1]),
        ("c-echo", "command == C-ECHO-RSP and status == 0", [1]),
        ("c-echo", "command == C-STORE", []),
        ("c-echo", "not command == C-STORE", [1]),
        ("c-echo", "command != C-ECHO", []),
        ("c-store", 'sop_class ~ "Storage" and size > 100', [1]),
        ("c-store", "size > 10MB", []),
        ("c-store", "address in 10.0.0.0/8", [1]),
        ("c-store", "address in ::/0", []),
        ("c-move", "command == C-MOVE", [1]),
        ("c-move", "command == C-STORE", [2]),
        ("c-move", "command == C-MOVE or command == C-STORE", [1, 2]),
        ("c-move", "association == 2", [2]),
        ("association-rejected", "outcome == rejected and finding.severity >= warning and association <= 2", [1, 2]),
        ("association-rejected", "finding.code ~ reject and association == 3", [3]),
        ("association-rejected", "status >= 0", []),
        ("association-rejected", "status != 0", []),
        ("association-rejected", "command !~ STORE", []),
        ("c-echo", "time >= 00:00 and time <= 23:59:59.9", [1]),
        ("c-echo", "time < 1999-12-31T23:59:59", []),
        ("c-echo", "latency < 10min", [1]),
        ("c-echo", "duration > 10h", []),
        ("c-echo", "(outcome == released or outcome == aborted) and not calling ~ ^X", [1]),
        ("c-echo", "c-echo", [1]),
        ("c-echo", "'no such words'", []),
        ("c-store", "c-store-rsp", [1]),
        ("c-move", "'CT Image Storage'", [2]),
        ("c-echo", "data[PatientID] == X", []),
        ("c-store", "status_class == failure", []),
        ("c-store", "sender == requestor and message_id >= 0", [1]),
    ],
)
def test_an_expression_chooses_associations(captures, name, expression, ids):
    assert [number for number, _ in chosen(captures[name], expression)] == ids


def test_messages_are_chosen_with_their_association(captures):
    assert chosen(captures["c-echo"], "command == C-ECHO-RSP") == [(1, [2])]
    assert chosen(captures["c-echo"], "status == 0") == [(1, [1, 2])]
    assert chosen(captures["c-echo"], "outcome == released") == [(1, [1, 2])]


def test_values_of_data_sets_are_compared(captures):
    capture = captures["c-store"]
    message = capture.associations[0].messages[0]
    decoded = capture.data_set(capture.associations[0], message)
    modality = next(each.text for each in decoded.elements if each.tag == 0x00080060)
    selected = f'data[Modality] == "{modality}"'
    assert Filter(selected).reads_data
    assert chosen(capture, selected) == [(1, [message.number])]
    assert chosen(capture, 'data[00080060] == "none of it"') == []


@pytest.mark.parametrize(
    ("expression", "problem", "at"),
    [
        ("", "the filter is empty", 0),
        ("outcom == released", "there is no field 'outcom'; did you mean outcome?", 0),
        ("outcome ==", "expected a value at the end", 10),
        ("(outcome == released", "expected and, or, or a closing parenthesis at the end", 20),
        ("outcome == released)", "expected and, or, or the end, not ')'", 19),
        ("status >= many", "status: expected a number such as 42752, 0xA700 or A700H", 10),
        ("latency > 2 parsecs", "expected and, or, or the end, not 'parsecs'", 12),
        ("latency > 2parsecs", "latency: expected a duration such as 2s, 150ms or 1.5min", 10),
        ("size > big", "size: expected a size such as 512, 10MB or 64KiB", 7),
        ("time > 24:00", "time: expected a time in UTC such as 14:30, 14:30:05.2 or 2026-01-31T14:30:05", 7),
        ("time > 14:61", "time: expected a time in UTC such as 14:30, 14:30:05.2 or 2026-01-31T14:30:05", 7),
        ("time > noon", "time: expected a time in UTC such as 14:30, 14:30:05.2 or 2026-01-31T14:30:05", 7),
        ("finding.severity >= bad", "finding.severity: expected note, warning or error", 20),
        ("address in here", "address: expected an address or network such as 10.1.2.3 or 10.1.0.0/16", 11),
        ("calling ~ '('", "calling: not a regular expression: missing ), unterminated subpattern at position 0", 10),
        ("calling < A", "calling: text is compared with ==, !=, ~ and !~", 10),
        ("data[PatientNam] == X", "'PatientNam' is neither the keyword of an attribute nor a tag such as 00100020", 5),
        ("calling == 'A", "a quotation mark without its second one", 11),
        ("c-echo and", "expected a field or a word at the end", 10),
    ],
)
def test_an_error_says_what_is_wrong_and_where(expression, problem, at):
    with pytest.raises(FilterError) as error:
        Filter(expression)
    assert (error.value.problem, error.value.at) == (problem, at)


@pytest.mark.parametrize("expression", ["(" * 1000 + "x" + ")" * 1000, "not " * 1000 + "x", "x " * 5000])
def test_what_is_too_deep_or_long_is_refused(expression):
    with pytest.raises(FilterError):
        Filter(expression)


ATOMS = {
    "command == C-ECHO": True,
    "command == C-STORE": False,
    "status == 0": True,
    "status >= 0xA000": False,
    "outcome == released": True,
    "size > 0": False,
}
"""What holds of the response in a C-ECHO."""


def expressions() -> st.SearchStrategy[tuple[str, bool]]:
    atoms = st.sampled_from(list(ATOMS.items()))

    def extended(parts: st.SearchStrategy[tuple[str, bool]]) -> st.SearchStrategy[tuple[str, bool]]:
        pair = st.tuples(parts, parts)
        return st.one_of(
            parts.map(lambda each: (f"not ({each[0]})", not each[1])),
            parts.map(lambda each: (f"({each[0]})", each[1])),
            pair.map(lambda both: (f"({both[0][0]}) and ({both[1][0]})", both[0][1] and both[1][1])),
            pair.map(lambda both: (f"({both[0][0]}) or ({both[1][0]})", both[0][1] or both[1][1])),
        )

    return st.recursive(atoms, extended, max_leaves=8)


@given(expression=expressions())
def test_and_or_and_not_are_those_of_python(captures, expression):
    said, holds = expression
    (association,) = captures["c-echo"].associations
    assert Filter(said).matches(association, captures["c-echo"].found.of(association), association.messages[1]) is holds


@given(st.lists(st.sampled_from(list(ATOMS)), min_size=1, max_size=6), st.data())
def test_not_binds_before_and_and_and_before_or(captures, atoms, data):
    joined = [atoms[0], *(part for atom in atoms[1:] for part in (data.draw(st.sampled_from(["and", "or"])), atom))]
    said = [f"not {each}" if each in ATOMS and data.draw(st.booleans()) else each for each in joined]
    python = " ".join(re.sub(r"^(not )?(.*)$", lambda found: (found[1] or "") + str(ATOMS[found[2]]), each)
                      if each not in ("and", "or") else each for each in said)  # fmt: skip
    (association,) = captures["c-echo"].associations
    holds = eval(python)
    assert (
        Filter(" ".join(said)).matches(association, captures["c-echo"].found.of(association), association.messages[1])
        is holds
    )


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_an_error_that_says_why(text):
    try:
        understood: Filter | FilterError = Filter(text)
    except FilterError as error:
        understood = error
    assert isinstance(understood, Filter) or (understood.problem and 0 <= understood.at <= len(text))


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_says_what_it_is(name):
    assert FIELDS[name].says


@pytest.mark.parametrize(
    ("expression", "tells"),
    [
        ("tls == unread", True),
        ("tls == read", False),
        ("tls != no", True),
        ("tls.version == 1.1", True),
        ("tls.version < 1.2", True),
        ("tls.version >= 1.0", True),
        ("tls.version > 1.1", False),
        ("tls.version != 1.1", False),
        ("tls.suite == TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", True),
        ("tls.suite ~ CHACHA", False),
    ],
)
def test_tls_is_asked_for(expression, tells):
    analyzer = analyze(exchanged(version=0x0302))
    (association,) = analyzer.associations
    assert Filter(expression).chooses(association, analyzer.found.of(association), lambda *_: None) is tells


def test_bare_tcp_has_no_tls_version(captures):
    assert chosen(captures["c-echo"], "tls == no") == [(1, [1, 2])]
    assert chosen(captures["c-echo"], "tls.version >= 1.0 or tls.suite ~ .") == []


def test_an_association_that_was_not_looked_through_is_not_known_to_lack_a_word(captures: dict[str, Capture]) -> None:
    """Whoever types on gives up what is being looked at."""
    capture = captures["c-store"]
    association = capture.associations[0]
    found, words = capture.found.of(association), Filter("nothing-says-this")
    assert next(words.choosing(association, found)) is False
    assert not words.knows(association)
    assert not words.chooses(association, found)
    assert words.knows(association)
