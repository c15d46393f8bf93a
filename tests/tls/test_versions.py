"""What Python's ssl said comes out, for every version and cipher suite that it can be made to use."""

import ssl
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.dictionary.tls_suites import SUITES
from dicomsniff.tls.events import Alert, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.secrets import Origin, Secrets
from tls_sessions import Talk, certificate, decode, read, with_keylog

V13, V12, V11, V10 = (
    ssl.TLSVersion.TLSv1_3,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1,
)
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

MATRIX = [
    (V12, "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa"),
    (V12, "ECDHE-RSA-AES256-GCM-SHA384", "rsa"),
    (V12, "ECDHE-ECDSA-CHACHA20-POLY1305", "ecdsa"),
    (V12, "ECDHE-ECDSA-AES128-CCM", "ecdsa"),
    (V12, "ECDHE-ECDSA-AES256-CCM8", "ecdsa"),
    (V12, "ECDHE-RSA-AES128-SHA256", "rsa"),
    (V12, "ECDHE-RSA-AES256-SHA384", "rsa"),
    (V12, "ECDHE-ECDSA-CAMELLIA128-SHA256", "ecdsa"),
    (V12, "AES128-GCM-SHA256", "rsa"),
    (V12, "AES256-SHA", "rsa"),
    (V12, "AES128-CCM8", "rsa"),
    (V12, "NULL-SHA256", "rsa"),
    (V11, "ECDHE-RSA-AES256-SHA", "rsa"),
    (V11, "AES128-SHA", "rsa"),
    (V10, "AES128-SHA", "rsa"),
    (V10, "ECDHE-ECDSA-AES256-SHA", "ecdsa"),
    (V13, "ALL", "ecdsa"),
    (V13, "ALL", "rsa"),
]
SENTENCE = bytes(range(256)) * 200
RSA_ONLY = [row for row in MATRIX if row[1].startswith(("AES", "NULL"))]


def talk(version: ssl.TLSVersion, ciphers: str, kind: str, **more):
    begun = Talk(version, ciphers, kind=kind, **more).start()
    return begun.say(CLIENT, b"short").say(SERVER, SENTENCE).say(CLIENT, SENTENCE).end()


@pytest.mark.parametrize(("version", "ciphers", "kind"), MATRIX)
def test_what_was_said_comes_out_with_a_key_log(version, ciphers, kind):
    exchange = talk(version, ciphers, kind)
    decoder, events = decode(exchange.sent, with_keylog(exchange.keylog))
    assert read(events) == exchange.said
    assert not [event for event in events if isinstance(event, TlsProblem)]
    session = decoder.session
    assert (session.version, session.read_with, session.unread) == (int(version), Origin.KEY_LOG, None)
    assert session.suite in SUITES
    assert session.finished == {CLIENT, SERVER}
    assert [(event.level, event.description) for event in events if isinstance(event, Alert)] == [(1, 0), (1, 0)]


@pytest.mark.parametrize(("version", "ciphers", "kind"), RSA_ONLY)
@pytest.mark.parametrize("options", [0, 1 << 19], ids=["encrypt-then-MAC", "MAC-then-encrypt"])
def test_the_servers_private_key_reads_rsa_key_exchange(version, ciphers, kind, options):
    exchange = talk(version, ciphers, kind, options=options)
    secrets = Secrets()
    secrets.add_rsa_key(certificate("rsa")[1])
    decoder, events = decode(exchange.sent, secrets)
    assert read(events) == exchange.said
    assert decoder.session.read_with is Origin.RSA_KEY
    is_aead = "GCM" in ciphers or "CCM" in ciphers
    assert decoder.session.encrypt_then_mac is not (is_aead or bool(options))


@pytest.mark.parametrize("options", [0, ssl.OP_NO_TICKET], ids=["ticket", "session id"])
@pytest.mark.parametrize("version", [V12, V10])
def test_a_resumed_session_is_read_with_the_secret_of_the_one_it_resumes(version, options):
    first = Talk(version, "AES128-SHA", kind="rsa", options=options).start().say(CLIENT, b"one")
    context, client_context = first.server_context, first.client_context
    exchange = first.end()
    again = Talk(version, "AES128-SHA", kind="rsa", options=options, server=context)
    again.client_context = client_context
    resumed = again.start(exchange.session).say(CLIENT, b"two").say(SERVER, SENTENCE).end()
    secrets = Secrets()
    secrets.add_rsa_key(certificate("rsa")[1])
    decode(exchange.sent, secrets)
    decoder, events = decode(resumed.sent, secrets)
    assert read(events) == resumed.said
    assert decoder.session.resumed == ("session id" if options else "ticket")
    assert SERVER not in decoder.session.certificates


def test_a_client_certificate_is_seen_asked_for_and_sent():
    exchange = talk(V12, "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa", client_certificate=True)
    session = decode(exchange.sent, Secrets())[0].session
    assert session.certificate_asked
    assert {peer: len(chain) for peer, chain in session.certificates.items()} == {CLIENT: 1, SERVER: 1}
    assert session.certificates[CLIENT] == (ssl.PEM_cert_to_DER_cert(certificate("ecdsa")[0].decode()),)


def test_the_clear_part_of_a_handshake_is_read_without_secrets():
    session = decode(talk(V13, "ALL", "ecdsa").sent, Secrets())[0].session
    assert (session.server_name, session.offered_protocols) == ("archive.example", (b"dicom", b"acr-nema"))
    assert session.offered_versions[0] == session.version == 0x0304
    assert session.group in session.offered_groups
    assert session.suite in session.offered_suites
    assert (session.protocol, session.unread) == (None, "no secrets were given")
    assert session.protected[SERVER] > len(SENTENCE)


@pytest.fixture(scope="module")
def exchanges():
    return [talk(version, ciphers, "ecdsa") for version, ciphers in ((V13, "ALL"), (V12, "ECDHE-ECDSA-AES128-SHA"))]


@given(st.integers(0, 1), st.lists(st.integers(1, 4000), min_size=1, max_size=20))
def test_cuts_do_not_matter(exchanges, index, cuts):
    """However the network cut the bytes, the events are the same."""
    exchange, cut, sizes = exchanges[index], [], cycle(cuts)
    for peer, sent in exchange.sent:
        at = 0
        while at < len(sent):
            step = next(sizes)
            cut.append((peer, sent[at : at + step]))
            at += step
    secrets = with_keylog(exchange.keylog)
    assert decode(cut, secrets)[1] == decode(exchange.sent, secrets)[1]


@given(st.integers(0, 1), st.randoms(use_true_random=False))
def test_it_does_not_matter_whose_bytes_come_first(exchanges, index, chance):
    """Packets of the two sides may pass each other on the way to whoever captures: each side's events are the same."""
    exchange = exchanges[index]
    queues = {peer: [sent for sender, sent in exchange.sent if sender is peer] for peer in (CLIENT, SERVER)}
    order = []
    while any(queues.values()):
        peer = chance.choice([peer for peer, queue in queues.items() if queue])
        order.append((peer, queues[peer].pop(0)))
    events = decode(order, with_keylog(exchange.keylog))[1]
    assert read(events) == exchange.said
    assert not [event for event in events if isinstance(event, TlsProblem)]


def test_plaintext_says_where_it_came_from(exchanges):
    exchange = exchanges[0]
    events = [event for event in decode(exchange.sent, with_keylog(exchange.keylog))[1] if not isinstance(event, Alert)]
    for peer, stream in exchange.streams.items():
        places = [(event.start, event.end) for event in events if event.peer is peer]
        assert all(stream[start : start + 3] == b"\x17\3\3" for start, _ in places)
        assert all(int.from_bytes(stream[start + 3 : start + 5], "big") == end - start - 5 for start, end in places)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))
