"""What stands before TLS on a connection: it is told, and what is behind it is read."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from calls import called
from dicomsniff.association.preambles import PROXY, TUNNEL, find_answers, find_preambles
from dicomsniff.capture.segments import Endpoint
from tls_talk import EXCHANGE, packets, spoken

V1 = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 2762\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([10, 0, 0, 9, 10, 0, 0, 2]) + b"\xc8\x22\x0a\xca"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"
TUNNELLED = b"CONNECT pacs.example:2762 HTTP/1.1\r\nHost: pacs.example:2762\r\n\r\n"
ANSWER = b"HTTP/1.1 200 Connection established\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
WHO = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\nwho asks?"
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
        (TUNNELLED + V1, len(TUNNELLED + V1), (TUNNEL, PROXY), Endpoint("10.0.0.9", 51234)),
        (b"GET / HTTP/1.1\r\n\r\n", 0, (), None),
        (b"PROXY TCP4 nobody 10.0.0.2 1 2\r\n", 32, (PROXY,), None),
    ],
)
def test_what_stands_before_is_told_to_its_last_byte(first_bytes, length, names, client):
    found = find_preambles(first_bytes + b"\x16\x03\x01")
    assert (found.length, found.names, found.client, found.is_whole) == (length, names, client, True)


@given(st.sampled_from([V1, V2, LOCAL, TUNNELLED]), st.data())
def test_one_that_has_begun_is_waited_for(preamble, data):
    cut = data.draw(st.integers(1, len(preamble) - 1))
    found = find_preambles(preamble[:cut])
    assert (found.length, found.is_whole) == (0, False)


@given(st.binary(max_size=200) | st.builds(bytes.__add__, st.sampled_from([V1[:6], V2[:13], TUNNELLED]), st.binary()))
def test_whatever_comes_nothing_fails(data):
    found = find_preambles(data)
    assert 0 <= found.length <= len(data)
    assert 0 <= find_answers(data, 2).length <= len(data)


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
    found = find_answers(answers, requests)
    assert (found.length, bool(found.names), found.is_whole) == (length, opens, is_whole)


@given(st.lists(st.sampled_from([V1, V2, LOCAL, TUNNELLED, AGAIN]), min_size=1, max_size=3), st.data())
def test_it_is_over_only_where_a_byte_begins_none(preambles, data):
    begun = b"".join(preambles)
    assert not find_preambles(begun[: data.draw(st.integers(1, len(begun)))]).is_whole
    assert find_preambles(begun + b"\x16")[:4] == (*find_preambles(begun)[:3], True)


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


FIRST_TURNS = [
    [(0, V1 + V2)],
    [(0, V1 + TUNNELLED), (1, ANSWER)],
    [(0, TUNNELLED), (1, ANSWER), (0, V1)],
    [(0, TUNNELLED), (1, CONTINUE + ANSWER)],
    [(0, TUNNELLED), (1, WHO), (0, AGAIN), (1, ANSWER)],
    [(0, TUNNELLED), (1, ANSWER), (0, TUNNELLED), (1, ANSWER)],
]


@pytest.mark.parametrize("turns", FIRST_TURNS)
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(1, 150), min_size=2, max_size=3), forced=st.booleans())
def test_several_are_told_alike_however_they_are_cut(tmp_path_factory, turns, cuts, forced):
    """Each turn is cut; the last one of the client together with its first bytes of TLS, as segments may hold both."""
    joined = [*turns, *SPOKEN.turns]
    if turns[-1][0] == 0:
        joined = [*turns[:-1], (0, turns[-1][1] + SPOKEN.turns[0][1]), *SPOKEN.turns[1:]]
    talk = build.Talk(server=("10.0.0.2", 2762), tick=1000).open()
    for number, (side, data) in enumerate(joined):
        places = [0, *sorted({each for each in cuts if each < len(data)} if number <= len(turns) else ()), len(data)]
        talk.pieces(side, [data[a:b] for a, b in pairwise(places)])
    options = ("--port", "2762") if forced else ()
    told = json.loads(exported(tmp_path_factory.mktemp("cut"), talk.close().packets, *options))
    (association,) = told["associations"]
    assert (association["outcome"], len(association["messages"]), association["findings"]) == ("released", 4, [])
    found = find_preambles(b"".join(data for side, data in turns if side == 0) + b"\x16")
    assert association["tls"]["behind"] == list(found.names)


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
