"""Messages written by pynetdicom: all eleven DIMSE services, requests and responses."""

from io import BytesIO

import pytest
from pynetdicom import dimse_messages, dimse_primitives
from pynetdicom.pdu import P_DATA_TF

import build
from dicomsniff.dimse.assembler import Assembler
from dicomsniff.dimse.message import Message
from pipeline import decode

CT, INSTANCE = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5"
DATA = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"
AFFECTED = {"AffectedSOPClassUID": CT, "AffectedSOPInstanceUID": INSTANCE}
REQUESTED = {"RequestedSOPClassUID": CT, "RequestedSOPInstanceUID": INSTANCE}
COUNTS = {
    "NumberOfRemainingSuboperations": 3,
    "NumberOfCompletedSuboperations": 2,
    "NumberOfFailedSuboperations": 1,
    "NumberOfWarningSuboperations": 0,
}
RESPONSE = {"MessageIDBeingRespondedTo": 9, "Status": 0}

MESSAGES = [  # message, element values, name of the data set parameter
    ("C_STORE", "RQ", AFFECTED | {"MessageID": 9, "Priority": 2}, "DataSet"),
    ("C_STORE", "RSP", RESPONSE | AFFECTED, None),
    ("C_FIND", "RQ", {"MessageID": 9, "AffectedSOPClassUID": CT, "Priority": 2}, "Identifier"),
    ("C_FIND", "RSP", RESPONSE | {"AffectedSOPClassUID": CT, "Status": 0xFF00}, "Identifier"),
    ("C_GET", "RQ", {"MessageID": 9, "AffectedSOPClassUID": CT, "Priority": 2}, "Identifier"),
    ("C_GET", "RSP", RESPONSE | {"AffectedSOPClassUID": CT, "Status": 0xFF00} | COUNTS, None),
    (
        "C_MOVE",
        "RQ",
        {"MessageID": 9, "AffectedSOPClassUID": CT, "Priority": 2, "MoveDestination": "DEST"},
        "Identifier",
    ),
    ("C_MOVE", "RSP", RESPONSE | {"AffectedSOPClassUID": CT, "Status": 0xB000} | COUNTS, "Identifier"),
    ("C_ECHO", "RQ", {"MessageID": 9, "AffectedSOPClassUID": CT}, None),
    ("C_ECHO", "RSP", RESPONSE | {"AffectedSOPClassUID": CT}, None),
    ("C_CANCEL", "RQ", {"MessageIDBeingRespondedTo": 9}, None),
    ("N_EVENT_REPORT", "RQ", AFFECTED | {"MessageID": 9, "EventTypeID": 2}, "EventInformation"),
    ("N_EVENT_REPORT", "RSP", RESPONSE | AFFECTED | {"EventTypeID": 2}, "EventReply"),
    (
        "N_GET",
        "RQ",
        REQUESTED | {"MessageID": 9, "AttributeIdentifierList": [0x00080018, 0x00100010]},
        None,
    ),
    ("N_GET", "RSP", RESPONSE | AFFECTED, "AttributeList"),
    ("N_SET", "RQ", REQUESTED | {"MessageID": 9}, "ModificationList"),
    ("N_SET", "RSP", RESPONSE | AFFECTED, "AttributeList"),
    ("N_ACTION", "RQ", REQUESTED | {"MessageID": 9, "ActionTypeID": 1}, "ActionInformation"),
    ("N_ACTION", "RSP", RESPONSE | AFFECTED | {"ActionTypeID": 1}, "ActionReply"),
    ("N_CREATE", "RQ", AFFECTED | {"MessageID": 9}, "AttributeList"),
    ("N_CREATE", "RSP", RESPONSE | AFFECTED, "AttributeList"),
    ("N_DELETE", "RQ", REQUESTED | {"MessageID": 9}, None),
    ("N_DELETE", "RSP", RESPONSE | AFFECTED, None),
]
TAGS = {
    "AffectedSOPClassUID": 0x0002,
    "RequestedSOPClassUID": 0x0003,
    "MessageID": 0x0110,
    "MessageIDBeingRespondedTo": 0x0120,
    "MoveDestination": 0x0600,
    "Priority": 0x0700,
    "Status": 0x0900,
    "AffectedSOPInstanceUID": 0x1000,
    "RequestedSOPInstanceUID": 0x1001,
    "EventTypeID": 0x1002,
    "AttributeIdentifierList": 0x1005,
    "ActionTypeID": 0x1008,
    "NumberOfRemainingSuboperations": 0x1020,
    "NumberOfCompletedSuboperations": 0x1021,
    "NumberOfFailedSuboperations": 0x1022,
    "NumberOfWarningSuboperations": 0x1023,
}


def encode(service: str, kind: str, values: dict[str, object], data: str | None, limit: int) -> list[bytes]:
    """P-DATA-TF PDUs as pynetdicom sends them."""
    primitive = getattr(dimse_primitives, service)()
    for name, value in values.items():
        setattr(primitive, name, value)
    if data:
        setattr(primitive, data, BytesIO(DATA))
    message = getattr(dimse_messages, f"{service}_{kind}")()
    message.primitive_to_message(primitive)
    pdus = []
    for fragment in message.encode_msg(5, limit):
        pdu = P_DATA_TF()
        pdu.from_primitive(fragment)
        pdus.append(pdu.encode())
    return pdus


def read(pdus: list[bytes]) -> Message:
    assembler = Assembler(b"", 0, from_requestor=True, collect=True)
    events = decode([build.release_rp(), *pdus], collect=True)[1:]
    (message,) = [found for event in events for found in assembler.feed(event)]
    return message


@pytest.mark.parametrize("limit", [0, 32])
@pytest.mark.parametrize(
    ("service", "kind", "values", "data"), MESSAGES, ids=[f"{row[0]}-{row[1]}" for row in MESSAGES]
)
def test_a_message_decodes_to_the_values_it_was_made_from(service, kind, values, data, limit):
    message = read(encode(service, kind, values, data, limit))
    command = message.command
    assert message.name == f"{service}_{kind}".replace("_", "-")
    assert message.context_id == 5
    assert (message.complete, command.problem) == (True, "")
    assert command.group_length == len(command.raw) - 12
    for name, value in values.items():
        tag = TAGS[name]
        if isinstance(value, int):
            assert command.uint(tag) == value
        elif isinstance(value, str):
            assert command.text(tag) == value
        else:
            shown = "\\".join(f"({each >> 16:04X},{each & 0xFFFF:04X})" for each in value)
            assert command.value_text(tag) == shown
    assert (message.data_set is not None) == command.announces_data_set == bool(data)
    if message.data_set is not None:
        assert message.data_set.content is not None
        message.data_set.content.seek(0)
        assert message.data_set.content.read() == DATA
        message.data_set.content.close()
