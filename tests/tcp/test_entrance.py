"""Connections that nobody reads are counted without being followed, and nothing is told otherwise because of it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.segments import ACK, FIN, SYN
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.tcp import entrance
from dicomsniff.tls.vault import Vault
from examples import examples
from pipeline import batch
from tls import CERTIFICATE_REQUEST, DONE, SERVER_HELLO, alert, client_hello, handshake, offers, record

SECOND = 1_000_000_000
HELLO, ANSWER = handshake(client_hello()), handshake(SERVER_HELLO, DONE)
GET, GOT = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"
SAID = [
    GET,
    GOT,
    b"\x0bMSH|^~\\&|",
    b"anything",
    b"\4\0",
    HELLO,
    handshake(client_hello(offers(b"dicom"))),
    ANSWER,
    handshake(SERVER_HELLO, CERTIFICATE_REQUEST, DONE),
    alert(40),
    record(20, b"\1"),
    record(23, bytes(40)),
    record(23, bytes(3000)),
    build.associate_rq(build.proposal(1)),
    build.associate_ac(build.answer(1)),
    build.message(1, build.echo_rq(1)),
    build.abort(),
]
STEP = st.tuples(
    st.sampled_from(
        ["client", "server", "client", "server", "ack", "ack back", "end", "finish", "reset", "open", "lose"]
    ),
    st.sampled_from(SAID),
    st.sampled_from([0, 0, 0, SECOND, 6 * SECOND]),
)
FAULT = st.tuples(st.sampled_from(["drop", "twice", "late", "cut"]), st.integers(0, 200))
BEGUN = st.sampled_from([[], [("client", HELLO, 0), ("server", ANSWER, 0)], [("client", GET, 0), ("server", GOT, 0)]])
TALK = st.tuples(
    st.sampled_from([104, 443, 8080]),
    st.builds(list.__add__, BEGUN, st.lists(STEP, max_size=7)),
)


def talks(drawn: list[tuple[int, list[tuple[str, bytes, int]]]]) -> list[build.Packet]:
    """Conversations at the same time, each of what its steps say."""
    packets: list[build.Packet] = []
    for port, (server, steps) in enumerate(drawn):
        talk = build.Talk(client=("10.0.0.1", 40000 + port), server=("10.0.0.2", server)).open()
        silent: set[str] = set()
        for what, data, wait in steps:
            side = ("client", "server")[len(data) % 2]
            # When a connection is over whose end is not whole, and what comes much later opens another one, may differ.
            talk.wait(min(wait, SECOND) if silent else wait)
            if what in ("client", "server") and what not in silent:
                getattr(talk, what)(data)
            elif what in ("ack", "ack back"):
                talk.acknowledge(what == "ack")
            elif what == "lose" and side not in silent:
                talk.lose(len(data) % 2, len(data))
            elif what == "finish" and side not in silent:
                talk.finish(len(data) % 2)
                silent.add(side)
            elif what == "open" and len(silent) != 1:
                talk.open()
                silent.clear()
            elif what in ("end", "reset") and not silent:
                getattr(talk, what)(len(data) % 2)
                silent = {"client", "server"}
        packets += talk.packets
    return sorted(packets, key=lambda packet: packet.time)


def spoiled(packets: list[build.Packet], faults: list[tuple[str, int]]) -> list[build.Packet]:
    """Packets as a bad capture has them."""
    for fault, number in faults:
        at = number % len(packets)
        if fault == "drop" and len(packets) > 1:
            del packets[at]
        elif fault == "twice":
            packets.insert(at, packets[at])
        elif fault == "late":
            packets.insert(min(at + 2, len(packets) - 1), packets.pop(at))
        elif fault == "cut":
            packets[at] = packets[at]._replace(cut=len(packets[at].data) // 2)
    return packets


def told(packets: list[build.Packet], *, waits: bool) -> list[object]:
    """All that is said about packets; without `waits`, every connection is followed from its first packet on."""
    analyzer = Analyzer()
    if not waits:
        analyzer._entrance._is_wanted = lambda _: True
    analyzer.feed(batch(build.frames(packets)))
    analyzer.close()
    assert analyzer.is_over
    said: list[object] = [dict(analyzer.foreign), analyzer.tls_servers, analyzer.handshakes, analyzer.strangers]
    said += [analyzer.connections, analyzer.given_up, analyzer.links.unconnected()]
    said += [(each.code, str(each.parts)) for each in analyzer.findings]
    # What comes of TLS without keys is numbered when its connection is let go of, and packets of connections that are
    # only counted let go of none; the verdict names the first of several.
    said += [analyzer.verdict] if len(analyzer.associations) < 2 else []
    for association in sorted(analyzer.associations, key=lambda each: str(each.requestor.endpoint)):
        said += [association.outcome, str(association.whole)]
        said += [str((entry.event, entry.span)) for entry in association.timeline]
    return said


@given(st.lists(TALK, min_size=1, max_size=4))
@settings(max_examples=examples(300))
def test_what_is_told_does_not_depend_on_waiting(drawn):
    packets = talks(drawn)
    assert told(packets, waits=True) == told(packets, waits=False)


ENDED_BEFORE = [
    (104, [("client", GET, 0)] * 3),
    (104, [("client", HELLO, 0), ("server", ANSWER, 0)]),
    (104, [("client", GET, 0), ("server", GOT, 0), ("client", GET, 0), ("client", GET, 6 * SECOND)]),
    (104, [("end", GET, 0)]),
]
"""The last one is over long before the end; packets of the others that tell so are not followed."""
LATE = (104, [("client", GET, 0), ("server", GOT, 0), ("lose", GET, 6 * SECOND), ("client", GET, 0)])
RESET_AT_ONCE = (
    104,
    [
        ("client", GET, 0),
        ("server", GOT, 0),
        ("client", GET, 6 * SECOND),
        *[(each, GET, 0) for each in ("reset", "ack back")],
    ],
)
"""With its acknowledgement of the handshake behind the reset, the time goes back by more than a connection lingers."""
TLS_OVER = [("client", HELLO, 0), ("server", ANSWER, 0), ("end", GET, 0)]


@given(st.lists(TALK, min_size=1, max_size=4), st.lists(FAULT, max_size=4))
@example([RESET_AT_ONCE], [("late", 2), ("late", 4)])
@example(ENDED_BEFORE, [("drop", 21)])
@example([(104, []), (104, [("end", GET, 0)]), LATE], [])
@example([(104, [("client", HELLO, 0), ("server", ANSWER, 0)]), (104, TLS_OVER), LATE], [])
@settings(max_examples=examples(300))
def test_of_a_bad_capture_too(drawn, faults):
    packets = spoiled(talks(drawn), faults)
    assert told(packets, waits=True) == told(packets, waits=False)


def test_a_connection_that_nobody_reads_is_not_followed():
    for turns in ([GET, GOT], [HELLO, ANSWER, record(23, b"a"), record(23, b"b")]):
        talk = build.Talk(server=("10.0.0.2", 8080)).open()
        for number, data in enumerate(turns):
            (talk.server if number % 2 else talk.client)(data)
        analyzer = Analyzer()
        analyzer.feed(batch(build.frames(talk.packets)))
        assert not analyzer._tcp.streams
        assert len(analyzer._entrance.counted) == 2
        analyzer.close()
        assert sum(analyzer.foreign.values()) == analyzer.connections == 1


def test_a_handshake_that_fails_after_both_hellos_is_told():
    talk = build.Talk(server=("10.0.0.2", 8080)).open()
    talk.client(HELLO)
    talk.server(ANSWER)
    talk.server(alert(40))
    packets = talk.close().packets
    analyzer = Analyzer()
    analyzer.feed(batch(build.frames(packets)))
    analyzer.close()
    assert [each.alert for each in analyzer.handshakes] == [40]
    assert told(packets, waits=True) == told(packets, waits=False)


@pytest.mark.parametrize("again", [SYN, SYN | ACK, FIN | ACK], ids=["SYN", "SYN+ACK", "FIN"])
@pytest.mark.parametrize(("after", "connections"), [(SECOND, 1), (60 * SECOND, 2)])
def test_late_copies_open_no_new_connection_for_a_while(again, after, connections):
    talk = build.Talk(server=("10.0.0.2", 8080)).open()
    talk.client(GET)
    talk.server(GOT)
    talk.close()
    copy = next(packet for packet in talk.packets if packet.flags & (SYN | FIN | ACK) == again)
    talk.packets.append(copy._replace(time=talk.time + after))
    assert told(talk.packets, waits=True) == told(talk.packets, waits=False)
    assert told(talk.packets, waits=True)[4] == connections


def test_a_connection_that_waits_too_long_is_followed(monkeypatch):
    monkeypatch.setattr(entrance, "MAX_SEGMENTS", 6)
    talk = build.Talk(server=("10.0.0.2", 8080)).open()
    talk.client(GET)
    for _ in range(4):
        talk.acknowledge(1)
    talk.server(GOT)
    analyzer = Analyzer()
    analyzer.feed(batch(build.frames(talk.packets)))
    assert len(analyzer._tcp.streams) == 2
    assert told(talk.packets, waits=True) == told(talk.packets, waits=False)


def test_of_many_connections_the_oldest_wait_no_longer(monkeypatch):
    monkeypatch.setattr(entrance, "MAX_WAITING", 10)
    packets = [build.Talk(client=("10.0.0.1", 40000 + port)).open().packets for port in range(40)]
    analyzer = Analyzer()
    analyzer.feed(batch(build.frames(packet for each in packets for packet in each)))
    assert len(analyzer._entrance._waiting) == 20
    assert len(analyzer._tcp.streams) == 60
    analyzer.close()
    assert analyzer.connections == 40


def test_of_too_many_that_are_counted_the_oldest_are_given_up(monkeypatch):
    monkeypatch.setattr(entrance, "MAX_CONNECTIONS", 10)
    analyzer = Analyzer()
    for port in range(40):
        talk = build.Talk(client=("10.0.0.1", 40000 + port)).open()
        talk.client(GET)
        talk.server(GOT)
        analyzer.feed(batch(build.frames(talk.packets)))
    assert analyzer.given_up == 30
    analyzer.close()
    assert analyzer.foreign["HTTP"] == analyzer.connections == 40


def test_tls_is_followed_where_secrets_may_come():
    talk = build.Talk(server=("10.0.0.2", 8080)).open()
    talk.client(HELLO)
    talk.server(ANSWER)
    vault = Vault()
    vault.is_complete = False
    analyzer = Analyzer(vault=vault)
    analyzer.feed(batch(build.frames(talk.packets)))
    assert len(analyzer._tcp.streams) == 2
