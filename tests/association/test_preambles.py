"""What stands before TLS on a connection: it is told, and what is behind it is read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from calls import called
from dicomsniff.association.preambles import PROXY, TUNNEL, find_answer, find_preambles
from dicomsniff.capture.segments import Endpoint
from tls_talk import EXCHANGE, packets, spoken

V1 = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 2762\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([10, 0, 0, 9, 10, 0, 0, 2]) + b"\xc8\x22\x0a\xca"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"
TUNNELLED = b"CONNECT pacs.example:2762 HTTP/1.1\r\nHost: pacs.example:2762\r\n\r\n"
ANSWER = b"HTTP/1.1 200 Connection established\r\n\r\n"
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
    assert 0 <= find_answer(data).length <= len(data)


def talked(before: bytes, answer: bytes, piece: int, *, port: int = 2762) -> list[build.Packet]:
    """The exchange over TLS behind what stands before it, in segments of `piece` bytes."""
    turns = [(0, before), (1, answer)] if answer else [(0, before)]
    return packets(SPOKEN._replace(turns=[*turns, *SPOKEN.turns]), port=port, segment=piece)


def shown(folder, sent, *options):
    path, keys = folder / "capture.pcap", folder / "keys"
    path.write_bytes(build.pcap(build.frames(sent)))
    keys.write_bytes(SPOKEN.key_log)
    return called("export", path, "--tls-keylog", keys, *options).stdout, called("show", path, *options).stdout


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


def test_a_proxy_that_refuses_the_tunnel_is_http(tmp_path):
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    talk.client(TUNNELLED)
    talk.server(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    talk.close()
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    assert "HTTP" in called("show", path).stdout
