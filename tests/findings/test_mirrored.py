"""What one side can do wrong, the other can: every case of a rule that names a side, told with the sides swapped."""

from functools import cache

import pytest

import build
from dicomsniff.findings.finding import Finding
from dicomsniff.side import Side
from findings import exchange_cases, mirrored
from findings.cases import CASES, Traffic
from findings.found import analyzed_case, every_finding, found_in
from findings.tls_cases import Keyed
from findings.traffic import (
    CT,
    associate_ac,
    identity,
    negotiated,
    opened,
    patched,
    role,
    talked,
)

_OF_WHO_ASKS_AGAIN = {"connection-reused", "connection-reuse-refused"}
"""About a second association on a connection, whose requestor is whoever asks for it."""
_ONE_SIDED = {
    "release-by-acceptor": "only the acceptor may not begin a release",
    "release-answer-order": "in a collision the requestor is the one to answer first",
    "released-unused": "the acceptor has nothing to send",
    "role-not-negotiated": "what the acceptor may not send, the requestor may",
}
_OF_THE_WHOLE = {"segments-sent-again", "retransmission-storm"}
"""Told at the first packet, and about all that follow."""
_OF_THE_PROPOSAL = {"get-without-role"}
"""Told where it shows, and about what was proposed."""
_NEEDS_HANDSHAKE = {
    "connection-left-open": "how long it was open is told by another connection of its case, which has nothing else",
    "requestor-silent": "who said nothing is known by having opened the connection",
    "proxy-header": "it stands at the beginning of a connection, and is sent by who opens it",
    "ae-titles-too-long": "what has no layout of A-ASSOCIATE-RQ is taken for one only where it begins a connection",
    "other-protocol": "the first bytes of a side are known to be its first",
    "pdata-before-association": "of one side only it is not known what the other had said",
    "tls-not-decrypted": "a session is followed from its handshake on",
}


def _told(code: str, traffic: Traffic) -> list[Finding]:
    return [finding for finding in found_in(traffic) if finding.code == code]


def _sides(found: list[Finding]) -> list[Side | None]:
    return [finding.side for finding in found]


def _own(code: str) -> list[Finding]:
    return [finding for finding in every_finding(analyzed_case(code, raises=True)) if finding.code == code]


def _packets(code: str) -> list[build.Packet]:
    traffic = CASES[code].raises()  # what is encrypted, nobody but its sender can say
    return [] if isinstance(traffic, Keyed) else [each for each in traffic if isinstance(each, build.Packet)]


def _connections(packets: list[build.Packet]) -> int:
    return len({frozenset((packet.flow, mirrored.turned(packet.flow))) for packet in packets})


@cache
def sided() -> list[str]:
    """Rules of which the case names who is at fault."""
    return [code for code in CASES if _packets(code) and _sides(_own(code)) != [None]]


@cache
def exchanged() -> list[str]:
    """Those where what is wrong comes after the negotiation, on the one connection there is."""
    return [
        code
        for code in sided()
        if _connections(_packets(code)) == 1
        and len({packet.flow for packet in _packets(code) if packet.data}) == len(Side)
        and (code in _OF_THE_WHOLE or _own(code)[0].span.first_packet > mirrored.negotiated_by(_packets(code)) + 1)
        and code not in _OF_THE_PROPOSAL
    ]


def done_by_either() -> list[str]:
    """Those of them that either side can do."""
    return [code for code in exchanged() if code not in _ONE_SIDED]


def _swapped(code: str) -> list[Finding]:
    return _told(code, mirrored.said_by_the_other(_packets(code)))


def test_most_rules_are_held_against_either_side():
    assert exchange_cases.__doc__  # which adds its cases
    assert len(sided()) > 120
    assert len(exchanged()) > 80
    assert {*_ONE_SIDED, *_OF_WHO_ASKS_AGAIN} <= set(exchanged())
    assert _NEEDS_HANDSHAKE.keys() <= set(sided())


def test_what_either_side_does_wrong_is_told_of_the_one_that_did_it():
    told, expected = {}, {}
    for code in done_by_either():
        others = [each.other for each in _sides(_own(code)) if each]
        expected[code] = [Side.REQUESTOR] if code in _OF_WHO_ASKS_AGAIN else others
        told[code] = _sides(_swapped(code))
    assert told == expected


def test_what_either_side_does_wrong_weighs_the_same():
    swapped = {code: [finding.severity for finding in _swapped(code)] for code in done_by_either()}
    assert swapped == {code: [finding.severity for finding in _own(code)] for code in done_by_either()}


@pytest.mark.parametrize("code", _ONE_SIDED)
def test_what_only_one_side_can_do_wrong_is_not_told_of_the_other(code):
    assert _swapped(code) == []


def test_a_text_that_blames_somebody_blames_the_other_one_with_the_sides_swapped():
    blamed = {}
    for code in done_by_either():
        (before,), (after,) = _own(code), _swapped(code)
        blamed[code] = sorted([_named_first(before.message), _named_first(after.message)])
    assert [code for code, names in blamed.items() if names not in (["", ""], sorted(_NAMES))] == []


_NAMES = ("10.0.0.1:40001", "10.0.0.2:104")


def _named_first(text: str) -> str:
    return min((name for name in _NAMES if name in text), key=text.index, default="")


@pytest.mark.parametrize("otherwise", [mirrored.without_handshake, mirrored.opened_by_the_other])
def test_who_is_at_fault_does_not_hang_on_who_opened_the_connection(otherwise):
    codes = [code for code in sided() if code not in _NEEDS_HANDSHAKE]
    assert {code: _sides(_told(code, otherwise(_packets(code)))) for code in codes} == _own_sides(codes)


def test_who_is_at_fault_does_not_hang_on_which_port_is_higher():
    codes = [code for code in sided() if _connections(_packets(code)) == 1]
    swapped = {code: _sides(_told(code, mirrored.with_ports_swapped(_packets(code)))) for code in codes}
    assert swapped == _own_sides(codes)


def _own_sides(codes: list[str]) -> dict[str, list[Side | None]]:
    return {code: _sides(_own(code)) for code in codes}


def _answered(*contexts: bytes, more: tuple[bytes, ...] = (), **options: object) -> list[build.Packet]:
    return negotiated(answer=associate_ac(*contexts, more=more, **options))


_VERSION_NAME = build.item(0x55, b"SEVENTEEN_LETTERS")
_LONG_UID = b"1.2." + b"3" * 61
TWINS: dict[str, tuple[str, list[build.Packet]]] = {
    "protocol-version": ("protocol-version", negotiated(answer=patched(associate_ac(), 6, b"\0\2"))),
    "application-context": (
        "application-context",
        negotiated(answer=associate_ac().replace(b"10008.3.1.1.1", b"10008.3.1.1.2")),
    ),
    "item-repeated": ("item-repeated", _answered(more=(build.item(0x51, bytes(4)),))),
    "item-unknown": ("item-unknown", _answered(more=(build.item(0x60, b"x"),))),
    "reserved-bytes": ("reserved-bytes", negotiated(answer=patched(associate_ac(), 50, b"\1"))),
    "ae-titles-too-long": ("ae-titles-too-long", _answered(calling="SEVENTEEN_LETTERS")),
    "ae-title-malformed": ("titles-changed", _answered(calling="")),
    "ae-title-padded": ("titles-garbled", negotiated(answer=patched(associate_ac(), 26, b"STORESCU" + bytes(8)))),
    "uid-malformed": ("uid-malformed", negotiated(answer=associate_ac().replace(b"\0\x071.2.3.4", b"\0\x071.2.3.x"))),
    "uid-padded": ("uid-padded", _answered(build.answer(1, transfer=build.IMPLICIT + "\0"), build.answer(3))),
    "context-id-even": ("context-not-proposed", _answered(build.answer(1), build.answer(3), build.answer(4))),
    "context-id-repeated": ("context-answered-twice", _answered(*[build.answer(each) for each in (1, 3, 3)])),
    "contexts-too-many": ("context-answered-twice", _answered(*[build.answer(each % 4 | 1) for each in range(129)])),
    "context-without-syntax": ("accepted-without-syntax", _answered(build.answer(1, transfer=""), build.answer(3))),
    "proposed-twice": ("context-answered-twice", _answered(*[build.answer(each) for each in (1, 1, 3)])),
    "user-information-incomplete": (
        "user-information-incomplete",
        negotiated(answer=build.associate_ac(build.answer(1), build.answer(3), user=build.item(0x50, b""))),
    ),
    "max-length-small": (
        "max-length-small",
        negotiated(answer=build.associate_ac(build.answer(1), build.answer(3), user=build.user_information(1023))),
    ),
    "class-item-repeated": ("class-item-repeated", _answered(more=(role(CT, 1, 0), role(CT, 0, 1)))),
    "version-name": ("version-name", _answered(more=(_VERSION_NAME,))),
    "item-of-other-side": ("item-of-other-side", _answered(more=(identity(),))),
    "pdu-malformed": ("pdu-malformed", opened(answer=build.associate_ac(b"\x21\0\xff\xf0")).packets),
    "pdu-length-wrong": (
        "pdu-length-wrong",
        talked((0, build.associate_rq()), (1, build.pdu(3, bytes(9))), talk=build.Talk().open()).close().packets,
    ),
    "role-scp-only": ("role-not-proposed", _answered(more=(role(build.VERIFICATION, 0, 1),))),
}
"""For what can be wrong with A-ASSOCIATE-RQ, what tells it of the answer, and an answer that has it."""


@pytest.mark.parametrize("code", TWINS)
def test_what_is_wrong_with_a_proposal_is_told_of_the_answer_too(code):
    twin, traffic = TWINS[code]
    assert _sides(_told(twin, traffic)) == [Side.ACCEPTOR]


def test_every_rule_on_a_proposal_has_its_twin():
    """Those without one are about what only a requestor sends, and the answer has a rule of its own."""
    proposals = {
        code
        for code in sided()
        if code not in exchanged() and _sides(_own(code)) == [Side.REQUESTOR] and _connections(_packets(code)) == 1
    }
    alone = {
        "association-unanswered",  # nothing was answered
        "get-without-role",  # the acceptor proposes nothing
        "identity-readable",
        "likely-reason",
        "pdata-before-association",
        "proxy-header",
        "requestor-silent",
    }
    assert proposals - alone <= TWINS.keys()
