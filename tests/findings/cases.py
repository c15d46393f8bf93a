"""For every rule the smallest traffic that raises it, and some that just does not."""

from collections.abc import Callable
from typing import NamedTuple

import build
from dicomsniff.findings.collector import MAX_FINDINGS
from findings import normalized_cases, query_cases
from findings.connection_traffic import beside_a_sound_one, refused, said_nothing
from findings.end_traffic import closed_and_aborted
from findings.link_traffic import asked_for_itself, asked_to_move, committed, got, passed_on, report, sent_singly
from findings.neighbour_traffic import (
    asked_again,
    asked_by_name,
    echoed_and_aborted,
    found_there,
    limit_reached,
    refused_with_role,
    searched_twice,
    slowed_down,
    titles_exchanged,
    tried,
    two_programs,
    waited_for_another,
)
from findings.object_cases import CASES as OBJECT_CASES
from findings.release_cases import CASES as RELEASE_CASES
from findings.stall_cases import CASES as STALL_CASES
from findings.stranger_cases import CASES as STRANGER_CASES
from findings.tls_cases import CASES as TLS_CASES
from findings.traffic import (
    CT,
    IDENTIFIER,
    SEARCH,
    SECOND,
    asked_and_answered,
    associate_ac,
    associate_rq,
    cancel,
    echoed,
    established,
    healthy,
    identity,
    identity_response,
    many_failures,
    match,
    moved,
    negotiated,
    opened,
    patched,
    pending_on,
    released,
    role,
    searched,
    sent_again,
    stored,
    talked,
    window,
    with_client,
    with_window,
)
from network import move_rsp
from tls import without_client_certificate

Traffic = list[build.Packet] | list[build.Frame]


def frames_of(traffic: Traffic) -> list[build.Frame]:
    return [(each.time, build.frame(each)) if isinstance(each, build.Packet) else each for each in traffic]


class Case(NamedTuple):
    """Traffic that raises a rule, and traffic that all but does."""

    raises: Callable[[], Traffic]
    spares: Callable[[], Traffic]


CASES: dict[str, Case] = {}


def case(code: str, raises: Callable[[], Traffic], spares: Callable[[], Traffic] = healthy) -> None:
    assert code not in CASES
    CASES[code] = Case(raises, spares)


def command_pdv(data: bytes = b"") -> bytes:
    return build.pdv(1, data or build.echo_rq(), command=True)


for _code, _traffic in (query_cases.CASES | normalized_cases.CASES).items():
    case(_code, *_traffic)

# PDUs

case(
    "pdv-beyond-pdu",
    lambda: with_client(build.p_data(b"\0\0\0\x99\1\3ab")),
    lambda: released(echoed(established())),
)
case(
    "pdv-too-short",
    lambda: with_client(build.p_data(b"\0\0\0\1ab")),
    lambda: with_client(build.p_data(build.pdv(1, b"", command=True, last=False), command_pdv())),
)
case(
    "pdu-trailing-bytes",
    lambda: with_client(build.p_data(command_pdv(), b"abc")),
    lambda: with_client(build.p_data(command_pdv(), build.pdv(3, b"", command=True, last=False))),
)
case(
    "pdata-without-pdv",
    lambda: with_client(build.p_data()),
    lambda: with_client(build.p_data(build.pdv(1, b"", command=True, last=False))),
)
case("pdu-type-unknown", lambda: with_client(build.pdu(0x0C, b"x")))
case("pdu-length-wrong", lambda: with_client(build.pdu(7, bytes(9))), lambda: with_client(build.abort()))
case("pdu-malformed", lambda: opened(build.associate_rq(b"\x20\0\xff\xf0")).packets)
case(
    "pdu-header",
    lambda: with_client(b"\x02\0\xff\xff\xff\xff" + bytes(20)),
    lambda: (
        talked((0, build.associate_rq()), (1, b"HTTP/1.1 400 Bad Request\r\n\r\n"), talk=build.Talk().open())
        .close()
        .packets
    ),
)
case(
    "abort-within-pdu",
    lambda: talked((0, build.message(1, build.echo_rq())[:40]), (0, build.abort())).end(0).packets,
    lambda: talked((0, build.message(1, build.echo_rq())), (0, build.abort())).end(0).packets,
)
case("bytes-skipped", lambda: with_client(b"\x02\0\xff\xff\xff\xff" + bytes(20)))
case(
    "pdu-beyond-maximum",
    lambda: with_client(build.message(3, build.store_rq(), build.pixels(30_000), 16379)),
    lambda: with_client(build.message(3, build.store_rq(), build.pixels(30_000), 16378)),
)


case(
    "pdu-incomplete",
    lambda: talked((0, build.p_data(bytes(100))[:50])).close().packets,
    lambda: talked((0, build.p_data(build.pdv(3, bytes(100)))[:50])).packets,  # the capture ends, not the stream
)

case(
    "pdv-odd-length",
    lambda: with_client(*[build.message(3, build.store_rq(number), b"odd") for number in (1, 2)]),
    lambda: with_client(build.message(3, build.store_rq(), b"even")),
)
case(
    "pdv-reserved-bits",
    lambda: with_client(build.p_data(patched(command_pdv(), 5, b"\xf3"))),
    lambda: with_client(build.p_data(command_pdv())),
)

# Order of PDUs

case(
    "pdata-before-association",
    lambda: talked((0, build.associate_rq() + build.message(1, build.echo_rq())), talk=build.Talk().open()).packets,
    lambda: [packet for packet in healthy() if packet.flow == healthy()[0].flow],  # what the other said is not there
)
case(
    "pdata-after-release",
    lambda: talked((0, build.release_rq()), (1, build.release_rp()), (0, build.message(1, build.echo_rq()))).packets,
    lambda: talked((1, build.abort()), (0, build.message(1, build.echo_rq()))).close().packets,  # was under way
)
case(
    "associate-repeated",
    lambda: with_client(build.associate_rq()),
    lambda: [*released(established())[:-3], *_moved_on(negotiated()[3:], 3)],
)
case(
    "abort-after-end",
    lambda: talked((0, build.release_rq()), (1, build.release_rp()), (0, build.abort())).close().packets,
    lambda: talked((0, build.release_rq()), (0, build.abort())).close().packets,
)
case(
    "pdu-unexpected",
    lambda: with_client(build.associate_ac()),
    lambda: (
        talked((0, build.release_rq()), (1, build.release_rq()), (0, build.release_rp()), (1, build.release_rp()))
        .close()
        .packets
    ),
)
case(
    "abort-reserved",
    lambda: talked((0, build.abort(1, 0))).close().packets,
    lambda: talked((0, build.abort(0, 9))).close().packets,  # a service-user's reason is not significant
)
case(
    "reject-reserved",
    lambda: opened(answer=build.associate_rj(1, 3, 7)).close().packets,
    lambda: opened(answer=build.associate_rj(2, 3, 2)).close().packets,
)
case(
    "connection-reuse-refused",
    lambda: talked((0, build.associate_rq()), (1, build.abort(2, 2)), talk=_reusable()).close().packets,
    lambda: talked((0, build.associate_rq()), (1, build.associate_ac()), talk=_reusable()).packets,
)
case("connection-reused", lambda: [*released(established())[:-3], *_moved_on(negotiated()[3:], 3)])


def _reusable() -> build.Talk:
    talk = established()
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk


# Negotiation: how it is written

case("protocol-version", lambda: negotiated(_versioned(2)), lambda: negotiated(_versioned(3)))
case(
    "application-context",
    lambda: negotiated(build.associate_rq().replace(b"10008.3.1.1.1", b"10008.3.1.1.2")),
    lambda: negotiated(build.associate_rq().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.19999.3.1.1.1")),
)
case(
    "application-context-private",
    lambda: negotiated(answer=build.associate_ac().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.19999.3.1.1.1")),
    lambda: negotiated(build.associate_rq().replace(b"10008.3.1.1.1", b"10008.3.1.1.2")),
)
case(
    "item-repeated",
    lambda: negotiated(associate_rq(more=(build.item(0x51, bytes(4)),))),
    lambda: negotiated(associate_rq(more=(role(CT, 1, 1), role(build.VERIFICATION, 1, 1)))),
)
case("item-unknown", lambda: negotiated(associate_rq(more=(build.item(0x60, b"x"),))))
case(
    "reserved-bytes",
    lambda: negotiated(patched(build.associate_rq(), 50, b"\1"), patched(build.associate_ac(), 50, b"\1")),
    lambda: negotiated(),
)
case(
    "ae-titles-too-long",
    lambda: negotiated(build.associate_rq(called="SEVENTEEN_LETTERS")),
    lambda: negotiated(build.associate_rq(called="SIXTEENCHARACTER")),
)
case(
    "ae-title-malformed",
    lambda: negotiated(build.associate_rq(calling="")),
    lambda: negotiated(build.associate_rq(calling="A.b-c_1 ~")),
)
case(
    "ae-title-padded",
    lambda: negotiated(patched(build.associate_rq(), 26, b"STORESCU\0\0\0\0\0\0\0\0")),
    lambda: negotiated(build.associate_rq(calling="SIXTEENCHARACTER")),
)
case(
    "uid-malformed",
    lambda: negotiated(build.associate_rq(build.proposal(1, "1.2." + "3" * 61))),
    lambda: negotiated(build.associate_rq(build.proposal(1, "1.2." + "3" * 60))),
)
case("uid-padded", lambda: negotiated(build.associate_rq(build.proposal(1, transfer=(build.IMPLICIT + "\0",)))))

# Negotiation: what is proposed

case("context-id-even", lambda: negotiated(build.associate_rq(build.proposal(2))))
case("context-id-repeated", lambda: negotiated(build.associate_rq(build.proposal(1), build.proposal(1, CT))))
case("contexts-too-many", lambda: negotiated(_many_contexts(129)), lambda: negotiated(_many_contexts(128)))
case("context-without-syntax", lambda: negotiated(build.associate_rq(build.proposal(1, transfer=()))))
case(
    "proposed-twice",
    lambda: negotiated(build.associate_rq(build.proposal(1), build.proposal(3))),
    lambda: negotiated(build.associate_rq(build.proposal(1), build.proposal(3, transfer=(build.EXPLICIT,)))),
)
case("user-information-incomplete", lambda: negotiated(build.associate_rq(user=build.item(0x50, b""))))
case(
    "max-length-small",
    lambda: negotiated(build.associate_rq(user=build.user_information(1023))),
    lambda: negotiated(build.associate_rq(user=build.user_information(0))),
)

# Negotiation: what is answered

case(
    "context-not-proposed",
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3), build.answer(9))),
)
case(
    "syntax-not-proposed",
    lambda: negotiated(answer=build.associate_ac(build.answer(1, transfer=build.EXPLICIT), build.answer(3))),
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 3, build.EXPLICIT))),
)
case(
    "accepted-without-syntax",
    lambda: negotiated(answer=build.associate_ac(build.answer(1, transfer=""), build.answer(3))),
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 3, ""))),
)
case(
    "contexts-all-refused",
    lambda: negotiated(answer=build.associate_ac(build.answer(1, 3), build.answer(3, 4))),
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 4))),
)
case(
    "context-answered-twice",
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3), build.answer(3))),
)
case("contexts-unanswered", lambda: negotiated(answer=build.associate_ac(build.answer(1))))
case(
    "context-result-reserved",
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 5))),
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 4))),
)
case(
    "role-not-proposed",
    lambda: negotiated(associate_rq(more=(role(CT, 1, 0),)), associate_ac(more=(role(CT, 1, 1),))),
    lambda: negotiated(associate_rq(more=(role(CT, 1, 1),)), associate_ac(more=(role(CT, 0, 1),))),
)
case(
    "window-beyond-proposal",
    lambda: negotiated(associate_rq(more=(window(4, 1),)), associate_ac(more=(window(0, 1),))),
    lambda: negotiated(associate_rq(more=(window(0, 4),)), associate_ac(more=(window(9, 1),))),
)
case("contexts-refused", lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3, 3))))
case(
    "identity-ignored",
    lambda: negotiated(associate_rq(more=(identity(2, 1),))),
    lambda: negotiated(associate_rq(more=(identity(2, 1),)), associate_ac(more=(identity_response(),))),
)
case(
    "titles-changed",
    lambda: negotiated(answer=build.associate_ac(build.answer(1), build.answer(3), called="OTHER")),
)
case(
    "titles-garbled",
    lambda: negotiated(answer=associate_ac(called="STORESCP".ljust(16, "\0"))),
    lambda: negotiated(answer=associate_ac(called="OTHER")),
)

# Fragments

case(
    "fragment-stray",
    lambda: with_client(build.data_pdus(3, b"data")),
    lambda: asked_and_answered(build.store_rsp())[5:],  # the capture begins late
)
case(
    "data-set-unannounced",
    lambda: with_client(build.message(1, build.echo_rq()), build.data_pdus(1, b"data")),
    lambda: with_client(build.message(1, build.echo_rq()), build.data_pdus(3, b"data")),
)
case(
    "data-set-missing",
    lambda: with_client(build.message(3, build.store_rq())),
    lambda: talked((0, build.message(3, build.store_rq()))).packets,  # it may come yet
)
case(
    "message-interrupted",
    lambda: with_client(
        build.message(3, build.store_rq(1)),
        build.p_data(build.pdv(3, b"x", last=False)),
        build.message(3, build.store_rq(2), build.pixels(10)),
    ),
)
case(
    "messages-interleaved",
    lambda: released(
        talked(
            (0, build.message(3, build.store_rq(1))),
            (0, build.p_data(build.pdv(3, build.pixels(30)[:16], last=False))),
            (0, build.message(1, build.echo_rq(2))),
            (0, build.p_data(build.pdv(3, build.pixels(30)[16:]))),
            (1, build.message(3, build.store_rsp(1)) + build.message(1, build.echo_rsp(2))),
        )
    ),
    lambda: released(
        talked(
            (0, build.p_data(build.pdv(3, build.store_rq(1), command=True))),
            (0, build.p_data(build.pdv(3, build.pixels(10)), build.pdv(1, build.echo_rq(2), command=True))),
            (1, build.message(3, build.store_rsp(1)) + build.message(1, build.echo_rsp(2))),
        )
    ),
)
case(
    "last-fragment-missing",
    lambda: with_client(build.message(3, build.store_rq()), build.p_data(build.pdv(3, b"x", last=False))),
    lambda: with_client(
        build.message(3, build.store_rq()), build.p_data(build.pdv(3, b"x", last=False), build.pdv(3, b""))
    ),
)
case(
    "message-incomplete",
    lambda: (
        talked((0, build.message(3, build.store_rq())), (0, build.p_data(build.pdv(3, b"x", last=False))))
        .close()
        .packets
    ),
    lambda: talked((0, build.message(3, build.store_rq())), (0, build.p_data(build.pdv(3, b"x", last=False)))).packets,
)
case("message-partly-captured", lambda: _lost(100), lambda: _lost(0))
case(
    "context-not-accepted",
    lambda: with_client(build.message(5, build.echo_rq())),
    lambda: talked((0, build.message(5, build.echo_rq())), talk=build.Talk().open()).packets,  # not captured
)

# Command sets

case("command-malformed", lambda: with_client(build.message(1, build.echo_rq() + b"abc")))
case(
    "command-unknown",
    lambda: with_client(build.message(1, build.command_set({0x0100: 0x0BAD, 0x0110: 1, 0x0800: 0x0101}))),
)
case(
    "command-element-missing",
    lambda: with_client(build.message(1, build.command_set({0x0100: 0x30, 0x0110: 1, 0x0800: 0x0101}))),
)
case(
    "command-group-length",
    lambda: with_client(build.message(1, patched(build.echo_rq(), 8, b"\7"))),
)
case(
    "class-not-of-context",
    lambda: with_client(build.message(1, patched(build.echo_rq(), 0x24, b"8"))),
)
case(
    "response-sparse",
    lambda: asked_and_answered(build.command_set({0x0002: CT, 0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0})),
)
case("status-failure", lambda: asked_and_answered(build.store_rsp(1, 0xA7AB)), lambda: searched(match(0xFE00)))
case("status-warning", lambda: asked_and_answered(build.store_rsp(1, 0xB000)))
case(
    "status-unknown",
    lambda: asked_and_answered(build.store_rsp(1, 0x1234)),
    lambda: asked_and_answered(build.store_rsp(1, 0xC123)),
)
case(
    "pending-not-foreseen",
    lambda: asked_and_answered(build.store_rsp(1, 0xFF00)),
    lambda: searched(match(0xFF00, data=IDENTIFIER), match(0)),
)
case(
    "find-final-with-data-set",
    lambda: searched(match(0xFF00, data=IDENTIFIER), match(0, data=build.element(0x00100020, b"1 "))),
    lambda: searched(match(0xFF00, data=IDENTIFIER), match(0)),
)
case(
    "find-pending-without-data-set",
    lambda: searched(match(0xFF00), match(0)),
    lambda: searched(match(0xFF01, data=IDENTIFIER), match(0)),
)

# Operations

case(
    "response-without-request",
    lambda: with_client(build.message(1, build.echo_rsp(77))),
    lambda: _lost_request(),
)
case(
    "response-mismatched",
    lambda: released(talked((0, build.message(1, build.echo_rq())), (1, build.message(1, build.store_rsp())))),
)
case(
    "response-on-other-context",
    lambda: released(
        talked((0, build.message(3, build.store_rq(), build.pixels(10))), (1, build.message(1, build.store_rsp())))
    ),
)
case(
    "message-id-repeated",
    lambda: released(
        talked(*[(0, build.message(1, build.echo_rq(5)))] * 2, *[(1, build.message(1, build.echo_rsp(5)))] * 2)
    ),
    lambda: released(echoed(echoed(established(), 5), 5)),
)
case("operations-beyond-window", lambda: _outstanding(3, 2), lambda: _outstanding(3, 3))
case(
    "request-unanswered",
    lambda: with_client(build.message(1, build.echo_rq())),
    lambda: talked((0, build.message(1, build.echo_rq()))).packets,  # the answer may come yet
)
case(
    "cancel-of-nothing",
    lambda: with_client(cancel(9)),
    lambda: _cancelled_late(),
)
case(
    "role-not-negotiated",
    lambda: released(
        talked(
            (1, build.message(3, build.store_rq(), build.pixels(10))),
            (0, build.message(3, build.store_rsp(status=0x0122))),
        )
    ),
    lambda: released(
        talked(
            (1, build.message(3, build.store_rq(), build.pixels(10))),
            (0, build.message(3, build.store_rsp())),
            talk=opened(associate_rq(more=(role(CT, 0, 1),)), associate_ac(more=(role(CT, 0, 1),))),
        )
    ),
)
case(
    "sub-operations-inconsistent",
    lambda: moved((0xFF00, 2, 1, 0, 0), (0, -1, 2, 0, 0)),
    lambda: moved((0xFF00, 2, 1, 0, 0), (0xFF00, 1, 2, 0, 0), (0, -1, 3, 0, 0)),
)

# Associations

case("association-rejected", lambda: opened(answer=build.associate_rj(1, 1, 7)).close().packets)
case("association-aborted", lambda: talked((0, build.abort())).close().packets)
case("provider-aborted", lambda: talked((1, build.abort(2, 2))).close().packets)
case("connection-reset", lambda: established().reset().packets, lambda: [*healthy(), *_reset_after_release()])
case(
    "connection-closed-early",
    lambda: talked((0, build.message(1, build.echo_rq()))).close().packets,
    lambda: echoed(established()).close().packets,
)
case("association-not-released", lambda: echoed(established()).close().packets, lambda: established().packets)
case("closed-before-abort", lambda: closed_and_aborted(0, 1), lambda: closed_and_aborted(1, 0, aborts_first=True))
case(
    "release-unanswered",
    lambda: talked((0, build.release_rq())).close().packets,
    lambda: talked((0, build.release_rq())).packets,
)
case(
    "association-unanswered",
    lambda: opened(answer=b"").close().packets,
    lambda: opened(answer=b"").packets,
)
case("peer-silent", lambda: _given_up(30), lambda: _given_up(0))
case("idle-timeout", lambda: _idle(30), lambda: _idle(29))


case("connection-left-open", lambda: _left_open(61), lambda: _left_open(59))

# TCP and the capture

case("negotiation-not-captured", lambda: asked_and_answered(build.store_rsp())[5:])
case("packets-cut", lambda: _cut(42), lambda: _cut(65535))
case("bytes-missing", lambda: _lost(100), lambda: _lost(0))
case("bytes-conflicting", lambda: _sent_again_with(b"!"), lambda: _sent_again_with(b""))
case("one-direction", lambda: [packet for packet in healthy() if packet.flow == healthy()[0].flow])
case(
    "capture-ends-early",
    lambda: talked((0, build.message(1, build.echo_rq()))).packets,
    lambda: echoed(established()).packets,
)
case(
    "retransmission-storm",
    lambda: _lossy(60),
    lambda: sent_again(released(stored(3, 200_000)), slice(0, 1000)),  # every frame: captured twice
)
case(
    "segments-sent-again",
    lambda: sent_again(released(stored(3, 200_000)), slice(20, 30)),
    lambda: sent_again(released(stored(3, 200_000)), slice(20, 29)),
)
case("window-closed", lambda: with_window(healthy(), 6), lambda: build.frames(healthy()))

# Limits

case("findings-not-listed", lambda: many_failures(MAX_FINDINGS + 5), lambda: many_failures(MAX_FINDINGS - 5))

# Security

case(
    "other-protocol",
    lambda: talked((0, build.associate_rq()), (1, b"\x15\3\3\0\2\2\x28"), talk=build.Talk().open()).close().packets,
    lambda: with_client(b"\x15\3\3\0\2\2\x28"),
)
case("identity-readable", lambda: negotiated(associate_rq(more=(identity(),))))

# Neighbours

case("echo-was-answered", echoed_and_aborted, lambda: echoed_and_aborted("ANOTHER"))
case("worked-otherwise", refused_with_role, lambda: refused_with_role(also_without=False)[:-8])
case("titles-swapped", titles_exchanged, lambda: titles_exchanged(calling="CT2"))
case("found-otherwise", searched_twice, lambda: searched_twice(less=False))
case("same-request-succeeded", lambda: asked_again(0xC000, 0), lambda: asked_again(0xC000, 0xC000))
case("name-not-found", lambda: asked_by_name("Müller*"), lambda: asked_by_name("Möller*"))
case("answered-after-another", lambda: waited_for_another(), lambda: waited_for_another(meanwhile=True))
case("acceptor-varies", lambda: two_programs("A_1", "B_2"), lambda: two_programs("A_1", "A_1"))
case("objects-elsewhere", lambda: found_there(title=b"OTHER "), lambda: found_there(title=b"ARCHIVE "))
case("slower-beside-another", slowed_down, lambda: slowed_down(beside=False))
case("limit-reached-by", limit_reached, lambda: limit_reached(closed=True))
case("tries-repeated", lambda: tried(0, 4000, 8100), lambda: tried(0, 4000))

# TLS handshakes

case("pending-without-progress", lambda: pending_on(*[7] * 9), lambda: pending_on(*range(9, 0, -1)))
case(
    "connection-failed",
    lambda: refused(2),
    lambda: beside_a_sound_one(refused(2, port=445, target="10.0.0.8", source="10.0.0.9")),
)
case("requestor-silent", said_nothing, lambda: said_nothing(100 * build.MILLISECOND))
case(
    "tls-handshake-refused",
    lambda: without_client_certificate(port=4242),
    lambda: without_client_certificate(1, port=4242),
)

# The whole capture


# Traffic of a single case


def _versioned(version: int) -> bytes:
    return patched(build.associate_rq(build.proposal(1), build.proposal(3, CT)), 6, bytes([0, version]))


def _many_contexts(count: int) -> bytes:
    return build.associate_rq(*(build.proposal((2 * number + 1) % 256, f"1.2.{number}") for number in range(count)))


def _moved_on(packets: list[build.Packet], less: int) -> list[build.Packet]:
    """The packets of another association on the same connection, behind the first one without its last `less`."""
    first = released(established())[:-less]
    ahead = {flow: sum(len(packet.data) for packet in first if packet.flow == flow) for flow in {p.flow for p in first}}
    late = first[-1].time - packets[0].time + SECOND
    back = {flow: other for flow in ahead for other in ahead if other != flow}
    return [
        packet._replace(
            seq=packet.seq + ahead[packet.flow], ack=packet.ack + ahead[back[packet.flow]], time=packet.time + late
        )
        for packet in packets
    ]


def _cut(keep: int) -> list[build.Packet]:
    """An association of whose packets the capture keeps so many payload bytes."""
    return [packet._replace(cut=max(len(packet.data) - keep, 0)) for packet in healthy()]


def _lost(length: int) -> list[build.Packet]:
    """A data set of which the capture misses bytes."""
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(8000))[: 2000 - length])
    if length:
        talk.lose(0, length)
    talk.client(build.message(3, build.store_rq(), build.pixels(8000))[2000:])
    talk.server(build.message(3, build.store_rsp()))
    return released(talk)


def _lost_request() -> list[build.Packet]:
    talk = established()
    talk.lose(0, len(build.message(1, build.echo_rq())))
    talk.server(build.message(1, build.echo_rsp()))
    return released(talk)


def _outstanding(count: int, allowed: int) -> list[build.Packet]:
    answer = associate_ac(more=(window(allowed, 1),))
    talk = opened(associate_rq(more=(window(5, 1),)), answer)
    for number in range(1, count + 1):
        talk.client(build.message(1, build.echo_rq(number)))
    for number in range(1, count + 1):
        talk.server(build.message(1, build.echo_rsp(number)))
    return released(talk)


def _given_up(seconds: int) -> list[build.Packet]:
    talk = talked((0, build.message(1, build.echo_rq())))
    talk.wait(seconds * SECOND)
    talk.client(build.abort())
    return talk.close().packets


def _idle(seconds: int) -> list[build.Packet]:
    talk = echoed(established())
    talk.wait(seconds * SECOND)
    talk.server(build.abort())
    return talk.close().packets


def _left_open(seconds: int) -> list[build.Packet]:
    talk = talked((0, build.abort()))
    other = build.Talk(client=("10.0.0.3", 40003), start=talk.time + seconds * SECOND).open()
    return talk.packets + other.packets


def _sent_again_with(end: bytes) -> list[build.Packet]:
    talk = established()
    (sent,) = talk.client(build.message(1, build.echo_rq(1)))
    talk.packets.append(sent._replace(data=sent.data[: len(sent.data) - len(end)] + end, time=talk.time))
    talk.server(build.message(1, build.echo_rsp(1)))
    return released(talk)


def _cancelled_late() -> list[build.Packet]:
    """A cancel that crosses the final response."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0))
    talk.client(cancel(1))
    return released(talk)


def _lossy(count: int) -> list[build.Packet]:
    """A transfer of which `count` segments are lost behind the capture, missed by the receiver, and sent again."""
    talk = stored(2, 400_000)
    packets = released(talk)
    found: list[build.Packet] = []
    lost = [index for index, packet in enumerate(packets) if len(packet.data) == 1460][5 : 5 + count * 2 : 2]
    late = 0
    for index, packet in enumerate(packets):
        found.append(packet._replace(time=packet.time + late))
        if index in lost:
            answer = packet._replace(
                flow=packets[1].flow, seq=packet.ack, ack=packet.seq, flags=build.ACK, data=b"", time=packet.time + late
            )
            found += [answer, answer._replace(time=answer.time + 1000)]
            late += 200 * build.MILLISECOND
            found.append(packet._replace(time=packet.time + late))
    return found


def _reset_after_release() -> list[build.Packet]:
    talk = build.Talk(client=("10.0.0.9", 40009)).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.reset().packets


def _clock_set_back(by: int) -> list[build.Packet]:
    """The last packets of a C-ECHO, with earlier times by so many ns."""
    packets = released(echoed(established()))
    return [packet._replace(time=packet.time - (by if number >= 6 else 0)) for number, packet in enumerate(packets)]


case("time-goes-back", lambda: _clock_set_back(SECOND), lambda: _clock_set_back(build.MILLISECOND))

# Where the time went


def _thought(seconds: float) -> list[build.Packet]:
    talk = established()
    talk.client(build.message(1, build.echo_rq()))
    talk.acknowledge(1)
    talk.wait(int(seconds * SECOND))
    talk.server(build.message(1, build.echo_rsp()))
    return released(talk)


case("association-slow", lambda: _thought(3), lambda: _thought(0.9))

# What belongs together

case(
    "destination-failed",
    lambda: asked_to_move(move_rsp(0xA801)),
    lambda: asked_to_move(move_rsp(0xA702, completed=0, failed=2, warning=0)),
)
case(
    "retrieve-explained",
    lambda: asked_to_move(move_rsp(0xA702, completed=0, failed=2, warning=0)),
    lambda: asked_to_move(move_rsp(0, completed=2, failed=0, warning=0), stores=2),
)
case(
    "move-without-objects",
    lambda: asked_to_move(move_rsp(0, completed=0, failed=0, warning=0)),
    lambda: asked_to_move(move_rsp(0, completed=1, failed=0, warning=0), stores=1),
)
case(
    "move-passed-on",
    lambda: passed_on(move_rsp(0, completed=0), move_rsp(0xA801)),
    lambda: passed_on(move_rsp(0, completed=0), move_rsp(0, completed=0)),
)
case(
    "move-answered-early",
    lambda: asked_to_move(move_rsp(0), stores=1, late=1000),
    lambda: asked_to_move(move_rsp(0, completed=1, failed=0, warning=0), stores=1),
)
case(
    "move-delivery-not-seen",
    lambda: asked_to_move(move_rsp(0, completed=1, failed=0, warning=0)),
    lambda: asked_to_move(move_rsp(0, completed=1, failed=0, warning=0), stores=1),
)
case(
    "move-originator-wrong",
    lambda: asked_to_move(move_rsp(0, completed=1), stores=1, originator="ARCHIVE"),
    lambda: asked_to_move(move_rsp(0, completed=1), stores=1),
)
case("move-to-other-host", lambda: asked_for_itself("10.0.0.3"), lambda: asked_for_itself("10.0.0.1"))
case("get-explained", lambda: got(1, 1, 0xB000), lambda: got(1, 0, 0))
case("get-without-objects", lambda: got(0, 0, 0, stores=0), lambda: got(1, 0, 0))
case("get-count-differs", lambda: got(2, 0, 0), lambda: got(1, 0, 0))
case("commitment-failed", lambda: committed(report(2)), lambda: committed(report(0)))
case(
    "commitment-not-reported",
    lambda: committed() + refused(target="10.0.0.1", source="10.0.0.2", start=2 * SECOND),
    lambda: committed(report(0)),
)
case("association-per-object", lambda: sent_singly(5), lambda: sent_singly(4))

# Answers before the end of a request


def _answered_early(status: int) -> list[build.Packet]:
    data = build.pixels(2000)[:1000]
    store = build.message(3, build.store_rq(), data, fragment=500)
    return released(talked((0, store[:700]), (1, build.message(3, build.store_rsp(1, status))), (0, store[700:])))


case("request-cut-short", lambda: _answered_early(0xA700), lambda: _answered_early(0))

# In modules of their own

for _code, _traffic in (OBJECT_CASES | RELEASE_CASES | STALL_CASES | STRANGER_CASES | TLS_CASES).items():
    case(_code, *_traffic)
