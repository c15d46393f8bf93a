"""What is told where only a part of a TLS connection can be read: half of the secrets, or not its beginning."""

import ssl
from random import Random

import pytest

import build
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.finding import Severity
from dicomsniff.tls.direction import PATIENCE
from dicomsniff.tls.vault import Vault
from dicomsniff.words.entries import entry_name
from pipeline import analyze, batch, findings_of, names
from tls_talk import Session, exchange, packets, refused_late, spoken

TURNS = exchange(build.pixels(50_000, bytes(range(256)) * 100))
RECORD = 5 + 1 + 16
"""Bytes of a record of TLS 1.3 beside its plaintext: header, content type, tag."""


@pytest.fixture(scope="module")
def session() -> Session:
    return spoken(TURNS)


def read(traffic: list[build.Packet], key_log: bytes) -> Analyzer:
    vault = Vault()
    vault.secrets.add_keylog(key_log)
    return analyze(traffic, vault=vault)


def lines(session: Session, *labels: bytes) -> bytes:
    return b"".join(line for line in session.key_log.splitlines(keepends=True) if line.startswith(labels))


@pytest.mark.parametrize("silent", ["client", "server"])
def test_a_side_without_secrets_makes_nobody_break_the_rules(session, silent):
    label = {"client": b"SERVER_TRAFFIC", "server": b"CLIENT_TRAFFIC"}[silent]
    (association,) = read(packets(session), lines(session, label)).associations
    found = findings_of(association).all
    assert [finding for finding in found if finding.severity is Severity.ERROR] == []
    (told,) = [finding.message for finding in found if finding.code == "tls-not-decrypted"]
    there, lacking = f"{label.decode()}_SECRET_0", f"{silent.upper()}_TRAFFIC_SECRET_0"
    assert told == f"the {silent}'s TLS: of this session's secrets there is only {there}, and not {lacking}"
    (gap,) = [finding.message for finding in found if finding.code == "bytes-missing"]
    assert "are not decrypted" in gap
    assert "capture" not in gap


def test_the_secrets_of_data_alone_read_it_all(session):
    (association,) = read(packets(session), lines(session, b"SERVER_TRAFFIC", b"CLIENT_TRAFFIC")).associations
    assert [each.code for each in findings_of(association).all] == []


def amid(session: Session, port: int) -> list[build.Packet]:
    """The session from its first application data on."""
    traffic = packets(session, port=port)
    length = RECORD + len(TURNS[0][1])
    return traffic[next(at for at, packet in enumerate(traffic) if len(packet.data) == length) :]


@pytest.mark.parametrize("port", [2762, 5001])
def test_tls_1_3_is_read_from_amid_a_connection_on_any_port(session, port):
    (association,) = read(amid(session, port), session.key_log).associations
    assert names(association)[:2] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"]
    assert association.tls.session.version == 0x0304


def test_tls_whose_beginning_is_not_captured_is_listed_on_a_port_of_dicom_only(session):
    (association,) = analyze(amid(session, 2762)).associations
    assert association.tls.is_unread
    (told,) = [each.message for each in findings_of(association).all]
    assert "no secrets were given; to read it: capture it from its beginning" in told
    other = analyze(amid(session, 5001))
    assert (other.associations, dict(other.foreign)) == ([], {"TLS": 1})


def test_whoever_has_the_lower_port_is_taken_for_the_server_where_the_hellos_are_missing(session):
    traffic = amid(session, 2762)[1:]
    (association,) = analyze(traffic).associations
    assert association.tls.server.port == 2762


def test_before_tls_1_3_nothing_reads_what_has_no_handshake():
    before = spoken(TURNS, ssl.TLSVersion.TLSv1_2)
    traffic = packets(before)
    (association,) = read(traffic[-10:], before.key_log).associations
    assert association.tls.is_unread


@pytest.mark.parametrize("count", [2, 5])
def test_records_of_one_length_each_in_a_segment_come_when_they_are_whole(count):
    echoes = [
        (side, build.message(1, build.echo_rsp(number) if side else build.echo_rq(number)))
        for number in range(1, count + 1)
        for side in (0, 1)
    ]
    talk = spoken([*TURNS[:2], *echoes, *TURNS[-2:]])
    (association,) = read(packets(talk), talk.key_log).associations
    assert [entry_name(entry) for entry in association.timeline[2:-4]] == [
        f"{name} {number}" for number in range(1, count + 1) for name in ("C-ECHO-RQ", "C-ECHO-RSP")
    ]
    assert findings_of(association).all == []


@pytest.mark.parametrize("segment", [1460, 60_000])
def test_records_taken_together_hold_what_they_hold_in_the_clear_when_the_other_side_aborts(segment):
    message = build.message(3, build.store_rq(1), Random(9).randbytes(400_000), 16_000)
    turns = [*TURNS[:2], *((0, message[at : at + 16_384]) for at in range(0, 300_000, 16_384)), (1, build.abort())]
    plain = build.Talk(server=("10.0.0.2", 2762)).open()
    for side, data in turns:
        plain.pieces(side, [data[at : at + segment] for at in range(0, len(data), segment)])
    talk = spoken(turns)
    (inside,) = read(packets(talk, segment=segment), talk.key_log).associations
    (clear,) = analyze(plain.close().packets).associations
    assert [entry_name(each) for each in inside.timeline] == [entry_name(each) for each in clear.timeline]
    assert [each.data_set for each in inside.messages] == [each.data_set for each in clear.messages]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (b"SERVER_HANDSHAKE", "only SERVER_HANDSHAKE_TRAFFIC_SECRET, and not CLIENT_TRAFFIC_SECRET_0 nor SERVER_"),
        (b"nothing", "no secrets for this session's client random"),
    ],
)
def test_it_is_said_which_secrets_of_the_session_are_there(session, label, said):
    (association,) = read(packets(session), lines(session, label) + OTHERS + b"damaged line\n").associations
    (told,) = [each.message for each in findings_of(association).all]
    assert said in told
    assert "1 line of key logs could not be understood" in told


OTHERS = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48 + b"\n"
"""The secret of another session."""


@pytest.mark.parametrize(("turns", "has_keys"), [(1, False), (1, True), (2, True), (3, True)])
def test_where_nothing_but_the_handshake_is_captured_no_key_is_asked_for(session, turns, has_keys):
    traffic = packets(Session(session.turns[:turns], session.key_log))[:-3]
    (association,) = read(traffic, session.key_log if has_keys else b"").associations
    (told,) = [each.message for each in findings_of(association).all]
    assert told == "nothing but the handshake is in the capture: there is nothing to read"


def without(traffic: list[build.Packet], *numbers: int) -> list[build.Packet]:
    """Traffic without some of the packets that have bytes."""
    there = [at for at, packet in enumerate(traffic) if packet.data]
    return [packet for at, packet in enumerate(traffic) if at not in [there[number] for number in numbers]]


@pytest.mark.parametrize("port", [2762, 5001])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_whose_handshake_alone_is_lost_is_tls(version, port):
    talk = spoken(TURNS, version)
    handshake = sum(1 for each in packets(Session(talk.turns[:4], b"")) if each.data)
    analyzer = read(without(packets(talk, port=port), *range(handshake)), talk.key_log)
    if version is ssl.TLSVersion.TLSv1_3:
        assert [each.outcome for each in analyzer.associations] == ["released"]
    else:
        assert [each.tls.is_unread for each in analyzer.associations] == [True] * (port == 2762)
        assert port == 2762 or dict(analyzer.foreign) == {"TLS": 1}


def test_what_a_side_lost_is_told_before_the_answer_of_the_other_one(session):
    """Of A-ASSOCIATE-AC no byte is captured: the requestor's data comes after it all the same."""
    traffic = packets(session)
    is_answer = [each.flow == traffic[1].flow and len(each.data) == len(TURNS[1][1]) + RECORD for each in traffic]
    answer = is_answer.index(True)
    (association,) = read(traffic[:answer] + traffic[answer + 1 :], session.key_log).associations
    found = findings_of(association).all
    assert not [each.code for each in found if each.severity is Severity.ERROR]
    assert {each.code for each in found} == {"tls-not-decrypted", "bytes-missing", "negotiation-not-captured"}


@pytest.mark.parametrize(
    ("version", "suites"),
    [
        (ssl.TLSVersion.TLSv1_3, ""),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-CHACHA20-POLY1305"),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA"),
    ],
)
@pytest.mark.parametrize("length", [400, 1000])
def test_how_many_bytes_lost_records_held_is_exact_or_the_next_pdu_is_searched(version, suites, length):
    """Some short records in a row are lost, so that as many bytes of one usual record would be others."""
    stored = build.message(3, build.store_rq(1), build.pixels(20_000), 16_000)
    pieces = [(0, stored[at : at + length]) for at in range(0, len(stored), length)]
    talk = spoken([*TURNS[:2], *pieces, (1, build.message(3, build.store_rsp(1))), *TURNS[-2:]], version, suites)
    traffic, lost = packets(talk), range(12, 19)
    (association,) = read(without(traffic, *lost), talk.key_log).associations
    found = findings_of(association).all
    assert not [each.code for each in found if each.severity is Severity.ERROR]
    (told,) = [each.message for each in found if each.code == "bytes-missing"]
    if suites == "AES128-SHA":
        assert "the next PDU found" in told
    else:
        assert told.startswith(f"{len(lost) * length} bytes")
        assert association.outcome == "released"


def test_over_tls_nobody_is_told_to_expect_it():
    talk = spoken(TURNS[:1])
    traffic = build.Talk(server=("10.0.0.2", 2762)).open()
    for side, data in talk.turns:
        traffic.pieces(side, [data])
    (association,) = read(traffic.end(1).packets, talk.key_log).associations
    (told,) = [each.message for each in findings_of(association).all]
    assert told.endswith("without an answer; it may not admit callers from there")


def test_an_alert_behind_the_request_is_why_that_got_no_answer():
    talk = refused_late(TURNS[0][1], "pacs")
    traffic = build.Talk(server=("10.0.0.2", 2762)).open()
    for side, data in [*talk.turns[:3], talk.turns[4]]:
        traffic.pieces(side, [data])
    traffic.finish(0)
    traffic.pieces(1, [talk.turns[3][1]])
    (association,) = read(traffic.packets, talk.key_log).associations
    (cause, *_) = findings_of(association).causes
    assert (cause.code, [each.code for each in cause.followers]) == ("tls-refused", ["association-unanswered"])


def fed(session: Session, there: bytes) -> tuple[Analyzer, Vault, list[build.Frame]]:
    """A live capture that has seen the first turns, while the key log has some lines only; and what comes then."""
    vault, frames = Vault(), build.frames(packets(session))
    vault.is_complete = False
    vault.pass_time(PATIENCE)
    vault.secrets.add_keylog(lines(session, there))
    analyzer = Analyzer(vault=vault, watches=True)
    seen = 3 + sum(1 for each in packets(Session(session.turns[:8], b"")) if each.data)
    analyzer.feed(batch(frames[:seen]))
    return analyzer, vault, frames[seen:]


@pytest.mark.parametrize(
    ("label", "first", "lacking"),
    [
        (b"CLIENT", "A-ASSOCIATE-RQ", "SERVER_TRAFFIC_SECRET_0"),
        (b"SERVER", "A-ASSOCIATE-AC", "CLIENT_TRAFFIC_SECRET_0"),
        (b"CLIENT_TRAFFIC", "A-ASSOCIATE-RQ", "SERVER_TRAFFIC_SECRET_0"),
        (b"SERVER_TRAFFIC", "A-ASSOCIATE-AC", "CLIENT_TRAFFIC_SECRET_0"),
    ],
)
def test_a_side_whose_secret_alone_is_there_is_read_after_a_moment_and_the_other_one_once_it_comes(
    session, label, first, lacking
):
    analyzer, vault, rest = fed(session, label)
    assert analyzer.pass_patience(2 * PATIENCE - 1) == []
    (notice,) = vault.pop_notices()
    assert notice.startswith("TLS to port 2762 waits for secrets of a key log: of this session's secrets there is only")
    assert notice.endswith(f"and not {lacking}")
    analyzer.pass_patience(2 * PATIENCE)
    (association,) = analyzer.associations
    assert names(association)[0] == first
    assert vault.pop_notices() == []
    vault.secrets.add_keylog(session.key_log)
    analyzer.feed(batch(rest, first=len(build.frames(packets(session))) - len(rest) + 1))
    assert {"A-RELEASE-RQ", "A-RELEASE-RP", "C-STORE-RSP"} <= set(names(association)), "both sides are read again"
    vault.is_complete = True
    analyzer.close()
    assert association.outcome == "released"
    assert not [each.code for each in analyzer.found.of(association).all if each.severity is Severity.ERROR]


def test_secrets_that_come_within_a_moment_read_it_all_in_order(session):
    analyzer, vault, rest = fed(session, b"SERVER")
    vault.secrets.add_keylog(session.key_log)
    analyzer.pass_patience(PATIENCE + 1)
    analyzer.feed(batch(rest, first=len(build.frames(packets(session))) - len(rest) + 1))
    (association,) = analyzer.associations
    assert names(association)[:4] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-ECHO-RQ", "C-ECHO-RSP"]
    assert analyzer.pass_patience(9 * PATIENCE) == []
    assert not vault.waiting


def test_what_waits_for_any_secret_waits_on_and_is_told_once_of_each_server(session):
    analyzer, vault, rest = fed(session, b"nothing")
    analyzer.pass_patience(9 * PATIENCE)
    assert vault.pop_notices() == ["TLS to port 2762 waits for secrets of a key log: no secrets were given"]
    vault.secrets.add_keylog(session.key_log)
    analyzer.feed(batch(rest, first=len(build.frames(packets(session))) - len(rest) + 1))
    (association,) = analyzer.associations
    assert names(association)[:2] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_an_alert_to_a_side_that_is_gone_ended_nothing(is_gone):
    """So OpenSSL answers whoever closes the connection without close_notify."""
    talk = spoken(TURNS[:4], ends_damaged=True)
    traffic = build.Talk(server=("10.0.0.2", 2762)).open()
    for side, data in talk.turns[:-2]:
        traffic.pieces(side, [data])
    if is_gone:
        traffic.finish(0)
    traffic.pieces(1, [talk.turns[-1][1]])
    traffic.end(1)
    (association,) = read(traffic.packets, talk.key_log).associations
    (end,) = findings_of(association).causes
    assert [end.code, *(each.code for each in end.followers)] == (
        ["association-not-released"] if is_gone else ["tls-alert", "association-not-released"]
    )
