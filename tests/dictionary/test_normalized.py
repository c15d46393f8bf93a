"""Action and event types in words (PS3.4), for SOP classes that are registered."""

import pytest

from dicomsniff.dictionary.normalized import ACTIONS, EVENTS, type_name
from dicomsniff.dictionary.uids import find_uid_name

UPS_PUSH, FILM_BOX, PRINT_JOB = "1.2.840.10008.5.1.4.34.6.1", "1.2.840.10008.5.1.1.2", "1.2.840.10008.5.1.1.14"


@pytest.mark.parametrize("sop_class", [*ACTIONS, *EVENTS])
def test_types_are_those_of_registered_sop_classes(sop_class):
    assert find_uid_name(sop_class)


@pytest.mark.parametrize(
    ("service", "sop_class", "number", "name"),
    [
        ("N-ACTION", UPS_PUSH, 1, "Change UPS State"),  # Table CC.2.1-1
        ("N-EVENT-REPORT", UPS_PUSH, 1, "UPS State Report"),  # Table CC.2.4-1
        ("N-ACTION", FILM_BOX, 1, "Print"),  # Table H.4-8
        ("N-EVENT-REPORT", PRINT_JOB, 4, "Failure"),  # Table H.4-14
        ("N-ACTION", FILM_BOX, 2, ""),
        ("N-ACTION", "1.2.3", 1, ""),
        ("N-ACTION", None, 1, ""),
        ("N-ACTION", FILM_BOX, None, ""),
        ("N-SET", FILM_BOX, 1, ""),
    ],
)
def test_a_type_is_named_by_service_and_sop_class(service, sop_class, number, name):
    assert type_name(service, sop_class, number) == name
