"""Where an association has findings."""

from pathlib import Path

from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from dicomsniff.tui.problem_index import RANK, Problems
from dicomsniff.tui.timeline_order import TimelineOrder

ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def test_an_entry_has_the_worst_severity_found_about_it(samples: Path) -> None:
    for path in samples.glob("*.pcap"):
        with Capture(str(path)) as capture:
            for association in capture.associations:
                problems = Problems(association, capture.found)
                for entry in association.timeline:
                    found = {
                        finding.severity for finding in capture.found.of(association).all if finding.span == entry.span
                    }
                    assert problems.severity(entry) == next((each for each in ORDER if each in found), None)


def test_problems_are_found_in_both_directions(samples: Path) -> None:
    with Capture(str(samples / "mal-pdu-length-too-short.pcap")) as capture:
        (association,) = capture.associations
    problems = Problems(association, capture.found)
    entries = TimelineOrder(association).entries
    forward, at = [], -1
    while (found := problems.find(entries, at + 1, 1)) is not None:
        forward.append(at := found)
    backward, at = [], len(entries)
    while (found := problems.find(entries, at - 1, -1)) is not None:
        backward.append(at := found)
    assert forward
    assert forward == backward[::-1]


def test_findings_in_another_order_are_taken_too(samples: Path) -> None:
    """As they are when an association is over: what is new may stand before what was known."""
    with Capture(str(samples / "mal-pdu-length-too-short.pcap")) as capture:
        (association,) = capture.associations
    found = capture.found.of(association)
    whole, first = found.all, found.all[0]
    about = next(entry for entry in association.timeline if entry.span == first.span)
    found.all = [each for each in whole if each.span != first.span]
    problems = Problems(association, capture.found)
    assert found.all
    assert problems.severity(about) is None
    found.all = whole
    assert problems.severity(about) is not None
    assert problems.worst is max((each.severity for each in whole), key=RANK.__getitem__)


def test_every_finding_leads_to_an_entry(samples: Path) -> None:
    for path in samples.glob("*.pcap"):
        with Capture(str(path)) as capture:
            for association in capture.associations:
                order = TimelineOrder(association)
                assert all(order.find_cause(finding) is not None for finding in capture.found.of(association).causes)
