"""Captures of connections of which many go as others did, and some nearly so."""

from hypothesis import strategies as st

import build

MILLISECOND, SECOND = 1_000_000, 1_000_000_000
RQ, AC = build.associate_rq(build.proposal(1)), build.associate_ac(build.answer(1))
ECHO_RQ, ECHO_RSP = build.message(1, build.echo_rq()), build.message(1, build.echo_rsp())
ECHO = [("client", ECHO_RQ), ("server", ECHO_RSP)]
BEGIN = [("open", b""), ("client", RQ), ("server", AC)]
END = [("client", build.release_rq()), ("server", build.release_rp()), ("end", b"")]
TALKS = [
    BEGIN + ECHO + END,
    [*BEGIN, *ECHO, ("ack", b""), *ECHO, *END],
    BEGIN + END[:2] + [("reset", b"")],
    [*BEGIN, ("server", ECHO_RSP), *END],
    [*BEGIN, ("client", ECHO_RQ), ("server", build.message(1, build.echo_rsp(1, 0x0122))), *END],
    [*BEGIN, ("client", build.abort()), ("end", b"")],
    [*BEGIN[:2], ("server", build.associate_rj()), ("end back", b"")],
    [*BEGIN, *ECHO, *END[:2], *BEGIN[1:], *ECHO, *END],
    [("open", b""), ("client", b"GET / HTTP/1.1\r\n\r\n"), ("server", b"HTTP/1.1 204 \r\n\r\n"), ("end", b"")],
    [("open", b""), ("end", b"")],
]
WELL = TALKS[:2]
FAULTS = ("drop", "twice", "late", "cut", "other", "small window", "shorter", "split", "lag")
FAULT = st.tuples(st.sampled_from(FAULTS), st.integers(0, 12))
OVERLAPPING = 10
"""Instead of a pause: the next one begins 1 ms after this one began."""
AGAIN = st.tuples(
    st.sampled_from([0, 0, 1, 5, 30, 1200]),  # ms of each step beyond the first
    st.integers(0, 12),  # the step before which that is waited
    st.sampled_from([0, 0, 0, OVERLAPPING, 7000]),  # ms until the next one begins, beside 20 if that is 0
    st.sampled_from([0, 0, 0, 0, 1]),  # whether the ports are those of the one before
    st.lists(FAULT, max_size=1) | st.just([]),
)
DRAWN = st.lists(st.tuples(st.sampled_from(TALKS), st.lists(AGAIN, min_size=1, max_size=6)), min_size=1, max_size=3)


Steps = list[tuple[str, bytes]]


def said(port: int, steps: Steps, start: int, slow: int, at: int, seq: int) -> list[build.Packet]:
    """One connection; before one of its steps it waits for so many ms."""
    talk = build.Talk(client=("10.0.0.1", port), client_seq=seq, server_seq=7 * seq & 0xFFFFFFFF, start=start)
    for number, (what, data) in enumerate(steps):
        talk.wait(slow * MILLISECOND if number == at else 0)
        match what:
            case "client" | "server":
                getattr(talk, what)(data)
            case "ack":
                talk.acknowledge(1)
            case "end" | "end back":
                talk.end(int(what == "end back"))
            case _:
                getattr(talk, what)()
    return talk.packets


def spoiled(packets: list[build.Packet], fault: str, at: int) -> list[build.Packet]:
    """Return packets as they would be, were one of them another one."""
    at %= len(packets)
    packet, rest = packets[at], packets[at + 1 :]
    half = len(packet.data) // 2
    match fault:
        case "drop":
            return packets[:at] + rest
        case "twice":
            return [*packets[: at + 1], packet._replace(time=packet.time + 300), *rest]
        case "late" if rest:
            moved = packet._replace(time=rest[0].time + 5)
            return [*packets[:at], rest[0], moved, *rest[1:]]
        case "cut":
            return [*packets[:at], packet._replace(cut=half), *rest]
        case "other" if half:
            return [*packets[:at], packet._replace(data=packet.data[:-1] + bytes([packet.data[-1] ^ 1])), *rest]
        case "shorter" if half:
            return [*packets[:at], packet._replace(data=packet.data[:half]), *rest]
        case "split" if half:
            seq = (packet.seq + half) & 0xFFFFFFFF
            behind = packet._replace(seq=seq, data=packet.data[half:], time=packet.time + 9)
            return [*packets[:at], packet._replace(data=packet.data[:half]), behind, *rest]
        case "lag" if packet.flags & build.ACK and at > 3:
            return [*packets[:at], packet._replace(ack=packet.ack - 4 & 0xFFFFFFFF), *rest]
    return packets


def captured(drawn: list[tuple[Steps, list[tuple[int, int, int, int, list[tuple[str, int]]]]]]) -> bytes:
    """Several connections of each kind, one after another; those of different kinds at the same time."""
    packets: list[build.Packet] = []
    for kind, (steps, repeated) in enumerate(drawn):
        start, port = build.START + kind * 150_000, 20_000 + 1000 * kind
        for number, (slow, at, pause, same, faults) in enumerate(repeated):
            port += not same
            some = said(port, steps, start, slow, at, (number * 4_000_000_007 + kind) & 0xFFFFFFFF)
            for fault, place in faults:
                some = spoiled(some, fault, place)
            packets += some
            start += (slow + (pause or 20) if pause != OVERLAPPING else 1) * MILLISECOND
    return build.pcap(build.frames(sorted(packets, key=lambda packet: packet.time)))
