"""How associations end: whoever closed TCP first is named, not whoever noticed it."""

import pytest

from dicomsniff.findings.finding import Severity
from findings.end_traffic import closed_and_aborted
from pipeline import findings_of, only

ENDS = ("STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)")


@pytest.mark.parametrize("closer", [0, 1])
def test_an_abort_follows_from_what_the_other_side_closed_before(closer):
    (cause,) = findings_of(only(closed_and_aborted(closer, 1 - closer))).causes
    without = "closed the TCP connection without A-RELEASE-RQ or A-ABORT"
    assert cause.message == f"{ENDS[closer]} {without}; {ENDS[1 - closer]} aborted 30.0 s later"
    assert (cause.code, cause.worst) == ("closed-before-abort", Severity.ERROR)
