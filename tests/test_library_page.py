"""The page about the library is what the program says of its public names now, and they tell what they are."""

from pathlib import Path

import dicomsniff
from dicomsniff import Analyzer, Capture, open_capture
from docs.library_page import GROUPS, library_lines

PAGE = Path(__file__).parents[1] / "docs" / "library.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8").splitlines() == list(library_lines()), "`make docs` writes it anew"


def test_every_public_name_is_there_and_on_the_page() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted([*listed, "__version__"]) == sorted(dicomsniff.__all__)
    for name in listed:
        assert getattr(dicomsniff, name).__doc__


def test_what_the_library_gives_says_in_short_what_it_is_and_no_value(samples: Path) -> None:
    with open_capture(samples / "c-move-destination-refuses.pcap") as capture:
        first = capture.associations[0]
        message = first.messages[0]
        data_set = capture.data_set(first, message)
        assert data_set is not None
        found = (capture, first, first.timeline[0], message, first.operations.operations[0], data_set)
        shown = [repr(each) for each in (*found, *data_set.elements[:2], capture.findings_of(first)[0], Analyzer())]
    assert shown == [
        "<Capture c-move-destination-refuses.pcap: read, 2 associations so far>",
        "<Association 1: MOVER (10.77.0.1:48828) -> QRSCP (10.77.0.2:4242), released, 2 messages>",
        "<Entry: A-ASSOCIATE-RQ of the requestor, packet 4>",
        "<C-MOVE-RQ, message 1, packets 8 to 10>",
        "<C-MOVE of message 1: Failure>",
        "<DecodedDataSet of 2 elements, Explicit VR Little Endian>",
        "<Element (0008,0052) CS Query/Retrieve Level, 8 bytes>",
        "<Element (0010,0020) LO Patient ID, 4 bytes>",
        "<Finding: warning destination-failed, packet 36>",
        "<Analyzer: 0 packets, 0 associations so far>",
    ]


def test_a_message_knows_its_association(samples: Path) -> None:
    with Capture(samples / "c-move-destination-refuses.pcap") as capture:
        for association in capture.associations:
            assert {message.association_id for message in association.messages} <= {association.id}
