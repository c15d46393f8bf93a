"""Real exchanges that went well: no error and no warning, few notes, and none of them said twice."""

from pathlib import Path

import pytest

from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import Severity
from dicomsniff.library import open_capture

NOTES = {
    "commitment-reported-without-role": {"role-not-negotiated"},
    "find-cancelled": set(),
    "loose-queries-to-orthanc": {"query-parent-missing", "query-key-not-single", "query-level-unknown"},
    "mpps-few-attributes": set(),
    "negotiation-of-everything": set(),
    "normalized-services": {"match-keys-left-out"},
    "orthanc-asks-for-instances": {"query-parent-missing", "contexts-refused"},
    "print": {"print-job-not-followed"},
    "queries-of-other-services": {"find-final-with-data-set", "association-slow"},
    "relational-query": {"match-keys-left-out"},
    "ups-watched": {"role-not-negotiated"},
    "worklist": set(),
}
"""What is worth knowing of each capture."""
MAX_NOTES = 2
"""Kinds of notes on one association that a reader still reads where nothing is wrong."""
HEALTHY = sorted(Path(__file__).with_name("healthy").glob("*.pcap"))


def test_every_capture_is_named():
    assert {path.stem for path in HEALTHY} == set(NOTES)


@pytest.mark.parametrize("path", HEALTHY, ids=lambda path: path.stem)
def test_a_healthy_exchange_has_few_notes_and_nothing_worse(path: Path) -> None:
    with open_capture(str(path)) as capture:
        each_found = [capture.found.of(association) for association in capture.associations]
        found = [finding for each in each_found for finding in each.all] + flatten(capture.analyzer.findings)
    assert {finding.severity for finding in found} <= {Severity.NOTE}
    assert {finding.code for finding in found} == NOTES[path.stem]
    assert max(len({cause.code for cause in each.causes}) for each in each_found) <= MAX_NOTES
