"""What people report of objects, queries and printers: what a receiver stumbled over is told, and nothing invented."""

import pytest

import build
import data_sets
from findings import normalized_cases as normalized
from findings.query_cases import ACCESSION, FOUND, NAME, STEPS, STUDY, STUDY_ROOT_FIND, WORKLIST, exchange, item
from findings.test_field_reports import causes, told
from findings.traffic import CT, opened, released, talked

START_DATE = 0x00400002
UIDS = data_sets.short(0x00080016, "UI", CT.encode() + b"\0") + data_sets.short(0x00080018, "UI", b"1.2.3\0")


def stored(data: bytes, status: int = 0xC000, syntax: str = build.EXPLICIT) -> list[build.Packet]:
    """An object in explicit VR, and how it was answered."""
    talk = opened(build.associate_rq(build.proposal(3, CT, (syntax,))), build.associate_ac(build.answer(3, 0, syntax)))
    sent = (0, build.message(3, build.store_rq(), data)), (1, build.message(3, build.store_rsp(1, status)))
    return released(talked(*sent, talk=talk))


@pytest.mark.parametrize(
    ("element", "said"),
    [
        (data_sets.short(0x00080050, "SH", b"A" * 20), "(0008,0050) Accession Number at byte 48 (SH, 20 bytes)"),
        (
            data_sets.sequence(0x00400275, data_sets.item(data_sets.short(START_DATE, "DA", b"2024-01-01"))),
            "(0040,0002) Scheduled Procedure Step Start Date of (0040,0275) Request Attributes Sequence",
        ),
    ],
)
def test_what_most_receivers_keep_is_told_where_one_refused(element, said):
    (text,) = told(stored(UIDS + element), "likely-reason")
    assert said in text
    assert causes(stored(UIDS + element), "status-failure") == ["likely-reason"]
    assert (
        told(stored(UIDS + element, 0), "likely-reason")
        == told(stored(UIDS + element, 0), "data-set-minor-value")
        == []
    )


def test_an_object_without_the_uid_of_its_class_is_told_where_it_was_refused():
    nameless = data_sets.short(0x00080018, "UI", b"1.2.3\0")
    (text,) = told(stored(nameless), "likely-reason")
    assert text.startswith("the data set of C-STORE-RQ has no (0008,0016) SOP Class UID: likely why STORESCP")
    assert told(stored(nameless, 0xA700), "likely-reason") == told(stored(UIDS), "likely-reason") == []


@pytest.mark.parametrize("jpip", [False, True])
def test_an_image_without_pixels_is_told_where_it_was_refused(jpip):
    """Those of JPIP are fetched from elsewhere."""
    numbers = (0x00280010, 0x00280011, 0x00280100)
    described = UIDS + b"".join(data_sets.short(tag, "US", b"\x10\0") for tag in numbers)
    syntax = "1.2.840.10008.1.2.4.94" if jpip else build.EXPLICIT
    missed = [text for text in told(stored(described, syntax=syntax), "likely-reason") if "Pixel Data" in text]
    assert len(missed) == (not jpip)
    assert all(text.startswith("the data set of C-STORE-RQ has no (7FE0,0010) Pixel Data: likely") for text in missed)
    for also in (data_sets.long(0x7FE00008, "OF", bytes(1024)), data_sets.long(0x7FE00010, "OW", bytes(512))):
        assert told(stored(described + also), "likely-reason") == told(stored(UIDS), "likely-reason") == []
    assert told(stored(described, 0), "likely-reason") == []


def test_a_file_that_is_sent_as_it_is_is_the_cause_of_its_transfer_syntax():
    meta = bytes(128) + b"DICM" + data_sets.short(0x00020010, "UI", build.EXPLICIT.encode() + b"\0")
    found = stored(meta + UIDS, syntax=build.IMPLICIT)
    assert causes(found, "data-set-wrong-syntax") == ["data-set-file-meta"]


@pytest.mark.parametrize("answered", [False, True], ids=["in the request", "in a match"])
def test_a_date_in_the_sequence_of_a_worklist_is_read_on_either_side(answered):
    good, bad = ({NAME: b"", STEPS: item({START_DATE: date})} for date in (b"20240101", b"2024-01-01"))
    (text,) = told(exchange(WORKLIST, *((good, bad) if answered else (bad, good))), "data-set-minor-value")
    assert text.startswith(f"C-FIND-{'RSP' if answered else 'RQ'}: (0040,0002) Scheduled Procedure Step Start Date of")
    assert told(exchange(WORKLIST, good, good), "data-set-minor-value") == []


def test_a_match_with_a_text_that_is_too_long():
    packets = exchange(STUDY_ROOT_FIND, STUDY | {ACCESSION: b""}, FOUND | {ACCESSION: b"1" * 20})
    (text,) = told(packets, "data-set-minor-value")
    assert text.endswith("its value is 20 characters long; SH allows 16")


@pytest.mark.parametrize(("status", "raised"), [(b"FAILURE ", True), (b"WARNING ", True), (b"NORMAL", False)])
def test_a_printer_that_is_asked_tells_its_status(status, raised):
    said = f"SCP (10.0.0.2:104) gives its status as {status.decode().strip()}: SUPPLY EMPTY"
    assert told(normalized.printer(status, b"SUPPLY EMPTY"), "printer-status") == ([said] if raised else [])


@pytest.mark.parametrize("instance", [None, "1.2.3.4"])
def test_an_instance_without_a_uid_is_why_a_receiver_aborts(instance):
    asked = {0x0002: normalized.MPPS, 0x0100: 0x0140, 0x0110: 1, 0x0800: 0x0101}
    asked |= {0x1000: instance} if instance else {}
    talk = opened(build.associate_rq(build.proposal(1, normalized.MPPS)), build.associate_ac())
    packets = talked((0, build.message(1, build.command_set(asked))), (1, build.abort()), talk=talk).end(1).packets
    said = [text for text in told(packets, "likely-reason") if "Instance UID" in text]
    assert said == ([] if instance else [
        "N-CREATE-RQ has no Affected SOP Instance UID (0000,1000), which is allowed, but some receivers need it: "
        "likely why STORESCP (10.0.0.2:104) aborted"
    ])  # fmt: skip
