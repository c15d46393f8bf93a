"""Every PDU but P-DATA-TF, from annotated bytes (PS3.8 §9.3)."""

import pytest
from msgspec.structs import replace

from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.pdu.decode import decode_control_pdu, list_fields
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    ContextResult,
    ProposedContext,
    ReleaseRp,
    ReleaseRq,
    UnknownPdu,
    UserInformation,
)
from dicomsniff.span import Span

SPAN = Span(1, 1, 0, 0, 24)

TITLES = """
    53 54 4f 52 45 53 43 50 20 20 20 20 20 20 20 20    Called-AE-title   "STORESCP"
    53 54 4f 52 45 53 43 55 20 20 20 20 20 20 20 20    Calling-AE-title  "STORESCU"
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00    reserved
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
"""

RQ = f"""
    00 01                                              Protocol-version 1
    00 00                                              reserved
    {TITLES}
    10 00 00 15                                        application context, 21 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 33 2e    1.2.840.10008.3.
    31 2e 31 2e 31                                     1.1.1
    20 00 00 2e                                        presentation context, 46 bytes
    01 00 00 00                                        ID 1
    30 00 00 11                                        abstract syntax, 17 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 31 2e    1.2.840.10008.1.
    31                                                 1
    40 00 00 11                                        transfer syntax, 17 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 31 2e    1.2.840.10008.1.
    32                                                 2
    50 00 00 08                                        user information, 8 bytes
    51 00 00 04                                        maximum length, 4 bytes
    00 00 40 00                                        16384
"""

AC = f"""
    00 01                                              Protocol-version 1
    00 00                                              reserved
    {TITLES}
    10 00 00 15                                        application context, 21 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 33 2e    1.2.840.10008.3.
    31 2e 31 2e 31                                     1.1.1
    21 00 00 19                                        presentation context, 25 bytes
    01 00 00 00                                        ID 1, result 0
    40 00 00 11                                        transfer syntax, 17 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 31 2e    1.2.840.10008.1.
    32                                                 2
    21 00 00 08                                        presentation context, 8 bytes
    03 00 03 00                                        ID 3, result 3
    40 00 00 00                                        transfer syntax, empty
    50 00 00 08                                        user information, 8 bytes
    51 00 00 04                                        maximum length, 4 bytes
    00 00 00 00                                        any
"""

UID = "1.2.840.10008.3.1.1.1"
TABLE = [
    (
        0x01,
        RQ,
        AssociateRq(
            SPAN,
            155,
            1,
            "STORESCP",
            "STORESCU",
            UID,
            (ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",)),),
            UserInformation(max_pdu_length=16384),
        ),
    ),
    (
        0x02,
        AC,
        AssociateAc(
            SPAN,
            146,
            1,
            "STORESCP",
            "STORESCU",
            UID,
            (ContextResult(1, 0, "1.2.840.10008.1.2"), ContextResult(3, 3, "")),
            UserInformation(max_pdu_length=0),
        ),
    ),
    (0x03, "00 01 01 07   reserved, permanent, service-user, called title", AssociateRj(SPAN, 4, 1, 1, 7)),
    (0x03, "00 02 03 02   reserved, transient, presentation, local limit", AssociateRj(SPAN, 4, 2, 3, 2)),
    (0x03, "ff 63 62 61   codes the standard does not list", AssociateRj(SPAN, 4, 0x63, 0x62, 0x61)),
    (0x05, "00 00 00 00   reserved", ReleaseRq(SPAN, 4)),
    (0x06, "ff ff ff ff   reserved, not tested (PS3.8 §9.3.1)", ReleaseRp(SPAN, 4)),
    (0x07, "00 00 00 00   reserved, service-user", Abort(SPAN, 4, 0, 0)),
    (0x07, "00 00 02 06   reserved, service-provider, invalid-PDU-parameter value", Abort(SPAN, 4, 2, 6)),
    (0x07, "00 00 01 09   reserved, reserved source", Abort(SPAN, 4, 1, 9)),
    (0x08, "01 02         no such PDU type", UnknownPdu(SPAN, 2, 0x08, b"\x01\x02")),
    (0xFF, "", UnknownPdu(SPAN, 0, 0xFF, b"")),
]


def from_table(text: str) -> bytes:
    """Bytes of an annotated dump: two-digit columns up to the first run of three spaces."""
    return bytes.fromhex("".join(line.strip().split("   ")[0] for line in text.splitlines()))


@pytest.mark.parametrize(("kind", "dump", "expected"), TABLE, ids=lambda each: getattr(each, "name", "-"))
def test_a_pdu_decodes_to_its_fields(kind, dump, expected):
    body = from_table(dump)
    sent = {"raw": body} if isinstance(expected, AssociateRq | AssociateAc) else {}
    assert decode_control_pdu(kind, body, SPAN) == replace(expected, **sent)


@pytest.mark.parametrize("kind", [0x01, 0x02, 0x03, 0x07])
def test_a_pdu_too_short_for_its_type_is_kept_with_the_field_that_is_missing(kind):
    found = decode_control_pdu(kind, b"\0\1", SPAN)
    assert isinstance(found, UnknownPdu)
    assert (found.type, found.data) == (kind, b"\0\1")
    assert "runs past the end: it takes " in found.problem
    assert found.name == PDU_TYPES[kind]


@pytest.mark.parametrize(("kind", "release"), [(5, ReleaseRq), (6, ReleaseRp)])
def test_a_release_without_its_reserved_bytes_is_a_release_all_the_same(kind, release):
    assert decode_control_pdu(kind, b"\0\0", SPAN) == release(SPAN, 2, "2 of 4 reserved bytes are there")


@pytest.mark.parametrize(("kind", "name"), [(3, "A-ASSOCIATE-RJ"), (5, "A-RELEASE-RQ"), (7, "A-ABORT")])
def test_bytes_beyond_the_layout_are_reported(kind, name):
    found = decode_control_pdu(kind, bytes(6), SPAN)
    assert found.name == name
    assert found.problem == "2 bytes beyond the PDU's layout"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"A  B            ", "A  B"),
        (b"  LEAD          ", "LEAD"),
        (b"NUL\0\0\0\0\0\0\0\0\0\0\0\0\0", "NUL"),
        (b"                ", ""),
        (b"CONTROL\x07        ", "CONTROL\\x07"),
        (b"M\xfcnchen         ", "M\\xfcnchen"),
    ],
)
def test_ae_titles_lose_their_padding_and_show_odd_bytes(raw, shown):
    body = from_table(RQ)
    found = decode_control_pdu(1, body[:4] + raw + body[20:], SPAN)
    assert found.called_ae_title == shown


def test_every_prefix_of_a_request_decodes_to_something():
    body = from_table(RQ)
    for length in range(len(body)):
        found = decode_control_pdu(1, body[:length], SPAN)
        assert found.problem or length in (68, 68 + 25, 68 + 25 + 50)


@pytest.mark.parametrize("dump", [RQ, AC], ids=["RQ", "AC"])
def test_the_fields_of_a_pdu_cover_it_from_first_to_last_byte(dump):
    body = from_table(dump)
    fields = list_fields(1 if dump is RQ else 2, body)
    covered = {place for field in fields for place in range(field.start, field.end)}
    assert covered == set(range(len(body)))
    assert [field.value for field in fields if field.name == "Called-AE-title"] == ["STORESCP"]
    assert all(0 <= field.start <= field.end <= len(body) for field in fields)


def test_the_fields_of_an_undecodable_pdu_end_with_what_is_left():
    assert [(field.name, field.start, field.end) for field in list_fields(1, b"\0\1\0\0abc")][-1] == (
        "Undecodable",
        4,
        7,
    )


def test_equal_bodies_mean_the_same_and_keep_their_own_places():
    body = bytes.fromhex("".join(line.strip().split("   ")[0] for line in RQ.splitlines()))
    elsewhere = replace(SPAN, first_packet=9, last_packet=9)
    first, second = decode_control_pdu(1, body, SPAN), decode_control_pdu(1, body, elsewhere)
    assert (first.span, second.span) == (SPAN, elsewhere)
    assert first == replace(second, span=SPAN)


@pytest.mark.parametrize("cut", [None, -3], ids=["whole", "cut"])
@pytest.mark.parametrize("dump", [RQ, AC], ids=["RQ", "AC"])
def test_items_mean_the_same_whoever_calls(dump, cut):
    kind, body = 1 if dump is RQ else 2, from_table(dump)[:cut]
    other = body[:4] + b"OTHER".ljust(16) + b"SOMEBODY".ljust(16) + body[36:]
    first, second = decode_control_pdu(kind, body, SPAN), decode_control_pdu(kind, other, SPAN)
    assert (second.called_ae_title, second.calling_ae_title, second.raw) == ("OTHER", "SOMEBODY", other)
    titles = {name: getattr(first, name) for name in ("called_ae_title", "calling_ae_title", "raw")}
    assert replace(second, **titles) == first
    assert bool(first.problem) is (cut is not None)
