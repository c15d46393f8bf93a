"""Every item and sub-item of A-ASSOCIATE PDUs, from annotated bytes (PS3.8 §9.3.2, PS3.7 Annex D.3.3)."""

import pytest

import build
from dicomsniff.dictionary.application_information import INFORMATION as INFORMATION_LAYOUTS
from dicomsniff.dictionary.pdu_types import item_type_name
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.pdu.decode import decode_control_pdu, list_fields
from dicomsniff.pdu.types import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UnknownItem,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
)
from dicomsniff.span import Span

UNKNOWN, SECOND = UnknownItem(0x99, b"\xaa"), UnknownItem(0x30, b"2")
SPAN = Span(1, 1, 0, 0, 24)
HEAD = b"\0\1\0\0" + b"CALLED".ljust(16) + b"CALLING".ljust(16) + bytes(32)

SUB_ITEMS = [
    ("51 00 00 04  00 01 00 00", {"max_pdu_length": 65536}),
    ("51 00 00 04  ff ff ff ff", {"max_pdu_length": 0xFFFFFFFF}),
    ("52 00 00 05  31 2e 32 2e 33", {"implementation_class_uid": "1.2.3"}),
    ("52 00 00 06  31 2e 32 2e 33 00", {"implementation_class_uid": "1.2.3"}),  # NUL padding, not allowed here
    ("53 00 00 04  00 05 00 00", {"asynchronous_operations_window": AsynchronousOperationsWindow(5, 0)}),
    ("54 00 00 07  00 03  31 2e 32  00 01", {"roles": (RoleSelection("1.2", 0, 1),)}),
    ("55 00 00 04  56 31 2e 30", {"implementation_version_name": "V1.0"}),
    ("56 00 00 07  00 03  31 2e 32  01 00", {"extended": (ExtendedNegotiation("1.2", b"\1\0"),)}),
    ("56 00 00 05  00 03  31 2e 32", {"extended": (ExtendedNegotiation("1.2", b""),)}),
    (
        "57 00 00 13  00 03  31 2e 32  00 03  31 2e 33  00 07  00 05  31 2e 34 2e 35",
        {"common_extended": (CommonExtendedNegotiation("1.2", "1.3", ("1.4.5",)),)},
    ),
    (
        "57 00 00 0c  00 03  31 2e 32  00 03  31 2e 33  00 00",
        {"common_extended": (CommonExtendedNegotiation("1.2", "1.3", ()),)},
    ),
    ("58 00 00 0a  02 01  00 02 6d 65  00 02 70 77", {"identity": UserIdentity(2, 1, b"me", b"pw")}),
    ("58 00 00 08  05 00  00 02 61 62  00 00", {"identity": UserIdentity(5, 0, b"ab", b"")}),
    ("59 00 00 05  00 03  01 02 03", {"identity_response": UserIdentityResponse(b"\1\2\3")}),
    ("59 00 00 02  00 00", {"identity_response": UserIdentityResponse(b"")}),
    ("5a 00 00 02  aa bb", {"unknown": (UnknownItem(0x5A, b"\xaa\xbb"),)}),
]

CUT_SHORT = [
    ("51 00 00 02  00 01", "Maximum-length-received"),
    ("51 00 00 04  00 01", "Maximum Length"),
    ("52 00 ff ff  31", "Implementation Class UID"),
    ("53 00 00 02  00 05", "Maximum-number-operations-performed"),
    ("54 00 00 05  00 09  31 2e 32", "SOP-class-uid"),
    ("56 00 00 02  00 01", "SOP-class-uid"),
    ("57 00 00 06  00 02  31 2e  00 01", "Service-class-uid"),
    ("57 00 00 08  00 01  31  00 01  31  00 09", "Related-general-sop-classes"),
    ("58 00 00 06  02 01  00 09  6d 65", "Primary-field"),
    ("59 00 00 03  00 03  01", "Server-response"),
    ("51 00", "Item-length"),
]


def decode(kind: int, items: bytes):
    return decode_control_pdu(kind, HEAD + items, SPAN)


@pytest.mark.parametrize(("dump", "expected"), SUB_ITEMS)
def test_a_sub_item_of_user_information_decodes_to_its_field(dump, expected):
    found = decode(1, build.item(0x50, bytes.fromhex(dump)))
    assert found.user_information == UserInformation(**expected)
    assert not found.problem


@pytest.mark.parametrize(("dump", "field"), CUT_SHORT)
def test_a_sub_item_that_does_not_fit_names_the_field_and_keeps_what_came_before(dump, field):
    before = bytes.fromhex("55 00 00 01 56")
    found = decode(1, build.item(0x50, before + bytes.fromhex(dump)))
    item = item_type_name(bytes.fromhex(dump)[0])
    assert found.problem.startswith(
        (f"{item}: {field} at byte ", f"{field} at byte ", f"{item} at byte ", "Item-length at byte ")
    )
    assert field in found.problem
    assert found.user_information.implementation_version_name == "V"


def test_repeated_sub_items_are_all_kept():
    items = "54 00 00 07 00 03 31 2e 32 00 01  54 00 00 07 00 03 31 2e 33 01 00"
    found = decode(1, build.item(0x50, bytes.fromhex(items)))
    assert found.user_information.roles == (RoleSelection("1.2", 0, 1), RoleSelection("1.3", 1, 0))


ITEMS = [
    (1, "10 00 00 03  31 2e 32", "application_context_name", "1.2"),
    (1, "20 00 00 0b  05 00 00 00  30 00 00 03  31 2e 32", "contexts", (ProposedContext(5, "1.2", ()),)),
    (
        1,
        "20 00 00 13  ff 00 00 00  30 00 00 01 31  40 00 00 01 32  40 00 00 01 33",
        "contexts",
        (ProposedContext(255, "1", ("2", "3")),),
    ),
    (2, "21 00 00 09  03 00 00 00  40 00 00 01 32", "contexts", (ContextResult(3, 0, "2"),)),
    (2, "21 00 00 04  03 00 02 00", "contexts", (ContextResult(3, 2, ""),)),  # no transfer syntax at all
    (2, "21 00 00 08  03 ff 04 ff  40 ff 00 00", "contexts", (ContextResult(3, 4, ""),)),
    (1, "77 00 00 02  aa bb", "unknown", (UnknownItem(0x77, b"\xaa\xbb"),)),
    (2, "77 00 00 00", "unknown", (UnknownItem(0x77, b""),)),
]


@pytest.mark.parametrize(("kind", "dump", "field", "expected"), ITEMS)
def test_an_item_decodes_to_its_field(kind, dump, field, expected):
    found = decode(kind, bytes.fromhex(dump))
    assert getattr(found, field) == expected
    assert not found.problem


MISPLACED = [
    (1, "20 00 00 0e  01 00 00 00  99 00 00 01 aa  30 00 00 01 31", ProposedContext(1, "1", (), (UNKNOWN,))),
    (1, "20 00 00 0e  01 00 00 00  30 00 00 01 31  30 00 00 01 32", ProposedContext(1, "1", (), (SECOND,))),
    (2, "21 00 00 0e  01 00 00 00  99 00 00 01 aa  40 00 00 01 31", ContextResult(1, 0, "1", (UNKNOWN,))),
    (2, "21 00 00 0e  01 00 00 00  30 00 00 01 32  40 00 00 01 31", ContextResult(1, 0, "1", (SECOND,))),
    (
        2,
        "21 00 00 0e  01 00 00 00  40 00 00 01 31  40 00 00 01 32",
        ContextResult(1, 0, "1", (UnknownItem(0x40, b"2"),)),
    ),
]


@pytest.mark.parametrize(("kind", "dump", "expected"), MISPLACED)
def test_sub_items_that_have_no_place_in_a_context_are_kept(kind, dump, expected):
    found = decode(kind, bytes.fromhex(dump))
    assert found.contexts == (expected,)
    assert not found.problem


def test_of_a_sub_item_that_may_stand_once_the_first_counts_and_others_are_kept():
    found = decode(1, build.item(0x50, bytes.fromhex("51 00 00 04 00 00 10 00  51 00 00 04 00 00 20 00")))
    again = UnknownItem(0x51, b"\0\0\x20\0")
    assert found.user_information == UserInformation(max_pdu_length=4096, unknown=(again,))


def test_as_many_sub_items_as_a_pdu_can_hold_all_decode():
    roles = build.item(0x50, build.item(0x54, b"\0\0\1\1") * 8191)
    found = decode(1, roles * 15)
    assert len(found.user_information.roles) == 8191 * 15
    assert not found.problem


def test_of_an_application_context_sent_twice_the_first_counts_and_the_other_is_kept():
    found = decode(1, bytes.fromhex("10 00 00 01 31  10 00 00 01 32"))
    assert (found.application_context_name, found.unknown) == ("1", (UnknownItem(0x10, b"2"),))


# Service class application information, byte by byte

STUDY_FIND, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST_FIND, UPS_PULL = "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.34.6.3"
QUERY_NAMES = [
    "Relational-queries",
    "Date-time-matching",
    "Fuzzy-semantic-matching-of-person-names",
    "Timezone-query-adjustment",
    "Enhanced-Multi-Frame-Image-Conversion",
    "Empty-value-matching",
    "Multiple-value-matching",
]
INFORMATION = [
    (
        build.CT_IMAGE_STORAGE,
        "02 00 03 00 01 00",
        [
            "Level-of-support 2 level 2 SCP",
            "Reserved 0",
            "Level-of-Digital-Signature-support 3 signature level 3",
            "Reserved 0",
            "Element-Coercion 1 may coerce Data Elements",
            "Reserved 0",
        ],
    ),
    (
        build.CT_IMAGE_STORAGE,
        "03 00 09",
        [
            "Level-of-support 3 not applicable, SCU only",
            "Reserved 0",
            "Level-of-Digital-Signature-support 9",
        ],
    ),
    (
        STUDY_FIND,
        "01 01 01 01 01 01 01",
        [
            f"{name} 1 {'combined matching performed' if name == 'Date-time-matching' else 'supported'}"
            for name in QUERY_NAMES
        ],
    ),
    (STUDY_FIND, "00", ["Relational-queries 0 not supported"]),
    (STUDY_FIND, "", []),
    (
        STUDY_FIND,
        "01 00 00 00 00 00 00 aa bb",
        [
            "Relational-queries 1 supported",
            "Date-time-matching 0 combined matching not performed",
            *(f"{name} 0 not supported" for name in QUERY_NAMES[2:]),
            "Service-class-application-information aa bb",
        ],
    ),
    (STUDY_GET, "01 00", ["Relational-retrieval 1 supported", "Enhanced-Multi-Frame-Image-Conversion 0 not supported"]),
    *(
        (
            uid,
            "01 01 01 00",
            [
                "Reserved 1",
                "Reserved 1",
                "Fuzzy-semantic-matching-of-person-names 1 supported",
                "Timezone-query-adjustment 0 not supported",
            ],
        )
        for uid in (WORKLIST_FIND, UPS_PULL)
    ),
    # No layout is known of these: Verification, Hanging Protocol storage and C-MOVE, a private one.
    *(
        (uid, "01 02", ["Service-class-application-information 01 02"])
        for uid in (build.VERIFICATION, "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.38.3", "1.2.3")
    ),
]


@pytest.mark.parametrize(("uid", "dump", "expected"), INFORMATION)
def test_each_byte_of_the_application_information_is_a_field_as_the_service_defines_it(uid, dump, expected):
    name, information = uid.encode(), bytes.fromhex(dump)
    body = HEAD + build.item(0x50, build.item(0x56, len(name).to_bytes(2, "big") + name + information))
    fields = list_fields(1, body)
    after = next(at for at, field in enumerate(fields) if field.name == "SOP-class-uid") + 1
    assert [f"{field.name} {field.value}" for field in fields[after:]] == expected
    assert b"".join(body[field.start : field.end] for field in fields[after:]) == information
    (found,) = decode_control_pdu(1, body, SPAN).user_information.extended
    assert found == ExtendedNegotiation(uid, information)
    said = [f"{each.name} {each.value} {each.meaning}".rstrip() for each in found.values]
    assert said == [each for each in expected if not each.startswith("Service")]


def test_every_layout_is_that_of_a_registered_sop_class():
    assert all(find_uid_name(uid) for uid in INFORMATION_LAYOUTS)


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.parametrize("beyond", [b"", b"hunter2"])
def test_what_a_user_identity_says_is_in_no_field(again, beyond):
    sub_items = build.item(0x58, b"\2\1\0\5alice\0\7hunter2" + beyond) + build.item(0x59, b"\0\5alice" + beyond)
    body = HEAD + build.item(0x50, sub_items * again)
    secret = {b"alice", b"hunter2"}
    found = list_fields(1, body)
    for field in found:
        holds = any(word in body[field.start : field.end] for word in secret)
        inner = not any(field.start <= each.start and each.end <= field.end for each in found if each is not field)
        if holds and inner:
            assert field.secret
            assert field.value == f"{field.end - field.start} bytes, withheld"
        assert not any(word.decode() in field.value or word.hex(" ") in field.value for word in secret)
    names = [field.name for field in found]
    assert names.count("User-Identity-Type") == 1
    assert next(field.value for field in found if field.name == "User-Identity-Type") == "2 username and passcode"


@pytest.mark.parametrize("kind", [1, 2])
def test_what_python_shows_of_a_negotiation_has_no_secret(kind):
    sub_items = build.item(0x58, b"\2\1\0\5alice\0\7hunter2") + build.item(0x59, b"\0\7hunter2")
    found = decode(kind, build.item(0x50, sub_items * 2))  # the second ones are kept as unknown
    assert found.user_information.identity.secondary_field == b"hunter2"
    assert found.user_information.identity_response.server_response == b"hunter2"
    assert "hunter2" not in f"{found} {found.user_information}"


def test_items_keep_the_order_in_which_they_came():
    found = decode(1, build.proposal(3) + build.proposal(1) + build.proposal(2))
    assert [context.id for context in found.contexts] == [3, 1, 2]


def test_an_item_beyond_the_pdu_keeps_the_items_before_it():
    found = decode(1, build.proposal(1) + b"\x20\0\xff\xff\1\0\0\0")
    assert [context.id for context in found.contexts] == [1]
    said = "Presentation Context (proposed) at byte 122 runs past the end: it takes 65535 bytes, 4 are left"
    assert found.problem == said


def test_a_context_cut_inside_a_sub_item_is_reported():
    found = decode(2, bytes.fromhex("21 00 00 09  01 00 00 00  40 00 00 09 31"))
    assert found.contexts == ()
    assert found.problem == "Transfer Syntax at byte 80 runs past the end: it takes 9 bytes, 1 is left"


def test_128_contexts_of_many_syntaxes_all_decode():
    contexts = [
        build.proposal(n, build.CT_IMAGE_STORAGE, [f"1.2.{n}.{k}" for k in range(50)]) for n in range(1, 256, 2)
    ]
    found = decode(1, b"".join(contexts))
    assert len(found.contexts) == 128
    assert all(len(context.transfer_syntaxes) == 50 for context in found.contexts)
