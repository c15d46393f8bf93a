"""Conversations that the cases of rules are made of."""

import struct

import build

CT = build.CT_IMAGE_STORAGE
SECOND = 1_000_000_000


def opened(request: bytes | None = None, answer: bytes | None = None) -> build.Talk:
    """A connection with A-ASSOCIATE-RQ and -AC; no answer where it is empty."""
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT)) if request is None else request)
    if answer != b"":
        talk.server(answer or build.associate_ac(build.answer(1), build.answer(3)))
    return talk


def established(*answers: bytes) -> build.Talk:
    return opened(answer=build.associate_ac(*(answers or (build.answer(1), build.answer(3)))))


def released(talk: build.Talk) -> list[build.Packet]:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


def negotiated(request: bytes | None = None, answer: bytes | None = None) -> list[build.Packet]:
    return released(opened(request, answer))


def with_client(*data: bytes) -> list[build.Packet]:
    talk = established()
    for each in data:
        talk.client(each)
    return released(talk)


def stored(count: int = 1, size: int = 8) -> build.Talk:
    talk = established()
    for number in range(1, count + 1):
        talk.client(build.message(3, build.store_rq(number), build.pixels(size)))
        talk.server(build.message(3, build.store_rsp(number)))
    return talk


def asked_and_answered(answer: bytes) -> list[build.Packet]:
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(10)))
    talk.server(build.message(3, answer))
    return released(talk)


def echoed(talk: build.Talk, number: int = 1) -> build.Talk:
    talk.client(build.message(1, build.echo_rq(number)))
    talk.server(build.message(1, build.echo_rsp(number)))
    return talk


def healthy() -> list[build.Packet]:
    talk = established()
    echoed(talk)
    for number in range(2, 5):
        talk.client(build.message(3, build.store_rq(number), build.pixels(40_000)))
        talk.server(build.message(3, build.store_rsp(number)))
    return released(talk)


def talked(*turns: tuple[int, bytes], talk: build.Talk | None = None) -> build.Talk:
    """An association on which the client (0) and the server (1) send this in turn."""
    talk = talk or established()
    for side, data in turns:
        (talk.server if side else talk.client)(data)
    return talk


# Requests with role, window and identity (PS3.7 Annex D.3.3)


def associate_rq(*contexts: bytes, more: tuple[bytes, ...] = (), **options: object) -> bytes:
    contexts = contexts or (build.proposal(1), build.proposal(3, CT))
    return build.associate_rq(*contexts, user=build.user_information(16384, *more), **options)


def associate_ac(*contexts: bytes, more: tuple[bytes, ...] = (), **options: object) -> bytes:
    contexts = contexts or (build.answer(1), build.answer(3))
    return build.associate_ac(*contexts, user=build.user_information(16384, *more), **options)


def role(uid: str, scu: int, scp: int) -> bytes:
    return build.item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes([scu, scp]))


def window(invoked: int, performed: int) -> bytes:
    return build.item(0x53, struct.pack(">HH", invoked, performed))


def identity(kind: int = 2, response: int = 0) -> bytes:
    return build.item(0x58, bytes([kind, response]) + struct.pack(">H", 3) + b"you" + struct.pack(">H", 2) + b"pw")


def identity_response() -> bytes:
    return build.item(0x59, struct.pack(">H", 0))


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """Bytes with others put in their place."""
    return data[:at] + new + data[at + len(new) :]


# Queries and retrievals

IDENTIFIER = build.element(0x00080052, b"STUDY ")
"""What is asked for, and what is found."""
SEARCH = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1}
MATCH = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1}
MOVE = {0x0002: build.STUDY_ROOT_MOVE, 0x0100: 0x0021, 0x0110: 1, 0x0600: "DEST", 0x0700: 0, 0x0800: 1}
MOVED = {0x0002: build.STUDY_ROOT_MOVE, 0x0100: 0x8021, 0x0120: 1, 0x0800: 0x0101}


def searched(*answers: bytes) -> list[build.Packet]:
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    for answer in answers:
        talk.server(answer)
    return released(talk)


def match(status: int, *, data: bytes | None = None, announced: bool | None = None) -> bytes:
    announced = data is not None if announced is None else announced
    return build.message(1, build.command_set(MATCH | {0x0800: 1 if announced else 0x0101, 0x0900: status}), data)


def moved(*counts: tuple[int, int, int, int, int]) -> list[build.Packet]:
    """A C-MOVE with responses of (status, remaining, completed, failed, warning); -1 for a counter that is absent."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    talk.client(build.message(1, build.command_set(MOVE), IDENTIFIER))
    for status, *counters in counts:
        said = {0x1020 + index: number for index, number in enumerate(counters) if number >= 0}
        talk.server(build.message(1, build.command_set(MOVED | {0x0900: status} | said)))
    return released(talk)


def pending_on(*remaining: int, end: bytes = build.abort()) -> list[build.Packet]:
    """A C-MOVE that is answered by a pending response every 10 s, with these counts, until it is aborted."""
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    talk.client(build.message(1, build.command_set(MOVE), IDENTIFIER))
    for left in remaining:
        talk.wait(10 * SECOND)
        counts = {0x1020: left, 0x1021: 0, 0x1022: 0, 0x1023: 0}
        talk.server(build.message(1, build.command_set(MOVED | {0x0900: 0xFF00} | counts)))
    talk.client(end)
    return talk.close().packets


def cancel(number: int) -> bytes:
    return build.message(1, build.command_set({0x0100: 0x0FFF, 0x0120: number, 0x0800: 0x0101}))


def event_report(number: int = 1) -> bytes:
    """N-EVENT-REPORT-RQ of the storage commitment push model (PS3.4 Annex J)."""
    values = {0x0002: COMMITMENT, 0x0100: 0x0100, 0x0110: number, 0x0800: 0x0101, 0x1000: "1.2.840.10008.1.20.1.1"}
    return build.message(1, build.command_set(values | {0x1002: 1}))


def event_report_rsp(number: int = 1, status: int = 0) -> bytes:
    values = {0x0002: COMMITMENT, 0x0100: 0x8100, 0x0120: number, 0x0800: 0x0101, 0x0900: status, 0x1002: 1}
    return build.message(1, build.command_set(values))


COMMITMENT = "1.2.840.10008.1.20.1"


# TCP


def sent_again(packets: list[build.Packet], which: slice) -> list[build.Packet]:
    """Packets with data, some of them sent a second time 200 ms later."""
    found, late = [], 0
    for index, packet in enumerate(packets):
        found.append(packet._replace(time=packet.time + late))
        if packet.data and index in range(len(packets))[which]:
            late += 200 * build.MILLISECOND
            found.append(packet._replace(time=packet.time + late))
    return found


def with_window(packets: list[build.Packet], closed: int) -> list[build.Frame]:
    """Frames of packets, of which one announces a window of zero."""
    frames = build.frames(packets)
    time, frame = frames[closed]
    frames[closed] = (time, patched(frame, 14 + 20 + 14, b"\0\0"))
    return frames


def many_failures(count: int) -> list[build.Packet]:
    talk = established()
    for number in range(count):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number, 0x0110)))
    return released(talk)
