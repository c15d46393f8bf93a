"""What waits of one direction until its connection is known to be DICOM, and how it is read then."""

import build
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.recognize import ENOUGH, Verdict
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import PduEvent
from dicomsniff.span import PacketMark
from pipeline import MARK, SOURCE

ECHO = build.command_pdu(1, build.echo_rq())


def replay(detection: Detection) -> list[tuple[str, int, int]]:
    """What comes out once the other direction is DICOM, and where in the stream it lies."""
    return [place(event) for event in detection.replay(PduStream(SOURCE))]


def place(event: PduEvent) -> tuple[str, int, int]:
    span = getattr(event, "span", event)
    return getattr(event, "name", "P-DATA-TF"), span.start, span.end


def test_a_direction_of_another_protocol_waits_and_is_read_from_its_first_byte():
    detection = Detection(known_start=True)
    assert detection.feed(0, b"PROXY TCP4 10.0.0.1 10.0.0.2 40001 104\r\n", MARK) is Verdict.OTHER
    assert detection.feed(40, build.release_rq(), MARK) is Verdict.OTHER
    assert detection.waiting == 50
    assert replay(detection) == [("malformed bytes", 0, 6), ("skipped bytes", 0, 40), ("A-RELEASE-RQ", 40, 50)]


def test_a_hole_in_what_waits_is_read_as_a_hole():
    detection = Detection(known_start=True)
    detection.feed(0, b"SSH-2.0-what", MARK)
    assert detection.gap(12, 100, MARK) is Verdict.OTHER
    detection.feed(112, build.abort(), MARK)
    assert [name for name, _, _ in replay(detection)] == [
        "malformed bytes",
        "skipped bytes",
        "missing bytes",
        "A-ABORT",
    ]


def test_a_stream_whose_first_bytes_are_missing_is_searched_and_not_denied():
    detection = Detection(known_start=True)
    assert detection.gap(0, 500, MARK) is Verdict.WAIT
    assert detection.feed(500, bytes(200), MARK) is Verdict.WAIT
    assert detection.feed(700, ECHO, MARK) is Verdict.DICOM
    assert replay(detection)[:3] == [
        ("missing bytes", 0, 500),
        ("skipped bytes", 500, 700),
        ("P-DATA-TF", 700, 700 + len(ECHO)),
    ]


def test_of_a_stream_that_is_searched_only_what_may_begin_a_message_waits():
    detection = Detection(known_start=False)
    for offset in range(0, 10_000, 100):
        detection.feed(offset, bytes(100), MARK)
    assert detection.waiting == ENOUGH - 1 == sum(len(piece.data) for piece in detection.pieces)
    assert replay(detection) == []  # told as skipped once a header is found


def test_what_was_skipped_has_its_own_packet_where_nothing_follows():
    detection, mark = Detection(known_start=True), PacketMark(7, 5_000, 0)
    assert detection.feed(0, build.associate_rq()[:14], mark) is Verdict.WAIT
    assert detection.gap(14, 158, mark) is Verdict.WAIT
    pdus = PduStream(SOURCE)
    events = detection.replay(pdus) + pdus.close()
    assert {(event.span.first_packet, event.span.first_time) for event in events} == {(7, 5_000)}
