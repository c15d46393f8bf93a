"""Rows 12, 14, 18 and 19: what the two sides said of themselves, who broke off, what breaks the standard's rules."""

import struct
from collections.abc import Callable

import pytest

import build
from dicomsniff.pdu.types import CommonExtendedNegotiation
from dicomsniff.side import Side
from traps.objects import NATIVE
from traps.told import ARROWS, DIRECTIONS, Exchange, Sent, Told
from unmarked import live_line

CT, IMPLICIT, EXPLICIT = build.CT_IMAGE_STORAGE, build.IMPLICIT, build.EXPLICIT
VERIFICATION = build.VERIFICATION
CONTEXTS = ((1, VERIFICATION, IMPLICIT), (3, CT, EXPLICIT))

# Row 12


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("source", "reason"), [(0, 0), (2, 0), (2, 2), (2, 6)])
def test_row_12_an_abort_is_told_of_the_side_that_sent_it(tell, side, source, reason):
    talk = Exchange(*CONTEXTS)
    talk.echo(1)
    (talk.client if side is Side.REQUESTOR else talk.server)(build.abort(source, reason))
    told = tell(talk.close().packets)
    told.assert_said(talk.sent, outcomes=["aborted"])
    said = told.transcript()["associations"][0]["abort"]
    direction = DIRECTIONS[side]
    assert (said["source"], said["reason"], said["direction"]) == (source, reason, direction)
    assert ("service-user" in said["meaning"]) == (source == 0)
    shown = told.shown()
    assert f"{ARROWS[side]} A-ABORT" in shown
    assert f"aborted by the {side.value}" in shown


@pytest.mark.parametrize("side", Side)
def test_row_12_also_before_the_association_is_accepted(tell, side):
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    (talk.client if side is Side.REQUESTOR else talk.server)(build.abort(2 if side is Side.ACCEPTOR else 0, 1))
    (association,) = tell(talk.close().packets).transcript()["associations"]
    assert association["abort"]["direction"].startswith(side.value)
    assert association["requestor"]["address"] == "10.0.0.1"


# Row 14


def negotiated(proposals: list[bytes], answers: list[bytes], *, limit: int = 16384) -> build.Talk:
    talk = build.Talk().open()
    talk.client(build.associate_rq(*proposals))
    talk.server(build.associate_ac(*answers, user=build.user_information(limit)))
    return talk


def released(talk: build.Talk) -> list[build.Packet]:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


BREACHES: dict[str, Callable[[], list[build.Packet]]] = {}


def breach(make: Callable[[], list[build.Packet]]) -> Callable[[], list[build.Packet]]:
    BREACHES[make.__name__] = make
    return make


@breach
def even_context_id():
    talk = negotiated([build.proposal(2)], [build.answer(2)])
    talk.client(build.message(2, build.echo_rq(1)))
    talk.server(build.message(2, build.echo_rsp(1)))
    return released(talk)


@breach
def duplicate_context_id():
    talk = negotiated([build.proposal(1), build.proposal(1, CT)], [build.answer(1)])
    return released(talk)


@breach
def accepted_id_never_proposed():
    return released(negotiated([build.proposal(1)], [build.answer(1), build.answer(77)]))


@breach
def accepted_syntax_never_proposed():
    return released(negotiated([build.proposal(1)], [build.answer(1, 0, EXPLICIT)]))


@breach
def pdu_beyond_the_maximum():
    talk = negotiated([build.proposal(1), build.proposal(3, CT)], [build.answer(1), build.answer(3)], limit=4096)
    talk.client(build.message(3, build.store_rq(1), build.element(0x00204000, b"x" * 6000)))
    talk.server(build.message(3, build.store_rsp(1)))
    return released(talk)


@breach
def data_set_announced_but_missing():
    talk = negotiated([build.proposal(1), build.proposal(3, CT)], [build.answer(1), build.answer(3)])
    talk.client(build.message(3, build.store_rq(1)))
    talk.client(build.message(3, build.store_rq(2), build.element(0x00100020, b"ID12")))
    talk.server(build.message(3, build.store_rsp(2)))
    return released(talk)


@breach
def response_to_a_message_never_sent():
    talk = negotiated([build.proposal(1)], [build.answer(1)])
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(42)))
    talk.server(build.message(1, build.echo_rsp(1)))
    return released(talk)


@breach
def wrong_group_length():
    talk = negotiated([build.proposal(1)], [build.answer(1)])
    wrong = {0x0002: VERIFICATION, 0x0100: 0x0030, 0x0110: 1, 0x0800: 0x0101}
    talk.client(build.message(1, build.command_set(wrong, group_length=7)))
    talk.server(build.message(1, build.echo_rsp(1)))
    return released(talk)


@breach
def context_never_accepted():
    talk = negotiated([build.proposal(1), build.proposal(3, CT)], [build.answer(1), build.answer(3, 3)])
    talk.client(build.message(3, build.store_rq(1), build.element(0x00100020, b"ID12")))
    talk.server(build.message(3, build.store_rsp(1)))
    return released(talk)


@pytest.mark.parametrize("name", BREACHES)
def test_row_14_a_breach_of_the_rules_is_an_error_or_a_warning(tell, name):
    told = tell(BREACHES[name]())
    found = [each for each in told.transcript()["associations"][0]["findings"] if each["severity"] != "note"]
    assert found
    assert all(each["reference"] for each in found)
    assert all(each["message"] in told.shown() for each in found)


def test_row_14_healthy_traffic_of_the_same_kind_has_none(tell):
    talk = Exchange(*CONTEXTS, max_length=4096)
    talk.store(1, 3, NATIVE + build.explicit_data_set((0x00204000, b"LT", b"x" * 6000)), 4090)
    talk.store(2, 3, NATIVE)
    talk.echo(65535)
    talk.echo(0)
    talk.release().close()
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []


# Row 18

USER, PASSWORD, TOKEN = b"dr-mueller", b"s3cr3t-Pa55word", b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."
SERVER_TICKET = b"kerberos-server-ticket-0815"
IDENTITIES = [  # type (PS3.7 Table D.3-14), primary field, secondary field
    (1, USER, b""),
    (2, USER, PASSWORD),
    (3, b"kerberos-service-ticket-4711", b""),
    (4, b"<saml:Assertion>secret</saml:Assertion>", b""),
    (5, TOKEN, b""),
    (9, b"future-secret-identity", b"future-secret-password"),
]


def identity(kind: int, primary: bytes, secondary: bytes) -> bytes:
    """PS3.7 Table D.3-14."""
    return build.item(
        0x58, struct.pack(">BBH", kind, 1, len(primary)) + primary + struct.pack(">H", len(secondary)) + secondary
    )


def identity_answer(answer: bytes) -> bytes:
    """PS3.7 Table D.3-15."""
    return build.item(0x59, struct.pack(">H", len(answer)) + answer)


def counted(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def identified(kind: int, primary: bytes, secondary: bytes) -> tuple[build.Talk, list[Sent]]:
    talk = build.Talk().open()
    talk.client(build.associate_rq(user=build.user_information(16384, identity(kind, primary, secondary))))
    talk.server(build.associate_ac(user=build.user_information(16384, identity_answer(SERVER_TICKET))))
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    talk.close()
    return talk, [Sent(Side.REQUESTOR, 1, build.echo_rq(1)), Sent(Side.ACCEPTOR, 1, build.echo_rsp(1))]


def everything_said(told: Told) -> str:
    """All output that is made without asking for protected health information."""
    said = [told.shown(), told.run("show", "--contexts"), told.run("export"), told.run("export", "--format", "jsonl")]
    said += [live_line(each, entry, 6) for each in told.associations for entry in each.timeline]
    for association in told.associations:
        said += [repr(finding) for finding in told.capture.found.of(association).causes]
        for pdu in (association.request, association.accept):
            fields = getattr(pdu, "fields", None)
            said += [repr(field) for field in fields()] if callable(fields) else []
    return "\n".join(said)


@pytest.mark.parametrize(("kind", "primary", "secondary"), IDENTITIES, ids=[f"type {row[0]}" for row in IDENTITIES])
def test_row_18_a_user_identity_is_read_and_its_secrets_are_in_no_output(tell, kind, primary, secondary):
    talk, sent = identified(kind, primary, secondary)
    told = tell(talk.packets)
    told.assert_said(sent, outcomes=["released"])
    (association,) = told.associations
    asked, answered = association.requestor.information, association.acceptor.information
    found = asked.identity
    assert (found.type, found.positive_response_requested) == (kind, 1)
    assert (found.primary_field, found.secondary_field) == (primary, secondary)
    assert answered.identity_response.server_response == SERVER_TICKET
    assert (asked.unknown, answered.unknown) == ((), ())
    said = everything_said(told)
    for secret in (primary, secondary, SERVER_TICKET):
        if secret and secret != USER:
            assert secret.decode() not in said
            assert secret.hex() not in said.replace(" ", "")
    assert told.codes(0, "error") == []


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_row_18_nor_where_the_identity_is_damaged(tell, cut):
    """The item ends within its fields: what is read of it is no reason to print it."""
    body = identity(2, USER, PASSWORD)[4:]
    talk = build.Talk().open()
    talk.client(build.associate_rq(user=build.user_information(16384, build.item(0x58, body[:-cut]))))
    talk.server(build.associate_ac())
    told = tell(talk.close().packets)
    said = everything_said(told)
    for length in range(6, len(PASSWORD) + 1):
        assert PASSWORD[:length].decode() not in said
        assert PASSWORD[:length].hex() not in said.replace(" ", "")


def test_row_18_common_extended_negotiation_is_read(tell):
    """PS3.7 Table D.3-12."""
    related = ["1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.33"]
    body = counted(CT.encode()) + counted(b"1.2.840.10008.4.2")
    body += counted(b"".join(counted(uid.encode()) for uid in related))
    talk = build.Talk().open()
    talk.client(build.associate_rq(user=build.user_information(16384, build.item(0x57, body))))
    talk.server(build.associate_ac())
    told = tell(released(talk))
    (association,) = told.associations
    assert association.requestor.information.common_extended == (
        CommonExtendedNegotiation(CT, "1.2.840.10008.4.2", tuple(related)),
    )
    assert association.requestor.information.unknown == ()
    assert told.codes(0, "error", "warning") == []


# Row 19


@pytest.mark.parametrize("port", [2762, 104, 11112])
def test_row_19_tls_is_told_as_such_and_not_as_broken_dicom(tell, port):
    """A ClientHello and a ServerHello record (RFC 8446 §5.1), then application data that looks like anything."""
    talk = build.Talk(server=("10.0.0.2", port)).open()
    talk.client(b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(range(196)))
    talk.server(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(118))
    talk.client(b"\x17\x03\x03\x00\x40" + build.p_data(build.pdv(1, bytes(52), command=True))[:64])
    told = tell(talk.close().packets)
    (association,) = told.associations
    assert (association.outcome, association.messages) == ("unfinished", [])
    assert "DICOM over TLS, presumably" in told.shown()
    assert told.codes(0, "error") == []
