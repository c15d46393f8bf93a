"""Identifiers of queries and retrievals: which bytes are kept, and what is read of them."""

import zlib
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

import build
from dicomsniff.dictionary.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dicomsniff.dimse.dataset_element import find_vr
from dicomsniff.dimse.identifier import (
    MAX_IDENTIFIER,
    Identifier,
    IdentifierBytes,
    SentIdentifier,
    read_identifier,
)
from dicomsniff.dimse.scan.nesting import FOREVER

LEVEL, NAME, CHARSET, STUDY_UID = 0x00080052, 0x00100010, 0x00080005, 0x0020000D
IMPLICIT = build.element(LEVEL, b"STUDY ") + build.element(NAME, b"A*")
EXPLICIT = build.explicit_data_set((LEVEL, b"CS", b"STUDY "), (NAME, b"PN", b"A*"))
BIG = bytes.fromhex("0008 0052 4353 0006 5354 5544 5920  0010 0010 504E 0002 412A")


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


def read(content: bytes, syntax: str = IMPLICIT_VR_LITTLE_ENDIAN) -> Identifier:
    found = read_identifier(SentIdentifier(content, syntax))
    assert found is not None
    return found


def implicit(**elements: bytes) -> Identifier:
    tags = {"charset": CHARSET, "level": LEVEL, "name": NAME, "study": STUDY_UID}
    return read(b"".join(build.element(tags[name], value) for name, value in elements.items()))


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (IMPLICIT, IMPLICIT_VR_LITTLE_ENDIAN),
        (EXPLICIT, EXPLICIT_VR_LITTLE_ENDIAN),
        (BIG, EXPLICIT_VR_BIG_ENDIAN),
        (deflated(EXPLICIT), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ],
    ids=["implicit", "explicit", "big endian", "deflated"],
)
def test_an_identifier_is_read_in_every_transfer_syntax(content, syntax):
    found = read(content, syntax)
    assert found.level == "STUDY"
    assert [(key.tag, key.vr, key.value) for key in found.keys] == [(NAME, "PN", b"A*")]


@pytest.mark.parametrize("length", [None, 0xFFFFFFFF], ids=["explicit length", "undefined length"])
def test_the_elements_of_items_are_read(length):
    inner = build.element(0x00400001, b"CT1 ")
    head = (len(inner) if length is None else length).to_bytes(4, "little")
    item = b"\xfe\xff\x00\xe0" + head + inner + (b"" if length is None else b"\xfe\xff\x0d\xe0\0\0\0\0")
    whole = b"\x40\0\0\1" + (len(item) if length is None else length).to_bytes(4, "little") + item
    (key,) = read(whole + (b"" if length is None else b"\xfe\xff\xdd\xe0\0\0\0\0")).keys
    assert [(each.tag, each.value) for each in key.all()] == [(0x00400100, b""), (0x00400001, b"CT1 ")]
    assert not key.is_empty


def test_a_sequence_without_items_and_a_value_of_padding_are_empty():
    found = read(build.element(NAME, b"  ") + build.element(0x00400100, b""))
    assert [key.is_empty for key in found.keys] == [True, True]


def test_what_says_how_an_identifier_is_meant_is_no_key():
    meant = (CHARSET, 0x00080053, LEVEL, 0x00080201)
    assert read(b"".join(build.element(tag, b"X ") for tag in meant)).keys == []


def test_values_are_counted_in_characters_not_in_bytes():
    """In JIS X 0208, 0x5C is half of a character."""
    name = "表^表".encode("iso2022_jp")  # ESC $ B I = ESC ( B ^ …
    other = b"\x1b$B\x30\x5c\x1b(B"
    assert len(implicit(charset=b"\\ISO 2022 IR 87", name=name).values(implicit(name=name).elements[NAME])) == 1
    found = implicit(charset=b"\\ISO 2022 IR 87 ", name=other)
    assert len(found.values(found.elements[NAME])) == 1


def test_a_list_of_uids_has_as_many_values_as_uids():
    found = implicit(study=b"1.2\\1.3\0")
    assert found.values(found.elements[STUDY_UID]) == ["1.2", "1.3"]


@pytest.mark.parametrize(
    ("charset", "name", "ruined"),
    [
        (b"", b"????", True),
        (b"ISO_IR 100", b"??^??* ", True),
        (b"ISO_IR 192", b"????", False),
        (b"GB18030 ", b"????", False),
        (b"", b"M?LLER", False),
        (b"", b"?*", False),
        (b"", b"*", False),
    ],
)
def test_question_marks_only_are_told_where_the_character_set_lacks_characters(charset, name, ruined):
    found = implicit(charset=charset, name=name)
    assert found.is_question_marks(found.elements[NAME]) is ruined


def test_question_marks_in_what_is_no_text_are_not_told():
    found = implicit(level=b"??")
    assert not found.is_question_marks(found.elements[LEVEL])


@given(
    content=st.binary(max_size=300),
    syntax=st.sampled_from(
        [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3"]
    ),
)
def test_no_bytes_make_reading_fail(content, syntax):
    found = read_identifier(SentIdentifier(content, syntax))
    for key in found.keys if found is not None else ():
        for each in key.all():
            found.values(each)
            found.is_question_marks(each)


def test_a_bomb_is_not_inflated():
    bomb = deflated(build.explicit_data_set((NAME, b"PN", bytes(60_000))))
    assert len(bomb) < 1000
    assert read_identifier(SentIdentifier(bomb, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)) is None


@given(content=st.binary(max_size=100), cuts=st.lists(st.integers(0, 100)))
def test_the_bytes_are_kept_however_they_come(content, cuts):
    kept = IdentifierBytes()
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    for start, end in pairwise(places):
        kept.feed(start, content[start:end])
    assert kept.finish(len(content), "1.2", whole=True) == SentIdentifier(content, "1.2")


def test_of_a_long_identifier_nothing_is_kept_and_no_more_is_wanted():
    kept = IdentifierBytes()
    kept.feed(0, bytes(MAX_IDENTIFIER))
    kept.feed(MAX_IDENTIFIER, b"x")
    assert kept.wanted == FOREVER
    assert kept.finish(MAX_IDENTIFIER + 1, None, whole=True) == SentIdentifier(
        b"", None, f"it is longer than {MAX_IDENTIFIER} bytes"
    )


@pytest.mark.parametrize("how", ["hole", "end missing", "not whole"])
def test_an_identifier_with_missing_bytes_is_not_read(how):
    kept = IdentifierBytes()
    kept.feed(0, b"ab")
    if how == "hole":
        kept.feed(4, b"ef")
    found = kept.finish(6 if how == "end missing" else 2, None, whole=how != "not whole")
    assert found == SentIdentifier(b"", None, "bytes of it are missing from the capture")


TAGS = (0x00081030, NAME, 0x00100020, STUDY_UID, 0x00400001, 0x00091001)
SEQUENCES = (0x00081110, 0x00321064, 0x00400100)


def _nested(inner: st.SearchStrategy[Dataset]) -> st.SearchStrategy[Dataset]:
    return st.builds(_sequences, inner, st.dictionaries(st.sampled_from(SEQUENCES), st.lists(inner, max_size=3)))


def _plain(values: dict[int, str]) -> Dataset:
    found = Dataset()
    for tag, value in values.items():
        found.add_new(tag, find_vr(tag, "") if tag != 0x00091001 else "LO", value)
    return found


def _sequences(plain: Dataset, items: dict[int, list[Dataset]]) -> Dataset:
    found = Dataset()
    found.update(plain)
    for tag, each in items.items():
        found.add_new(tag, "SQ", each)
        found[tag].is_undefined_length = len(each) % 2 == 1
    return found


@given(
    st.recursive(st.builds(_plain, st.dictionaries(st.sampled_from(TAGS), st.just("1.2"))), _nested, max_leaves=8),
    st.booleans(),
    st.booleans(),
)
def test_keys_are_those_that_pydicom_reads(asked, implicit, little):
    implicit = implicit and little
    content = DicomBytesIO()
    content.is_implicit_VR, content.is_little_endian = implicit, little
    write_dataset(content, asked)
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN if little else EXPLICIT_VR_BIG_ENDIAN
    found = read(content.getvalue(), syntax)
    keys = [(key.tag, key.vr == "SQ", len(key.items)) for each in found.elements.values() for key in each.all()]
    others = read_dataset(BytesIO(content.getvalue()), implicit, little).iterall()
    assert keys == [(int(each.tag), each.VR == "SQ", len(each.value) if each.VR == "SQ" else 0) for each in others]
