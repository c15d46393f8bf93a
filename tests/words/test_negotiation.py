"""What a negotiation comes to, in words: roles, limits, and what can be sent how."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.association.agreement import NOT_SELECTED, selected_roles
from dicomsniff.library import Capture
from examples import examples
from negotiations import extended, negotiate, role, window
from unmarked import consequences, context_lines, contexts_json, information_json, limits, role_text

CT, VERIFICATION, IMPLICIT, EXPLICIT = build.CT_IMAGE_STORAGE, build.VERIFICATION, build.IMPLICIT, build.EXPLICIT
MR, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2.1"
GET, FIND = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.1"
JPEG, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"


CONSEQUENCES = [
    (
        "one syntax accepted",
        [build.proposal(1, CT, [EXPLICIT, IMPLICIT])],
        [build.answer(1, 0, IMPLICIT)],
        ["CT Image Storage can be sent only as Implicit VR Little Endian"],
    ),
    (
        "two contexts for a SOP class",
        [build.proposal(1, CT, [EXPLICIT]), build.proposal(3, CT, [IMPLICIT])],
        [build.answer(1, 0, EXPLICIT), build.answer(3, 0, IMPLICIT)],
        ["CT Image Storage can be sent as Explicit VR Little Endian or Implicit VR Little Endian"],
    ),
    (
        "a SOP class refused, another without an answer",
        [build.proposal(1, CT), build.proposal(3, ENHANCED_CT), build.proposal(5, MR), build.proposal(7)],
        [build.answer(1), build.answer(3, 3), build.answer(7, 1)],
        [
            "CT Image Storage can be sent only as Implicit VR Little Endian",
            "no context for Enhanced CT Image Storage: the sender must convert or fail",
            "no context for MR Image Storage: the sender must convert or fail",
            "no context for Verification SOP Class: it cannot be used",
        ],
    ),
    (
        "no transfer syntax supported",
        [build.proposal(1), build.proposal(3, CT, [JPEG])],
        [build.answer(1), build.answer(3, 4)],
        [
            "no context for CT Image Storage: "
            "the sender must convert to a transfer syntax that was not proposed, or fail"
        ],
    ),
    (
        "compressed ones not taken, in the context of the uncompressed and in another",
        [build.proposal(1, CT, [JPEG, IMPLICIT]), build.proposal(3, CT, [RLE])],
        [build.answer(1, 0, IMPLICIT), build.answer(3, 4)],
        [
            "CT Image Storage can be sent only as Implicit VR Little Endian",
            "CT Image Storage compressed as JPEG Baseline (Process 1) or RLE Lossless was not accepted: "
            "the sender must decompress",
        ],
    ),
    (
        "only a compressed one accepted",
        [build.proposal(1, CT, [IMPLICIT]), build.proposal(3, CT, [RLE])],
        [build.answer(1, 4), build.answer(3, 0, RLE)],
        ["CT Image Storage can be sent only as RLE Lossless"],
    ),
    (
        "proposed twice",
        [build.proposal(1, CT), build.proposal(3, CT), build.proposal(3, MR)],
        [build.answer(1), build.answer(3)],
        [
            "context 3 is proposed 2 times: it is not defined which of them the answer means",
            "CT Image Storage is proposed more than once with the same transfer syntaxes: contexts 1, 3",
            "CT Image Storage can be sent only as Implicit VR Little Endian",
        ],
    ),
    (
        "nothing accepted",
        [build.proposal(1, CT), build.proposal(3, MR)],
        [build.answer(1, 3), build.answer(3, 4)],
        ["no context was accepted: nothing can be exchanged"],
    ),
    ("another service", [build.proposal(1)], [build.answer(1)], []),
    ("no answer captured", [build.proposal(1, CT)], None, []),
    ("an answer to nothing", [build.proposal(1)], [build.answer(1), build.answer(9)], []),
]


@pytest.mark.parametrize(("what", "proposals", "answers", "expected"), CONSEQUENCES, ids=[c[0] for c in CONSEQUENCES])
def test_what_follows_from_the_contexts(what, proposals, answers, expected):
    assert consequences(negotiate(proposals, answers)) == expected


SENT = "CT Image Storage can be sent only as Implicit VR Little Endian"
ROLES = [
    # proposed, answered, with C-GET: what is said of them
    (None, None, False, []),
    (None, None, True, ["C-GET cannot deliver CT Image Storage: SCP role not negotiated"]),
    ((1, 0), (1, 0), True, ["C-GET cannot deliver CT Image Storage: SCP role not negotiated"]),
    ((1, 1), (1, 1), False, ["requestor may also act as SCP of CT Image Storage"]),
    ((1, 1), (1, 1), True, ["requestor may also act as SCP of CT Image Storage: C-GET can deliver it"]),
    ((0, 1), (0, 1), True, ["requestor may act only as SCP of CT Image Storage: C-GET can deliver it"]),
    (
        (1, 1),
        (0, 1),
        True,
        [
            "requestor may act only as SCP of CT Image Storage: C-GET can deliver it",
            "requestor may not act as SCU of CT Image Storage: the role was refused",
        ],
    ),
    (
        (0, 1),
        (0, 0),
        True,
        [
            "requestor may not act as SCP of CT Image Storage: the role was refused",
            "C-GET cannot deliver CT Image Storage: SCP role not accepted",
        ],
    ),
    (
        (0, 1),
        None,
        True,
        [
            "requestor may not act as SCP of CT Image Storage: the role was not answered",
            "C-GET cannot deliver CT Image Storage: SCP role not accepted",
        ],
    ),
    (None, (1, 1), False, ["acceptor accepts a role for CT Image Storage that was not proposed"]),
    ((1, 0), (1, 1), False, ["acceptor accepts a role for CT Image Storage that was not proposed"]),
]


@pytest.mark.parametrize(("proposed", "answered", "get", "expected"), ROLES)
def test_what_follows_from_the_roles(proposed, answered, get, expected):
    numbers = (1, 3) if get else (1,)
    proposals = [build.proposal(number, GET if number == 3 else CT) for number in numbers]
    asked = (role(CT, *proposed),) if proposed is not None else ()
    said = (role(CT, *answered),) if answered is not None else ()
    association = negotiate(proposals, [build.answer(number) for number in numbers], asked, said)
    assert consequences(association) == [SENT, *expected]


def test_a_private_sop_class_is_a_storage_one_where_the_requestor_says_so():
    common = build.item(0x57, b"\0\x05" + b"1.2.3" + b"\0\x11" + b"1.2.840.10008.4.2" + b"\0\0")
    plain = negotiate([build.proposal(1, "1.2.3")], [build.answer(1)])
    said = negotiate([build.proposal(1, "1.2.3")], [build.answer(1)], (common,))
    assert consequences(plain) == []
    assert consequences(said) == ["1.2.3 can be sent only as Implicit VR Little Endian"]


def test_what_else_each_side_said_is_shown():
    asked = (extended(CT, b"\2\0\3\0\1\0\xaa"), build.item(0x58, b"\2\1\0\1a\0\1b"), build.item(0x5A, b"xyz"))
    lines = list(context_lines(negotiate([build.proposal(1, CT)], [build.answer(1)], asked)))
    assert [line.strip() for line in lines if line.startswith("  requestor:")] == [
        "requestor: user identity, username and passcode (withheld), asks for a response",
        "requestor: CT Image Storage: Level-of-support 2 level 2 SCP, "
        "Level-of-Digital-Signature-support 3 signature level 3, Element-Coercion 1 may coerce Data Elements, aa",
        "requestor: unknown or repeated item 0x5A, 3 bytes",
    ]


def test_c_get_without_a_storage_context_delivers_nothing():
    association = negotiate([build.proposal(1, GET), build.proposal(3, CT)], [build.answer(1), build.answer(3, 3)])
    assert "C-GET cannot deliver anything: no storage context was accepted" in consequences(association)


ROLE_TEXTS = [
    (None, None, "requestor is SCU (default)", ["SCU"]),
    ((1, 1), (1, 1), "requestor is SCU and SCP", ["SCU", "SCP"]),
    ((1, 1), (0, 1), "requestor is SCP (proposed: SCU and SCP)", ["SCP"]),
    ((1, 1), None, "requestor is SCU (default: its proposal to be SCU and SCP was not answered)", ["SCU"]),
    ((0, 1), (0, 0), "requestor is neither SCU nor SCP (proposed: SCP)", []),
]


@pytest.mark.parametrize(("proposed", "answered", "expected", "accepted"), ROLE_TEXTS)
def test_roles_in_words_and_in_json(proposed, answered, expected, accepted):
    asked = (role(CT, *proposed),) if proposed is not None else ()
    said = (role(CT, *answered),) if answered is not None else ()
    association = negotiate([build.proposal(1, CT)], [build.answer(1)], asked, said)
    assert role_text(association, selected_roles(association).get(CT, NOT_SELECTED)) == expected
    (found,) = contexts_json(association)
    names = [name for name, on in zip(("SCU", "SCP"), proposed, strict=True) if on] if proposed else None
    assert (found["proposed_roles"], found["accepted_roles"]) == (names, accepted)


def test_roles_proposed_are_a_proposal_until_they_are_answered():
    association = negotiate([build.proposal(1, CT)], None, (role(CT, 0, 1),))
    assert role_text(association, selected_roles(association)[CT]) == "requestor proposes to be SCP"
    (found,) = contexts_json(association)
    assert found["accepted_roles"] is None


WINDOWS = [
    (None, None, "requestor invokes 1, performs 1 (default)"),
    ((8, 0), (8, 0), "requestor invokes 8, performs any number"),
    ((8, 4), (2, 1), "requestor invokes 2, performs 1 (proposed: requestor invokes 8, performs 4)"),
    ((8, 4), None, "requestor invokes 1, performs 1 (proposed: requestor invokes 8, performs 4)"),
    (None, (5, 5), "requestor invokes 1, performs 1 (default)"),
]


@pytest.mark.parametrize(("proposed", "answered", "expected"), WINDOWS)
def test_operations_at_a_time(proposed, answered, expected):
    asked = (window(*proposed),) if proposed is not None else ()
    said = (window(*answered),) if answered is not None else ()
    association = negotiate([build.proposal(1)], [build.answer(1)], asked, said)
    assert limits(association)[2:] == [f"operations at a time: {expected}"]


def test_the_length_each_side_takes():
    association = negotiate([build.proposal(1)], [build.answer(1)], lengths=(0, 4096))
    assert limits(association)[:2] == [
        "requestor takes P-DATA-TF of any length",
        "acceptor takes P-DATA-TF of up to 4096 bytes",
    ]


def test_what_was_not_captured_is_not_guessed():
    association = negotiate([build.proposal(1)], None, (window(3, 3),))
    assert limits(association) == [
        "requestor takes P-DATA-TF of up to 16384 bytes",
        "operations at a time: proposed, requestor invokes 3, performs 3",
    ]


def test_options_of_queries_are_agreed_or_not():
    asked = (extended(FIND, b"\1\1\0\1"), extended(CT, b"\2\0\0\0\1\0"))
    association = negotiate([build.proposal(1, FIND)], [build.answer(1)], asked, (extended(FIND, b"\1\0\1"),))
    assert consequences(association) == [
        "Study Root Query/Retrieve Information Model - FIND: "
        "Relational-queries agreed; Date-time-matching, Timezone-query-adjustment not agreed"
    ]


def test_contexts_that_share_some_transfer_syntaxes_are_not_the_same_proposal():
    proposals = [build.proposal(1, CT, (IMPLICIT, EXPLICIT)), build.proposal(3, CT, (IMPLICIT,))]
    answers = [build.answer(1), build.answer(3)]
    assert not [said for said in consequences(negotiate(proposals, answers)) if "more than once" in said]
    again = [*proposals, build.proposal(5, CT, (EXPLICIT, IMPLICIT))]
    assert [
        said for said in consequences(negotiate(again, [*answers, build.answer(5)])) if "more than once" in said
    ] == ["CT Image Storage is proposed more than once with the same transfer syntaxes: contexts 1, 5"]


def test_of_several_answers_on_the_options_of_a_class_the_first_counts():
    asked = (extended(FIND, b"\1\1\0"), extended(FIND, b"\0\0\1"))
    answers = (extended(FIND, b"\1\0\0"), extended(FIND, b"\1\1\0"))
    association = negotiate([build.proposal(1, FIND)], [build.answer(1)], asked, answers)
    assert consequences(association) == [
        "Study Root Query/Retrieve Information Model - FIND: Relational-queries agreed; Date-time-matching not agreed"
    ]


def test_options_that_were_not_asked_for_are_not_agreed():
    association = negotiate(
        [build.proposal(1, FIND)], [build.answer(1)], (extended(FIND, b"\0\1"),), (extended(FIND, b"\1\1"),)
    )
    assert consequences(association) == [
        "Study Root Query/Retrieve Information Model - FIND: Date-time-matching agreed"
    ]


def test_a_user_identity_is_told_without_its_secrets():
    identity = build.item(0x58, b"\2\1\0\5alice\0\7hunter2")
    association = negotiate([build.proposal(1)], [build.answer(1)], (identity,), (build.item(0x59, b"\0\6ticket"),))
    requestor = information_json(association.requestor.information)
    acceptor = information_json(association.acceptor.information)
    assert requestor["user_identity"] == {
        "type": 2,
        "type_name": "username and passcode",
        "positive_response_requested": True,
    }
    assert acceptor["user_identity_response"] == {"length": 6}
    everything = repr(requestor) + repr(acceptor) + "".join(context_lines(association))
    for secret in (b"alice", b"hunter2", b"ticket"):
        assert secret.decode() not in everything
        assert secret.hex() not in everything


CLASSES = st.sampled_from([CT, MR, GET, FIND, VERIFICATION, "1.2.3"])
SAID = st.lists(
    st.builds(role, CLASSES, st.integers(0, 255), st.integers(0, 255))
    | st.builds(window, st.integers(0, 65535), st.integers(0, 65535))
    | st.builds(extended, CLASSES, st.binary(max_size=9))
    | st.builds(build.item, st.integers(0x50, 0x5B), st.binary(max_size=30)),
    max_size=5,
).map(tuple)
NUMBERS = st.integers(0, 9)


@given(
    st.lists(st.builds(build.proposal, NUMBERS, CLASSES, st.lists(st.sampled_from([IMPLICIT, JPEG, "x"])))),
    st.lists(st.builds(build.answer, NUMBERS, NUMBERS, st.sampled_from([IMPLICIT, JPEG, ""]))) | st.none(),
    SAID,
    SAID,
)
@settings(max_examples=examples(200))
def test_whatever_was_negotiated_can_be_said(proposals, answers, asked, said):
    association = negotiate(proposals, answers, asked, said)
    lines = [*context_lines(association), *consequences(association), *limits(association)]
    assert all(line.isprintable() for line in lines)
    json.dumps([contexts_json(association), information_json(association.requestor.information)])


def test_every_sample_says_what_its_negotiation_comes_to(samples: Path):
    for path in sorted(samples.glob("*.pcap*")):
        with Capture(str(path)) as capture:
            for association in capture.associations:
                for line in [*consequences(association), *limits(association), *context_lines(association)]:
                    assert line.isprintable()
                    assert "None" not in line
