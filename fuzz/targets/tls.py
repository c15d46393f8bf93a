"""TLS records and handshakes, recorded, damaged, and sealed here: the same however cut, and every event in place."""

from collections.abc import Callable, Iterator
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dicomsniff.dictionary.tls import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE
from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.events import Plaintext, TlsEvent
from dicomsniff.tls.hellos import SUPPORTED_VERSIONS
from dicomsniff.tls.messages import CLIENT_HELLO, ENCRYPTED_EXTENSIONS, FINISHED, KEY_UPDATE, SERVER_HELLO
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.schedule import Keys, traffic_keys
from dicomsniff.tls.secrets import Secrets
from dicomsniff.tls.suites import find_suite
from fuzz.conversation import LOST, SWAPPED, TWICE, step, steps
from fuzz.finds import ROOT, BrokenError
from fuzz.pieces import Piece
from fuzz.seeds import Material
from fuzz.targets import Target

SEALED, IN_APPLICATION = TWICE, SWAPPED
"""Bits of a step's kind (conversation.py) with another meaning here: its bytes, a content type first, become a record
that is protected; with the secret of the handshake, or with that of application data."""
SESSIONS = ROOT / "tests" / "tls" / "sessions"
_KINDS = (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA)
_RANDOM, _SUITE = bytes(32), 0x1301
_LABELS = {
    (CLIENT, False): "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    (SERVER, False): "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    (CLIENT, True): "CLIENT_TRAFFIC_SECRET_0",
    (SERVER, True): "SERVER_TRAFFIC_SECRET_0",
}
_PRIME = 37
"""Bytes of a piece where a step is cut small."""


def check(data: bytes) -> None:
    """An input is a script: what each side sends, records or what is to be sealed; a step that is lost is a hole."""
    sent = list(_sent(data))
    for is_complete in (False, True):
        whole = decode(sent, 1 << 16, is_complete=is_complete)
        if decode(sent, _PRIME, is_complete=is_complete) != whole:
            raise BrokenError("cut otherwise, a connection holds something else")
        _check_places(sent, whole)


def _check_places(sent: list[tuple[Peer, bytes, bool]], whole: dict[Peer, list[TlsEvent]]) -> None:
    ends = {peer: sum(len(piece) for sender, piece, _ in sent if sender is peer) for peer in Peer}
    for peer, events in whole.items():
        at = 0
        for event in events:
            if not 0 <= event.start <= event.end <= ends[peer]:
                raise BrokenError(f"{event} lies outside what was sent", "an event's place")
            if isinstance(event, Plaintext):
                if event.start < at:
                    raise BrokenError(f"{event} lies before the one before", "plaintext out of order")
                at = event.end


def decode(sent: list[tuple[Peer, bytes, bool]], size: int, *, is_complete: bool) -> dict[Peer, list[TlsEvent]]:
    """Return the events of each side, whose bytes come in pieces of `size`; more secrets may come, or not."""
    secrets = Secrets()
    secrets.add_keylog(_keylog())
    secrets.is_complete = is_complete
    decoder, events, ends = TlsDecoder(secrets), list[TlsEvent](), {CLIENT: 0, SERVER: 0}
    for peer, data, is_lost in sent:
        if is_lost:
            events += decoder.skip(peer, ends[peer], len(data))
        for at in range(0, 0 if is_lost else len(data), size):
            events += decoder.feed(peer, data[at : at + size], ends[peer] + at)
        ends[peer] += len(data)
    events += decoder.close()
    return {peer: [event for event in events if event.peer is peer] for peer in Peer}


def _sent(data: bytes) -> Iterator[tuple[Peer, bytes, bool]]:
    numbers = dict.fromkeys(_LABELS, 0)
    for kind, _, body in steps(data):
        peer = SERVER if kind & 1 else CLIENT
        if kind & SEALED and body:
            which = (peer, bool(kind & IN_APPLICATION))
            body = _seal(_keys()[which], numbers[which], body)
            numbers[which] += 1
        if body:
            yield peer, body, bool(kind & LOST)


def _seal(keys: Keys, number: int, body: bytes) -> bytes:
    inner = body[1 : 1 << 14] + bytes([_KINDS[body[0] % len(_KINDS)]])
    header = bytes([APPLICATION_DATA, 3, 3]) + (len(inner) + 16).to_bytes(2, "big")
    nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
    return header + AESGCM(keys.key).encrypt(nonce, inner, header)


def _secret(which: tuple[Peer, bool]) -> bytes:
    return bytes([list(_LABELS).index(which) + 1]) * 32


@cache
def _keys() -> dict[tuple[Peer, bool], Keys]:
    suite = find_suite(_SUITE)
    assert suite is not None
    return {which: traffic_keys(_secret(which), suite) for which in _LABELS}


@cache
def _keylog() -> bytes:
    lines = [f"{label} {_RANDOM.hex()} {_secret(which).hex()}" for which, label in _LABELS.items()]
    for path in sorted(SESSIONS.glob("*.txt")):
        lines += [line[7:] for line in path.read_text().splitlines() if line.startswith("keylog ")]
    return "\n".join(lines).encode() + b"\n"


def seeds(material: Material) -> Iterator[bytes]:
    """Recorded sessions, and one that is sealed here; a capture gives what its connections send."""
    if material.name != "c-echo.pcap":
        if "tls" in material.name and material.segments:
            yield material.segments
        return
    yield _sealed_session()
    for path in sorted(SESSIONS.glob("*.txt")):
        lines = (line.split(" ", 1) for line in path.read_text().splitlines())
        yield b"".join(step("CS".index(who), bytes.fromhex(sent)) for who, sent in lines if who in ("C", "S"))


def _sealed_session() -> bytes:
    version = SUPPORTED_VERSIONS.to_bytes(2, "big")
    hello = b"\3\3" + _RANDOM + b"\0" + b"\0\2\x13\1" + b"\1\0" + b"\0\7" + version + b"\0\3\2\3\4"
    answer = b"\3\3" + _RANDOM + b"\0" + b"\x13\1" + b"\0" + b"\0\6" + version + b"\0\2\3\4"
    finished = b"\2" + _message(FINISHED, bytes(32))
    said = b"\3" + bytes(range(64))
    return b"".join(
        (
            step(0, _record(HANDSHAKE, _message(CLIENT_HELLO, hello))),
            step(1, _record(HANDSHAKE, _message(SERVER_HELLO, answer)) + _record(CHANGE_CIPHER_SPEC, b"\1")),
            step(1, b"\2" + _message(ENCRYPTED_EXTENSIONS, b"\0\0"), kind=SEALED),
            step(1, finished, kind=SEALED),
            step(0, finished, kind=SEALED),
            step(0, said, kind=SEALED | IN_APPLICATION),
            step(1, said, kind=SEALED | IN_APPLICATION),
            step(0, said, kind=SEALED | IN_APPLICATION | LOST),
            step(0, said, kind=SEALED | IN_APPLICATION),
            step(1, b"\2" + _message(KEY_UPDATE, b"\0"), kind=SEALED | IN_APPLICATION),
            step(0, b"\1\1\0", kind=SEALED | IN_APPLICATION),
        )
    )


def _record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _parse(data: bytes) -> list[Piece]:
    """Tell steps, records and messages apart."""
    return _announced(data, 2, 2, lambda head, body: _sealed(body) if head[0] & SEALED else _records(body))


def _sealed(data: bytes) -> list[Piece]:
    return [Piece(data[:1]), *_messages(data[1:])]


def _records(data: bytes) -> list[Piece]:
    return _announced(data, 3, 2, lambda head, body: _messages(body) if head[0] == HANDSHAKE else [Piece(body)])


def _messages(data: bytes) -> list[Piece]:
    return _announced(data, 1, 3, lambda _, body: [Piece(body)])


def _announced(data: bytes, head: int, width: int, inside: Callable[[bytes, bytes], list[Piece]]) -> list[Piece]:
    """Tell apart what announces its length in `width` bytes behind `head` others."""
    found, at = [], 0
    while (begin := at + head + width) <= len(data):
        end = begin + int.from_bytes(data[at + head : begin], "big")
        if end > len(data):
            break
        first = data[at : at + head]
        found.append(Piece(inside(first, data[begin:end]), first, width, "big"))
        at = end
    return [*found, Piece(data[at:])] if at < len(data) else found


TARGET = Target(check, seeds, _parse)
