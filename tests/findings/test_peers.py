"""Real traffic between real implementations: what is said first, what hangs below it, and in which words."""

from pathlib import Path
from typing import NamedTuple

import pytest

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import Severity
from dicomsniff.library import open_capture
from pipeline import findings_of, remember
from unmarked import verdict


class Trouble(NamedTuple):
    """What is to be said of an association: the first finding, its packet, what follows from it, and the verdict."""

    code: str
    packet: int
    followers: set[str]
    verdict: str


TROUBLED = {
    "reset-within-response": Trouble(
        "connection-reset",
        10,
        {"request-unanswered", "pdu-incomplete"},
        "unfinished: RAWSCU (10.77.0.1:45342) reset the TCP connection before a final response to C-ECHO-RQ 1",
    ),
    "calling-title-blank": Trouble(
        "ae-title-malformed",
        4,
        {"association-aborted"},
        "aborted by the acceptor: 10.77.0.1:33970 sends a blank calling AE title",
    ),
    "mal-data-set-on-other-context": Trouble(
        "fragment-stray",
        8,
        {"message-incomplete", "association-aborted"},
        "aborted by the acceptor: RAWSCU (10.77.0.1:56594) sends a data set fragment on context 1; "
        "the C-STORE-RQ that announces a data set was on context 3 (78 bytes)",
    ),
    "mal-command-explicit-vr": Trouble(
        "command-malformed",
        8,
        {"association-aborted"},
        "aborted by the acceptor: RAWSCU (10.77.0.1:48556) sends a command set in explicit VR; "
        "it is always in Implicit VR Little Endian",
    ),
    "mal-pdu-length-too-long": Trouble(
        "pdu-incomplete",
        8,
        {"peer-silent", "association-aborted"},
        "aborted by the acceptor: P-DATA-TF announces 200 bytes; the stream ends 126 bytes before its end; "
        "RAWSCU (10.77.0.1:54878), its sender, closed the TCP connection",
    ),
}
HEALTHY = ("c-find-orthanc", "ups")


def associations(samples: Path, name: str) -> list[Association]:
    with open_capture(str(samples / f"{name}.pcap")) as capture:
        remember(capture.associations, capture.found)
        return list(capture.associations)


@pytest.mark.parametrize("name", TROUBLED)
def test_the_cause_comes_first_and_its_consequences_hang_below(samples: Path, name: str) -> None:
    expected = TROUBLED[name]
    (association,) = associations(samples, name)
    (cause,) = findings_of(association).causes
    assert (cause.code, cause.packet) == (expected.code, expected.packet)
    assert {each.code for each in cause.followers} == expected.followers
    assert verdict(association) == expected.verdict


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_traffic_raises_no_error_and_no_warning(samples: Path, name: str) -> None:
    found = [each for association in associations(samples, name) for each in findings_of(association).all]
    assert {each.severity for each in found} <= {Severity.NOTE}


def test_a_refused_delivery_explains_the_move(samples: Path) -> None:
    with open_capture(str(samples / "c-move-destination-refuses.pcap")) as capture:
        asked, delivery = capture.associations
        remember(capture.associations, capture.found)
        assert capture.analyzer.findings == []
    why = "C-MOVE to DEST: DEST rejected the SCP's association 2: no reason given"
    assert verdict(asked).startswith("released: C-MOVE failed: 0xA702")
    assert verdict(asked).endswith(f"; {why}")
    assert verdict(delivery) == "rejected: no reason given"
    assert findings_of(delivery).causes[0].message == (
        "DEST (10.77.0.3:11116) rejects the association: no reason given (its application rejected it; permanent)"
    )
    assert findings_of(asked).causes[0].message == why
