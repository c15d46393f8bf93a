"""TLS handshakes that one side breaks off without an alert, or stops within: who it was is told, not who waited."""

import pytest

import build
from calls import called
from findings.test_field_reports import told
from findings.tls_cases import chain, server_hello
from findings.traffic import SECOND, talked
from tls import DONE, client_hello, handshake, record
from tls_talk import EXCHANGE, packets, spoken

ANSWER = handshake(server_hello(), chain("pacs"), DONE)


def broken(answer: bytes, *, by: int, reset: bool = False, waits: int = 100_000_000) -> list[build.Packet]:
    """A ClientHello, an answer, perhaps not all of it, and then one side ends the connection."""
    talk = talked((0, handshake(client_hello())), (1, answer), talk=build.Talk(server=("10.0.0.2", 2762)).open())
    talk.acknowledge(0)
    talk.wait(waits)
    return (talk.reset(by) if reset else talk.end(by)).packets


@pytest.mark.parametrize(
    ("packets", "said"),
    [
        (
            broken(ANSWER[:200], by=1, reset=True),
            "10.0.0.2:2762 broke the connection off in the middle of the TLS handshake with 10.0.0.1, without a word: "
            "its log may say why",
        ),
        (
            broken(ANSWER, by=1),
            "10.0.0.2:2762 closed the connection in the middle of the TLS handshake with 10.0.0.1, without a word: "
            "its log may say why",
        ),
        (
            broken(ANSWER, by=0, reset=True),
            "10.0.0.1 broke the connection off in the middle of the TLS handshake with 10.0.0.2:2762, without a word: "
            "it may not accept the server's certificate, or only have looked whether somebody is there",
        ),
    ],
)
def test_who_breaks_a_tls_handshake_off_is_named(packets, said):
    assert told(packets, "tls-refused") == [said]
    assert not told(packets, "tls-unanswered")


def test_a_server_that_ends_before_the_clients_alert_is_who_broke_the_handshake_off():
    talk = talked((0, handshake(client_hello())), (1, ANSWER[:200]), talk=build.Talk(server=("10.0.0.2", 2762)).open())
    talk._add(1, build.FIN | build.ACK)
    talk.pieces(0, [record(21, b"\2\x32")])
    assert told(talk.packets, "tls-refused")[0].startswith("10.0.0.2:2762 closed the connection in the middle")


@pytest.mark.parametrize("by", [0, 1])
def test_an_alert_tells_more_than_who_closed_first(by):
    said = handshake(client_hello()), record(21, b"\2\x28")
    talk = talked((0, said[0]), (1, said[1]), talk=build.Talk(server=("10.0.0.2", 2762)).open())
    (line,) = told(talk.end(by).packets, "tls-refused")
    assert line.startswith("10.0.0.2:2762 refused the TLS handshake with 10.0.0.1 by the alert handshake_failure (40)")


@pytest.mark.parametrize("sizes", [[200], [5, 195], [3, 1, 196]])
def test_a_server_that_stops_within_a_record_is_silent_and_not_the_client(sizes):
    """So it goes where a path loses long packets: the client waits for the rest of the server's part."""
    talk = talked((0, handshake(client_hello())), talk=build.Talk(server=("10.0.0.2", 2762)).open())
    for size in sizes:
        at = sum(sizes[: sizes.index(size)])
        talk.pieces(1, [ANSWER[at : at + size]])
    talk.acknowledge(0)
    talk.wait(5 * SECOND)
    assert told(talk.end(0).packets, "tls-unanswered") == [
        "10.0.0.2:2762 stopped within its part of the TLS handshake with 10.0.0.1, and said nothing more in 5.00 s; "
        "then 10.0.0.1 closed the connection"
    ]


def test_a_client_that_stops_within_its_hello_is_not_said_to_mind_a_certificate():
    talk = talked((0, handshake(client_hello())[:30]), talk=build.Talk(server=("10.0.0.2", 2762)).open())
    talk._add(0, build.FIN | build.ACK)
    talk.pieces(1, [record(21, b"\2\x32")])
    (said,) = told(talk.packets, "tls-refused")
    assert said.endswith("without a word: its ClientHello is not whole")


def test_an_answer_that_was_not_decrypted_is_not_said_to_be_wanting(tmp_path):
    session = spoken(EXCHANGE)
    path, keys = tmp_path / "capture.pcap", tmp_path / "keys"
    path.write_bytes(build.pcap(build.frames(packets(session))))
    log = session.key_log.splitlines(keepends=True)
    keys.write_bytes(b"".join(line for line in log if not line.startswith(b"SERVER_TRAFFIC_SECRET_0")))
    said = called("show", path, "--tls-keylog", keys).stdout
    assert (
        "unfinished: the final response to C-ECHO-RQ 1 is not seen: bytes that may hold it are not decrypted\n" in said
    )


def test_nor_is_one_that_the_capture_may_lack(tmp_path):
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp()))
    lost = len(talk.packets) - 1
    talk.close()
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets[:lost] + talk.packets[lost + 1 :])))
    said = called("show", path).stdout
    assert "unfinished: the final response to C-ECHO-RQ 1 is not seen: bytes that may hold it are missing from" in said
