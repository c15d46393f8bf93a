"""Titles, roles, items and presentation contexts: what differs, and whether it can be why."""

import pytest

import build
from comparing.exchanges import ACCEPTED, MR, PROPOSED, differences, echoed, exchanged, lines, stored
from dicomsniff.comparing.difference import Kind, Weight
from findings.traffic import CT, identity, role

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", build.IMPLICIT
GOOD = exchanged(stored())


def refused(proposed: bytes = PROPOSED, reason: tuple[int, int, int] = (1, 1, 1)) -> list[build.Packet]:
    talk = build.Talk().open()
    talk.client(proposed)
    talk.server(build.associate_rj(*reason))
    return talk.close().packets


def proposal(*, user: bytes | None = None, called: str = "STORESCP", ct: tuple[str, ...] = (IMPLICIT,)) -> bytes:
    contexts = build.proposal(1), build.proposal(3, CT, ct), build.proposal(5, MR)
    return build.associate_rq(*contexts, user=user, called=called)


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("STORESCP\0\0\0\0\0\0\0\0", "padded with NUL"),
        ("STORESCP\0", "padded with spaces and NUL"),
        (" STORESCP", "padded with spaces and with spaces before it"),
    ],
)
def test_how_a_title_is_padded_is_told_first_where_nothing_was_accepted(called, said):
    first = lines(GOOD, refused(proposal(called=called)))[0]
    assert first == f'called AE title "STORESCP": {said} in BAD; padded with spaces in GOOD'


def test_another_title_is_the_cause_of_a_refusal_for_it_and_slight_otherwise():
    other = proposal(called="ARCHIVE")
    assert lines(GOOD, refused(other, (1, 1, 7)))[0] == 'called AE title: "ARCHIVE" in BAD; "STORESCP" in GOOD'
    (difference,) = differences(GOOD, exchanged(stored(), proposed=other))
    assert (difference.kind, difference.weight) == (Kind.TITLE, Weight.SLIGHT)


def test_a_refusal_for_another_reason_is_not_blamed_on_titles():
    found = differences(GOOD, refused(proposal(called="ARCHIVE"), (2, 3, 2)))
    assert (found[0].kind, found[0].bad) == (Kind.REJECTION, "refused (local limit exceeded)")


def test_an_item_that_is_missing_is_told_first_where_nothing_was_accepted():
    good = exchanged(stored(), proposed=proposal(user=build.user_information(16384, identity())))
    assert lines(good, refused())[0] == (
        "user identity of the requestor: absent in BAD; of type 2, no answer asked for in GOOD"
    )


@pytest.mark.parametrize(("length", "weight"), [(8192, Weight.SLIGHT), (4096, Weight.TELLING), (0, Weight.TELLING)])
def test_a_maximum_length_tells_where_it_is_much_shorter_or_longer(length, weight):
    (difference,) = differences(GOOD, exchanged(stored(), proposed=proposal(user=build.user_information(length))))
    assert (difference.kind, difference.weight) == (Kind.MAX_LENGTH, weight)


def test_a_refused_context_is_decisive_where_the_good_one_used_it():
    answered = build.associate_ac(build.answer(1), build.answer(3, 3), build.answer(5))
    assert lines(GOOD, exchanged(echoed(), answered=answered))[0] == (
        "presentation context of CT Image Storage: refused (abstract syntax not supported) in BAD; "
        "accepted as Implicit VR Little Endian in GOOD"
    )


def test_a_refused_context_that_nobody_used_is_slight():
    answered = build.associate_ac(build.answer(1), build.answer(3), build.answer(5, 3))
    assert lines(GOOD, exchanged(stored(), answered=answered), weight=Weight.SLIGHT) == [
        "presentation contexts of MR Image Storage, unused: not accepted in BAD; accepted in GOOD"
    ]


def test_a_syntax_that_was_not_proposed_is_told_so():
    good = exchanged(
        stored(), proposed=proposal(ct=(EXPLICIT, IMPLICIT)),
        answered=build.associate_ac(build.answer(1), build.answer(3, 0, EXPLICIT), build.answer(5)),
    )  # fmt: skip
    assert lines(good, exchanged())[0] == (
        "transfer syntax of CT Image Storage: accepted as Implicit VR Little Endian "
        "(Explicit VR Little Endian not proposed) in BAD; accepted as Explicit VR Little Endian in GOOD"
    )
    assert Kind.SYNTAX not in {each.kind for each in differences(good, exchanged(stored())) if not each.weight}


def test_the_order_of_the_syntaxes_proposed_is_slight():
    good = exchanged(stored(), proposed=proposal(ct=(IMPLICIT, EXPLICIT)))
    bad = exchanged(stored(), proposed=proposal(ct=(EXPLICIT, IMPLICIT)))
    assert lines(good, bad, weight=Weight.SLIGHT) == [
        "order of transfer syntaxes of CT Image Storage: "
        "proposed as Explicit VR Little Endian or Implicit VR Little Endian in BAD; "
        "proposed as Implicit VR Little Endian or Explicit VR Little Endian in GOOD"
    ]


def test_a_role_that_is_not_answered_is_told():
    user = build.user_information(16384, role(CT, 1, 1))
    contexts = build.answer(1), build.answer(3), build.answer(5)
    good = exchanged(stored(), proposed=proposal(user=user), answered=build.associate_ac(*contexts, user=user))
    bad = exchanged(stored(), proposed=proposal(user=user), answered=ACCEPTED)
    assert lines(good, bad) == [
        "role for CT Image Storage: "
        "requestor is SCU (default: its proposal to be SCU and SCP was not answered) in BAD; "
        "requestor is SCU and SCP in GOOD"
    ]


def test_a_class_that_was_proposed_and_refused_is_not_called_unproposed_where_it_was_proposed():
    good = exchanged(stored(), answered=build.associate_ac(build.answer(1), build.answer(3), build.answer(5, 3)))
    bad = exchanged(
        stored(), proposed=build.associate_rq(build.proposal(1), build.proposal(3, CT)),
        answered=build.associate_ac(build.answer(1), build.answer(3)),
    )  # fmt: skip
    assert lines(good, bad) == [
        "presentation contexts of MR Image Storage, unused: not proposed in BAD; proposed in GOOD"
    ]
    assert lines(bad, good) == [
        "presentation contexts of MR Image Storage, unused: proposed in BAD; not proposed in GOOD"
    ]


def test_of_what_was_refused_the_classes_that_the_good_one_did_not_use_are_told_together():
    other = build.associate_rq(build.proposal(1), build.proposal(3, CT), build.proposal(5, MR, (EXPLICIT,)))
    assert "transfer syntaxes of MR Image Storage, unused: proposed otherwise in BAD; proposed in GOOD" in (
        lines(GOOD, refused(other), weight=Weight.TELLING)
    )


def test_a_class_that_was_not_proposed_is_less_telling_than_a_failure_of_another_one():
    bad = exchanged(
        stored(1, 0xA700), proposed=build.associate_rq(build.proposal(1), build.proposal(3, CT)),
        answered=build.associate_ac(build.answer(1), build.answer(3)),
    )  # fmt: skip
    good = exchanged(stored(1), stored(2, sop_class=MR))
    first, second, *_ = differences(good, bad)
    assert (first.kind, first.weight) == (Kind.STATUS, Weight.DECISIVE)
    assert second.kind is Kind.MISSING_OPERATION
    assert (
        "presentation context of MR Image Storage: not proposed in BAD; accepted as Implicit VR Little Endian in GOOD"
        in (lines(good, bad, weight=Weight.TELLING))
    )
