"""Cases of the rules on PDVs, command elements, presence of data sets, responses, retrievals, roles and sub-items."""

import struct

import build
from findings.cases import case, command_pdv
from findings.traffic import (
    CT,
    IDENTIFIER,
    MOVE,
    MOVED,
    SEARCH,
    SECOND,
    asked_and_answered,
    associate_ac,
    associate_rq,
    cancel,
    identity,
    identity_response,
    match,
    moved,
    negotiated,
    opened,
    patched,
    released,
    role,
    searched,
    stored,
    talked,
    with_client,
)

VERIFICATION = build.VERIFICATION
GET = "1.2.840.10008.5.1.4.1.2.2.3"
PRINTER = "1.2.840.10008.5.1.1.16"
EARLY = build.command_set({0x0002: CT, 0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0, 0x1000: "1.2.3"})


# PDVs

case(
    "pdv-empty",
    lambda: with_client(build.message(3, build.store_rq()), build.p_data(build.pdv(3, build.pixels(8), last=False)),
                        build.p_data(build.pdv(3, b""))),
    lambda: with_client(build.message(3, build.store_rq()), build.p_data(build.pdv(3, build.pixels(10), last=False)),
                        build.p_data(build.pdv(3, b"ab"))),
)  # fmt: skip
case(
    "messages-in-one-pdu",
    lambda: with_client(build.p_data(command_pdv(build.echo_rq(1)), command_pdv(build.echo_rq(2)))),
    lambda: with_client(
        build.p_data(
            build.pdv(3, build.store_rq()[:20], command=True, last=False),
            build.pdv(3, build.store_rq()[20:], command=True),
            build.pdv(3, build.pixels(10)),
        )
    ),
)


# Command elements


def reordered(command: bytes) -> bytes:
    """A command set with its last element in the place of the first one behind the group length."""
    last = command.rindex(b"\0\0\0\x08")
    return command[:12] + command[last:] + command[12:last]


def repeated(command: bytes) -> bytes:
    """A command set whose last element is there twice."""
    last = command[command.rindex(b"\0\0\0\x08") :]
    return patched(command, 8, struct.pack("<L", len(command) - 12 + len(last))) + last


def store_with(values: dict[int, int | str | bytes], data: bytes | None = None) -> bytes:
    """C-STORE-RQ 1 on context 3 with some elements changed."""
    usual = {0x0002: CT, 0x0100: 0x0001, 0x0110: 1, 0x0700: 0, 0x0800: 1, 0x1000: "1.2.3"}
    return build.message(3, build.command_set(usual | values), data)


case(
    "command-order",
    lambda: with_client(build.message(1, reordered(build.echo_rq()))),
    lambda: with_client(build.message(1, build.echo_rq())),
)
case(
    "priority-undefined",
    lambda: with_client(store_with({0x0700: 3}, build.pixels(10))),
    lambda: with_client(store_with({0x0700: 2}, build.pixels(10))),
)

case(
    "command-element-length",
    lambda: with_client(store_with({0x0700: bytes(4)}, build.pixels(10))),
    lambda: with_client(store_with({0x0700: bytes(2)}, build.pixels(10))),
)

# Presence of data sets


def n_get(status: int, *, data: bytes | None) -> list[build.Packet]:
    """An N-GET of the Printer SOP class and its response."""
    talk = opened(build.associate_rq(build.proposal(1, PRINTER)), build.associate_ac())
    asked = {0x0003: PRINTER, 0x0100: 0x0110, 0x0110: 1, 0x0800: 0x0101, 0x1001: "1.2.840.10008.5.1.1.17"}
    answer = {0x0002: PRINTER, 0x0100: 0x8110, 0x0120: 1, 0x0800: 0x0101 if data is None else 1, 0x0900: status}
    talk.client(build.message(1, build.command_set(asked)))
    talk.server(build.message(1, build.command_set(answer), data))
    return released(talk)


case(
    "request-without-data-set",
    lambda: released(talked((0, store_with({0x0800: 0x0101})), (1, build.message(3, build.store_rsp())))),
    lambda: released(stored()),
)
case(
    "data-set-not-allowed",
    lambda: asked_and_answered(patched(build.store_rsp(), build.store_rsp().index(b"\1\1"), b"\0\0")),
    lambda: asked_and_answered(build.store_rsp()),
)
case(
    "response-without-data-set",
    lambda: n_get(0, data=None),
    lambda: n_get(0x0112, data=None),  # only a success returns anything
)

# Responses

case(
    "response-about-another",
    lambda: asked_and_answered(build.store_rsp(instance="1.2.4")),
    lambda: asked_and_answered(build.store_rsp(instance="1.2.3")),
)


def answered_early(answer: bytes, *, fragments_before: int = 1) -> list[build.Packet]:
    """A C-STORE whose response comes while the data set is still being sent, 10 ms before its end."""
    talk = talked((0, build.message(3, build.store_rq())))
    data = build.pixels(40)
    talk.client(build.p_data(build.pdv(3, data[:20], last=False)))
    if fragments_before > 1:
        talk.client(build.p_data(build.pdv(3, data[20:])))
    talk.server(build.message(3, answer))
    talk.wait(10 * build.MILLISECOND)
    if fragments_before == 1:
        talk.client(build.p_data(build.pdv(3, data[20:])))
    return released(talk)


case(
    "success-before-end",
    lambda: answered_early(EARLY),
    lambda: answered_early(EARLY, fragments_before=2),
)

# Sub-operations

case(
    "success-with-failures",
    lambda: moved((0, -1, 1, 3, 0)),
    lambda: moved((0, -1, 1, 0, 3)),  # what was stored with a warning was stored
)


def moved_with_list(status: int, uids: bytes = b"1.2.3\0") -> list[build.Packet]:
    """A C-MOVE whose response says which of two objects failed."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    talk.client(build.message(1, build.command_set(MOVE), IDENTIFIER))
    answer = build.command_set(MOVED | {0x0800: 1, 0x0900: status, 0x1021: 1, 0x1022: 1, 0x1023: 0})
    talk.server(build.message(1, answer, build.element(0x00080058, uids)))
    return released(talk)


case("failed-list-differs", lambda: moved_with_list(0xB000, b"1.2.3\\1.2.4 "), lambda: moved_with_list(0xB000))
case("failed-list-missing", lambda: moved((0xB000, -1, 1, 1, 0)), lambda: moved_with_list(0xB000))
case(
    "pending-without-counters",
    lambda: moved((0xFF00, 2, 1, -1, 0), (0xFF00, -1, -1, -1, -1), (0, -1, 3, 0, 0)),
    lambda: moved((0xFF00, 2, 1, 0, 0), (0, -1, -1, -1, -1)),  # the final response need not count
)
case(
    "remaining-in-final",
    lambda: moved((0xA702, 2, 1, 3, 0)),
    lambda: moved((0xFE00, 2, 1, 0, 0)),  # cancelled: that may say so
)

# C-CANCEL


def cancelled(seconds: float, *, matches: int = 2, status: int = 0xFE00) -> list[build.Packet]:
    """A query that is cancelled, and whose responses go on over a time."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xFF00, data=IDENTIFIER))
    talk.client(cancel(1))
    for _ in range(matches):
        talk.wait(int(seconds * SECOND / matches))
        talk.server(match(0xFF00, data=IDENTIFIER))
    talk.server(match(status))
    return released(talk)


case("cancel-ignored", lambda: cancelled(3), lambda: cancelled(0.5))


def retrieval_cancelled(status: int, done: int) -> list[build.Packet]:
    """A C-MOVE of 5 objects that is cancelled after one, and ends with this status after `done`."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    talk.client(build.message(1, build.command_set(MOVE), IDENTIFIER))
    counters = {0x1020: 4, 0x1021: 1, 0x1022: 0, 0x1023: 0}
    talk.server(build.message(1, build.command_set(MOVED | {0x0900: 0xFF00} | counters)))
    talk.client(cancel(1))
    talk.server(build.message(1, build.command_set(MOVED | {0x0900: status, 0x1021: done, 0x1022: 0, 0x1023: 0})))
    return released(talk)


case("cancel-not-told", lambda: retrieval_cancelled(0xB000, 2), lambda: retrieval_cancelled(0xFE00, 2))
case("cancel-without-effect", lambda: cancelled(0.1, status=0), lambda: cancelled(0.1))
case(
    "cancelled-unasked",
    lambda: searched(match(0xFF00, data=IDENTIFIER), match(0xFE00)),
    lambda: cancelled(0.1),
)


# Sub-items of user information


def extended(uid: str, information: bytes = b"\1") -> bytes:
    """SOP class extended negotiation (PS3.7 §D.3.3.5.1)."""
    return build.item(0x56, struct.pack(">H", len(uid)) + uid.encode() + information)


def common_extended(uid: str) -> bytes:
    """SOP class common extended negotiation (PS3.7 §D.3.3.6.1)."""
    fields = (uid.encode(), b"1.2.840.10008.4.2", b"")
    return build.item(0x57, b"".join(struct.pack(">H", len(field)) + field for field in fields))


def version_name(name: bytes) -> bytes:
    """Implementation version name (PS3.7 §D.3.3.2.3)."""
    return build.item(0x55, name)


case(
    "class-item-repeated",
    lambda: negotiated(associate_rq(more=(role(CT, 1, 1), role(CT, 0, 1)))),
    lambda: negotiated(associate_rq(more=(role(CT, 1, 1), role(VERIFICATION, 1, 1)))),
)
case(
    "version-name",
    lambda: negotiated(associate_rq(more=(version_name(b"SEVENTEEN_LETTERS"),))),
    lambda: negotiated(associate_rq(more=(version_name(b"SIXTEEN_LETTERS_"),))),
)
case(
    "answer-unasked",
    lambda: negotiated(answer=associate_ac(more=(extended(CT),))),
    lambda: negotiated(associate_rq(more=(extended(CT),)), associate_ac(more=(extended(CT),))),
)
case(
    "item-of-other-side",
    lambda: negotiated(associate_rq(more=(identity_response(),))),
    lambda: negotiated(associate_rq(more=(identity(),))),
)

# Roles


def got_nothing(*roles: bytes, answered: tuple[bytes, ...] = (), status: int = 0xA702) -> list[build.Packet]:
    """A C-GET of CT images that fails without a C-STORE."""
    request = associate_rq(build.proposal(1, GET), build.proposal(3, CT), more=roles)
    talk = opened(request, associate_ac(more=answered))
    asked = {0x0002: GET, 0x0100: 0x0010, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    answer = {0x0002: GET, 0x0100: 0x8010, 0x0120: 1, 0x0800: 0x0101, 0x0900: status}
    talk.client(build.message(1, build.command_set(asked), IDENTIFIER))
    talk.server(build.message(1, build.command_set(answer | {0x1021: 0, 0x1022: 2, 0x1023: 0})))
    return released(talk)


case(
    "get-without-role",
    got_nothing,
    lambda: got_nothing(role(CT, 0, 1), answered=(role(CT, 0, 1),)),
)
case(
    "role-scp-only",
    lambda: opened(associate_rq(more=(role(VERIFICATION, 0, 1),)), build.associate_rj(1, 1, 1)).close().packets,
    lambda: opened(associate_rq(more=(role(VERIFICATION, 0, 1),)), build.associate_rj(1, 1, 7)).close().packets,
)

# Aborts

case(
    "abort-reason-of-user",
    lambda: talked((0, build.abort(0, 2))).close().packets,
    lambda: talked((0, build.abort(0, 0))).close().packets,
)

# Likely reasons


def _unusual(reason: int) -> list[build.Packet]:
    """A request with an item that the standard does not define, and its refusal."""
    return opened(associate_rq(more=(build.item(0x77, b"what"),)), build.associate_rj(1, 1, reason)).close().packets


case("likely-reason", lambda: _unusual(1), lambda: _unusual(7))
