"""Small files that become enormous: reading ends, and says so, long before all of it was made."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import lz4.frame
import pytest

import build
from compressions import COMPRESSIONS, zstd
from dicomsniff.capture import compression
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader

PIECE = 1 << 20


def lz4_frame() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    frame = lz4.frame.LZ4FrameCompressor(block_size=lz4.frame.BLOCKSIZE_MAX4MB)
    waiting = [frame.begin()]
    return lambda data: b"".join(waiting.pop() for _ in waiting[:]) + frame.compress(data), frame.flush


def zlib_stream() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    stream = zlib.compressobj(9, wbits=31)
    return stream.compress, stream.flush


def zstd_frame() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    frame = zstd.ZstdCompressor()
    return frame.compress, frame.flush


def bzip2_stream() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """A stream for each piece, as pbzip2 writes them: compressing is slow, and the pieces are the same."""
    return cache(bz2.compress), bytes


def xz_stream() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """A stream for each piece, as pixz writes them."""
    return cache(lzma.compress), bytes


STREAMS = {"gzip": zlib_stream, "zstd": zstd_frame, "lz4": lz4_frame, "bzip2": bzip2_stream, "xz": xz_stream}
every_compression = pytest.mark.parametrize("start", STREAMS.values(), ids=STREAMS)


def explosive(start: Callable, head: bytes, unit: bytes, pieces: int, size: int = PIECE) -> Iterator[bytes]:
    """A head, then the same bytes again and again, compressed as they are made."""
    compress, flush = start()
    yield compress(head)
    piece = unit * (size // len(unit))
    for _ in range(pieces):
        yield compress(piece)
    yield flush()


def read_through(path) -> tuple[int, int, str]:
    """Packets, bytes of the capture that were read, and why reading stopped."""
    reader = CaptureReader(str(path))
    packets = end = 0
    for batch in reader.batches():
        packets, end = packets + len(batch.starts), batch.file_offset + len(batch.data)
    reader.close()
    return packets, end, reader.truncated


NG = build.section_header() + build.interface()
BOMBS = {
    "a pcap of zeros": (build.pcap([]), bytes(16)),
    "a pcap of tiny frames": (build.pcap([]), build.pcap([(build.START, b"tiny")])[24:]),
    "a snoop file of tiny frames": (build.snoop([]), build.snoop([(build.START, b"tiny")])[16:]),
    "a pcapng of tiny frames": (NG, build.enhanced_packet(1, b"tiny")),
    "a pcapng of blocks that are no packets": (NG, build.block(0x0BAD, b"")),
}


@pytest.mark.slow
@every_compression
@pytest.mark.parametrize(("head", "unit"), BOMBS.values(), ids=BOMBS)
def test_records_that_cost_no_bytes_are_soon_too_many(tmp_path, monkeypatch, start, head, unit):
    monkeypatch.setattr(compression, "ALLOWED_RECORDS", compression.ALLOWED_RECORDS // 4)
    assert_too_many(tmp_path / "bomb", b"".join(explosive(start, head, unit, 16, PIECE // 4)), 16 * PIECE // 4)


def test_a_quarter_of_a_million_records_is_too_many(tmp_path):
    head, unit = BOMBS["a pcap of zeros"]
    assert_too_many(tmp_path / "bomb", b"".join(explosive(zstd_frame, head, unit, 16)), 16 * PIECE)


def assert_too_many(path, bomb: bytes, length: int) -> None:
    """Assert that of so many bytes, most are never made, and that the records are said to be too many."""
    path.write_bytes(bomb)
    packets, end, truncated = read_through(path)
    assert packets < 2 * compression.ALLOWED_RECORDS + len(bomb)
    assert end < length
    assert "records, as no traffic does; to read on, decompress the file first" in truncated


def test_more_bytes_than_any_traffic_becomes_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "ALLOWED_BYTES", 8 << 20)
    path = tmp_path / "bomb"
    record = build.pcap([(build.START, bytes(PIECE - 16))])[24:]
    path.write_bytes(b"".join(explosive(zstd_frame, build.pcap([]), record, 200)))
    packets, end, truncated = read_through(path)
    assert 8 <= packets < 200
    assert end < 200 * PIECE
    assert "bytes, as no traffic does" in truncated


@every_compression
def test_a_bomb_behind_a_capture_costs_nothing_of_the_capture(tmp_path, start):
    path = tmp_path / "bomb"
    frames = [(build.START + number, number.to_bytes(3, "big") * 40) for number in range(3000)]
    path.write_bytes(b"".join(explosive(start, build.pcap(frames), bytes(16), 64)))
    reader = CaptureReader(str(path))
    first = next(reader.batches())
    reader.close()
    assert [first.data[a:b] for a, b in zip(first.starts[:3000], first.ends[:3000], strict=True)] == [
        frame for _, frame in frames
    ]


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_what_is_no_capture_is_refused_before_anything_of_it_was_made(tmp_path, name):
    path = tmp_path / "bomb"
    path.write_bytes(b"".join(explosive(STREAMS[name], b"", bytes(PIECE), 64)))
    with pytest.raises(CaptureError, match="nothing but zeros at its beginning"):
        CaptureReader(str(path))


@pytest.mark.slow
@every_compression
def test_a_capture_of_black_images_is_read_to_its_end(tmp_path, monkeypatch, start):
    """Segments of 60 kB, as hosts record them before their network card cuts them: nothing compresses better."""
    monkeypatch.setattr(compression, "ALLOWED_BYTES", 1 << 20)
    rng, talk = Random(1), build.Talk().open()
    for _ in range(300):
        talk.client(bytes(60_000), 60_000)
        talk.wait(rng.randrange(1_000_000))
    checksummed = [(time, frame[:50] + rng.randbytes(2) + frame[52:]) for time, frame in build.frames(talk.packets)]
    path = tmp_path / "black"
    compress, flush = start()
    path.write_bytes(compress(build.pcap(checksummed)) + flush())
    assert read_through(path)[::2] == (303, "")


@every_compression
def test_a_flood_of_the_smallest_packets_is_read_to_its_end(tmp_path, monkeypatch, start):
    """Segments of one byte, as regular as traffic can be."""
    monkeypatch.setattr(compression, "ALLOWED_RECORDS", 100)
    talk = build.Talk().open()
    talk.client(bytes(5000), 1)
    path = tmp_path / "flood"
    compress, flush = start()
    path.write_bytes(compress(build.pcap(build.frames(talk.packets))) + flush())
    assert read_through(path)[::2] == (5003, "")
