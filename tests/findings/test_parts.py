"""What findings say, in parts."""

import pickle
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Party
from dicomsniff.capture.segments import Endpoint
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import (
    Kind,
    Reference,
    Value,
    marked,
    parts_of,
    plain,
    the_address,
    the_association,
    the_class,
    the_comment,
    the_key,
    the_party,
    the_title,
    the_uid,
    the_value,
    told,
)
from findings.cases import CASES
from findings.found import analyzed_case, every_finding, found_in
from findings.traffic import asked_and_answered
from pipeline import findings_of, only
from poison import wire

UID = "1.2.3.4"


def test_a_line_is_taken_apart_at_its_marks():
    party = Party(Endpoint("10.0.0.1", 104), "ARCHIVE")
    line = f"{the_party(party)} names {the_uid(UID)} in association {the_association(7)}"
    assert parts_of(line) == (
        Value("ARCHIVE", Kind.TITLE),
        " (",
        Value("10.0.0.1:104", Kind.ADDRESS),
        ") names ",
        Value(UID, Kind.UID),
        " in association ",
        Reference(7, Kind.ASSOCIATION),
    )
    assert plain(line) == "ARCHIVE (10.0.0.1:104) names 1.2.3.4 in association 7"


def test_the_value_of_an_element_knows_its_tag():
    assert parts_of(f"level {the_value('STUDI', 0x00080052)}") == ("level ", Value("STUDI", Kind.ELEMENT, 0x00080052))


def test_a_uid_of_the_standard_is_text():
    assert parts_of(the_class(build.CT_IMAGE_STORAGE)) == ("CT Image Storage",)
    assert parts_of(the_class(UID)) == (Value(UID, Kind.UID),)


def test_what_stands_for_an_unknown_uid_refers_to_its_association():
    assert parts_of(the_key(UID, 7)) == (Value(UID, Kind.UID),)
    assert parts_of(the_key("association 7, instance unknown", 7)) == (
        "association ",
        Reference(7, Kind.ASSOCIATION),
        ", instance unknown",
    )


PARTS = st.lists(
    st.one_of(
        st.builds(Value, st.text(), st.sampled_from([Kind.TITLE, Kind.COMMENT]), st.none()),
        st.builds(Value, st.text(), st.just(Kind.ELEMENT), st.integers(0, 0xFFFFFFFF)),
        st.builds(Reference, st.integers(0), st.sampled_from([Kind.ASSOCIATION, Kind.MESSAGE])),
    )
)


@given(PARTS)
def test_what_is_marked_is_found_again_whatever_it_holds(parts):
    assert parts_of(marked(parts)) == (tuple(parts) if parts else ("",))
    assert plain(marked(parts)) == told(parts)


@given(st.text(st.sampled_from("\ud800\ud801\ud802association7x")))
@example("\ud800bogus\ud801x\ud802")
def test_a_line_of_any_characters_is_taken_apart(line):
    assert not re.search("[\ud800-\ud802]", plain(line))


@given(st.text(st.characters(categories=["L", "N", "P", "Cs", "Co"])))
def test_no_value_passes_for_a_mark(text):
    (part,) = parts_of(the_comment(the_title(text) + the_address(text)))
    assert isinstance(part, Value)
    assert part.kind is Kind.COMMENT
    assert not re.search("[\ud800-\ud802]", part.text)


def texts(findings: list[Finding]) -> list[tuple[str, str]]:
    """What findings say of themselves, each with its code."""
    return [(finding.code, part) for finding in findings for part in finding.parts if isinstance(part, str)]


def test_nothing_that_a_peer_says_is_taken_for_text():
    """Whatever is text on the wire is poison there: no part that is text holds any of it."""
    found = found_in([packet for talk in wire.talks() for packet in talk.packets])
    assert len({finding.code for finding in found}) > 20
    poison = re.compile(r"0;T|\\x|2J|[\x00-\x1f\x7f-\x9f]")
    assert [(code, text) for code, text in texts(found) if poison.search(text)] == []


NUMBERED = re.compile(r"\b(associations?|packets?|message) \d")
DOTTED = re.compile(r"\d+(?:\.\d+){3,}")


@pytest.mark.slow
@pytest.mark.parametrize("code", CASES)
def test_no_title_address_uid_comment_or_number_is_text(code: str) -> None:
    for raises in (True, False):
        analyzer = analyzed_case(code, raises=raises)
        parties = [party for each in analyzer.associations for party in (each.requestor, each.acceptor)]
        titles = {party.ae_title for party in parties if party.ae_title}
        for which, text in texts(every_finding(analyzer)):
            uids = [found for found in DOTTED.findall(text) if find_uid_name(found) is None]
            assert not uids, (which, text)
            assert not NUMBERED.search(text), (which, text)
            assert not [title for title in titles if title in text], (which, text)


def test_a_finding_is_pickled_with_its_parts():
    found = findings_of(only(asked_and_answered(build.store_rsp(1, 0xA700, comment="disk full")))).all
    (failure,) = [each for each in found if each.code == "status-failure"]
    assert Value("disk full", Kind.COMMENT) in failure.parts
    assert pickle.loads(pickle.dumps(failure)).parts == failure.parts
