"""Captures -> what targets begin with: their bytes, what each side sent, their messages."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.library import Capture
from dicomsniff.side import Side
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.events import StreamBytes
from fuzz.conversation import OTHER, step
from fuzz.finds import ROOT
from fuzz.pieces import Piece

FOLDERS = (ROOT / "samples", ROOT / "tests")
MAX_CAPTURE = 1 << 20
"""Bytes of a capture that is taken as a seed; a longer one is passed over."""
MAX_STEP = 0xFFFF
LONG_VALUE, SHORT_VALUE = 256, 64
"""Bytes: of longer values of a seed only the beginning is kept, for pixels tell nothing."""


class MessageSeed(NamedTuple):
    """A message: who sent it, its command set, its data set, and the transfer syntax of that."""

    side: Side
    command: bytes
    data_set: bytes
    syntax: str | None


class Material(NamedTuple):
    """A capture: its file's bytes; its packets' and its PDUs' bytes as scripts of a conversation; its messages."""

    name: str
    capture: bytes
    segments: bytes
    pdus: bytes
    messages: list[MessageSeed]


def materials(folders: Iterable[Path] = FOLDERS) -> Iterator[Material]:
    """Yield what the captures in folders hold, each folder's in the order of their names."""
    for folder in folders:
        for path in sorted(each for each in folder.rglob("*") if ".pcap" in each.name or ".cap" in each.name):
            if path.is_file() and 0 < path.stat().st_size <= MAX_CAPTURE:
                yield material(path)


def material(path: Path) -> Material:
    """Return what a capture holds; of one that cannot be read, its bytes."""
    capture = path.read_bytes()
    try:
        return Material(path.name, capture, *_scripts(str(path)), _messages(str(path)))
    except CaptureError:
        return Material(path.name, capture, b"", b"", [])


def shrink(pieces: list[Piece]) -> list[Piece]:
    """Cut long values, for who takes pixels for a seed fuzzes nothing else."""
    for piece in pieces:
        if isinstance(piece.body, list):
            shrink(piece.body)
        elif len(piece.body) > LONG_VALUE:
            piece.body = piece.body[:SHORT_VALUE]
    return pieces


def _scripts(path: str) -> tuple[bytes, bytes]:
    """Return what the first two connections sent: segment by segment, and PDU by PDU."""
    tracker = TcpTracker()
    sides: dict[bytes, int] = {}
    pending: dict[bytes, bytearray] = {}
    segments: list[bytes] = []
    pdus: list[bytes] = []
    reader, decoder = CaptureReader(path), SegmentDecoder()
    for batch in reader.batches():
        for segment in decoder.segments(batch):
            for event in tracker.feed(segment):
                if not isinstance(event, StreamBytes):
                    continue
                flow, data = event.stream.flow, event.data[event.start : event.end]
                if flow not in sides:
                    kind = OTHER if sides else 0
                    sides |= {flow: kind, event.stream.peer.flow: kind | 1} if len(sides) < 4 else {flow: -1}
                if sides[flow] >= 0:
                    segments += [step(sides[flow], data[at : at + MAX_STEP]) for at in range(0, len(data), MAX_STEP)]
                    pdus += [step(sides[flow], pdu) for pdu in _whole_pdus(pending.setdefault(flow, bytearray()), data)]
    reader.close()
    pdus += [step(sides[flow], bytes(rest[:MAX_STEP])) for flow, rest in pending.items() if rest]
    return b"".join(segments), b"".join(pdus)


def _whole_pdus(pending: bytearray, data: bytes) -> Iterator[bytes]:
    pending += data
    while len(pending) >= 6:
        length = 6 + int.from_bytes(pending[2:6], "big")
        if len(pending) < length or length > MAX_STEP:
            return
        yield bytes(pending[:length])
        del pending[:length]


def _messages(path: str) -> list[MessageSeed]:
    with Capture(path, collect=True, findings=False) as capture:
        found = []
        for association in capture.associations:
            for message in association.messages:
                data = message.data_set.content if message.data_set is not None else None
                content = b""
                if data is not None:
                    with data:
                        data.seek(0)
                        content = data.read()
                syntax = association.transfer_syntax(message.context_id)
                found.append(MessageSeed(message.side, message.command.raw, content, syntax))
        return found
