"""DICOM over TLS from the outside: keys by option, by file, inside the capture; what is told, and what never is."""

import io
import json
import pickle
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import build
from calls import called
from dicomsniff.capture import reader as reading
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.dictionary.tls import version_name
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import write_view
from dicomsniff.findings.parts import plain
from dicomsniff.findings.tls_text import handshake_lines
from dicomsniff.findings.verdicts import verdict
from dicomsniff.key_files import KeyFileError, KeyFiles
from dicomsniff.library import Capture, open_capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tcp.shelf import Shelf
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.messages import COMPRESSED_CERTIFICATE, Message
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.vault import Vault
from findings import tls_cases
from pipeline import analyze, findings_of
from tls import without_client_certificate
from tls_talk import CERTIFICATES, EXCHANGE, Session, exchange, packets, refused_late, spoken
from unmarked import ASKED

DATA = build.pixels(50_000, bytes(range(256)) * 100)
TURNS = exchange(DATA)


@pytest.fixture(scope="module")
def session() -> Session:
    return spoken(TURNS)


def files(folder: Path, session: Session, **options: int) -> tuple[Path, Path]:
    capture, log = folder / "capture.pcap", folder / "keys.log"
    capture.write_bytes(build.pcap(build.frames(packets(session, **options))))
    log.write_bytes(session.key_log)
    return capture, log


def transcript(capture: Capture) -> dict:
    with capture:
        write_view(find_view("export", "json"), capture, out := io.StringIO(), ASKED)
    return json.loads(out.getvalue())


def in_the_clear(turns: list[tuple[int, bytes]] = TURNS, port: int = 2762) -> list[build.Packet]:
    return packets(Session(turns, b""), port=port, segment=1 << 16)


def exchanged(said: dict) -> list[object]:
    """What a transcript tells of the exchange itself, without where and when its bytes came."""
    (association,) = said["associations"]
    times = ("time", "end_time", "latency", "first_packet", "last_packet")
    messages = [{key: each[key] for key in each if key not in times} for each in association["messages"]]
    same = ("outcome", "requestor", "acceptor", "presentation_contexts", "pdu_counts", "application_context_name")
    return [*(association[key] for key in same), messages]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda each: each.name)
def test_a_key_log_gives_the_transcript_of_the_plain_exchange(tmp_path, version):
    path, log = files(tmp_path, spoken(TURNS, version))
    other = tmp_path / "plain.pcap"
    other.write_bytes(build.pcap(build.frames(in_the_clear())))
    said = transcript(open_capture(path, collect=True, tls_keylog=log))
    assert exchanged(said) == exchanged(transcript(open_capture(other, collect=True)))
    (association,) = said["associations"]
    assert (association["tls"]["decrypted"], association["tls"]["read_with"]) == (True, "key log")
    assert association["tls"]["version"] == version.name.replace("TLSv", "TLS ").replace("_", ".")
    assert association["tls"]["server_name"] == "pacs.example"
    assert [each["subject"] for each in association["tls"]["certificates"]["server"]] == ["CN=pacs.example"]
    assert {each["severity"] for each in association["findings"]} <= {"note"}


EXCHANGES = sorted((Path(__file__).parent / "tls" / "exchanges").iterdir())


@pytest.mark.parametrize("path", EXCHANGES, ids=lambda each: each.stem)
def test_each_kind_of_tls_gives_the_transcript_of_the_plain_exchange(tmp_path, path):
    """They were recorded by tls/record_exchanges.py."""
    lines = [line.split(" ", 1) for line in path.read_text().splitlines()]
    turns = [("CS".index(kind), bytes.fromhex(sent)) for kind, sent in lines if kind in "CS"]
    key_log = "".join(f"{line}\n" for kind, line in lines if kind == "keylog")
    capture, log = files(tmp_path, Session(turns, key_log.encode()))
    other = tmp_path / "plain.pcap"
    other.write_bytes(build.pcap(build.frames(in_the_clear(EXCHANGE))))
    said = transcript(open_capture(capture, collect=True, tls_keylog=log))
    assert exchanged(said) == exchanged(transcript(open_capture(other, collect=True)))
    assert said["associations"][0]["tls"]["decrypted"] is True
    version, _, kind = path.stem.replace("-", " ").partition(" ")
    with open_capture(capture, tls_keylog=log) as opened:
        session = opened.associations[0].tls.session
    assert version_name(session.version) == f"TLS {version}"
    assert session.resumed == (kind.removeprefix("resumed by ") if "resumed" in kind else None)
    assert session.retried is (kind == "HelloRetryRequest")
    assert (CLIENT in session.certificates) is (kind == "client certificate")
    if version != "1.3":
        assert session.extended_master_secret is ("no extended master secret" not in kind)
    if "CBC" in kind:
        assert session.encrypt_then_mac is ("encrypt then MAC" in kind)


def test_what_a_suite_does_not_encrypt_is_not_called_encrypted(tmp_path):
    recorded = next(path for path in EXCHANGES if path.stem == "1.2-NULL").read_text().splitlines()
    turns = [("CS".index(line[0]), bytes.fromhex(line[2:])) for line in recorded if line[0] in "CS"]
    capture, _ = files(tmp_path, Session(turns, b""))
    (association,) = transcript(open_capture(capture))["associations"]
    (said,) = [each["message"] for each in association["findings"] if each["code"] == "tls-unread"]
    assert said.startswith("what it carries is not encrypted, but shown only where its authenticity can be checked")


def test_secrets_inside_a_pcapng_file_are_used(tmp_path, session):
    path = tmp_path / "capture.pcapng"
    whole = build.pcapng(build.frames(packets(session)))
    head = len(build.section_header())
    path.write_bytes(whole[:head] + build.secrets_block(session.key_log) + whole[head:])
    (association,) = transcript(open_capture(path, collect=True))["associations"]
    assert (association["outcome"], association["tls"]["read_with"]) == ("released", "secrets in the capture")


def test_secrets_that_come_after_the_packets_are_used_too(tmp_path, session):
    path = tmp_path / "capture.pcapng"
    path.write_bytes(build.pcapng(build.frames(packets(session))) + build.secrets_block(session.key_log))
    (association,) = transcript(open_capture(path, collect=True))["associations"]
    assert association["outcome"] == "released"


@pytest.mark.parametrize("packets_before", [8, 20, 40, 60])
def test_what_waited_for_secrets_comes_in_the_order_in_which_it_was_sent(tmp_path, session, packets_before):
    path, frames = tmp_path / "capture.pcapng", list(build.frames(packets(session)))
    before, whole = build.pcapng(frames[:packets_before]), build.pcapng(frames)
    path.write_bytes(before + build.secrets_block(session.key_log) + whole[len(before) :])
    (association,) = transcript(open_capture(path, collect=True))["associations"]
    assert association["outcome"] == "released"
    assert {each["severity"] for each in association["findings"]} <= {"note"}


def test_secrets_of_another_protocol_are_passed_over(tmp_path, session):
    path = tmp_path / "capture.pcapng"
    body = (0x5353484B).to_bytes(4, "little") + len(session.key_log).to_bytes(4, "little") + session.key_log
    path.write_bytes(build.section_header() + build.block(10, body) + build.interface())
    with open_capture(path) as capture:
        assert capture.associations == []
        assert len(capture._keys.vault.secrets) == 0


def test_a_private_key_reads_what_was_exchanged_with_rsa(tmp_path):
    path, _ = files(tmp_path, spoken(TURNS, ssl.TLSVersion.TLSv1_2, "AES128-SHA"))
    (association,) = transcript(open_capture(path, collect=True, tls_key=CERTIFICATES / "pacs.key"))["associations"]
    assert (association["outcome"], association["tls"]["read_with"]) == ("released", "RSA key")
    assert "tls-suite" in [each["code"] for each in association["findings"]]


def test_a_key_log_of_another_session_reads_nothing_and_that_is_told(tmp_path, session):
    path, log = files(tmp_path, session)
    log.write_bytes(spoken(TURNS).key_log)
    (association,) = transcript(open_capture(path, tls_keylog=log))["associations"]
    assert (association["outcome"], association["messages"]) == ("unfinished", [])
    assert association["tls"]["decrypted"] is False
    assert "DICOM over TLS, presumably" in association["verdict"]
    assert [each["code"] for each in association["findings"]] == ["tls-unread"]
    assert "--tls-keylog FILE" in association["findings"][0]["message"]


def test_on_any_other_port_tls_that_cannot_be_read_is_only_counted(tmp_path, session):
    path, _ = files(tmp_path, session, port=4242)
    with open_capture(path) as capture:
        assert capture.associations == []
        assert dict(capture.analyzer.foreign) == {"TLS": 1}
    (finding,) = transcript(open_capture(path))["findings"]
    assert finding["message"].endswith(" carries TLS, to 10.0.0.2:4242; if that is DICOM, add --port 4242")


def test_a_port_that_is_said_to_be_dicom_may_carry_it_in_tls(tmp_path, session):
    path, log = files(tmp_path, session, port=4242)
    with open_capture(path, ports=4242) as capture:
        (association,) = capture.associations
        assert association.tls is not None
        assert association.tls.is_unread
    with open_capture(path, ports=4242, tls_keylog=log) as capture:
        assert [each.outcome for each in capture.associations] == ["released"]


def test_with_keys_any_port_may_carry_dicom_in_tls(tmp_path, session):
    path, log = files(tmp_path, session, port=4242)
    with open_capture(path, tls_keylog=log) as capture:
        assert [each.outcome for each in capture.associations] == ["released"]


def test_another_protocol_inside_tls_is_counted_by_its_name(tmp_path):
    session = spoken([(0, b"GET / HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")])
    path, log = files(tmp_path, session)
    with open_capture(path, tls_keylog=log) as capture:
        assert capture.associations == []
        assert dict(capture.analyzer.foreign) == {"HTTP over TLS": 1}


def test_a_key_log_that_grows_is_read_on(tmp_path, session):
    log = tmp_path / "keys.log"
    log.write_bytes(b"")
    keys = KeyFiles([log], growing=True)
    analyzer = Analyzer(vault=keys.vault)
    keys.vault.is_complete = False
    traffic = packets(session)
    analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in traffic[:9]])
    for cut in (10, 200, len(session.key_log)):
        log.write_bytes(session.key_log[:cut])
        keys.look()
    analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in traffic[9:]])
    keys.close()
    analyzer.close()
    assert [(each.outcome, len(each.messages)) for each in analyzer.associations] == [("released", 4)]


@pytest.mark.parametrize(("has_key_log", "listed"), [(False, 1), (True, 0)])
def test_of_a_live_capture_without_key_log_tls_is_listed_at_once(tmp_path, monkeypatch, session, has_key_log, listed):
    """Whether something is appended to a key log, or another file, is seen where reading waits."""
    path, log = tmp_path / "growing.pcap", tmp_path / "keys.log"
    path.write_bytes(build.pcap(build.frames(packets(session)[:12])))
    log.write_bytes(b"")
    keys = KeyFiles([log], growing=True) if has_key_log else None
    capture, seen = Capture(CaptureReader(str(path), follow=True), keys=keys), []

    def sleep(_: float) -> None:
        seen.append(len(capture.analyzer.associations))
        capture.reader.stop()

    monkeypatch.setattr(reading.time, "sleep", sleep)
    with capture:
        assert len(capture.associations) == 1
    assert seen[0] == listed


# Secrets stay where they are


def hexadecimal(session: Session) -> set[bytes]:
    return {line.split()[2] for line in session.key_log.splitlines() if not line.startswith(b"#")}


def test_a_connection_leaves_memory_without_its_secrets_and_goes_on_afterwards(session):
    keys = Vault()
    keys.secrets.add_keylog(session.key_log)
    analyzer, shelf = Analyzer(vault=keys), Shelf()
    frames = [(packet.time, build.frame(packet)) for packet in packets(session)]
    half = len(frames) * 2 // 3
    for at in range(half):
        analyzer.feed_packets(frames[at : at + 1])
        for connection in list(analyzer._tcp.table):  # none before both sides have said hello
            pickled = pickle.dumps(connection)
            assert not any(
                bytes.fromhex(secret.decode()) in pickled or secret in pickled for secret in hexadecimal(session)
            )
            assert shelf.put(connection)
            analyzer._tcp.table.remove(connection)
            analyzer._tcp.table.add(shelf.take(connection.streams[0].flow))
    analyzer.feed_packets(frames[half:])
    (connection,) = analyzer._tcp.table
    assert connection.consumer.associations[0].outcome == "released"
    assert keys._kept == {}


def test_no_output_and_no_name_of_an_object_shows_a_secret(tmp_path, session):
    path, log = files(tmp_path, session)
    keys = KeyFiles([log])
    said = repr((keys.vault, keys.vault.secrets))
    for form in ("json", "jsonl"):
        with Capture(str(path), collect=True, keys=KeyFiles([log])) as capture:
            write_view(find_view("export", form), capture, out := io.StringIO(), ASKED)
        said += out.getvalue()
    for secret in hexadecimal(session):
        assert secret.decode().lower() not in said.lower()


# The command line


def test_every_reading_command_takes_a_key_log(tmp_path, session):
    path, log = files(tmp_path, session)
    shown = called("show", path, "--tls-keylog", log)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "over TLS 1.3" in shown.stdout
    assert "C-STORE-RQ 2" in shown.stdout
    assert called("check", path, "--tls-keylog", log).returncode == 0
    assert '"C-STORE-RQ"' in called("export", path, "--tls-keylog", log).stdout


@pytest.mark.parametrize(
    ("content", "option", "said"),
    [
        (None, "--tls-keylog", "No such file"),
        (None, "--tls-key", "No such file"),
        (b"nothing of the kind\n", "--tls-keylog", "no line of a TLS key log"),
        (b"secret stuff", "--tls-key", "not a private key in PEM format"),
    ],
)
def test_a_file_without_keys_is_a_wrong_call_told_in_one_line(tmp_path, session, content, option, said):
    path, _ = files(tmp_path, session)
    file = tmp_path / "given"
    if content is not None:
        file.write_bytes(content)
    done = called("show", path, option, file)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert "secret stuff" not in done.stderr
    with pytest.raises(KeyFileError, match=said):
        open_capture(path, **{option.removeprefix("--").replace("-", "_"): file})


@pytest.mark.parametrize("content", [b"", b"# SSL/TLS secrets log file, generated by OpenSSL\n"])
def test_a_key_log_may_hold_no_secrets_as_where_the_handshake_failed(tmp_path, session, content):
    path, log = files(tmp_path, session)
    log.write_bytes(content)
    done = called("show", path, "--tls-keylog", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no secrets were given" in done.stdout


def test_the_last_line_of_a_key_log_may_lack_its_end(tmp_path):
    master = spoken(TURNS, ssl.TLSVersion.TLSv1_2)
    path, log = files(tmp_path, master)
    log.write_bytes(master.key_log.strip().splitlines()[-1])
    assert transcript(open_capture(path, collect=True, tls_keylog=log))["associations"][0]["tls"]["decrypted"]


def lines_of(packets: list[build.Packet]) -> list[str]:
    """What `show` says below the line with version and suite."""
    analyzer = analyze(packets)
    (association,) = analyzer.associations
    return [plain(line) for line in handshake_lines(association.tls)]


def test_what_a_handshake_says_in_clear_is_told(session):
    offers, chosen, *_ = lines_of(packets(session))
    assert re.fullmatch(r"the client offers TLS 1\.3 and [35] cipher suites, for pacs\.example", offers)
    assert chosen == "the server chose x25519"
    spoken_before = lines_of(packets(spoken(TURNS, ssl.TLSVersion.TLSv1_2)))
    (certificate,) = [line for line in spoken_before if line.startswith("certificate")]
    assert certificate == (
        "certificate of the server: CN=pacs.example, issued by CN=Made-up Authority, RSA 2048, "
        "valid from 2020-01-01 to 2120-01-01"
    )


def test_what_became_of_a_client_certificate_is_told_with_the_alert_that_followed():
    assert lines_of(without_client_certificate()) == [
        "the client offers TLS 1.2 and 1 cipher suite",
        "certificate of the server: it cannot be read",
        "client certificate: asked for, and none sent",
        "fatal alert of the server: handshake_failure (40), packet 7",
    ]


def test_tls_1_3_hides_whether_a_client_certificate_was_asked_for(tmp_path, session):
    path, log = files(tmp_path, session)
    unread, read = (transcript(open_capture(path, collect=True, tls_keylog=each)) for each in ((), log))
    told = [said["associations"][0]["tls"]["client_certificate"] for said in (unread, read)]
    assert told == ["not known", "not asked for"]


def test_secrets_that_were_forgotten_are_said_to_be(tmp_path, session, monkeypatch):
    monkeypatch.setattr("dicomsniff.tls.secrets.MAX_SESSIONS", 1)
    path, log = files(tmp_path, session)
    log.write_bytes(session.key_log + spoken(TURNS).key_log)
    (association,) = transcript(open_capture(path, tls_keylog=log))["associations"]
    assert "the oldest were forgotten" in association["tls"]["unread"]


@pytest.mark.parametrize("port", [2762, 4433])
def test_a_first_flight_of_the_server_that_is_lost_costs_nothing_but_itself(session, port):
    """In TLS 1.3 the secrets do without it: who may wait for it, the client's side or DICOM's search, must not."""
    traffic = packets(session, port=port)
    lost = next(number for number, packet in enumerate(traffic) if packet.flow == traffic[1].flow and packet.data)
    vault = Vault()
    vault.secrets.add_keylog(session.key_log)
    for keys in (vault, None):
        analyzer = analyze(traffic[:lost] + traffic[lost + 1 :], **({"vault": keys} if keys else {}))
        found = [finding.code for each in analyzer.associations for finding in findings_of(each).all]
        found += [finding.code for finding in analyzer.findings]
        assert not {"tls-refused", "tls-handshake-refused", "pdata-before-association"} & set(found)
        if keys is not None:
            (association,) = analyzer.associations
            assert len(association.messages) == 4
            assert association.outcome == "released"


@pytest.mark.parametrize("suites", ["", "AES128-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"], ids=lambda each: each or "1.3")
def test_later_flights_of_a_handshake_that_are_lost_cost_nothing_but_themselves(suites):
    version = ssl.TLSVersion.TLSv1_2 if suites else ssl.TLSVersion.TLSv1_3
    said = spoken(TURNS, version, suites)
    vault = Vault()
    vault.secrets.add_keylog(said.key_log)
    traffic = packets(said)
    with_data = [number for number, packet in enumerate(traffic) if packet.data]
    client = traffic[0].flow
    finishes = next(each for each in with_data[1:] if traffic[each].flow == client)
    answers = next(each for each in with_data if each > finishes and traffic[each].flow != client)
    for lost in (finishes, answers) if suites else (finishes,):  # from TLS 1.3 on the answer is data
        (association,) = analyze(traffic[:lost] + traffic[lost + 1 :], vault=vault).associations
        assert len(association.messages) == 4
        assert association.outcome == "released"


# What a handshake tells without keys


def verdict_of(talk: build.Talk) -> str:
    analyzer = Analyzer()
    analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in talk.packets])
    analyzer.close()
    (association,) = analyzer.associations
    return plain(verdict(association, analyzer.found.of(association)))


def test_a_server_that_ends_tls_1_3_after_the_client_is_done_has_likely_refused_it(session):
    talk = build.Talk(server=("10.0.0.2", 2762), tick=1000).open()
    shaken = [turn for turn in session.turns if turn[1][:1] != b"\x17"]  # without application data
    for side, data in shaken[:3]:
        talk.pieces(side, [data])
    talk.pieces(1, [b"\x17\x03\x03\x00\x13" + bytes(19)])  # an alert
    said = verdict_of(talk.end(1))
    assert said.startswith("unfinished: 10.0.0.2:2762 closed the connection")
    assert "without any data of its own: likely refused" in said


def test_plain_dicom_to_a_tls_port_is_answered_by_an_alert():
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(build.associate_rq())
    talk.server(b"\x15\x03\x03\x00\x02\x02\x46")
    assert "answered A-ASSOCIATE-RQ in TLS" in verdict_of(talk.end(1))


@pytest.mark.parametrize("ports", [(), 104])
def test_tls_to_a_plain_port_is_aborted(session, ports):
    talk = build.Talk().open()
    talk.client(session.turns[0][1])
    talk.server(build.abort(2, 2))
    analyzer = Analyzer(ports=ports)
    analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in talk.end(1).packets])
    analyzer.close()
    (association,) = analyzer.associations
    assert "TLS" in plain(verdict(association, analyzer.found.of(association)))


def test_names_of_certificates_are_withheld_with_those_of_the_network(tmp_path, session):
    path, log = files(tmp_path, session)
    asked = ASKED._replace(privacy=Privacy(redact_network=True))
    for form in ("json", "text"):
        with Capture(str(path), collect=True, keys=KeyFiles([log])) as capture:
            write_view(find_view("export" if form == "json" else "show", form), capture, out := io.StringIO(), asked)
        assert "pacs.example" not in out.getvalue()
        assert "10.0.0.2" not in out.getvalue()


def test_many_connections_that_wait_for_secrets_take_little_memory(session):
    vault = Vault()
    vault.is_complete = False
    vault.secrets.add_keylog(b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48)
    analyzer = Analyzer(vault=vault)
    for number in range(300):
        talk = build.Talk(("10.0.0.1", 2000 + number), ("10.0.0.2", 443), start=build.START + number).open()
        for side, data in session.turns[:3]:
            talk.pieces(side, [data])
        talk.pieces(0, [b"\x17\x03\x03\x40\x00" + bytes(1 << 14)] * 8)
        analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in talk.packets])
    waiting = [connection.consumer._channel.waiting for connection in analyzer._tcp.table]
    assert sum(waiting) < 20 << 20
    assert waiting[0] > 1 << 17
    assert waiting[-1] < 1 << 16
    analyzer.close()


def test_a_long_answer_that_cannot_be_read_is_only_counted(session):
    talk = build.Talk(server=("10.0.0.2", 443), tick=1000).open()
    for side, data in session.turns[:3]:
        talk.pieces(side, [data])
    talk.pieces(1, [b"\x17\x03\x03\x40\x00" + bytes(1 << 14)] * 20)
    analyzer = Analyzer()
    analyzer.feed_packets([(packet.time, build.frame(packet)) for packet in talk.packets])
    (connection,) = analyzer._tcp.table
    assert all(stream.skip is not None for stream in connection.streams)
    assert connection.consumer._channel.decoder is None


def test_an_association_whose_details_were_given_up_is_decrypted_again(tmp_path, session):
    path, log = files(tmp_path, session)
    with open_capture(path, tls_keylog=log) as capture:
        assert sum(len(updates) for updates in capture.updates()) > 4
        (association,) = capture.analyzer.associations
        association.condense()
        again = capture.reopen(association)
        assert [message.name for message in again.messages] == [
            "C-ECHO-RQ",
            "C-ECHO-RSP",
            "C-STORE-RQ",
            "C-STORE-RSP",
        ]


@pytest.mark.parametrize("inside", [False, True], ids=["key log", "secrets inside the capture"])
def test_a_comment_is_held_against_data_sets_that_come_later_inside_tls(tmp_path: Path, *, inside: bool) -> None:
    refusal = build.message(3, build.store_rsp(1, 0xC000, comment="not Mortimer"))
    name = build.element(0x00100010, b"Mortimer")
    spoke = spoken(
        [
            *TURNS[:2],
            (0, build.message(3, build.store_rq(1), DATA)),
            (1, refusal),
            (0, build.message(3, build.store_rq(2), name)),
            (1, build.message(3, build.store_rsp(2))),
            *TURNS[-2:],
        ]
    )
    path, log = files(tmp_path, spoke)
    if inside:
        records = [build.enhanced_packet(time // 1000, frame) for time, frame in build.frames(packets(spoke))]
        parts = [build.section_header(), build.secrets_block(spoke.key_log), build.interface(), *records]
        path.write_bytes(b"".join(parts))
    keys = KeyFiles([] if inside else [log])
    with Capture(str(path), keys=keys) as capture:
        write_view(find_view("show", "text"), capture, out := io.StringIO())
    assert "0xC000" in out.getvalue()
    assert "Mortimer" not in out.getvalue()


def test_secrets_that_come_through_standard_input_are_used(samples: Path) -> None:
    data = (samples / "tls-secrets-inside.pcapng").read_bytes()
    call = [sys.executable, "-m", "dicomsniff", "live", "-", "--format", "jsonl"]
    done = subprocess.run(call, input=data, capture_output=True, timeout=60, check=False)
    commands = [line["command"] for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "message"]
    assert commands == ["C-ECHO-RQ", "C-ECHO-RSP", "C-STORE-RQ", "C-STORE-RSP"]


@pytest.mark.parametrize(
    ("suite", "version", "why"),
    [
        (0x0005, 0x0303, "cipher suite TLS_RSA_WITH_RC4_128_SHA (0x0005) is not decoded; "),
        (0x0009, 0x0301, "cipher suite TLS_RSA_WITH_DES_CBC_SHA (0x0009) is not decoded; "),
        (0xC051, 0x0303, "cipher suite TLS_RSA_WITH_ARIA_256_GCM_SHA384 (0xC051) is not decoded; "),
        (0xC07A, 0x0303, "cipher suite TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256 (0xC07A) is not decoded; "),
        (0x002F, 0x0300, "SSL 3.0 is not decoded; TLS 1.0 to 1.3 are"),
    ],
    ids=["RC4", "DES", "ARIA", "Camellia-GCM", "SSL 3.0"],
)
def test_what_is_not_decoded_is_told_by_name(suite, version, why):
    (association,) = analyze(tls_cases.exchanged(suite=suite, version=version)).associations
    assert association.tls.session.unread.startswith(why)


@pytest.mark.parametrize(("algorithm", "name"), [(2, "brotli"), (3, "zstd"), (9, "algorithm 9")])
def test_a_certificate_that_cannot_be_decompressed_is_told_by_algorithm_and_size(algorithm, name):
    body = algorithm.to_bytes(2, "big") + (1450).to_bytes(3, "big") + (4).to_bytes(3, "big") + b"abcd"
    (association,) = analyze(without_client_certificate()).associations
    association.tls.session.certificates.clear()
    handshake = Handshake()
    handshake.lose_beginning()
    raw = b"\x19" + len(body).to_bytes(3, "big") + body
    for peer in (CLIENT, SERVER):
        handshake.take(peer, Message(COMPRESSED_CERTIFICATE, raw, 0, len(raw)))
    association.tls.session.compressed = handshake.session.compressed
    _, *lines, _ = [plain(line) for line in handshake_lines(association.tls)]
    said = f"compressed by {name}, 1450 bytes when decompressed; it is not read"
    assert lines == [
        f"certificate of the server: {said}",
        f"certificate of the client: {said}",
        "client certificate: asked for, and sent",
    ]


@pytest.mark.parametrize(
    ("certificate", "alert", "asked", "guess"),
    [
        (
            "pacs",
            "unknown_ca (48): it does not know the issuer of the client's certificate",
            "sent",
            "perhaps does not accept the one that was sent",
        ),
        (
            None,
            "certificate_required (116): it asked for a client certificate, and the client sent none",
            "none sent",
            "the client sent none",
        ),
    ],
    ids=["a stranger's", "none"],
)
def test_a_refusal_that_crosses_the_request_is_told_as_one(certificate, alert, asked, guess):
    talk = refused_late(build.associate_rq(), certificate)
    broken = build.Talk(server=("10.0.0.2", 2762), tick=1000).open()
    for side, data in talk.turns:
        broken.pieces(side, [data])
    traffic = broken.reset(1).packets
    vault = Vault()
    vault.secrets.add_keylog(talk.key_log)
    (read,) = analyze(traffic, vault=vault).associations
    assert plain(verdict(read, findings_of(read))).endswith(
        f"refused the TLS handshake with 10.0.0.1 by the alert {alert}"
    )
    assert [plain(line) for line in handshake_lines(read.tls) if line.startswith("client certificate")] == [
        f"client certificate: asked for, and {asked}"
    ]
    (unread,) = analyze(traffic).associations
    assert plain(verdict(unread, findings_of(unread))).endswith(
        f"likely refused: it had asked for a certificate, and {guess} (by the sizes of encrypted records)"
    )
