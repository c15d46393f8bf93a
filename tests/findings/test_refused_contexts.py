"""What was wrong with a proposal that was refused, where the proposal itself tells."""

import pytest

import build
from findings.test_field_reports import told
from findings.traffic import opened, released

CT, MR, VERIFICATION = build.CT_IMAGE_STORAGE, "1.2.840.10008.5.1.4.1.1.4", build.VERIFICATION
IMPLICIT, EXPLICIT, JPEG = build.IMPLICIT, build.EXPLICIT, "1.2.840.10008.1.2.4.50"
CLASS_REFUSED, SYNTAXES_REFUSED = 3, 4
DEFAULT = "Implicit VR Little Endian, which every acceptor must take, was not proposed for"


def refused(*contexts: tuple[str, tuple[str, ...], int], code: str = "contexts-all-refused") -> str:
    """What is said of contexts of these abstract and transfer syntaxes, with the results that they get."""
    asked = [build.proposal(2 * n + 1, uid, syntaxes) for n, (uid, syntaxes, _) in enumerate(contexts)]
    given = [build.answer(2 * n + 1, result, syntaxes[0]) for n, (_, syntaxes, result) in enumerate(contexts)]
    (said,) = told(released(opened(build.associate_rq(*asked), build.associate_ac(*given))), code)
    return said.partition("; ")[2]


@pytest.mark.parametrize("root", ["1.2.840.1000", "1.2.840.100008", "1.2.840.1008", "1.2.480.10008", "1.3.840.10008"])
def test_a_class_whose_root_is_misspelt_is_told_with_the_one_that_was_meant(root):
    said = f"that is no UID of the standard; {CT} (CT Image Storage) is"
    assert refused((f"{root}.5.1.4.1.1.2", (IMPLICIT,), CLASS_REFUSED)) == said


def test_where_several_contexts_were_refused_the_wrong_uid_is_named():
    wrong = f"1.2.840.1000{CT.removeprefix('1.2.840.10008')}"
    also = f"1.2.840.1000{MR.removeprefix('1.2.840.10008')}"
    one = (wrong, (IMPLICIT,), CLASS_REFUSED), (MR, (IMPLICIT,), CLASS_REFUSED)
    assert refused(*one).startswith(f"{wrong} is no UID of the standard; {CT} (CT Image Storage) is; proposed: ")
    two = (wrong, (IMPLICIT,), CLASS_REFUSED), (also, (IMPLICIT,), CLASS_REFUSED)
    said = f"{wrong} and 1 more are no UIDs of the standard; {CT} (CT Image Storage) is; proposed: "
    assert refused(*two).startswith(said)
    twice = (wrong, (IMPLICIT,), CLASS_REFUSED), (wrong, (EXPLICIT,), CLASS_REFUSED)
    assert refused(*twice).startswith(f"{wrong} is no UID of the standard; {CT} (CT Image Storage) is; ")
    beside = (wrong, (IMPLICIT,), CLASS_REFUSED), (MR, (IMPLICIT,), 0)
    assert refused(*beside, code="contexts-refused") == f"that is no UID of the standard; {CT} (CT Image Storage) is"


def test_a_context_without_an_abstract_syntax_is_told_in_single_brackets():
    packets = released(opened(build.associate_rq(build.proposal(1, "")), build.associate_ac(build.answer(1, 3))))
    (said,) = told(packets, "contexts-all-refused")
    assert said.startswith("the only presentation context (no UID) was not accepted: abstract syntax not supported")


@pytest.mark.parametrize("uid", ["1.2.840.113619.5.1.4.1.1.2", "1.3.12.2.1107.5.9.1", "1.3.840.1000.5.1.4.1.1.2"])
def test_a_private_class_that_is_refused_is_nobody_s_mistake(uid):
    assert refused((uid, (IMPLICIT,), CLASS_REFUSED)) == ""


def test_uids_under_the_root_of_the_standard_that_are_not_known_are_named():
    joined = "1.2.840.10008.5.1.4.1.1.104.21.2.840.10008.5.1.4.1.1.2.1"
    unknown = "no UID of the standard, as far as dicomsniff knows"
    assert refused((joined, (IMPLICIT,), CLASS_REFUSED)) == f"that is {unknown}"
    assert refused((CT, ("1.2.840.10008.1.2.4.7",), SYNTAXES_REFUSED)) == f"that is {unknown}"
    both = (JPEG, "1.2.840.10008.1.2.4.7")
    assert refused((CT, both, SYNTAXES_REFUSED)) == f"1.2.840.10008.1.2.4.7 is {unknown}"
    some = (MR, (IMPLICIT,), 0), (CT, (IMPLICIT,), CLASS_REFUSED), (joined, (IMPLICIT,), CLASS_REFUSED)
    assert refused(*some, code="contexts-refused") == f"{joined} is {unknown}"


@pytest.mark.parametrize("syntaxes", [(EXPLICIT,), (JPEG,), (EXPLICIT, JPEG)])
def test_where_no_transfer_syntax_is_taken_the_default_one_is_missed(syntaxes):
    assert refused((CT, syntaxes, SYNTAXES_REFUSED)) == f"{DEFAULT} it"
    some = (MR, (IMPLICIT,), 0), (CT, syntaxes, SYNTAXES_REFUSED)
    assert refused(*some, code="contexts-refused") == f"{DEFAULT} it"
    more = (MR, (IMPLICIT,), CLASS_REFUSED), (CT, syntaxes, SYNTAXES_REFUSED), (VERIFICATION, (IMPLICIT,), 0)
    assert refused(*more, code="contexts-refused") == f"{DEFAULT} CT Image Storage"


def test_the_default_transfer_syntax_may_be_proposed_in_another_context_of_the_class():
    assert refused((CT, (IMPLICIT,), SYNTAXES_REFUSED)) == ""
    apart = (CT, (IMPLICIT,), 0), (CT, (JPEG,), SYNTAXES_REFUSED)
    assert refused(*apart, code="contexts-refused") == ""


def test_a_class_that_the_standard_retired_is_told_with_the_one_that_took_its_place():
    ultrasound, patients = "1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.2.3.1"
    said = f"the standard has retired that class for {ultrasound}.1"
    assert refused((ultrasound, (IMPLICIT,), CLASS_REFUSED)) == said
    assert refused((patients, (IMPLICIT,), CLASS_REFUSED)) == "the standard has retired that class"
    beside = (ultrasound, (IMPLICIT,), CLASS_REFUSED), (MR, (IMPLICIT,), 0)
    assert refused(*beside, code="contexts-refused") == said
    among = (ultrasound, (IMPLICIT,), CLASS_REFUSED), (MR, (IMPLICIT,), CLASS_REFUSED), (VERIFICATION, (IMPLICIT,), 0)
    assert refused(*among, code="contexts-refused") == ""
    both = (ultrasound, (IMPLICIT,), CLASS_REFUSED), (patients, (IMPLICIT,), CLASS_REFUSED)
    assert refused(*both).startswith("the standard has retired all of them; proposed: ")
    assert refused((ultrasound, (IMPLICIT,), SYNTAXES_REFUSED)) == ""


def test_what_was_accepted_is_not_looked_at():
    assert refused((MR, ("1.2.840.10008.1.2.4.7",), 0), (CT, (IMPLICIT,), CLASS_REFUSED), code="contexts-refused") == ""
