"""Refusals for AE titles that are each other's: who swapped them is told before the refusal, whichever came first."""

import pytest

from findings.neighbour_traffic import titles_exchanged
from network import CLIENT
from pipeline import associations, findings_of

ACCEPTED = "10.0.0.2:104 accepted association 1 by the title ARCHIVE"
BACK = "in association 1 10.0.0.2 called itself ARCHIVE, and this host CT1"


def causes(packets):
    return [(each.code, each.message) for each in findings_of(associations(packets)[-1]).causes]


@pytest.mark.parametrize("reason", [1, 3, 7])
@pytest.mark.parametrize(("back", "known"), [(False, ACCEPTED), (True, BACK)])
def test_who_swapped_the_titles_is_told_before_the_refusal(back, known, reason):
    packets = titles_exchanged(back=back, reason=reason)
    who = "ARCHIVE (10.0.0.1:40002) calls 10.0.0.2:104 CT1 and itself ARCHIVE"
    assert causes(packets) == [("titles-swapped", f"{who}; {known}: the two titles are probably swapped")]
    (cause,) = findings_of(associations(packets)[-1]).causes
    assert [each.code for each in cause.followers] == ["association-rejected"]


@pytest.mark.parametrize(
    "packets",
    [
        titles_exchanged(calling="CT2"),
        titles_exchanged(reason=2),  # application context name not supported
        titles_exchanged(known=CLIENT),  # the requestor itself was accepted by it
        titles_exchanged(after=2),  # while the other one goes on
        titles_exchanged(any_title=True),  # the acceptor goes by the title that it was called
        titles_exchanged(any_title=True, back=True),
    ],
)
def test_without_evidence_from_before_nobody_is_said_to_have_swapped_anything(packets):
    assert [code for code, _ in causes(packets)] == ["association-rejected"]
