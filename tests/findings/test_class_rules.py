"""Requests that name another SOP class than their context: told where they may not, and before the refusal."""

import pytest

import build
from findings.test_field_reports import causes, told
from findings.traffic import opened, released, talked

COLOR, LUT, PRINTER = "1.2.840.10008.5.1.1.18", "1.2.840.10008.5.1.1.23", "1.2.840.10008.5.1.1.16"


def named(sop_class: str, status: int = 0x0118, context: str = COLOR, result: int = 3) -> list[build.Packet]:
    """An N-CREATE of a SOP class on a context of another, its own being refused or accepted."""
    talk = opened(
        build.associate_rq(build.proposal(1, context), build.proposal(3, LUT)),
        build.associate_ac(build.answer(1), build.answer(3, result)),
    )
    asked = {0x0002: sop_class, 0x0100: 0x0140, 0x0110: 1, 0x0800: 0x0101, 0x1000: "1.2.60"}
    said = {0x0002: sop_class, 0x0100: 0x8140, 0x0120: 1, 0x0800: 0x0101, 0x0900: status, 0x1000: "1.2.60"}
    talked((0, build.message(1, build.command_set(asked))), (1, build.message(1, build.command_set(said))), talk=talk)
    return released(talk)


@pytest.mark.parametrize("status", [0x0118, 0x0122])
def test_a_class_that_is_no_part_of_the_meta_class_is_why_it_is_refused(status):
    packets = named(LUT, status)
    assert told(packets, "class-not-of-context") == [
        "N-CREATE-RQ names Presentation LUT SOP Class; its context 1 is of Basic Color Print Management Meta SOP "
        "Class, and context 3, proposed for it, was refused: abstract syntax not supported"
    ]
    assert causes(packets, "status-failure") == ["class-not-of-context"]


def test_a_context_of_its_own_that_was_accepted_is_not_called_refused():
    (said,) = told(named(LUT, result=0), "class-not-of-context")
    assert said.endswith("its context 1 is of Basic Color Print Management Meta SOP Class")


@pytest.mark.parametrize(
    "packets",
    [named(PRINTER), named(LUT, 0), named(LUT, 0x0110), named(LUT, context="1.2.840.10008.5.1.1.32")],
    ids=["part of the meta class", "it went well", "refused for another reason", "a meta class that is not listed"],
)
def test_a_class_that_may_be_named_or_was_taken_is_not_told(packets):
    assert not told(packets, "class-not-of-context")


def test_a_request_on_a_context_of_another_service_is_told():
    (said,) = told(named(PRINTER, 0x0122, context=build.VERIFICATION), "class-not-of-context")
    assert said == "N-CREATE-RQ names Printer SOP Class; its context 1 is of Verification SOP Class"
