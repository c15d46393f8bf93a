"""Any bytes, taken for a capture, compressed or not: packets in order, the same when read again, and frames decoded."""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator

import lz4.frame

from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.merge import MergedReader
from dicomsniff.capture.packets import CaptureError, PacketBatch
from dicomsniff.capture.reader import CaptureReader
from fuzz.finds import BrokenError
from fuzz.forms import capture_of, input_of, pieces_of
from fuzz.outputs import capture_file
from fuzz.pieces import Piece
from fuzz.seeds import Material
from fuzz.targets import Target

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Packet = tuple[int, int, bytes]
"""Number, time, frame."""
_COMPRESSORS = (
    lambda data: data,
    lambda data: gzip.compress(data, 1, mtime=0),
    lambda data: zstd.compress(data, 1),
    lambda data: lz4.frame.compress(data),
    lambda data: gzip.compress(data[: len(data) // 2], 1, mtime=0) + gzip.compress(data[len(data) // 2 :], 0, mtime=0),
)


def check(data: bytes) -> None:
    """The first byte says how the capture is compressed, and whether (and where) that is damaged; then comes a form."""
    if len(data) < 3:
        return
    how, damage, capture = data[0], data[1], capture_of(data[2:])
    compressed = _COMPRESSORS[how % len(_COMPRESSORS)](capture)
    if damage:
        place = len(compressed) * damage // 256
        compressed = compressed[:place] if how & 0x80 else _flip(compressed, place)
    with capture_file(compressed) as path:
        packets = read(path)
        if packets is None:
            return
        if not damage and how % len(_COMPRESSORS):
            with capture_file(capture) as plain:
                if read(plain) != packets:
                    raise BrokenError("compressed, the capture holds other packets")
        _read_again(path, packets, damaged=bool(damage))
        _merge(path, packets)


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :] if place < len(data) else data


def read(path: str) -> list[Packet] | None:
    """Read a capture through, and decode its frames; None where it is none."""
    try:
        reader = CaptureReader(path)
    except CaptureError as error:
        if not str(error):
            raise BrokenError("a capture is refused without a reason") from None
        return None
    try:
        decoder, packets = SegmentDecoder(), []
        segments: Counter[str] = Counter()
        for batch in reader.batches():
            if batch.first_number != len(packets) + 1:
                raise BrokenError("packets are not numbered consecutively")
            packets += packets_of(batch)
            for *_, data, start, end, cut in decoder.segments(batch):
                segments["segments"] += 1
                if not 0 <= start <= end <= len(data) or cut < 0:
                    raise BrokenError(
                        f"a segment lies outside its frame: {start} to {end} of {len(data)}, {cut} cut off"
                    )
        if segments.total() + decoder.undecoded.total() > len(packets):
            raise BrokenError("there are more segments than packets")
        return packets
    finally:
        reader.close()


def packets_of(batch: PacketBatch) -> list[Packet]:
    """Return a batch's packets."""
    packets = []
    for index, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True)):
        if not batch.layout.header <= start <= end <= len(batch.data):
            raise BrokenError("a frame lies outside its block")
        packets.append((batch.first_number + index, batch.time(index), batch.data[start:end]))
    return packets


def _read_again(path: str, packets: list[Packet], *, damaged: bool) -> None:
    """From wherever a record begins, the packets that follow are the same as before.

    How much of a damaged block is decompressed before the damage shows depends on how much is asked for at a time.
    """
    reader = CaptureReader(path)
    batches = list(reader.batches())
    for batch in batches[:: max(len(batches) // 3, 1)]:
        index = len(batch.starts) // 2
        if index < len(batch.starts):
            number, place = (
                batch.first_number + index,
                batch.file_offset + batch.starts[index] - batch.layout.header,
            )
            again = [packet for each in reader.batches_from(place, number) for packet in packets_of(each)]
            before = packets[number - 1 :]
            both = min(len(again), len(before)) if damaged else None
            if again[:both] != before[:both]:
                raise BrokenError(f"read again from packet {number}, the packets are others")
    reader.close()


def _merge(path: str, packets: list[Packet]) -> None:
    """A capture merged with itself holds everything twice."""
    merged = MergedReader([CaptureReader(path), CaptureReader(path)])
    found = [packet for batch in merged.batches() for packet in packets_of(batch)]
    merged.close()
    if [number for number, *_ in found] != list(range(1, 2 * len(packets) + 1)):
        raise BrokenError("merged packets are not numbered consecutively")
    if Counter(packet[1:] for packet in found) != Counter(2 * [packet[1:] for packet in packets]):
        raise BrokenError("merged packets are not those of both captures")


def seeds(material: Material) -> Iterator[bytes]:
    """The capture's bytes, in a compression that depends on its name."""
    yield bytes([zlib.crc32(material.name.encode()) % len(_COMPRESSORS), 0]) + input_of(material.capture)


def _parse(data: bytes) -> list[Piece]:
    return [Piece(data[:2]), *pieces_of(data[2:])]


TARGET = Target(check, seeds, _parse, 1 << 17)
