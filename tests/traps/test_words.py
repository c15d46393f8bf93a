"""Rows 15 and 16, 20 to 22: statuses in words, keys for programs, linear time, small objects, times and links."""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

import build
from dicomsniff.side import Side
from pipeline import analyze
from traps.objects import NATIVE, encoded, stored_bytes
from traps.told import Exchange

CT, IMPLICIT, EXPLICIT = build.CT_IMAGE_STORAGE, build.IMPLICIT, build.EXPLICIT
VERIFICATION, FIND, MOVE = build.VERIFICATION, build.STUDY_ROOT_FIND, build.STUDY_ROOT_MOVE
MPPS = "1.2.840.10008.3.1.2.3.3"
FILM_BOX = "1.2.840.10008.5.1.1.2"

# Row 15


def exchange_of(request: int, sop_class: str, status: int, *, data: bool) -> Exchange:
    """A request of any service and its response with a status."""
    response = request | 0x8000
    instance = {} if request < 0x0100 and request != 1 else {0x1000 if request in (1, 0x0140) else 0x1001: "1.2.3"}
    uid = 0x0002 if request in (0x0001, 0x0010, 0x0020, 0x0021, 0x0030, 0x0140) else 0x0003
    extra = {0x0600: "DEST"} if request == 0x0021 else {}
    asked = {uid: sop_class, 0x0100: request, 0x0110: 5, 0x0800: 1 if data else 0x0101} | instance | extra
    answered = {0x0002: sop_class, 0x0100: response, 0x0120: 5, 0x0800: 0x0101, 0x0900: status}
    talk = Exchange((1, sop_class, EXPLICIT))
    talk.say(0, 1, build.command_set(asked), NATIVE if data else None)
    talk.say(1, 1, build.command_set(answered))
    if 0xFF00 <= status <= 0xFF01:
        talk.say(1, 1, build.command_set(answered | {0x0900: 0}))
    talk.release().close()
    return talk


STATUSES = [  # the same number, another service: command field, SOP class, status, class, a word of its meaning
    (0x0001, CT, 0xB000, "Warning", "Coercion of Data Elements"),
    (0x0021, MOVE, 0xB000, "Warning", "Sub-operations"),
    (0x0001, CT, 0xB007, "Warning", "Data Set"),
    (0x0001, CT, 0xA700, "Failure", "Out of Resources"),
    (0x0020, FIND, 0xA700, "Failure", "Out of Resources"),
    (0x0021, MOVE, 0xA801, "Failure", "destination unknown"),
    (0x0001, CT, 0x0124, "Failure", "Not Authori"),
    (0x0001, CT, 0x0117, "Failure", "Invalid"),
    (0x0020, FIND, 0xFF01, "Pending", ""),
    (0x0020, FIND, 0xFE00, "Cancel", ""),
    (0x0120, MPPS, 0x0110, "Failure", "Processing Failure"),
    (0x0140, FILM_BOX, 0x0106, "Failure", "Invalid"),
]


@pytest.mark.parametrize(("request_field", "sop_class", "status", "category", "word"), STATUSES)
def test_row_15_a_status_is_told_in_the_words_of_its_service(tell, request_field, sop_class, status, category, word):
    data = request_field not in (0x0030, 0x0110, 0x0150)
    talk = exchange_of(request_field, sop_class, status, data=data)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    meaning = told.messages()[1]["status_meaning"]
    assert meaning.startswith(f"{category} 0x{status:04X}")
    assert word in meaning
    assert meaning in told.shown()
    assert "%s" not in told.shown()


# Row 16

KEY = re.compile(r"[a-z][a-z0-9_]*|[A-Za-z-]+-(RQ|AC|RJ|RP|TF)|A-ABORT|(requestor|acceptor)-to-(requestor|acceptor)")
TAG = re.compile(r"[0-9A-F]{8}")
MODEL = {"vr", "Value", "InlineBinary", "BulkDataURI", "Alphabetic", "Ideographic", "Phonetic", "length", "sha256"}


def keys_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        return [each for key, inner in value.items() for each in [(*path, key), *keys_of(inner, (*path, key))]]
    if isinstance(value, list):
        return [each for inner in value for each in keys_of(inner, path)]
    return []


def various(tell: Any) -> Any:
    """One association with several services and failures, one rejected, one aborted."""
    talk = Exchange((1, VERIFICATION, IMPLICIT), (3, CT, EXPLICIT))
    talk.echo(1)
    talk.store(2, 3, NATIVE)
    talk.store(3, 3, NATIVE, status=0xA700)
    talk.release()
    talk.associate((1, VERIFICATION, IMPLICIT))
    talk.server(build.abort(2, 1))
    return tell(talk.close().packets)


def test_row_16_keys_are_names_never_values(tell):
    """Values stand in values: a key is a fixed name, a tag or a PDU's name."""
    told = various(tell)
    for path in [*keys_of(told.transcript()), *(path for line in told.lines() for path in keys_of(line))]:
        if "elements" in path[:-1]:
            assert TAG.fullmatch(path[-1]) or path[-1] in MODEL, path
        elif "packets_not_used" not in path[:-1]:
            assert KEY.fullmatch(path[-1]), path


def test_row_16_every_message_has_the_same_keys(tell):
    """Nothing has to be guessed by whoever reads them: what is absent is null."""
    said = various(tell).transcript()
    messages = [message for association in said["associations"] for message in association["messages"]]
    assert len({tuple(message) for message in messages}) == 1
    assert len({tuple(association) for association in said["associations"]}) == 1
    for message in messages:
        for name in ("command", "affected_sop_class_uid"):
            assert isinstance(message[name], str)
        assert isinstance(message["message_id"] or message["message_id_being_responded_to"], int)


def test_row_16_numbers_are_numbers(tell):
    messages = various(tell).messages()
    assert [each["status"] for each in messages] == [None, 0, None, 0, None, 0xA700]
    elements = messages[1]["command_set"]["elements"]
    assert elements["00000120"] == {"vr": "US", "Value": [1]}
    assert elements["00000900"] == {"vr": "US", "Value": [0]}
    assert elements["00000002"] == {"vr": "UI", "Value": [VERIFICATION]}


# Row 20


def steps(packets: list[build.Packet]) -> int:
    """How many lines of the program run to analyze packets, which a list walked per PDV would square."""
    count = 0

    def local(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return local

    def trace(frame: Any, event: str, argument: Any) -> Any:
        return local if "dicomsniff" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        analyze(packets)
    finally:
        sys.settrace(before)
    return count


def pdvs_of_one_message(count: int) -> list[build.Packet]:
    """Fragments of changing length, so that none repeats the one before."""
    talk = Exchange((3, CT, EXPLICIT))
    pieces = [bytes(2 + number % 7) for number in range(count)]
    pdvs = [build.p_data(build.pdv(3, piece, last=number == count)) for number, piece in enumerate(pieces, 1)]
    talk.client(build.command_pdu(3, build.store_rq(1)) + b"".join(pdvs))
    return talk.packets


def pdvs_of_one_pdu(count: int) -> list[build.Packet]:
    talk = Exchange((3, CT, EXPLICIT), max_length=0)
    pdvs = [build.pdv(3, b"xyz", last=number == count) for number in range(1, count + 1)]
    talk.client(build.command_pdu(3, build.store_rq(1)) + build.p_data(*pdvs))
    return talk.packets


def pdvs_of_many_messages(count: int) -> list[build.Packet]:
    talk = Exchange((1, VERIFICATION, IMPLICIT), (3, CT, EXPLICIT))
    for number in range(count // 4):
        talk.store(number, 3, NATIVE)
    return talk.packets


def pdvs_without_answers(count: int) -> list[build.Packet]:
    """Every request stays open."""
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    talk.client(b"".join(build.message(1, build.echo_rq(number)) for number in range(count)))
    return talk.packets


def stray_pdvs(count: int) -> list[build.Packet]:
    """Data set fragments without a command, on changing contexts."""
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    talk.client(b"".join(build.p_data(build.pdv(1 + 2 * (number % 100), b"xyz")) for number in range(count)))
    return talk.packets


def unfinished_commands(count: int) -> list[build.Packet]:
    """Command fragments that never end, one message under way on each context."""
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    pieces = [build.pdv(1 + 2 * (number % 100), b"xyz", command=True, last=False) for number in range(count)]
    talk.client(b"".join(map(build.p_data, pieces)))
    return talk.packets


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        pdvs_of_one_message,
        pdvs_of_one_pdu,
        pdvs_of_many_messages,
        pdvs_without_answers,
        stray_pdvs,
        unfinished_commands,
    ],
)
def test_row_20_twice_the_pdvs_take_twice_the_steps(make):
    few, many, more = (steps(make(count)) for count in (600, 1200, 2400))
    assert more - many <= 2.2 * (many - few)
    assert many > few


# Row 21

SMALL = ["rtplan.dcm", "JPEG2000.dcm", "JPEGLSNearLossless_08.dcm", "reportsi.dcm"]


@pytest.mark.parametrize("name", SMALL)
def test_row_21_an_object_below_4096_bytes_is_no_less_than_a_large_one(tell, name):
    data, syntax, read = stored_bytes(name)
    assert len(data) < 4096
    talk = Exchange((1, str(read.SOPClassUID), syntax))
    talk.store(1, 1, data, 700)
    told = tell(talk.release().close().packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.messages()[0]["data_set"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", SMALL)
def test_row_21_and_is_extracted_byte_for_byte(tell, tmp_path, name):
    data, syntax, read = stored_bytes(name)
    sop_class, instance = str(read.SOPClassUID), str(read.SOPInstanceUID)
    request = {0x0002: sop_class, 0x0100: 1, 0x0110: 1, 0x0700: 0, 0x0800: 1, 0x1000: instance}
    talk = Exchange((1, sop_class, syntax))
    talk.say(0, 1, build.command_set(request), data, 700)
    talk.say(1, 1, build.store_rsp(1))
    told = tell(talk.release().close().packets)
    told.run("extract", "-o", str(tmp_path / "out"))
    (path,) = [path for path in Path(tmp_path / "out").rglob("*") if path.is_file()]
    assert path.read_bytes().endswith(data)
    extracted = dcmread(path)
    meta = extracted.file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (sop_class, instance)
    assert meta.TransferSyntaxUID == syntax
    assert extracted == read


# Row 22


def test_row_22_associations_are_listed_and_answers_have_their_time_and_question(tell):
    talk = Exchange((1, VERIFICATION, IMPLICIT), (3, CT, EXPLICIT))
    for number, wait in ((1, 0), (2, 250), (3, 1000)):
        talk.say(0, 3, build.store_rq(number, f"1.2.3.{number}"), encoded(EXPLICIT))
        talk.wait(wait * build.MILLISECOND)
        talk.say(1, 3, build.store_rsp(number, 0, f"1.2.3.{number}"))
    talk.release()
    talk.associate((1, VERIFICATION, IMPLICIT))
    talk.server(build.abort())
    told = tell(talk.close().packets)
    answers = [each for each in told.messages() if each["command"] == "C-STORE-RSP"]
    assert [each["latency"] for each in answers] == [0.001, 0.251, 1.001]
    shown = told.shown()
    assert re.findall(r"^association \d+: STORESCU .* -> STORESCP", shown, re.MULTILINE)
    assert len(re.findall(r"^association \d+: ", shown, re.MULTILINE)) == 2
    assert "released: 3 C-STORE, all Success" in shown
    assert "251 ms after the request" in shown
    requests = told.associations[0].messages[::2]
    assert [each.request for each in told.associations[0].messages[1::2]] == requests


def test_row_22_answers_out_of_order_find_their_questions(tell):
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    for number in (1, 2, 3):
        talk.say(0, 1, build.echo_rq(number))
    for number in (3, 1, 2):
        talk.say(1, 1, build.echo_rsp(number))
    told = tell(talk.release().close().packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert [each["latency"] for each in told.messages()[3:]] == [0.001, 0.004, 0.004]


def test_row_22_both_sides_may_use_the_same_message_id(tell):
    """Each side numbers its own requests."""
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    talk.say(0, 1, build.echo_rq(1))
    talk.say(1, 1, build.echo_rq(1))
    talk.say(1, 1, build.echo_rsp(1))
    talk.say(0, 1, build.echo_rsp(1))
    told = tell(talk.release().close().packets)
    told.assert_said(talk.sent, outcomes=["released"])
    asked = [message.request.side for message in told.associations[0].messages[2:]]
    assert asked == [Side.REQUESTOR, Side.ACCEPTOR]
