"""Captures of what people reported: what the eye falls on first names the cause, in the severity that it has."""

from pathlib import Path
from typing import NamedTuple

import pytest

from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.library import open_capture
from pipeline import remember
from unmarked import verdict


class Told(NamedTuple):
    """What must be told of an association, at once; nothing where all is well."""

    worst: Severity | None
    first: tuple[str, ...] = ()
    association: int = 1


ERROR, WARNING = Severity.ERROR, Severity.WARNING
TOLD = {
    "accept-too-late": Told(ERROR, ("gave up after 30.0 s", "its A-ASSOCIATE-AC came 25.0 s later"), 2),
    "ae-title-20-bytes": Told(ERROR, ("AE title that is too long", "take 36 bytes instead of 32")),
    "film-session-not-meta": Told(ERROR, ("Basic Film Session SOP Class", "Print Management Meta SOP Class")),
    "plain-client-tls-server": Told(ERROR, ("reset the TCP connection", "it may expect TLS")),
    "printer-created": Told(ERROR, ("N-CREATE-RQ for the Printer SOP Class", "has no N-CREATE")),
    "refused-context-no-ts": Told(ERROR, ("its answer to context 5 has no transfer syntax", "why FOSCU")),
    "ssh-on-port": Told(ERROR, ("speaks SSH, not DICOM",)),
    "two-at-a-time-noisy": Told(ERROR, ("up to 3 operations outstanding; 1 allowed",)),
    "ac-version-closed": Told(ERROR, ("Version Name of A-ASSOCIATE-AC is 23 characters", "why STORESCU")),
    "big-sent-little": Told(ERROR, ("Big Endian was agreed", "are Explicit VR Little Endian")),
    "commit-report-rejected": Told(ERROR, ("calling AE title not recognized",), 2),
    "final-announces": Told(ERROR, ("final C-FIND-RSP", "announces a data set")),
    "get-bad-uid": Told(ERROR, ("UID",)),
    "get-file-meta": Told(ERROR, ("C-STORE-RQ: file meta information",)),
    "get-no-patient-id": Told(ERROR, ("STORESCU", "without (0010,0020) Patient ID")),
    "keepalive": Told(None),
    "local-limit": Told(ERROR, ("local limit exceeded",), 4),
    "lut-on-print-context": Told(
        ERROR, ("N-CREATE-RQ names Presentation LUT", "context 3, proposed for it, was refused")
    ),
    "move-dest-rejects": Told(ERROR, ("VIEWER rejected the SCP's association 2: calling AE title not recognized",)),
    "move-success-first": Told(WARNING, ("ARCHIVE answered with Success 3.00 s before it sent the first object",)),
    "mwl-key-top": Told(WARNING, ("(0040,0001)",)),
    "plain-to-tls-reset": Told(ERROR, ("10.0.0.2:2762 answered others in TLS; STORESCU called it without TLS",), 2),
    "port-again": Told(None),
    "query-utf8-as-latin1": Told(WARNING, ("Patient's Name at byte 32 has bytes that read as UTF-8",)),
    "reset-after-idle": Told(ERROR, ("reset the TCP connection in answer to the first message after 121 min 40 s",)),
    "rq-length-little": Told(ERROR, ("A-ASSOCIATE-RQ with a length of", "in the other byte order 166")),
    "rsp-empty-pdv": Told(ERROR, ("STORESCP", "empty")),
    "rsp-never-acked": Told(ERROR, ("of C-FIND-RSP 1", "were never acknowledged by STORESCU")),
    "snap-reset": Told(ERROR, ("STORESCP (10.0.0.2:104) reset the TCP connection before it answered",)),
    "ups-set-no-transaction": Told(ERROR, ("STORESCU", "Transaction UID")),
}
CAPTURES = sorted(Path(__file__).with_name("reports").glob("*.pcap"))


def test_every_capture_is_named():
    assert {path.stem for path in CAPTURES} == set(TOLD)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_the_cause_is_told_at_first_sight(path: Path) -> None:
    told = TOLD[path.stem]
    with open_capture(str(path)) as capture:
        remember(capture.associations, capture.found)
        found = {association.id: capture.found.of(association) for association in capture.associations}
        of_all = list(capture.analyzer.findings)
        (association,) = [each for each in capture.associations if each.id == told.association]
        said = [verdict(association), *(each.message for each in [*found[association.id].causes[:1], *of_all[:2]])]
    every = [*flatten(of_all), *(finding for each in found.values() for finding in each.all)]
    severities = {finding.severity for finding in every} - {Severity.NOTE}
    assert min(severities, key=SEVERITIES.index, default=None) is told.worst
    assert [words for words in told.first if not any(words in line for line in said)] == []
