"""What the plain beginning of a TLS connection tells, however it is cut, whatever is wrong with it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dicomsniff.pdu.tls import MAX_PLAIN, TlsStream
from examples import examples
from pipeline import MARK, split
from tls import CERTIFICATE, CERTIFICATE_REQUEST, DONE, SERVER_HELLO, alert, client_hello, handshake, offers, record

SERVER = handshake(SERVER_HELLO, CERTIFICATE) + handshake(CERTIFICATE_REQUEST, DONE) + alert(40)


def read(*pieces: bytes) -> TlsStream:
    stream = TlsStream()
    for piece in pieces:
        stream.feed(piece, MARK)
    return stream


def facts(stream: TlsStream) -> tuple[object, ...]:
    return stream.is_client, stream.is_web, stream.requested, stream.certificates, stream.alert, stream.done


def test_a_server_asks_for_a_certificate_and_alerts():
    assert facts(read(SERVER)) == (False, False, True, 6, (2, 40, MARK), True)


def test_a_message_may_go_on_in_the_next_record():
    whole = client_hello()
    assert read(record(22, whole[:9]), record(22, whole[9:])).is_client


def test_a_client_that_offers_http_is_the_webs():
    assert read(handshake(client_hello(offers(b"h2")))).is_web
    assert not read(handshake(client_hello(offers(b"dicom")))).is_web


def test_an_encrypted_alert_tells_nothing():
    assert facts(read(record(20, b"\1"), record(21, bytes(26)))) == (False, False, False, None, None, True)


@given(st.lists(st.integers(0, len(SERVER)), max_size=20))
def test_cuts_do_not_matter(cuts):
    assert facts(read(*split(SERVER, cuts))) == facts(read(SERVER))


@given(st.binary(max_size=300), st.integers(0, len(SERVER)))
@settings(max_examples=examples(200))
def test_whatever_follows_a_beginning_is_read_without_failing(garbage, length):
    stream = read(SERVER[:length], garbage)
    assert stream.alert is None or len(stream.alert) == 3


def test_no_more_is_kept_than_the_limit():
    stream = TlsStream()
    for _ in range(3 * MAX_PLAIN // 1000):
        stream.feed(handshake(bytes(995)), MARK)
    assert stream.done
    assert not stream._pending
    assert not stream._handshake
