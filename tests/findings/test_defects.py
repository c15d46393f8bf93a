"""Captures with one defect each: the first finding names it, on the packet where it is; the rest hangs below it.

The captures were made by a byte script over a real TCP connection, between two ends that follow no library.
"""

from pathlib import Path

import pytest

from dicomsniff.findings.finding import Severity
from dicomsniff.library import open_capture
from pipeline import findings_of, remember

CAPTURES = Path(__file__).parent / "captures"

DEFECTS = {  # capture: (code of the first finding, packet, causes in all where it is the only defect)
    "mal-abort-after-release": ("abort-after-end", 12, 1),
    "mal-abort-reserved-source": ("abort-reserved", 8, 1),
    "mal-ac-context-not-requested": ("context-not-proposed", 6, 1),
    "mal-ae-title-bad-bytes": ("ae-title-malformed", 4, 2),  # both titles
    "mal-command-field-unknown": ("command-unknown", 8, 1),
    "mal-command-group-length-wrong": ("command-group-length", 8, 1),
    "mal-command-truncated": ("command-malformed", 8, 1),
    "mal-context-id-even": ("context-not-accepted", 8, 1),
    "mal-context-id-unnegotiated": ("context-not-accepted", 8, 1),
    "mal-data-before-command": ("fragment-stray", 8, 1),
    "mal-dataset-announced-but-missing": ("data-set-missing", 8, 1),
    "mal-dataset-bad-vr": ("data-set-bad-vr", 9, 1),
    "mal-dataset-truncated-element": ("data-set-truncated-element", 9, 1),
    "mal-dataset-undefined-length-no-delimiter": ("data-set-undelimited", 9, 1),
    "mal-duplicate-message-id": ("message-id-repeated", 9, 1),
    "mal-last-fragment-flag-missing": ("last-fragment-missing", 8, 1),
    "mal-pdata-after-release": ("pdata-after-release", 12, 1),
    "mal-pdata-before-association": ("pdata-before-association", 4, 1),
    "mal-pdu-length-too-long": ("pdu-incomplete", 8, 1),
    "mal-pdu-length-too-short": ("pdv-beyond-pdu", 8, 1),
    "mal-pdu-type-unknown": ("pdu-type-unknown", 10, 1),
    "mal-pdv-empty-value": ("pdv-empty", 9, 1),
    "mal-pdv-greater-than-pdu": ("pdv-beyond-pdu", 8, 1),
    "mal-pdv-larger-than-negotiated": ("pdu-beyond-maximum", 9, None),  # its data set has stray delimiters, too
    "mal-pdv-length-0": ("pdv-too-short", 8, 1),
    "mal-response-without-request": ("response-without-request", 8, 1),
    "mal-rq-item-length-overrun": ("pdu-malformed", 4, 1),
    "mal-status-unknown": ("status-unknown", 9, 1),
}
HARMLESS = ("mal-pdv-flags-reserved-bits",)


def test_every_capture_is_judged():
    assert {path.stem for path in CAPTURES.glob("*.pcap")} == {*DEFECTS, *HARMLESS}


@pytest.mark.parametrize("name", DEFECTS)
def test_the_first_finding_is_the_defect(name):
    code, packet, causes = DEFECTS[name]
    with open_capture(str(CAPTURES / f"{name}.pcap")) as capture:
        (association,) = capture.associations
        remember(capture.associations, capture.found)
    worth = [finding for finding in findings_of(association).causes if finding.worst is not Severity.NOTE]
    assert (worth[0].code, worth[0].packet) == (code, packet)
    assert worth[0] is findings_of(association).causes[0]
    assert causes is None or len(worth) == causes


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_odd_and_allowed_is_no_defect(name):
    with open_capture(str(CAPTURES / f"{name}.pcap")) as capture:
        (association,) = capture.associations
        remember(capture.associations, capture.found)
    assert [finding for finding in findings_of(association).causes if finding.worst is not Severity.NOTE] == []
