"""snoop (RFC 1761): blocks of bytes -> packet batches."""

import struct

from dicomsniff.capture.losses import LossCounter, Losses
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.quantities import counted

MAGIC = b"snoop\0\0\0"
HEADER_LENGTH = 16
MAX_RECORD = 64 << 20
"""A record that announces more bytes than this is damage, not a packet."""
LINK_TYPES = {0: 1, 2: 6, 4: 1, 8: 10, 26: 101}
"""RFC 1761's data link types, and the pcap link type of each; of those it lacks, `undefined` stands for none."""
_UNDEFINED = 0xFFFF


class SnoopLayout:
    """Records of a snoop file: lengths, drops, seconds, microseconds; big endian."""

    header = 24
    _unpack = struct.Struct(">LL").unpack_from

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970."""
        seconds, micro = self._unpack(data, start - 8)
        return int(seconds) * 1_000_000_000 + int(micro) * 1000


_LAYOUT = SnoopLayout()
_RECORD = struct.Struct(">4xLL").unpack_from


class SnoopParser:
    """Finds the packets in blocks of a snoop file, after its 16-byte header."""

    name = "snoop"
    resolution_digits = 6
    other_records = 0

    key_logs: tuple[bytes, ...] = ()

    def __init__(self, header: bytes) -> None:
        self.link_type = LINK_TYPES.get(int.from_bytes(header[12:16], "big"), _UNDEFINED)
        self.problem = ""
        self.losses = LossCounter()

    def again(self, offset: int, /) -> tuple["SnoopParser", int]:
        """Return a parser that reads again from any record."""
        parser = SnoopParser(b"")
        parser.link_type = self.link_type
        return parser, offset

    def parse(self, data: bytes, at: int, file_offset: int, number: int, /) -> tuple[list[PacketBatch], int]:
        """Return the packets found in `data` from `at`, and where the first incomplete record begins."""
        batch = PacketBatch(data, file_offset, number, self.link_type, _LAYOUT, [], [])
        header, last = _LAYOUT.header, len(data)
        while at + header <= last:
            captured, record = _RECORD(data, at)
            if not header + captured <= record <= MAX_RECORD:
                self.problem = f"a packet record announces {counted(record, 'byte')}, {captured} of them captured"
                break
            if at + record > last:
                break
            batch.starts.append(at + header)
            batch.ends.append(at + header + captured)
            at += record
        if not batch.starts:
            return [], at
        self.losses.note(Losses(kernel=int.from_bytes(data[batch.starts[-1] - 12 : batch.starts[-1] - 8], "big")))
        return [batch], at
