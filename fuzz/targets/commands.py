"""Command sets, one after the other on one association: what they say, which answers which, what belongs together."""

from collections.abc import Iterator

from dicomsniff.dimse.command import Command
from dicomsniff.side import Side
from fuzz.conversation import make_capture, step
from fuzz.finds import BrokenError
from fuzz.grammar import parse_command
from fuzz.outputs import SHOW, TRANSCRIPT, capture_file, check_call
from fuzz.pieces import Piece
from fuzz.seeds import Material
from fuzz.targets import Target

_CONTEXTS = (
    "1.2.840.10008.1.1",  # Verification
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage
    "1.2.840.10008.5.1.4.1.2.2.2",  # Study Root Query/Retrieve – MOVE
    "1.2.840.10008.5.1.4.1.2.2.3",  # … GET
    "1.2.840.10008.5.1.4.31",  # Modality Worklist – FIND
    "1.2.840.10008.3.1.2.3.3",  # Modality Performed Procedure Step
    "1.2.840.10008.1.20.1",  # Storage Commitment Push Model
    "1.2.840.10008.5.1.1.9",  # Basic Grayscale Print Management
    "1.2.840.10008.5.1.4.34.6.1",  # Unified Procedure Step – Push
)
_IMPLICIT = b"1.2.840.10008.1.2"
_DATA_SET = bytes.fromhex("0800 1600 02000000 312e 0800 1800 04000000 312e3200")
MAX_COMMANDS = 400


def check(data: bytes) -> None:
    """An input is commands as `_commands` reads them; each is decoded by itself, then sent."""
    script = [step(0, _associate(1)), step(1, _associate(2))]
    for kind, command in _commands(data):
        decoded = Command(command)
        for field in decoded.fields():
            if not 0 <= field.start <= field.end <= len(command):
                raise BrokenError(f"{field.name} lies outside its command set", "a field's place")
        context = 1 + 2 * (kind >> 1 & 15)
        script.append(step(kind & 1, _p_data(context, 3, command)))
        if decoded.announces_data_set and not kind & 0x20:
            script.append(step(kind & 1, _p_data(context, 2, _DATA_SET)))
    script += [step(0, bytes.fromhex("05000000000400000000")), step(1, bytes.fromhex("06000000000400000000"))]
    with capture_file(make_capture(b"".join(script))) as path:
        check_call(SHOW, path)
        check_call(TRANSCRIPT, path)


def _commands(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield commands: `kind` (bit 0 the side, 1 to 4 the context, 5 no data set follows), a length, bytes."""
    at, count = 0, 0
    while at + 3 <= len(data) and count < MAX_COMMANDS:
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        yield data[at], data[at + 3 : at + 3 + length]
        at, count = at + 3 + length, count + 1


def _p_data(context: int, header: int, value: bytes) -> bytes:
    pdv = (len(value) + 2).to_bytes(4, "big") + bytes([context & 0xFF, header]) + value
    return b"\x04\0" + len(pdv).to_bytes(4, "big") + pdv


def _associate(kind: int) -> bytes:
    """A-ASSOCIATE-RQ (1) or -AC (2) with all contexts accepted."""
    items = _item(0x10, b"1.2.840.10008.3.1.1.1")
    for index, uid in enumerate(_CONTEXTS):
        abstract = _item(0x30, uid.encode()) if kind == 1 else b""
        items += _item(0x1F + kind, bytes([1 + 2 * index, 0, 0, 0]) + abstract + _item(0x40, _IMPLICIT))
    items += _item(0x50, _item(0x51, b"\0\0\x40\0") + _item(0x52, b"1.2.3"))
    body = b"\0\1\0\0" + b"ARCHIVE".ljust(16) + b"MODALITY".ljust(16) + bytes(32) + items
    return bytes([kind, 0]) + len(body).to_bytes(4, "big") + body


def _item(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(2, "big") + body


def seeds(material: Material) -> Iterator[bytes]:
    """The commands of the messages, on the contexts of these classes where there is one."""
    parts = []
    for message in material.messages[:MAX_COMMANDS]:
        uid = Command(message.command).sop_class_uid or ""
        context = _CONTEXTS.index(uid) if uid in _CONTEXTS else 1
        kind = (message.side is Side.ACCEPTOR) | context << 1 | (0 if message.data_set else 0x20)
        parts.append(bytes([kind]) + len(message.command).to_bytes(2, "big") + message.command)
    if parts:
        yield b"".join(parts)


def _parse(data: bytes) -> list[Piece]:
    pieces, at = [], 0
    for kind, command in _commands(data):
        pieces.append(Piece(parse_command(command), bytes([kind]), 2, "big"))
        at += 3 + len(command)
    return [*pieces, Piece(data[at:])]


TARGET = Target(check, seeds, _parse, 1 << 15)
