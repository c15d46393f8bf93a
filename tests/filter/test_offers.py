"""What may be written next in an expression, and what is known of a capture to compare with."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.fields import FIELDS, Subject
from dicomsniff.filter.grammar import parse
from dicomsniff.filter.known_values import _NAMING, _WRITTEN, KnownValues, may_identify
from dicomsniff.filter.offers import offers, position, quoted
from dicomsniff.filter.tree import Comparison
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from unmarked import KEPT

VALUES = ["PYSCU", "CT Image Storage", 'a "b"']


def offered(text: str, at: int | None = None) -> list[str]:
    here = position(text, len(text) if at is None else at)
    return [offer.text for offer in offers(here, VALUES)] if here is not None else []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ["association", "calling"]),
        ("call", ["calling", "called"]),
        ("CALL", ["calling", "called"]),
        ("not call", ["calling", "called"]),
        ("(call", ["calling", "called"]),
        ("calling == X and stat", ["status", "status_class"]),
        ("calling ", ["==", "!=", "~", "!~"]),
        ("calling !", ["!=", "!~"]),
        ("address ", ["==", "!=", "in", "~", "!~"]),
        ("status ", ["==", "!=", "<", "<=", ">", ">="]),
        ("status >", ["PYSCU"]),
        ("calling ==", ["PYSCU"]),
        ("calling == py", ["PYSCU"]),
        ("calling == 'py", ["PYSCU"]),
        ("calling == ima", ['"CT Image Storage"']),
        ('sop_class == "CT im', ['"CT Image Storage"']),
        ("calling == X ", ["and", "or"]),
        ("(calling == X) o", ["or"]),
        ("mover ", ["and", "or"]),
    ],
)
def test_what_fits_is_offered_where_one_types(text: str, first: list[str]) -> None:
    assert offered(text)[: len(first)] == first


@pytest.mark.parametrize("text", ["calling", "calling == PYSCU", "x)", "calling == X)"])
def test_nothing_is_offered_where_nothing_more_fits(text: str) -> None:
    assert not offered(text)


def test_what_stands_behind_the_cursor_does_not_count() -> None:
    assert offered("ca == PYSCU", 2) == ["calling", "called"]


@given(st.text(), st.integers(0, 50))
def test_whatever_is_typed_can_be_looked_at(text: str, at: int) -> None:
    here = position(text, min(at, len(text)))
    assert here is None or text[here.start :].startswith(here.typed)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_value_that_is_offered_is_understood_as_itself(value: str) -> None:
    tree = parse(f"calling == {quoted(value)}")
    assert isinstance(tree, Comparison)
    assert tree.value == value


def known(samples: Path, sample: str, field: str, privacy: Privacy) -> list[str]:
    with Capture(str(samples / sample)) as capture:
        list(capture.updates())
        values = KnownValues(field, Gate(privacy))
        for association in capture.analyzer.associations:
            found = capture.found.of(association)
            for message in (None, *association.messages):
                values.take(Subject(association, found, message))
    return values.values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("called", "QRSCP"),
        ("command", "C-MOVE-RQ"),
        ("command", "C-MOVE"),
        ("status", "0xFF00"),
        ("sop_class", "CT Image Storage"),
        ("outcome", "released"),
        ("port", "4242"),
    ],
)
def test_values_of_the_capture_are_known(samples: Path, field: str, value: str) -> None:
    assert value in known(samples, "c-move.pcap", field, KEPT)


def test_values_that_are_withheld_are_not_offered(samples: Path) -> None:
    hidden = Privacy(redact_uids=True, redact_network=True)
    for field in ("called", "ae", "address", "instance"):
        assert known(samples, "c-move.pcap", field, KEPT)
        assert not known(samples, "c-move.pcap", field, hidden)
    assert not known(samples, "c-move.pcap", "latency", KEPT), "nobody compares with one of them"


def test_only_fields_that_there_are_have_values() -> None:
    assert set(_WRITTEN) | _NAMING <= set(FIELDS)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("status >= 0xA000 and not outcome == released", False),
        ("sop_class ~ Storage or latency > 2s", False),
        ("calling == CT1", True),
        ("status == 0 and instance ~ 1.2.3", True),
        ("not (address in 10.0.0.0/8)", True),
        ("data[PatientName] == 'Doe^Jane'", True),
        ("Doe", True),
        ("status == 0 or Doe", True),
    ],
)
def test_a_filter_that_may_name_somebody_is_known(expression: str, names: bool) -> None:
    assert may_identify(expression) is names


def test_a_filter_that_is_not_understood_may_be_anything() -> None:
    with pytest.raises(FilterError):
        may_identify("status >=")
