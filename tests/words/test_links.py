"""What belongs together, in words: a line for each link, and one for each part of it."""

from pathlib import Path

from dicomsniff.library import Capture
from unmarked import link_text, part_text


def said(path: Path) -> list[tuple[str, str, list[tuple[int, int, str]]]]:
    """Each link's kind and text; of its parts association, message and text."""
    with Capture(str(path)) as capture:
        assert capture.associations
        return [
            (
                link.kind,
                link_text(link),
                [(part.association, part.message, part_text(link, part)) for part in link.parts],
            )
            for link in capture.analyzer.links.links()
        ]


def test_a_c_move_is_made_up_of_its_deliveries(samples):
    ((kind, text, parts),) = said(samples / "c-move.pcap")
    assert kind == "C-MOVE"
    assert text == "C-MOVE 1 of association 1 (MOVER) to MOVEDEST: Success; 3 C-STOREs in association 2, 3 kept"
    assert parts == [(2, 1, "3 C-STOREs in association 2, 3 kept")]


def test_a_storage_commitment_is_made_up_of_request_and_report(samples):
    ((kind, _, parts),) = said(samples / "storage-commitment.pcap")
    assert kind == "storage commitment"
    assert parts == [
        (1, 1, "association 1: asked for 2 instances in N-ACTION 1"),
        (2, 1, "association 2: reported 1 committed, 1 failed in N-EVENT-REPORT 1"),
    ]


def test_a_series_of_associations_leads_to_its_first_and_its_last(samples):
    ((_, _, parts),) = said(samples / "association-aborted.pcap")
    assert parts == [(1, 0, "association 1 is the first"), (3, 0, "association 3 is the last")]


def test_what_is_all_in_one_place_has_no_parts(samples):
    ((kind, text, parts),) = said(samples / "c-get-pending.pcap")
    assert (kind, parts) == ("C-GET", [])
    assert text == "C-GET 1 of association 1: Success; 3 C-STOREs within it, 3 kept"
