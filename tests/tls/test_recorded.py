"""Sessions recorded with `openssl` (record_sessions.py): what Python's ssl cannot be made to do."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.events import Plaintext, Problem, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER
from tls_sessions import Exchange, decode, read, with_keylog

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.txt"))
PEERS = {"C": CLIENT, "S": SERVER}


def load(name: str) -> Exchange:
    exchange = Exchange()
    for line in (Path(__file__).parent / "sessions" / f"{name}.txt").read_text().splitlines():
        kind, _, value = line.partition(" ")
        if kind in PEERS:
            exchange.sent.append((PEERS[kind], bytes.fromhex(value)))
        elif kind == "keylog":
            exchange.keylog += value.encode() + b"\n"
        else:
            exchange.said[PEERS[kind[-1]]] = bytes.fromhex(value)
    return exchange


def session_of(name: str):
    exchange = load(name)
    return decode(exchange.sent, with_keylog(exchange.keylog))[0].session


@pytest.mark.parametrize("name", [path.stem for path in SESSIONS])
def test_what_was_said_comes_out(name):
    exchange = load(name)
    decoder, events = decode(exchange.sent, with_keylog(exchange.keylog))
    assert read(events) == exchange.said
    assert not [event for event in events if isinstance(event, TlsProblem)]
    assert decoder.session.unread is None


@pytest.mark.parametrize("name", [path.stem for path in SESSIONS])
def test_bytes_may_come_one_by_one(name):
    exchange = load(name)
    secrets = with_keylog(exchange.keylog)
    ones = [(peer, sent[at : at + 1]) for peer, sent in exchange.sent for at in range(len(sent))]
    assert decode(ones, secrets)[1] == decode(exchange.sent, secrets)[1]


@pytest.mark.parametrize("name", [path.stem for path in SESSIONS])
def test_the_key_log_may_come_last(name):
    """As when a key log grows during a live capture: what waits for it comes out then."""
    exchange = load(name)
    secrets = with_keylog(b"")
    decoder, events = decode(exchange.sent, secrets, close=False)
    assert not [event for event in events if isinstance(event, (Plaintext, TlsProblem))]
    secrets.add_keylog(exchange.keylog)
    events += decoder.feed(SERVER, b"", len(exchange.streams[SERVER]))
    events += decoder.close()
    assert read(events) == exchange.said


@given(st.sampled_from([path.stem for path in SESSIONS]), st.randoms(use_true_random=False))
def test_a_key_log_may_grow_line_by_line_in_any_order(name, chance):
    exchange = load(name)
    lines = exchange.keylog.splitlines(keepends=True)
    chance.shuffle(lines)
    ends = dict.fromkeys(PEERS.values(), 0)
    secrets = with_keylog(b"")
    decoder, events = TlsDecoder(secrets), []
    for peer, sent in exchange.sent:
        while lines and chance.random() < 0.3:
            secrets.add_keylog(lines.pop())
        events += decoder.feed(peer, sent, ends[peer])
        ends[peer] += len(sent)
    secrets.add_keylog(b"".join(lines))
    for peer, end in ends.items():
        events += decoder.feed(peer, b"", end)
    assert read(events + decoder.close()) == exchange.said


@pytest.mark.parametrize(
    ("name", "offered", "taken", "resumed"),
    [
        ("tls13-early-data", True, True, "PSK"),
        ("tls13-early-data-refused", True, False, None),
        ("tls13-early-data-retry", True, False, None),
        ("tls13-padding", False, None, None),
    ],
)
def test_it_is_known_whether_early_data_was_taken(name, offered, taken, resumed):
    session = session_of(name)
    assert (session.early_data_offered, session.early_data, session.resumed) == (offered, taken, resumed)


def test_early_data_without_its_secret_is_told_and_what_follows_is_read():
    exchange = load("tls13-early-data")
    lines = [line for line in exchange.keylog.splitlines() if not line.startswith(b"CLIENT_EARLY")]
    events = decode(exchange.sent, with_keylog(b"\n".join(lines)))[1]
    assert [event.problem for event in events if isinstance(event, TlsProblem)] == [Problem.NO_SECRETS]
    assert read(events)[CLIENT] == exchange.said[CLIENT].removeprefix(b"early\n" * 99)


def test_traffic_secrets_alone_are_enough():
    exchange = load("tls13-aes_128_gcm_sha256")
    lines = [line for line in exchange.keylog.splitlines() if b"_TRAFFIC_SECRET_0" in line]
    assert len(lines) == 2
    assert read(decode(exchange.sent, with_keylog(b"\n".join(lines)))[1]) == exchange.said


def test_what_a_handshake_says_is_kept():
    session = session_of("tls13-key-update")
    assert session.certificate_asked
    assert {peer: len(chain) for peer, chain in session.certificates.items()} == {CLIENT: 1, SERVER: 1}
    assert session.key_updates == 4  # one of them as an answer
    assert session_of("tls12-renegotiation").renegotiations == 1
    assert session_of("tls13-retry").retried
    assert session_of("tls13-aes_128_ccm_8_sha256").server_name == "archive.example"


@pytest.mark.parametrize(
    ("name", "can_go_on"),
    [("tls13-aes_128_gcm_sha256", True), ("tls13-key-update", False), ("tls12-renegotiation", False)],
)
def test_reading_can_go_on_in_the_middle_while_the_first_keys_are_good(name, can_go_on):
    """A place is where a record begins, and its number: to read from there needs its keys, which nobody kept."""
    exchange = load(name)
    decoder, events = decode(exchange.sent, with_keylog(exchange.keylog), close=False)
    assert read(events) == exchange.said
    assert [decoder.place(peer) is not None for peer in (CLIENT, SERVER)] == [can_go_on] * 2


@pytest.mark.parametrize("first", [b"CLIENT", b"SERVER"])
def test_an_answer_does_not_come_out_before_its_question(first):
    """A key log that grows may be read between the secrets of both sides."""
    exchange = load("tls13-aes_128_gcm_sha256")
    lines = exchange.keylog.splitlines(keepends=True)
    secrets = with_keylog(b"".join(line for line in lines if line.startswith(first)))
    secrets.is_complete = False
    decoder, events = decode(exchange.sent, secrets, close=False)
    assert not [event for event in events if isinstance(event, Plaintext)]
    secrets.add_keylog(exchange.keylog)
    secrets.is_complete = True
    events = decoder.close()
    assert read(events) == exchange.said
    assert {event.peer for event in events if isinstance(event, Plaintext)} == {CLIENT, SERVER}
