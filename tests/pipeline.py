"""Drives the program's stages as the analyzer does, and tells in short what came out."""

import struct
from collections.abc import Iterable
from itertools import pairwise
from weakref import WeakKeyDictionary

import build
from dicomsniff.association.association import Association
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.pcap import MAGICS, PcapLayout
from dicomsniff.capture.skip import Skip
from dicomsniff.dimse.message import Message
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.collector import Collector, Findings
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.recognize import Verdict
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import PduEvent
from dicomsniff.span import PacketMark
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.events import StreamBytes, StreamGap, TcpEvent
from dicomsniff.tcp.source import TcpSource

FLOW = build.flow_of("10.0.0.1", 40001, "10.0.0.2", 104)
SOURCE = TcpSource(FLOW, 0)
MARK = PacketMark(1, build.START, 24)
LAYOUT = PcapLayout(MAGICS[b"\x4d\x3c\xb2\xa1"])


def batch(records: Iterable[build.Frame], *, first: int = 1, link_type: int = 1) -> PacketBatch:
    """Put frames in a batch, each behind its record header."""
    data, starts, ends = bytearray(), [], []
    for time, frame in records:
        seconds, fraction = divmod(time, 1_000_000_000)
        data += struct.pack("<LLLL", seconds, fraction, len(frame), len(frame))
        starts.append(len(data))
        data += frame
        ends.append(len(data))
    return PacketBatch(bytes(data), 0, first, link_type, LAYOUT, starts, ends)


def packets_of(batch: PacketBatch) -> list[tuple[int, int, int, bytes]]:
    """A batch's packets: (number, time, record's place in the capture, frame)."""
    return [
        (
            batch.first_number + index,
            batch.time(index),
            batch.file_offset + start - batch.layout.header,
            batch.data[start:end],
        )
        for index, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True))
    ]


def analyze(packets: Iterable[build.Packet], **options: object) -> Analyzer:
    """Analyze packets through real frames, to the end."""
    return analyze_frames(build.frames(packets), **options)


def analyze_frames(records: Iterable[build.Frame], *, link_type: int = 1, **options: object) -> Analyzer:
    analyzer = Analyzer(**options)
    if records := list(records):
        analyzer.feed(batch(records, link_type=link_type))
    analyzer.close()
    remember(analyzer.associations, analyzer.found)
    return analyzer


_COLLECTORS: WeakKeyDictionary[Association, Collector] = WeakKeyDictionary()


def remember(found: Iterable[Association], collector: Collector) -> None:
    """Take note of who knows what was found about associations, where a test drives an analyzer itself."""
    _COLLECTORS.update(dict.fromkeys(found, collector))


def findings_of(association: Association) -> Findings:
    """What was found about an association that came out of `analyze`, or was remembered."""
    return _COLLECTORS[association].of(association)


def associations(packets: Iterable[build.Packet], **options: object) -> list[Association]:
    return analyze(packets, **options).associations


def only(packets: Iterable[build.Packet], **options: object) -> Association:
    """The single association there is."""
    (association,) = associations(packets, **options)
    return association


def names(association: Association) -> list[str]:
    return [entry.event.name for entry in association.timeline]


def codes(association: Association) -> list[str]:
    """Every finding's code, causes and consequences alike, in the order found."""
    return [finding.code for finding in findings_of(association).all]


def track(packets: Iterable[build.Packet]) -> list[TcpEvent]:
    """Every event of the TCP stage."""
    tracker = TcpTracker()
    events = [event for segment in build.segments(packets) for event in tracker.feed(segment)]
    return events + tracker.close()


def stream_bytes(events: Iterable[TcpEvent]) -> dict[bytes, bytes]:
    """The bytes of every flow, with `?` for each that is missing."""
    streams: dict[bytes, bytearray] = {}
    for event in events:
        if isinstance(event, StreamBytes):
            data = event.data[event.start : event.end]
        elif isinstance(event, StreamGap):
            data = b"?" * event.length
        else:
            continue
        stream = streams.setdefault(event.stream.flow, bytearray())
        assert event.offset == len(stream)
        stream += data
    return {flow: bytes(data) for flow, data in streams.items()}


def decode(pieces: Iterable[bytes | int], *, known_start: bool = True, **options: bool) -> list[PduEvent]:
    """Feed one direction's bytes; a number is a gap of that length. Bytes that may be skipped are skipped.

    Nothing is read before the bytes are found to be DICOM.
    """
    detection, stream, offset, events = Detection(known_start=known_start), PduStream(SOURCE, **options), 0, []
    skip: Skip | None = None
    for number, piece in enumerate(pieces, start=1):
        mark = PacketMark(number, build.START + number, number * 100)
        length = piece if isinstance(piece, int) else len(piece)
        if detection.verdict is not Verdict.DICOM:
            if isinstance(piece, int):
                detection.gap(offset, length, mark)
            elif piece:
                detection.feed(offset, piece, mark)
            if detection.verdict is Verdict.DICOM:
                events += detection.replay(stream)
        elif isinstance(piece, int):
            events += stream.gap(offset, length, mark, skip)
        elif piece:
            passed, skip = pass_over(skip, offset, piece, mark)
            if passed:
                offset += length
                continue
            events += stream.feed(offset, piece, 0, length, mark, skip)
        if detection.verdict is Verdict.DICOM:
            skip = stream.skip()
        offset += length
    if detection.verdict is not Verdict.DICOM:
        return events + detection.replay(stream) + stream.close() if detection.end() is Verdict.DICOM else []
    return events + stream.close(offset, PacketMark(10**6, build.START, 0), skip)


def pass_over(skip: Skip | None, offset: int, data: bytes, mark: PacketMark) -> tuple[bool, Skip | None]:
    """Whether bytes may be passed over, and the skip as it is then: what decoding does with segments."""
    if skip is None:
        return False, skip
    if offset + len(data) >= skip.until:
        until = skip.repeated(skip.until, offset, data, 0, len(data))
        if not until:
            return False, skip
        skip = skip.went_on(until, mark)
    if skip.kept is not None:
        skip.kept.append(data)
    return True, skip


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut bytes at the given places, wherever they lie within."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[first:last] for first, last in pairwise(places)]


def tell(message: Message) -> tuple[object, ...]:
    """What a message says, without where it was captured."""
    data = message.data_set
    return (
        message.side,
        message.context_id,
        message.command.raw,
        message.command_fragments,
        (data.length, data.fragments, data.missing, data.sha256, data.outline) if data is not None else None,
        message.ended,
        message.problem,
    )
