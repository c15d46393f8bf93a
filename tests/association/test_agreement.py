"""What both sides agreed on beside presentation contexts: roles, operations at a time, options."""

import pytest

import build
from dicomsniff.association.agreement import agreed_options, agreed_window, selected_roles
from dicomsniff.pdu.types import AsynchronousOperationsWindow
from negotiations import extended, negotiate, role, window

CT, FIND = build.CT_IMAGE_STORAGE, "1.2.840.10008.5.1.4.1.2.2.1"


def test_of_several_selections_of_roles_for_a_class_the_first_counts():
    selected = negotiate(
        [build.proposal(1, CT)], [build.answer(1)], (role(CT, 1, 1), role(CT, 1, 0)), (role(CT, 0, 1), role(CT, 1, 0))
    )
    roles = selected_roles(selected)[CT]
    assert (roles.scu, roles.scp) == (False, True)


@pytest.mark.parametrize(
    ("proposed", "answered", "agreed"),
    [
        (None, None, (1, 1)),
        ((8, 0), (8, 0), (8, 0)),
        ((8, 4), (2, 1), (2, 1)),
        ((8, 4), None, (1, 1)),
        (None, (5, 5), (1, 1)),
    ],
)
def test_the_acceptor_decides_on_operations_at_a_time_where_the_requestor_asked(proposed, answered, agreed):
    asked = (window(*proposed),) if proposed is not None else ()
    said = (window(*answered),) if answered is not None else ()
    association = negotiate([build.proposal(1)], [build.answer(1)], asked, said)
    assert agreed_window(association) == AsynchronousOperationsWindow(*agreed)


def test_operations_at_a_time_are_unknown_while_there_is_no_answer():
    assert agreed_window(negotiate([build.proposal(1)], None, (window(3, 3),))) is None


def test_options_are_agreed_where_both_sides_say_so():
    asked, granted = extended(FIND, bytes([1, 1])), extended(FIND, bytes([1, 0]))
    association = negotiate([build.proposal(1, FIND)], [build.answer(1)], (asked,), (granted,))
    assert agreed_options(association, FIND) == {"Relational-queries"}
    assert agreed_options(negotiate([build.proposal(1, FIND)], None, (asked,)), FIND) is None
