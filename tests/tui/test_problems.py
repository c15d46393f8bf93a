"""Where an association has findings."""

from pathlib import Path

from dicomsniff.export.words import entry_severity
from dicomsniff.library import Capture
from dicomsniff.tui.problems import Problems, find_entry


def test_severities_are_those_of_the_other_views(samples: Path) -> None:
    for path in samples.glob("*.pcap"):
        with Capture(str(path)) as capture:
            for association in capture.associations:
                problems = Problems(association)
                for entry in association.timeline:
                    assert problems.severity(entry) == entry_severity(association, entry)


def test_problems_are_found_in_both_directions(samples: Path) -> None:
    with Capture(str(samples / "mal-pdu-length-too-short.pcap")) as capture:
        (association,) = capture.associations
    problems = Problems(association)
    forward, at = [], -1
    while (found := problems.find(at + 1, 1)) is not None:
        forward.append(at := found)
    backward, at = [], len(association.timeline)
    while (found := problems.find(at - 1, -1)) is not None:
        backward.append(at := found)
    assert forward
    assert forward == backward[::-1]


def test_every_finding_leads_to_an_entry(samples: Path) -> None:
    for path in samples.glob("*.pcap"):
        with Capture(str(path)) as capture:
            for association in capture.associations:
                assert all(find_entry(association, finding) is not None for finding in association.findings)
