"""After a hole or a damaged record, reading goes on at a record that authenticates; what was lost is told."""

import random
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.direction import MAX_WAITING
from dicomsniff.tls.events import Plaintext, Problem, TlsEvent, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.secrets import Secrets
from fuzz.limits import limited_time
from tls_sessions import Exchange, Talk, decode, read, with_keylog

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
MAC_FIRST, ENCRYPT_FIRST = 1 << 19, 0
"""SSL_OP_NO_ENCRYPT_THEN_MAC, or not."""
KINDS = [
    (ssl.TLSVersion.TLSv1_3, "ALL", "ecdsa"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256", "rsa"),
    (ssl.TLSVersion.TLSv1, "ECDHE-RSA-AES128-SHA", "rsa"),
    (ssl.TLSVersion.TLSv1, "ECDHE-RSA-AES128-SHA", "rsa", ENCRYPT_FIRST),
]
SIZES = [5, 16384, 300, 3000, 50000, 1, 16000, 16384, 40, 9000]


def _exchange(
    version: ssl.TLSVersion, ciphers: str, kind: str, options: int = MAC_FIRST, *, repeated: int = 2
) -> Exchange:
    noise = random.Random(7)
    talk = Talk(version, ciphers, kind=kind, options=options).start()
    for size in SIZES * repeated:
        talk.say(CLIENT, noise.randbytes(size)).say(SERVER, noise.randbytes(size % 977))
    return talk.end()


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    return [_exchange(*kind) for kind in KINDS]


def decode_with(
    exchange: Exchange, peer: Peer, first: int, last: int, secrets: Secrets, *, damage: int | None = None
) -> tuple[TlsDecoder, list[TlsEvent]]:
    """Decode with a hole from `first` to `last` in what one side sent, or with these bytes changed."""
    decoder, events, ends = TlsDecoder(secrets), [], {CLIENT: 0, SERVER: 0}
    for sender, sent in exchange.sent:
        begin = ends[sender]
        ends[sender] = end = begin + len(sent)
        low, high = (min(max(first, begin), end), min(max(last, begin), end)) if sender is peer else (end, end)
        events += decoder.feed(sender, sent[: low - begin], begin) if low > begin else []
        if low < high:
            spoiled = sent[low - begin : high - begin]
            if damage is None:
                events += decoder.skip(sender, low, high - low)
            else:
                events += decoder.feed(sender, bytes(byte ^ damage for byte in spoiled), low)
        events += decoder.feed(sender, sent[high - begin :], high) if high < end else []
    return decoder, events + decoder.close()


def whole_events(exchange: Exchange, peer: Peer) -> list[Plaintext]:
    events = decode(exchange.sent, with_keylog(exchange.keylog))[1]
    return [event for event in events if isinstance(event, Plaintext) and event.peer is peer]


@given(
    st.integers(0, len(KINDS) - 1),
    st.integers(0, 1 << 20),
    st.integers(1, 5000) | st.integers(1, 200_000),
    st.none() | st.integers(1, 255),
)
def test_what_a_hole_or_damage_does_not_touch_is_read(exchanges, kind, place, length, damage):
    exchange = exchanges[kind]
    whole = whole_events(exchange, CLIENT)
    # Behind the first record of data, so that the keys are known to be right.
    first = whole[0].end + place % (whole[-1].end - whole[0].end)
    last = min(first + length, whole[-1].end)
    events = decode_with(exchange, CLIENT, first, last, with_keylog(exchange.keylog), damage=damage)[1]
    intact = [event for event in whole if event.end <= first or event.start >= last]
    found = [event for event in events if isinstance(event, Plaintext) and event.peer is CLIENT]
    # In TLS 1.0 the record behind a hole needs bytes before it; with encrypt-then-MAC, nothing vouches for these.
    missing = [event for event in intact if event not in found]
    assert [event for event in found if event not in intact] == []
    assert len(missing) <= 1
    assert not missing or kind >= 3
    problems = [event for event in events if isinstance(event, TlsProblem) and event.peer is CLIENT]
    assert all(problem.is_gap and problem.problem in (Problem.LOST, Problem.DAMAGED) for problem in problems)
    told = {at for problem in problems for at in range(problem.start, problem.end)}
    lost = [event for event in whole if event not in found]
    assert all(told.issuperset((event.start, event.end - 1)) for event in lost)
    assert told.isdisjoint(at for event in found for at in (event.start, event.end - 1))
    assert read(events)[SERVER] == exchange.said[SERVER]


CHANGES = st.tuples(
    st.sampled_from((CLIENT, SERVER)), st.integers(0, 1 << 20), st.integers(0, 4000), st.binary(max_size=20)
)


@given(st.integers(0, len(KINDS) - 1), st.lists(CHANGES, min_size=1, max_size=12))
def test_nothing_that_did_not_authenticate_is_plaintext(exchanges, kind, changes):
    """Whatever happens to the bytes, what comes out is among what was said."""
    exchange = exchanges[kind]
    streams = {peer: bytearray(stream) for peer, stream in exchange.streams.items()}
    for peer, place, length, put in changes:
        at = place % (len(streams[peer]) + 1)
        streams[peer][at : at + length] = put
    said = {peer: {event.data for event in whole_events(exchange, peer)} for peer in (CLIENT, SERVER)}
    sent = [(peer, bytes(stream)) for peer, stream in streams.items() if stream]
    for event in decode(sent, with_keylog(exchange.keylog))[1]:
        if isinstance(event, Plaintext):
            assert event.data in said[event.peer]


@pytest.mark.parametrize("kind", KINDS[:1])
def test_a_server_hello_that_is_lost_can_be_done_without_in_tls_1_3(kind):
    exchange = _exchange(*kind)
    hello = 5 + int.from_bytes(exchange.streams[SERVER][3:5], "big")
    decoder, events = decode_with(exchange, SERVER, 10, hello - 10, with_keylog(exchange.keylog))
    assert read(events) == exchange.said
    assert (decoder.session.version, decoder.session.suite) == (0x0304, 0x1302)


@pytest.mark.parametrize("kind", KINDS[:1])
@pytest.mark.parametrize("inside", [0, 7])
def test_a_capture_may_begin_after_the_hellos_of_tls_1_3(kind, inside):
    exchange = _exchange(*kind)
    first = {peer: whole_events(exchange, peer)[0] for peer in (CLIENT, SERVER)}
    starts = {peer: event.start + inside for peer, event in first.items()}
    decoder, events, ends = TlsDecoder(with_keylog(exchange.keylog)), [], {CLIENT: 0, SERVER: 0}
    for peer, start in starts.items():
        decoder.skip(peer, start, 0)
    for peer, sent in exchange.sent:
        begin = max(ends[peer], starts[peer])
        if begin < ends[peer] + len(sent):
            events += decoder.feed(peer, sent[begin - ends[peer] :], begin)
        ends[peer] += len(sent)
    found = read(events + decoder.close())
    for peer, said in exchange.said.items():
        assert found[peer] == (said.removeprefix(first[peer].data) if inside else said)
    assert decoder.session.client_random is not None


def test_secrets_of_another_session_are_told_and_soon_not_tried_any_more():
    exchange, other = (_exchange(*KINDS[0]) for _ in range(2))
    random_ = decode(exchange.sent, Secrets())[0].session.client_random
    other_random = decode(other.sent, Secrets())[0].session.client_random
    secrets = with_keylog(other.keylog.replace(other_random.hex().encode(), random_.hex().encode()))
    decoder, events = decode(exchange.sent, secrets)
    assert {event.problem for event in events} == {Problem.WRONG_SECRETS}
    assert decoder.is_done
    assert decoder.session.read_with is None


def test_what_waits_for_secrets_is_bounded_however_small_its_pieces_are():
    exchange = _exchange(*KINDS[0], repeated=6)
    decoder = TlsDecoder(Secrets())
    client = exchange.streams[CLIENT]
    assert len(client) > 2 * MAX_WAITING
    most = 0
    for at in range(0, len(client), 1460):
        decoder.feed(CLIENT, client[at : at + 1460], at)
        most = max(most, decoder.waiting)
    assert MAX_WAITING // 2 < most <= MAX_WAITING + 1460


def test_what_waits_for_secrets_is_bounded_and_what_comes_after_them_is_read():
    exchange = _exchange(*KINDS[0], repeated=6)
    secrets = Secrets()
    decoder, events = TlsDecoder(secrets), []
    client = exchange.streams[CLIENT]
    half = next(event.start for event in whole_events(exchange, CLIENT) if event.start > len(client) // 2)
    events += decoder.feed(CLIENT, client[:half], 0)
    events += decoder.feed(SERVER, exchange.streams[SERVER], 0)
    assert half > MAX_WAITING
    assert {event.problem for event in events if isinstance(event, TlsProblem)} == {Problem.TOO_MUCH}
    assert not [event for event in events if isinstance(event, Plaintext)]
    secrets.add_keylog(exchange.keylog)
    events += decoder.feed(CLIENT, client[half:], half)
    events += decoder.close()
    assert exchange.said[CLIENT].endswith(read(events)[CLIENT])
    assert read(events)[CLIENT]


def test_hellos_that_come_before_the_other_side_has_finished_are_taken_when_too_many_wait():
    exchange = _exchange(*KINDS[0])
    hello, answer = (_first_record(exchange.streams[peer]) for peer in (CLIENT, SERVER))
    decoder = TlsDecoder(Secrets())
    decoder.feed(CLIENT, hello, 0)
    decoder.feed(SERVER, answer, 0)
    with limited_time():  # they were shown for ever
        for number in range(1, MAX_WAITING // len(hello) + 3):
            decoder.feed(CLIENT, hello, number * len(hello))
    assert decoder.waiting < len(hello)


def _first_record(stream: bytes) -> bytes:
    return stream[: 5 + int.from_bytes(stream[3:5], "big")]
