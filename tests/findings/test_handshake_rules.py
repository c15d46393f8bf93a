"""What is told of TLS handshakes that failed."""

import pytest

import build
from pipeline import analyze, findings_of
from tls import CERTIFICATE, alert, client_hello, handshake, offers, without_client_certificate


def told(packets: list[build.Packet]) -> list[str]:
    """What is told of a port of DICOM in its association, and of any other port with the capture."""
    analyzer = analyze(packets)
    found = [finding for each in analyzer.associations for finding in findings_of(each).all] + analyzer.findings
    return [finding.message for finding in found if finding.code in ("tls-refused", "tls-handshake-refused")]


def test_a_missing_client_certificate_is_told_as_such():
    assert told(without_client_certificate()) == [
        "10.0.0.2:2762 refused the TLS handshake with 10.0.0.1 by the alert handshake_failure (40): "
        "it asked for a client certificate, and the client sent none"
    ]


def test_on_another_port_the_capture_is_told_of_it():
    capture = without_client_certificate(port=4242)
    assert told(capture) == [
        "10.0.0.2:4242 refused the TLS handshake with 10.0.0.1 by the alert handshake_failure (40): "
        "it asked for a client certificate, and the client sent none"
    ]
    assert analyze(capture).associations == []


def test_a_client_certificate_that_was_sent_may_not_be_accepted():
    (said,) = told(without_client_certificate(certificate=CERTIFICATE))
    assert said.endswith("it asked for a client certificate; perhaps it does not accept the one that was sent")


def test_a_client_may_refuse_the_server():
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(handshake(client_hello()))
    talk.server(handshake(CERTIFICATE))
    talk.client(alert(48))
    assert told(talk.close().packets) == [
        "10.0.0.1 refused the TLS handshake with 10.0.0.2:2762 by the alert unknown_ca (48): "
        "it does not know the issuer of the server's certificate"
    ]


@pytest.mark.parametrize(
    "packets",
    [
        without_client_certificate(2, offers(b"http/1.1")),
        without_client_certificate(port=443),
        without_client_certificate(answer=alert(0, 1)),
        without_client_certificate(answer=alert(0)),
    ],
    ids=["http is offered", "a port of the web", "closed in order", "closed in order, as fatal"],
)
def test_what_is_the_webs_or_in_order_is_not_told(packets):
    assert told(packets) == []


def test_a_capture_with_a_refused_handshake_is_in_trouble():
    assert analyze(without_client_certificate()).verdict.startswith(
        "the association is in trouble: 10.0.0.2:2762 refused the TLS"
    )
    other = analyze(without_client_certificate(port=4242))
    assert other.verdict.startswith("in trouble: 10.0.0.2:4242 refused the TLS")


@pytest.mark.parametrize(("offered", "said"), [(True, "(pre-shared key)"), (False, "its log may say why")])
def test_keys_that_the_client_offers_may_not_be_the_server_s(offered, said):
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(handshake(client_hello(*([b"\0\x29\0\2\0\0"] if offered else []), b"\0\x2b\0\3\2\3\4")))
    talk.server(alert(47))
    (line,) = told(talk.close().packets)
    assert line.endswith(said)
