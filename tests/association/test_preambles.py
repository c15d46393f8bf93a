"""What stands before TLS on a connection: it is told, and what is behind it is read."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from calls import called
from dicomsniff.association.preambles import (
    NOTHING,
    PROXY,
    SOCKS,
    TUNNEL,
    beginnings,
    find_answers,
    find_preambles,
    may_go_on,
    may_open,
    openings,
)
from dicomsniff.capture.segments import Endpoint
from dicomsniff.findings.finding import Severity
from findings.found import found_in
from findings.test_field_reports import told
from pipeline import analyze
from tls_talk import EXCHANGE, packets, spoken
from unmarked import verdict

V1 = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 2762\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([10, 0, 0, 9, 10, 0, 0, 2]) + b"\xc8\x22\x0a\xca"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"
TUNNELLED = b"CONNECT pacs.example:2762 HTTP/1.1\r\nHost: pacs.example:2762\r\n\r\n"
ANSWER = b"HTTP/1.1 200 Connection established\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
WHO = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\nwho asks?"
SOCKS_4 = b"\4\1\x0a\xca\x0a\0\0\2me\0"
SOCKS_4A = b"\4\1\x0a\xca\0\0\0\1me\0pacs.example\0"
GRANTED_4 = b"\0\x5a" + bytes(6)
SOCKS_5 = b"\5\2\0\1" + b"\5\1\0\3\x0cpacs.example\x0a\xca"
SOCKS_5_WITH_PASSWORD = b"\5\1\2" + b"\1\2me\3who" + b"\5\1\0\1\x0a\0\0\2\x0a\xca"
GRANTED_5 = b"\5\0" + b"\5\0\0\1" + bytes(6)
GRANTED_5_WITH_PASSWORD = b"\5\2" + b"\1\0" + b"\5\0\0\4" + bytes(18)
AGAIN = TUNNELLED[:-2] + b"Proxy-Authorization: Basic c2VjcmV0\r\n\r\n"
SPOKEN = spoken(EXCHANGE)


@pytest.mark.parametrize(
    ("first_bytes", "length", "names", "client"),
    [
        (V1, len(V1), (PROXY,), Endpoint("10.0.0.9", 51234)),
        (b"PROXY UNKNOWN\r\n", 15, (PROXY,), None),
        (V2, len(V2), (PROXY,), Endpoint("10.0.0.9", 51234)),
        (LOCAL, len(LOCAL), (PROXY,), None),
        (TUNNELLED, len(TUNNELLED), (TUNNEL,), None),
        (SOCKS_4, len(SOCKS_4), (SOCKS,), None),
        (SOCKS_4A, len(SOCKS_4A), (SOCKS,), None),
        (SOCKS_5, len(SOCKS_5), (SOCKS,), None),
        (SOCKS_5_WITH_PASSWORD + V1, len(SOCKS_5_WITH_PASSWORD + V1), (SOCKS, PROXY), Endpoint("10.0.0.9", 51234)),
        (b"\5\1\0\5\2\0\1\x0a\0\0\2\x0a\xca", 0, (), None),
        (TUNNELLED + V1, len(TUNNELLED + V1), (TUNNEL, PROXY), Endpoint("10.0.0.9", 51234)),
        (b"GET / HTTP/1.1\r\n\r\n", 0, (), None),
        (b"PROXY TCP4 nobody 10.0.0.2 1 2\r\n", 32, (PROXY,), None),
    ],
)
def test_what_stands_before_is_told_to_its_last_byte(first_bytes, length, names, client):
    found = find_preambles(first_bytes + b"\x16\x03\x01")
    assert (found.length, found.names, found.client, found.is_whole) == (length, names, client, True)


OPENINGS = [V1, V2, LOCAL, TUNNELLED, SOCKS_4, SOCKS_4A, SOCKS_5, SOCKS_5_WITH_PASSWORD]


@given(st.sampled_from(OPENINGS), st.data())
def test_one_that_has_begun_is_waited_for(preamble, data):
    cut = data.draw(st.integers(1, len(preamble) - 1))
    found = find_preambles(preamble[:cut])
    assert (found.length, found.is_whole) == (0, False)


@given(
    st.binary(max_size=200)
    | st.builds(bytes.__add__, st.sampled_from([V1[:6], V2[:13], TUNNELLED, b"\5\1", b"\4\1"]), st.binary())
)
def test_whatever_comes_nothing_fails(data):
    found = find_preambles(data)
    assert 0 <= found.length <= len(data)
    assert 0 <= find_answers(data, (TUNNEL, SOCKS)).length <= len(data)


@pytest.mark.parametrize(
    ("answers", "requests", "length", "opens", "is_whole"),
    [
        (ANSWER + b"\x16\3\3", 1, len(ANSWER), True, True),
        (ANSWER[:-1], 1, 0, False, False),
        (CONTINUE + ANSWER, 1, len(CONTINUE + ANSWER), True, True),
        (WHO + ANSWER, 2, len(WHO + ANSWER), True, True),
        (WHO + ANSWER + ANSWER, 2, len(WHO + ANSWER), True, True),
        (WHO[:-1], 1, 0, False, False),
        (WHO, 2, 0, False, False),
        (WHO, 1, len(WHO), False, True),
        (b"HTTP/1.1 407 \r\nContent-Length: 99999\r\n\r\n", 1, 0, False, True),
        (b"\x15\3\3", 1, 0, False, True),
        (ANSWER, 0, 0, False, True),
    ],
)
def test_answers_are_told_to_the_last_byte_of_the_last_one(answers, requests, length, opens, is_whole):
    found = find_answers(answers, (TUNNEL,) * requests)
    assert (found.length, bool(found.names), found.is_whole) == (length, opens, is_whole)


_SAID = st.sampled_from(
    [*OPENINGS, ANSWER, WHO, GRANTED_4, GRANTED_5, b"GET / HTTP/1.1\r\n\r\n", b"\x16\3\1\0\x05hello"]
)


@given(st.lists(st.tuples(_SAID, st.integers(0, 12)).map(lambda each: each[0][: each[1]]), min_size=2, max_size=2))
def test_two_bytes_of_each_side_tell_that_there_is_nothing(sides):
    if not may_open(*sides):
        assert [find_preambles(side) for side in sides] == [NOTHING, NOTHING]
        assert (openings(*sides), beginnings(*sides), may_go_on(*sides)) == ([0, 0], sides, False)


@given(st.lists(st.sampled_from([*OPENINGS, AGAIN]), min_size=1, max_size=3), st.data())
def test_it_is_over_only_where_a_byte_begins_none(preambles, data):
    begun = b"".join(preambles)
    assert not find_preambles(begun[: data.draw(st.integers(1, len(begun)))]).is_whole
    assert find_preambles(begun + b"\x16")[:4] == (*find_preambles(begun)[:3], True)


@pytest.mark.parametrize(
    ("answer", "length", "opens"),
    [
        (GRANTED_4, 8, True),
        (b"\0\x5b" + bytes(6), 8, False),
        (GRANTED_5, 12, True),
        (GRANTED_5_WITH_PASSWORD, 26, True),
        (b"\5\0\5\5\0\1" + bytes(6), 12, False),
        (b"\5\xff", 0, False),
        (b"\x15\3\3", 0, False),
    ],
)
def test_answers_to_socks_are_told_to_their_last_byte(answer, length, opens):
    found = find_answers(answer, (SOCKS,))
    assert (found.length, found.names) == (length, (SOCKS,) if opens else ())


def talked(before: bytes, answer: bytes, piece: int, *, port: int = 2762) -> list[build.Packet]:
    """The exchange over TLS behind what stands before it, in segments of `piece` bytes."""
    turns = [(0, before), (1, answer)] if answer else [(0, before)]
    return packets(SPOKEN._replace(turns=[*turns, *SPOKEN.turns]), port=port, segment=piece)


def exported(folder, sent, *options):
    path, keys = folder / "capture.pcap", folder / "keys"
    path.write_bytes(build.pcap(build.frames(sent)))
    keys.write_bytes(SPOKEN.key_log)
    return called("export", path, "--tls-keylog", keys, *options).stdout


def shown(folder, sent, *options):
    return exported(folder, sent, *options), called("show", folder / "capture.pcap", *options).stdout


@pytest.mark.parametrize("port", [2762, 4711])
@pytest.mark.parametrize(("before", "answer"), [(V1, b""), (V2, b""), (TUNNELLED, ANSWER)])
@pytest.mark.parametrize("piece", [7, 1460])
@pytest.mark.parametrize("options", [(), ("--port", "2762")])
def test_tls_is_read_behind_it(tmp_path, before, answer, piece, port, options):
    told, without_keys = shown(tmp_path, talked(before, answer, piece, port=port), *options)
    (association,) = json.loads(told)["associations"]
    assert association["outcome"] == "released"
    assert len(association["messages"]) == 4
    assert association["messages"][2]["data_set"]["sha256"], "its data set was read once more"
    assert association["tls"]["behind"] == [TUNNEL if answer else PROXY]
    assert association["findings"] == [] or {each["code"] for each in association["findings"]} <= {"transfer-syntax"}
    if port == 2762:
        assert "behind " + (TUNNEL if answer else PROXY) in without_keys
        assert answer or "the client is 10.0.0.9:51234" in without_keys


@settings(max_examples=10)
@given(st.integers(1, 60))
def test_how_it_is_cut_does_not_matter(tmp_path_factory, piece):
    folder = tmp_path_factory.mktemp("cut")
    told = json.loads(shown(folder, talked(TUNNELLED, ANSWER, piece))[0])
    assert [each["outcome"] for each in told["associations"]] == ["released"]


BY_SOCKS_5 = [(0, SOCKS_5[:4]), (1, GRANTED_5[:2]), (0, SOCKS_5[4:]), (1, GRANTED_5[2:])]
FIRST_TURNS = [
    BY_SOCKS_5,
    [(0, SOCKS_4), (1, GRANTED_4)],
    [(0, V1 + V2)],
    [(0, V1 + TUNNELLED), (1, ANSWER)],
    [(0, TUNNELLED), (1, ANSWER), (0, V1)],
    [(0, TUNNELLED), (1, CONTINUE + ANSWER)],
    [(0, TUNNELLED), (1, WHO), (0, AGAIN), (1, ANSWER)],
    [(0, TUNNELLED), (1, ANSWER), (0, TUNNELLED), (1, ANSWER)],
]


def cut(turns, spoken_turns, cuts, *, port):
    """What stands before, and what is behind, in one segment where both are the client's; the first turns are cut."""
    joined = [*turns, *spoken_turns]
    if turns[-1][0] == 0:
        joined = [*turns[:-1], (0, turns[-1][1] + spoken_turns[0][1]), *spoken_turns[1:]]
    talk = build.Talk(server=("10.0.0.2", port), tick=1000).open()
    for number, (side, data) in enumerate(joined):
        places = [0, *sorted({each for each in cuts if each < len(data)} if number <= len(turns) else ()), len(data)]
        talk.pieces(side, [data[a:b] for a, b in pairwise(places)])
    return talk.close().packets


@pytest.mark.parametrize("turns", FIRST_TURNS)
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(1, 150), min_size=2, max_size=3), forced=st.booleans())
@example(cuts=[1, 2, 3], forced=True)  # in more pieces than wait where nothing stands before
def test_several_are_told_alike_however_they_are_cut(tmp_path_factory, turns, cuts, forced):
    """Each turn is cut; the last one of the client together with its first bytes of TLS, as segments may hold both."""
    options = ("--port", "2762") if forced else ()
    sent = cut(turns, SPOKEN.turns, cuts, port=2762)
    told = json.loads(exported(tmp_path_factory.mktemp("cut"), sent, *options))
    (association,) = told["associations"]
    assert (association["outcome"], len(association["messages"]), association["findings"]) == ("released", 4, [])
    found = find_preambles(b"".join(data for side, data in turns if side == 0) + b"\x16")
    assert association["tls"]["behind"] == list(found.names)


@pytest.mark.parametrize(
    "turns",
    [
        [(0, V1)],
        [(0, V2)],
        [(0, LOCAL)],
        [(0, V1), (1, V1.replace(b"10.0.0.9", b"10.0.0.8"))],  # the server sends one of its own, as long
        [(0, V1), (1, V1.replace(b"TCP4 10.", b"UNKNOWN "))],
        *FIRST_TURNS,
    ],
)
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(1, 150), max_size=3), forced=st.booleans(), port=st.sampled_from([104, 4711]))
def test_plain_dicom_behind_it_is_read_however_it_is_cut(turns, cuts, forced, port):
    sent = cut(turns, EXCHANGE, cuts, port=port)
    (association,) = analyze(sent, ports=(port,) if forced else ()).associations
    assert (association.outcome, len(association.messages)) == ("released", 4)
    names = find_preambles(b"".join(data for side, data in turns if side == 0) + b"\x16").names
    assert association.preambles.names == names
    assert {each.code for each in found_in(sent)} == ({"proxy-header"} if PROXY in names else set())
    assert {each.severity for each in found_in(sent)} <= {Severity.NOTE}


@pytest.mark.parametrize("turns", [[(0, V1)], [(0, TUNNELLED), (1, ANSWER)], BY_SOCKS_5])
def test_where_plain_dicom_is_behind_it_the_bytes_of_its_data_sets_are_found_and_it_is_told(tmp_path, turns):
    sent = cut(turns, EXCHANGE, [9], port=104)
    exchanged, text = shown(tmp_path, sent)
    (association,) = json.loads(exchanged)["associations"]
    bare = json.loads(exported(tmp_path, cut([(1, b"")], EXCHANGE, [], port=104)))["associations"][0]
    stored = association["messages"][2]["data_set"]
    assert stored["sha256"] == bare["messages"][2]["data_set"]["sha256"]
    assert (
        association["behind"] == [find_preambles(turns[0][1] + b"\x16").names[0]]
        if turns is not BY_SOCKS_5
        else [SOCKS]
    )
    assert "\n  behind " in text


def test_it_is_the_header_that_names_the_client_wherever_it_stands(tmp_path):
    header, tunnel = "a header of the PROXY protocol, which says that the client is 10.0.0.9:51234", TUNNEL
    for turns, said in (
        ([(0, V1 + TUNNELLED), (1, ANSWER)], f"\n  behind {header}, and {tunnel}\n"),
        ([(0, TUNNELLED), (1, ANSWER), (0, V1)], f"\n  behind {tunnel} and {header}\n"),
    ):
        assert said in shown(tmp_path, cut(turns, EXCHANGE, [], port=104))[1]


def test_connections_that_go_alike_are_all_told_to_be_behind_it(tmp_path):
    packets = []
    for number in range(30):
        talk = build.Talk(client=("10.0.0.1", 40_000 + number), tick=1000, start=build.START + number * 10**9).open()
        for side, data in [(0, LOCAL + EXCHANGE[0][1]), *EXCHANGE[1:4], *EXCHANGE[6:]]:
            (talk.client, talk.server)[side](data)
        packets += talk.close().packets
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    assert called("show", path).stdout.count("\n  behind a header of the PROXY protocol\n") == 30


@pytest.mark.parametrize(
    ("answer", "severity"),
    [
        (b"", Severity.ERROR),
        (build.abort(2, 1), Severity.ERROR),
        (build.associate_rj(), Severity.NOTE),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Severity.NOTE),
    ],
)
@pytest.mark.parametrize("header", [V1, V2])
def test_a_header_is_the_likely_cause_where_what_follows_it_is_not_answered(header, answer, severity):
    talk = build.Talk().open()
    talk.client(header)
    talk.client(EXCHANGE[0][1])
    if answer:
        talk.server(answer)
    found = found_in(talk.end(1).packets)
    assert [each.severity for each in found if each.code == "proxy-header"] == [severity]
    assert "TLS" not in "".join(told(talk.packets, "association-unanswered"))
    (association,) = analyze(talk.packets).associations
    assert verdict(association).count("PROXY") == (severity is Severity.ERROR)


@pytest.mark.parametrize(
    ("answer", "is_cause"),
    [(b"", True), (b"\x15\3\1\0\2\2\x46", True), (b"HTTP/1.1 400 Bad\r\n\r\n", True), (b"\x15\3\1\0\2\2\x28", False)],
)
@pytest.mark.parametrize("port", [2762, 4711])
def test_a_header_is_the_likely_cause_where_the_hello_behind_it_cannot_be_read(answer, is_cause, port):
    talk = build.Talk(server=("10.0.0.2", port)).open()
    talk.client(V1 + SPOKEN.turns[0][1])
    if answer:
        talk.server(answer)
    (said,) = told(talk.end(1).packets, "tls-refused" if port == 2762 else "tls-handshake-refused")
    assert ("PROXY" in said) == is_cause


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 407 Who\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n?\r\n0\r\n\r\n" + ANSWER,
        ANSWER.replace(b"\r", b""),
    ],
)
@pytest.mark.parametrize("piece", [11, 1460])
def test_tls_behind_answers_that_are_not_understood_is_http(tmp_path, answer, piece):
    sent = packets(SPOKEN._replace(turns=[(0, TUNNELLED), (1, answer), *SPOKEN.turns]), segment=piece)
    told, text = shown(tmp_path, sent)
    assert json.loads(told)["associations"] == []
    assert "1 TCP connection carries HTTP" in text
    assert "error" not in text


def test_a_server_that_answers_in_http_inside_the_tunnel_is_told(tmp_path):
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    turns = [(0, TUNNELLED), (1, ANSWER), SPOKEN.turns[0], (1, refusal)]
    _, text = shown(tmp_path, packets(SPOKEN._replace(turns=turns)))
    assert "HTTP" in text.partition("error: ")[2]


def test_an_answer_captured_before_its_request_is_found(tmp_path):
    turns = [(1, ANSWER), (0, TUNNELLED), *SPOKEN.turns]
    (association,) = json.loads(exported(tmp_path, packets(SPOKEN._replace(turns=turns))))["associations"]
    assert (association["outcome"], association["findings"]) == ("released", [])


def test_a_proxy_that_refuses_the_tunnel_is_http(tmp_path):
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(TUNNELLED)
    talk.server(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    talk.close()
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    assert "HTTP" in called("show", path).stdout
