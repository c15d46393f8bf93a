"""What tcpdump and dumpcap write, however it comes, becomes the same packets in pcapng blocks."""

import struct
from io import BufferedReader, BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.capture.losses import Losses
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.sniffing import blocks
from dicomsniff.sniffing.translation import PcapngTranslation, PcapTranslation, Translation, TranslationError

PACKETS = [(build.START + number * 1_000_000, bytes([number]) * (14 + number)) for number in range(5)]
PCAP = build.pcap(PACKETS)
PCAPNG = b"".join(
    [
        blocks.section_header("tests"),
        blocks.interface_description("eth9", 1, 65535, nanoseconds=True, bpf="tcp"),
        *(blocks.packet(0, time, frame, len(frame)) for time, frame in PACKETS),
        blocks.statistics(0, build.START, build.START, 9, 3, 4),
    ]
)


def reader_of(data: bytes) -> CaptureReader:
    return CaptureReader("spool", open_file=lambda: BufferedReader(BytesIO(data)))  # type: ignore[arg-type]


def read(data: bytes) -> list[tuple[int, bytes]]:
    """Return time (ns) and frame of each packet of a pcapng capture."""
    return [
        (batch.time(number), batch.data[start:end])
        for batch in reader_of(data).batches()
        for number, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True))
    ]


def translations() -> list[tuple[Translation, bytes]]:
    return [(PcapTranslation("eth9", "", "tests"), PCAP), (PcapngTranslation(), PCAPNG)]


@given(cuts=st.lists(st.integers(1, len(PCAPNG)), max_size=6))
def test_it_makes_no_difference_how_the_bytes_come(cuts: list[int]) -> None:
    for translation, data in translations():
        taken = []
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
            taken.append(translation.feed(data[start:end], 1000))
        assert read(b"".join(each.data for each in taken)) == PACKETS
        assert sum(each.packets for each in taken) == len(PACKETS)
        assert len([head for each in taken for head in each.heads]) == 2


def test_no_more_packets_are_told_than_asked_for() -> None:
    for translation, data in translations():
        taken = translation.feed(data, 2)
        assert taken.packets == 2
        assert read(taken.data) == PACKETS[:2]


def test_nanoseconds_are_kept() -> None:
    frame = PACKETS[1][1]
    data = struct.pack("<LHHlLLL", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    data += struct.pack("<LLLL", 1_700_000_000, 123_456_789, len(frame), 1514) + frame
    taken = PcapTranslation("eth9", "", "tests").feed(data, 1)
    assert read(taken.data) == [(1_700_000_000_123_456_789, frame)]


def test_what_is_no_capture_is_not_guessed_at() -> None:
    for translation in (PcapTranslation("eth9", "", "tests"), PcapngTranslation()):
        with pytest.raises(TranslationError):
            translation.feed(b"\x7fELF" * 10, 100)


def test_losses_that_blocks_tell_are_read() -> None:
    reader = reader_of(PCAPNG)
    assert len(list(reader.batches())) == 1
    assert reader.losses.total == Losses(kernel=3, interface=4)
    assert str(reader.losses.total) == "7 packets (3 by the kernel, 4 by the interface)"
