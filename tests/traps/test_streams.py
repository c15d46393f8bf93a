"""Rows 6 to 11 and 13: where segments, fragments and associations begin and end must not matter."""

import pytest

import build
from dicomsniff.side import Side
from traps.objects import NATIVE
from traps.told import Exchange, Sent

CT, IMPLICIT, EXPLICIT = build.CT_IMAGE_STORAGE, build.IMPLICIT, build.EXPLICIT
FIND = build.STUDY_ROOT_FIND
VERIFICATION = build.VERIFICATION
CONTEXTS = ((1, VERIFICATION, IMPLICIT), (3, CT, EXPLICIT))


def plain_data(length: int) -> bytes:
    """An explicit VR data set of `length` bytes, even, without bytes that look like a PDU header."""
    value = b"A" * (length - len(NATIVE) - 8)
    return NATIVE + build.explicit_data_set((0x00204000, b"LT", value))


def find_rq(number: int = 1) -> bytes:
    return build.command_set({0x0002: FIND, 0x0100: 0x0020, 0x0110: number, 0x0700: 0, 0x0800: 1})


def find_rsp(number: int, status: int, *, identifier: bool) -> bytes:
    values = {0x0002: FIND, 0x0100: 0x8020, 0x0120: number, 0x0800: 1 if identifier else 0x0101, 0x0900: status}
    return build.command_set(values)


def cancel_rq(number: int) -> bytes:
    return build.command_set({0x0100: 0x0FFF, 0x0120: number, 0x0800: 0x0101})


# Row 6


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_row_6_a_c_cancel_between_the_fragments_of_an_identifier_disturbs_neither(tell, place):
    identifier = plain_data(400)
    talk = Exchange((1, FIND, EXPLICIT))
    talk.say(0, 1, find_rq(1), NATIVE)
    talk.say(1, 1, find_rsp(1, 0xFF00, identifier=True), identifier)
    fragments = [build.pdv(1, identifier[at : at + 100], last=at == 300) for at in range(0, 400, 100)]
    pieces = [build.command_pdu(1, find_rsp(1, 0xFF00, identifier=True)), *map(build.p_data, fragments)]
    for number, piece in enumerate(pieces):
        if number == place:
            talk.say(0, 1, cancel_rq(1))
        talk.server(piece)
    talk.remember(1, 1, find_rsp(1, 0xFF00, identifier=True), identifier)
    talk.say(1, 1, find_rsp(1, 0xFE00, identifier=False))
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []
    assert [each["command"] for each in told.messages()].count("C-CANCEL-RQ") == 1
    assert told.messages()[-1]["status_meaning"].startswith("Cancel 0xFE00")
    assert "Pending" in told.messages()[1]["status_meaning"]


# Row 7


@pytest.mark.parametrize("beyond", range(1, 14))
def test_row_7_a_segment_may_end_within_the_header_of_the_next_pdu(tell, beyond):
    """Every segment ends `beyond` bytes into the next PDU: 6 is its whole header, 12 that of its PDV as well."""
    data = plain_data(5000)
    talk = Exchange(*CONTEXTS)
    pdus = [build.command_pdu(3, build.store_rq(1, "1.2.3.1"))]
    pieces = [data[at : at + 900] for at in range(0, len(data), 900)]
    pdus += [build.p_data(build.pdv(3, piece, last=piece is pieces[-1])) for piece in pieces]
    stream = b"".join(pdus)
    cuts, at = [], 0
    for each in pdus[:-1]:
        at += len(each)
        cuts.append(at + beyond)
    talk.pieces(0, [stream[first:last] for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True)])
    talk.remember(0, 3, build.store_rq(1, "1.2.3.1"), data)
    talk.say(1, 3, build.store_rsp(1, 0, "1.2.3.1"))
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []


# Row 8


@pytest.mark.parametrize("lengths", [[101, 299], [1, 1, 398], [399, 1], [133, 134, 133]])
def test_row_8_fragments_of_odd_length_are_joined(tell, lengths):
    data = plain_data(400)
    talk = Exchange(*CONTEXTS)
    talk.client(build.command_pdu(3, build.store_rq(1, "1.2.3.1")))
    at = 0
    for length in lengths:
        at += length
        talk.client(build.p_data(build.pdv(3, data[at - length : at], last=at == len(data))))
    assert at == len(data)
    talk.remember(0, 3, build.store_rq(1, "1.2.3.1"), data)
    talk.say(1, 3, build.store_rsp(1, 0, "1.2.3.1"))
    talk.echo(2)
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.messages()[0]["data_set"]["fragments"] == len(lengths)
    assert told.codes(0, "error") == []


@pytest.mark.parametrize("together", [False, True])
def test_row_8_an_empty_last_fragment_ends_the_data_set(tell, together):
    data = plain_data(400)
    talk = Exchange(*CONTEXTS)
    talk.client(build.command_pdu(3, build.store_rq(1, "1.2.3.1")))
    pdvs = [build.pdv(3, data, last=False), build.pdv(3, b"")]
    talk.client(build.p_data(*pdvs) if together else b"".join(map(build.p_data, pdvs)))
    talk.remember(0, 3, build.store_rq(1, "1.2.3.1"), data)
    talk.say(1, 3, build.store_rsp(1, 0, "1.2.3.1"))
    talk.echo(2)
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.messages()[0]["data_set"]["fragments"] == 2
    assert told.codes(0, "error") == []


# Row 9


def stores_with_a_hole(first_byte: int, lost: int, data_segments: int = 12) -> tuple[Exchange, list[Sent], bytes]:
    """Five C-STOREs in segments of 1000 bytes, the first without segment `lost`; what follows begins `first_byte`."""
    data = bytearray(plain_data(1000 * data_segments))
    talk = Exchange(*CONTEXTS)
    request = build.command_pdu(3, build.store_rq(1, "1.2.3.1"))
    stream = bytearray(request + build.data_pdus(3, bytes(data), 4000))
    stream[(lost + 1) * 1000] = first_byte
    packets = talk.client(bytes(stream), 1000)
    talk.packets.remove(packets[lost])
    talk.say(1, 3, build.store_rsp(1, 0, "1.2.3.1"))
    for number in range(2, 6):
        talk.store(number, 3, plain_data(2000))
    talk.echo(6)
    talk.release().close()
    return talk, talk.sent, packets[lost].data


@pytest.mark.parametrize("first_byte", range(1, 8))
@pytest.mark.parametrize("lost", [1, 3, 4, 7, 8, 10])
def test_row_9_one_lost_segment_costs_no_later_message(tell, first_byte, lost):
    talk, sent, gone = stores_with_a_hole(first_byte, lost)
    told = tell(talk.packets)
    (association,) = told.transcript()["associations"]
    assert association["outcome"] == "released"
    complete = [message for message in association["messages"] if message["complete"]]
    partial = [message for message in association["messages"] if not message["complete"]]
    numbers = [each["message_id"] or each["message_id_being_responded_to"] for each in complete]
    found = [f"{each['command']} {number}" for each, number in zip(complete, numbers, strict=True)]
    assert found == [each.label for each in sent]
    assert [(each["command"], each["message_id"]) for each in partial] == [("C-STORE-RQ", 1)]
    assert association["missing_bytes"] == len(gone)
    codes = [finding["code"] for finding in association["findings"]]
    assert "bytes-missing" in codes
    assert f"{len(gone)} bytes missing" in told.shown()
    assert [each["command_set"]["length"] for each in partial] == [len(build.store_rq(1, "1.2.3.1"))]


@pytest.mark.parametrize("first_byte", range(1, 8))
def test_row_9_a_hole_within_one_fragment_keeps_what_is_there(tell, first_byte):
    """Segment 1 lies within the first fragment of 4000 bytes."""
    talk, _, gone = stores_with_a_hole(first_byte, 1)
    told = tell(talk.packets)
    partial = next(message for message in told.messages() if not message["complete"])
    assert partial["data_set"]["missing"] == len(gone) == 1000
    assert partial["data_set"]["length"] == 11_000
    assert partial["data_set"]["fragments"] == 3


# Row 10


def begin(talk: build.Talk, version: int, *, after: bytes = b"") -> None:
    contexts = [build.proposal(1, VERIFICATION), build.proposal(3, CT, [EXPLICIT])]
    talk.client(build.associate(1, contexts, None, "STORESCP", "STORESCU", version) + after)


@pytest.mark.parametrize("version", [1, 3, 5, 0x8001, 0xFFFF])
@pytest.mark.parametrize("port", [104, 11112, 4242, 50000])
def test_row_10_an_association_is_known_on_any_port_and_with_any_version_that_has_bit_0(tell, version, port):
    """PS3.8 §9.3.2: only bit 0 of the version is tested."""
    talk = build.Talk(server=("10.0.0.2", port)).open()
    begin(talk, version)
    talk.server(build.associate_ac(build.answer(1), build.answer(3, 0, EXPLICIT)))
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    told = tell(talk.close().packets)
    told.assert_said(
        [Sent(Side.REQUESTOR, 1, build.echo_rq(1)), Sent(Side.ACCEPTOR, 1, build.echo_rsp(1))], outcomes=["released"]
    )
    assert told.complaints() == []


@pytest.mark.parametrize("size", [100_000, 400, 30])
def test_row_10_p_data_sent_with_the_request_is_read_and_found(tell, size):
    """It may not be sent before the association is accepted (PS3.8 §9.2)."""
    talk = build.Talk().open()
    contexts = [build.proposal(1, VERIFICATION), build.proposal(3, CT, [EXPLICIT])]
    request = build.associate(1, contexts, None, "STORESCP", "STORESCU")
    talk.client(request + build.message(1, build.echo_rq(1)), size)
    talk.server(build.associate_ac(build.answer(1), build.answer(3, 0, EXPLICIT)))
    talk.server(build.message(1, build.echo_rsp(1)))
    told = tell(talk.close().packets)
    told.assert_said([Sent(Side.REQUESTOR, 1, build.echo_rq(1)), Sent(Side.ACCEPTOR, 1, build.echo_rsp(1))])
    assert "pdata-before-association" in told.complaints()


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_row_10_a_capture_that_begins_mid_stream_is_read(tell, keep):
    """The last `keep` packets before the first message that counts are in the capture."""
    talk = Exchange(*CONTEXTS)
    talk.store(1, 3, plain_data(3000))
    before = len(talk.packets)
    talk.store(2, 3, plain_data(3000))
    talk.echo(3)
    talk.release().close()
    told = tell(talk.packets[before - keep :])
    (association,) = told.transcript()["associations"]
    said = [(each["command"], each["message_id"] or each["message_id_being_responded_to"])
            for each in association["messages"]][-4:]  # fmt: skip
    assert said == [("C-STORE-RQ", 2), ("C-STORE-RSP", 2), ("C-ECHO-RQ", 3), ("C-ECHO-RSP", 3)]
    assert association["outcome"] == "released"
    stored, answer = association["messages"][-4:-2]
    assert answer["latency"] == 0.001
    assert stored["data_set"]["transfer_syntax_guessed"] is True
    assert stored["data_set"]["elements"]["00100020"]["Value"] == ["ID12"]
    assert told.codes(0, "error") == []


# Row 11


def test_row_11_an_accept_with_p_data_in_one_segment_is_shown_with_it(tell):
    """An SCP that was given the role of an SCU may ask at once."""
    talk = build.Talk().open()
    begin(talk, 1)
    accept = build.associate_ac(build.answer(1), build.answer(3, 0, EXPLICIT))
    talk.server(accept + build.message(1, build.echo_rq(1)), 100_000)
    talk.client(build.message(1, build.echo_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    told = tell(talk.close().packets)
    told.assert_said(
        [Sent(Side.ACCEPTOR, 1, build.echo_rq(1)), Sent(Side.REQUESTOR, 1, build.echo_rsp(1))], outcomes=["released"]
    )
    assert "<-- A-ASSOCIATE-AC" in told.shown()
    assert told.transcript()["associations"][0]["pdu_counts"]["acceptor-to-requestor"]["A-ASSOCIATE-AC"] == 1


@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xB000, 0xC123, 0x0117, 0x1234])
def test_row_11_whatever_the_status_a_response_keeps_its_message_id(tell, status):
    talk = Exchange(*CONTEXTS)
    talk.store(77, 3, NATIVE, status=status)
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    (line,) = [line for line in told.shown().splitlines() if "<-- C-STORE-RSP" in line]
    assert "C-STORE-RSP 77" in line
    assert ("Success" in line) == (status == 0)
    assert f"0x{status:04X}" in line or status == 0
    assert told.messages()[1]["status"] == status


# Row 13


def test_row_13_a_second_association_on_a_connection_has_its_own_contexts(tell):
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    talk.echo(1)
    talk.release()
    first, talk.sent = talk.sent, []
    talk.associate((1, CT, EXPLICIT), (3, VERIFICATION, IMPLICIT))
    talk.store(1, 1, NATIVE)
    talk.echo(2, 3)
    talk.release()
    second, talk.sent = talk.sent, []
    talk.associate((1, FIND, EXPLICIT))
    talk.say(0, 1, find_rq(1), NATIVE)
    talk.say(1, 1, find_rsp(1, 0, identifier=False))
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(first, second, talk.sent, outcomes=["released"] * 3)
    assert [
        [
            (each["id"], each["abstract_syntax"], each["transfer_syntax"])
            for each in association["presentation_contexts"]
        ]
        for association in told.transcript()["associations"]
    ] == [[(1, VERIFICATION, IMPLICIT)], [(1, CT, EXPLICIT), (3, VERIFICATION, IMPLICIT)], [(1, FIND, EXPLICIT)]]
    assert [told.complaints(number) for number in range(3)] == [
        [],
        ["connection-reused"],
        ["connection-reused", "query-level-missing"],
    ]
    assert told.messages(1)[0]["data_set"]["elements"]["00100020"]["Value"] == ["ID12"]
    shown = told.shown()
    assert shown.count("--> A-ASSOCIATE-RQ") == 3
    assert all(f"association {number}: " in shown for number in (1, 2, 3))


def test_row_13_also_where_the_other_side_asks_for_the_second(tell):
    talk = Exchange((1, VERIFICATION, IMPLICIT))
    talk.echo(1)
    talk.release()
    first = talk.sent
    talk.server(build.associate_rq(build.proposal(1, CT, [EXPLICIT]), called="STORESCU", calling="STORESCP"))
    talk.client(build.associate_ac(build.answer(1, 0, EXPLICIT), called="STORESCU", calling="STORESCP"))
    talk.server(build.message(1, build.store_rq(1, "1.2.3.1"), NATIVE))
    talk.client(build.message(1, build.store_rsp(1, 0, "1.2.3.1")))
    talk.server(build.release_rq())
    talk.client(build.release_rp())
    answer = Sent(Side.ACCEPTOR, 1, build.store_rsp(1, 0, "1.2.3.1"))
    second = [Sent(Side.REQUESTOR, 1, build.store_rq(1, "1.2.3.1"), NATIVE), answer]
    told = tell(talk.close().packets)
    told.assert_said(first, second, outcomes=["released"] * 2)
    associations = told.transcript()["associations"]
    assert [each["requestor"]["address"] for each in associations] == ["10.0.0.1", "10.0.0.2"]
    assert [each["requestor"]["ae_title"] for each in associations] == ["STORESCU", "STORESCP"]
    assert [told.complaints(number) for number in range(2)] == [[], ["connection-reused"]]
