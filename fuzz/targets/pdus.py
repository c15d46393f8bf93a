"""Streams of bytes from both sides: PDUs, PDVs and items, however the bytes are cut, up to what is printed of them."""

from collections.abc import Iterator
from itertools import pairwise

from dicomsniff.pdu.decode import list_fields
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.recognize import Verdict
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import AssociateAc, AssociateRq, PduEvent, PdvBytes
from dicomsniff.span import PacketMark
from fuzz.conversation import make_capture, steps
from fuzz.finds import BrokenError
from fuzz.grammar import parse_script
from fuzz.outputs import SHOW, TRANSCRIPT, capture_file, check_call
from fuzz.pieces import render
from fuzz.seeds import Material, shrink
from fuzz.targets import Target

_PRIME = 37
"""Bytes of a piece where a stream is cut small."""


def check(data: bytes) -> None:
    """An input is a script (conversation.py): what each side sends is decoded by itself, then all of it together."""
    for side in (0, 1):
        stream = b"".join(sent for kind, _, sent in steps(data) if kind & 1 == side)
        whole = decode(stream, len(stream) or 1)
        if decode(stream, _PRIME) != whole:
            raise BrokenError("cut otherwise, a stream holds other PDUs")
        for event in whole:
            if isinstance(event, AssociateRq | AssociateAc):
                _check_fields(1 if isinstance(event, AssociateRq) else 2, event.raw)
    with capture_file(make_capture(data)) as path:
        check_call(SHOW, path)
        check_call(TRANSCRIPT, path)


def decode(stream: bytes, size: int) -> list[PduEvent]:
    """Return the PDUs and PDVs of a stream that comes in pieces of `size` bytes, all in one packet."""
    mark, events = PacketMark(1, 0, 0), []
    detection, pdus = Detection(known_start=True), PduStream(None, collect=True)
    for start, end in pairwise([*range(0, len(stream), size), len(stream)]):
        if detection.verdict is Verdict.DICOM:
            events += pdus.feed(start, stream, start, end, mark)
        elif detection.feed(start, stream[start:end], mark) is Verdict.DICOM:
            events += detection.replay(pdus)
    if detection.verdict is Verdict.DICOM:
        events += pdus.close(len(stream), mark)
    return [event for event in events if not isinstance(event, PdvBytes)]


def _check_fields(kind: int, body: bytes) -> None:
    """The fields of a PDU lie inside it."""
    for field in list_fields(kind, body):
        if not 0 <= field.start <= field.end <= len(body):
            raise BrokenError(f"{field.name} lies outside the {len(body)} bytes of its PDU", "a field's place")


def seeds(material: Material) -> Iterator[bytes]:
    """The PDUs of the first connections."""
    if material.pdus:
        yield material.pdus
        yield render(shrink(parse_script(material.pdus)))


TARGET = Target(check, seeds, parse_script)
