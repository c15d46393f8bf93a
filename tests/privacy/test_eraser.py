"""What of a data set may not be shown, and where it is."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sets import EXPLICIT, JPEG, RLE, fragments, item, long, sequence, short
from dicomsniff.dimse.scan.pixels import identify_codec
from dicomsniff.privacy.codestream import beginning_like, is_offset_table
from dicomsniff.privacy.eraser import Hidden, erase
from dicomsniff.privacy.gate import Privacy
from dicomsniff.privacy.shape import shape
from dicomsniff.privacy.stand_ins import StandIns

INS, PLAIN = StandIns(b"the same in every run"), Privacy()


def erased(content: bytes, privacy: Privacy = PLAIN, *, keeps_bulk: bool = False, syntax: str = EXPLICIT) -> bytes:
    """Return a data set as it is shown."""
    erasure = erase(BytesIO(content), len(content), syntax, privacy, INS, keeps_bulk=keeps_bulk)
    assert erasure.why == ""
    out = bytearray(content)
    for start, end, value in erasure.hidden:
        out[start:end] = (value or bytes(end - start))[: end - start]
    assert len(out) == len(content)
    return bytes(out)


CT = short(0x00080060, "CS", b"CT")


def test_what_identifies_nobody_stays() -> None:
    content = CT + short(0x00280010, "US", b"\1\0")
    assert erased(content) == content


def test_pixels_and_other_bulk_become_zeros_unless_they_are_kept() -> None:
    content = CT + long(0x7FE00010, "OW", b"\1\2\3\4")
    assert erased(content) == content[:-4] + bytes(4)
    assert erased(content, keeps_bulk=True) == content


def test_of_a_sequence_that_identifies_everything_goes_but_uids_and_structure() -> None:
    content = sequence(
        0x0040A730,
        item(
            short(0x00080016, "UI", b"1.2.3.4\0"),
            short(0x0040A010, "CS", b"CONTAINS"),
            short(0x00080104, "LO", b"A lesion"),
        ),
    )
    found = erased(content)
    assert b"1.2.3.4" in found
    assert b"CONTAINS" in found
    assert b"lesion" not in found


def test_private_elements_go_and_known_creators_stay() -> None:
    content = short(0x00090010, "LO", b"GEMS_IDEN_01") + short(0x00091001, "LO", b"Doe^Jane")
    found = erased(content)
    assert b"GEMS_IDEN_01" in found
    assert b"Doe" not in found


@pytest.mark.parametrize("key", ["redact_uids", "redact_network"])
def test_uids_and_titles_go_where_that_is_asked_for(key: str) -> None:
    content = short(0x00080018, "UI", b"1.2.276.9\0") + short(0x00400241, "AE", b"STATION1")
    found = erased(content, Privacy(**{key: True}))
    assert (b"1.2.276.9" in found) == (key != "redact_uids")


def test_a_long_text_becomes_spaces() -> None:
    content = long(0x00204000, "LT", b"")[:6] + b"\0\0" + long(0x0040A160, "UT", b"Doe " * 20_000)
    content = long(0x0040A160, "UT", b"Doe " * 20_000)
    assert erased(content) == content[:12] + b" " * 80_000


def test_characters_of_the_declared_set_are_replaced_in_items_too() -> None:
    sent = "Müller^Jörg ".encode()
    name = short(0x00100010, "PN", sent)
    found = erased(short(0x00080005, "CS", b"ISO_IR 192") + sequence(0x00400275, item(name)) + name)
    stand_in = found[-len(sent) :]
    assert shape(stand_in.decode()) == "Xxxxxx^Xxxx "
    assert found.count(stand_in) == 2
    assert sent not in found


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\2\0\0\1\0\1\0\0\xff\xc0\0\x11\x08" + bytes(40),
        b"\xff\xd8\xff\xfe\0\x0aDoe^Jane\xff\xc3" + bytes(40),
        b"\xff\xd8\xff\xf7\0\x11" + bytes(40),
        b"\xff\x4f\xff\x51\0\x04\0\0\xff\x52\0\x0c" + bytes(9) + b"\1" + bytes(40),
        b"\xff\x4f\xff\x51\0\x04\0\0\xff\x52\0\x0c" + bytes(9) + b"\0" + bytes(40),
        b"\xff\x4f\xff\x51\0\x04\0\0\xff\x50\0\6\0\2\0\0" + bytes(40),
        b"\xff\x0a" + bytes(40),
    ],
)
def test_a_codestream_is_told_by_its_stand_in_and_shows_nothing_else(data: bytes) -> None:
    like = beginning_like(data)
    assert identify_codec(like + bytes(len(data) - len(like))) == identify_codec(data) != ("", "")
    assert b"Doe" not in like


def test_of_a_codestream_that_tells_nothing_nothing_is_shown() -> None:
    assert beginning_like(b"Doe^Jane") == b""


def test_fragments_keep_their_offset_table_and_their_codec() -> None:
    rle = b"\1\0\0\0\x40\0\0\0" + bytes(56) + b"Doe^Jane"
    assert erased(fragments(rle, table=[0]), syntax=RLE) == fragments(rle[:64] + bytes(8), table=[0])
    jpeg = b"\xff\xd8\xff\xfe\0\x0aDoe^Jane\xff\xc0" + bytes(8)
    shown = b"\xff\xd8\xff\xc0" + bytes(len(jpeg) - 4)
    assert erased(fragments(jpeg, b"Doe^Jane", table=[]), syntax=JPEG) == fragments(shown, bytes(8), table=[])


def test_an_offset_table_that_is_none_is_not_shown() -> None:
    assert is_offset_table(b"")
    assert is_offset_table(bytes(4) + b"\x10\0\0\0")
    assert not is_offset_table(b"Doe^")
    assert not is_offset_table(b"\0\0\0\0Doe")


@given(st.lists(st.binary(min_size=2, max_size=12), max_size=6), st.booleans())
def test_whatever_stands_there_nothing_overlaps_and_all_is_within(values: list[bytes], nested: bool) -> None:
    elements = [short(0x00101000 + 2 * at, "LO", value) for at, value in enumerate(values)]
    content = sequence(0x00400275, item(*elements)) if nested else b"".join(elements)
    erasure = erase(BytesIO(content), len(content), EXPLICIT, Privacy(), INS)
    reached = 0
    for start, end, _ in erasure.hidden:
        assert reached <= start < end <= len(content)
        reached = end


def test_all_is_hidden_where_the_structure_is_broken() -> None:
    content = CT + short(0x00100010, "PN", b"Doe^", length=90)
    erasure = erase(BytesIO(content), len(content), EXPLICIT, Privacy(), INS)
    assert erasure.hidden == [Hidden(0, len(content))]
    assert erasure.why == "its structure is broken"
