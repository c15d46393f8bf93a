"""What is known of the objects that C-STOREs carry."""

from pathlib import Path

import pytest

import build
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import plain
from dicomsniff.library import Capture
from dicomsniff.words.objects import StoredObject, stored_objects


@pytest.fixture
def objects(tmp_path: Path) -> list[StoredObject]:
    path = tmp_path / "stores.pcap"
    path.write_bytes(build.pcap(build.frames(build.stores().packets)))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
    return stored_objects(association)


def test_every_c_store_is_an_object_with_its_whole_uid(objects: list[StoredObject]) -> None:
    assert [each.instance for each in objects] == [f"{build.STUDY}.{number}" for number in (1, 2, 3)]


def test_how_it_fared_is_said_in_short_and_in_words(objects: list[StoredObject]) -> None:
    assert [(each.code, each.status) for each in objects] == [
        ("Success", "Success"),
        ("A700", "Failure 0xA700 (Refused: Out of Resources)"),
        ("none", "no response"),
    ]
    assert [each.severity for each in objects] == [None, Severity.ERROR, Severity.ERROR]
    assert [plain(each.comment) for each in objects] == ["", "disk full", ""]


def test_one_that_is_not_answered_yet_did_not_fail(objects: list[StoredObject]) -> None:
    objects[2].association.closed = False
    assert objects[2].severity is Severity.NOTE


def test_the_c_move_that_asked_for_it_is_named(objects: list[StoredObject]) -> None:
    assert {plain(each.asked_for_by) for each in objects} == {"C-MOVE 77 of MOVER"}


def test_one_within_a_c_get_names_that(samples: Path) -> None:
    with Capture(str(samples / "c-get-pending.pcap")) as capture:
        (association,) = capture.associations
    assert {plain(each.asked_for_by) for each in stored_objects(association)} == {"C-GET 1"}


def test_its_time_begins_with_the_request_and_ends_with_the_response(objects: list[StoredObject]) -> None:
    taken, _, unanswered = objects
    assert (taken.took, unanswered.took) == (1_000_000, None)  # one packet each, a millisecond apart


def test_of_what_the_capture_lacks_bytes_nothing_failed_where_it_was_taken(tmp_path: Path) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE)))
    talk.server(build.associate_ac())
    sent = build.message(1, build.store_rq(), build.explicit_data_set((0x7FE00010, b"OB", bytes(3000))))
    for part in (sent[:1000], sent[1000:2000], sent[2000:]):
        talk.client(part)
    talk.server(build.message(1, build.store_rsp()))
    packets = [packet for packet in talk.close().packets if packet.data != sent[1000:2000]]
    path = tmp_path / "lost.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    with Capture(str(path)) as capture:
        (stored,) = stored_objects(capture.associations[0])
    assert not stored.request.complete
    assert (stored.severity, stored.status) == (Severity.WARNING, "Success; not whole in the capture")
