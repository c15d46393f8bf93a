"""Why a session cannot be read is said, and what to give for it."""

import ssl

import pytest

from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.events import Problem, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.secrets import Found, Origin, Secret, Secrets
from tls_sessions import Exchange, Talk, certificate, decode, read

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
OTHER_RANDOM = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48 + b"\n"


def exchange(version: ssl.TLSVersion = V12, ciphers: str = "AES128-SHA", kind: str = "rsa"):
    return Talk(version, ciphers, kind=kind).start().say(CLIENT, b"one").say(SERVER, b"two").end()


def unread(made, *, keylog: bytes = b"", pem: bytes = b"", is_complete: bool = True) -> str | None:
    secrets = Secrets()
    secrets.is_complete = is_complete
    if keylog:
        secrets.add_keylog(keylog)
    if pem:
        secrets.add_rsa_key(pem)
    decoder, events = decode(made.sent, secrets)
    problems = [event for event in events if isinstance(event, TlsProblem)]
    assert {problem.problem for problem in problems} <= {Problem.NO_SECRETS, Problem.UNSUPPORTED}
    assert [problem.peer for problem in problems] in ([CLIENT, SERVER], [SERVER, CLIENT])
    assert {problem.text for problem in problems} == {decoder.session.unread}
    assert decoder.is_done
    return decoder.session.unread


@pytest.mark.parametrize("is_complete", [True, False])
def test_without_any_secrets(is_complete):
    assert unread(exchange(), is_complete=is_complete) == "no secrets were given"


@pytest.mark.parametrize("made", [(V12, "ECDHE-RSA-AES128-SHA"), (V13, "ALL")])
def test_with_secrets_of_other_sessions(made):
    text = unread(exchange(*made), keylog=OTHER_RANDOM)
    assert text.startswith("no secrets for this session's client random, ")


def test_with_a_private_key_for_a_key_exchange_that_has_none():
    text = "an RSA key reads RSA key exchange only, and this session has another: a key log is needed"
    assert unread(exchange(V12, "ECDHE-RSA-AES128-SHA"), pem=certificate("rsa")[1]) == text
    assert unread(exchange(V13, "ALL"), pem=certificate("rsa")[1]) == text


def other_key() -> bytes:
    return certificate.__wrapped__("rsa")[1]


def test_with_the_private_key_of_another_server():
    assert unread(exchange(), pem=other_key()) == "none of the RSA keys given is the server's"


class Lucky(Secrets):
    """Holds a key that makes bytes of the right length of any premaster secret, as another server's may."""

    def decrypt_premaster(self, encrypted: bytes) -> list[Found]:
        return [Found(Secret(b"\x05\x05" + bytes(46)), Origin.RSA_KEY)]


def test_what_another_servers_key_makes_of_a_premaster_secret_is_none_even_if_it_is_as_long():
    secrets = Lucky()
    secrets.add_rsa_key(other_key())
    decoder, events = decode(exchange().sent, secrets)
    assert not read(events)[CLIENT]
    assert decoder.session.unread == "none of the RSA keys given is the server's"


def test_a_client_may_log_the_premaster_secret_that_it_encrypts():
    made = exchange()
    by_key = Secrets()
    by_key.add_rsa_key(certificate("rsa")[1])
    encrypted = _encrypted_premaster(made.streams[CLIENT])
    premaster = by_key.decrypt_premaster(encrypted)[0].secret
    secrets = Secrets()
    secrets.add_keylog(b"RSA " + encrypted[:8].hex().encode() + b" " + premaster.hex().encode())
    decoder, events = decode(made.sent, secrets)
    assert read(events) == made.said
    assert decoder.session.read_with is Origin.KEY_LOG


def test_a_key_log_may_name_a_session_by_its_id():
    """As programs that use NSS of old wrote it."""
    made = Talk(V12, "AES128-SHA", kind="rsa", options=ssl.OP_NO_TICKET).start().say(CLIENT, b"one").end()
    server = made.streams[SERVER]
    identifier = server[44 : 44 + server[43]]
    assert len(identifier) == 32
    (master,) = (line.split()[2] for line in made.keylog.splitlines() if line.startswith(b"CLIENT_RANDOM "))
    secrets = Secrets()
    secrets.add_keylog(b"RSA Session-ID:" + identifier.hex().encode() + b" Master-Key:" + master)
    decoder, events = decode(made.sent, secrets)
    assert read(events) == made.said
    assert decoder.session.read_with is Origin.KEY_LOG


def _encrypted_premaster(stream: bytes) -> bytes:
    hello = 5 + int.from_bytes(stream[3:5], "big")
    length = int.from_bytes(stream[hello + 9 : hello + 11], "big")
    return stream[hello + 11 : hello + 11 + length]


def test_secrets_of_a_capture_are_told_from_those_of_a_key_log():
    made = exchange(V13, "ALL")
    secrets = Secrets()
    secrets.add_capture_secrets(made.keylog)
    decoder, events = decode(made.sent, secrets)
    assert read(events) == made.said
    assert decoder.session.read_with is Origin.CAPTURE


@pytest.mark.parametrize(("peer", "made"), [(CLIENT, (V13, "ALL")), (SERVER, (V13, "ALL"))])
def test_one_side_alone_can_be_read_in_tls_1_3(peer, made):
    """As where the other direction takes another way, past whoever captures."""
    made = exchange(*made)
    secrets = Secrets()
    secrets.add_keylog(made.keylog)
    events = decode([(sender, sent) for sender, sent in made.sent if sender is peer], secrets)[1]
    assert read(events)[peer] == made.said[peer]


def test_an_alert_in_clear_ends_a_handshake():
    made = Talk(V12, "AES128-SHA", kind="rsa")
    made.server_context.minimum_version = V13
    made.server_context.maximum_version = V13
    with pytest.raises(ssl.SSLError):
        made.start()
    decoder, events = decode(made.exchange.sent, Secrets())
    (alert,) = events
    assert (alert.peer, alert.level, alert.description, alert.is_plain) == (SERVER, 2, 70, True)
    assert decoder.session.alerts == [alert]


def read_without_hello(made: Exchange) -> tuple[TlsDecoder, list]:
    """Return what is read where the first bytes of the server, its hello among them, are not in the capture."""
    secrets = Secrets()
    secrets.add_keylog(made.keylog)
    secrets.is_complete = True
    decoder, events = TlsDecoder(secrets), []
    client, server = made.streams[CLIENT], made.streams[SERVER]
    events += decoder.skip(SERVER, 0, 100)
    for peer, stream, begin in ((CLIENT, client, 0), (SERVER, server[100:], 100)):
        events += decoder.feed(peer, stream, begin)
    events += decoder.close()
    return decoder, events


def talk_before_13() -> Exchange:
    made = Talk(V13, "ALL", kind="rsa")
    made.server_context.maximum_version = V12
    return made.start().say(CLIENT, b"one").say(SERVER, b"two").end()


def test_the_servers_hello_is_needed_before_tls_1_3():
    decoder, events = read_without_hello(talk_before_13())
    assert read(events) == {CLIENT: b"", SERVER: b""}
    assert decoder.session.unread == "the server's hello is not in the capture"


@pytest.mark.parametrize(
    "finished",
    [
        pytest.param(b"\x14\xca\x30\x5a", id="a Finished too long to be kept"),
        pytest.param(b"\x10\x00\x00\x04", id="a whole ClientKeyExchange"),
        pytest.param(b"\x01\x00\x00\x24\xff", id="a ClientHello of no version"),
    ],
)
def test_what_is_encrypted_behind_a_changecipherspec_is_no_message_by_chance(finished):
    made = talk_before_13()
    client = made.streams[CLIENT]
    change = b"\x14\x03\x03\x00\x01\x01\x16\x03\x03"
    at = client.index(change) + len(change) + 2
    altered = client[:at] + finished + client[at + len(finished) :]
    made.sent = [(SERVER, made.streams[SERVER]), (CLIENT, altered)]
    decoder, events = read_without_hello(made)
    told = [event for event in events if isinstance(event, TlsProblem)]
    assert {event.problem for event in told} == {Problem.LOST, Problem.NO_SECRETS}
    assert decoder.session.unread == "the server's hello is not in the capture"


def test_ciphertext_that_looks_like_a_whole_message_is_looked_at_once_where_only_the_client_is_captured():
    made = talk_before_13()
    change = b"\x14\x03\x03\x00\x01\x01\x16\x03\x03"
    client = made.streams[CLIENT]
    at = client.index(change) + len(change) + 2
    looks_whole = b"\x10\x00\x00\x04"  # a ClientKeyExchange that ends within its record
    decoder = TlsDecoder(Secrets())
    altered = client[:at] + looks_whole + client[at + len(looks_whole) :]
    events = decoder.feed(CLIENT, altered, 0) + decoder.close()
    assert [event.problem for event in events if isinstance(event, TlsProblem)]
