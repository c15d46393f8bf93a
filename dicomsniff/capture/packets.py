"""What every source of packets hands on: batches of frames inside a block of bytes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from msgspec import Struct

from dicomsniff.capture.losses import LossCounter
from dicomsniff.span import PacketMark


class RecordLayout(Protocol):
    """How the packet records of a batch are laid out before their frames."""

    header: int
    """Bytes of a record before its frame."""

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970: the `header` bytes before it say so."""


class Noted(Struct, frozen=True, gc=False):
    """A packet of a batch that may be gone by now: less work to make than its mark, which `mark` works out."""

    number: int
    offset: int
    header: bytes
    layout: RecordLayout

    def mark(self) -> PacketMark:
        """Return the packet."""
        return PacketMark(self.number, self.layout.time(self.header, len(self.header)), self.offset)


class PacketBatch(NamedTuple):
    """Consecutive packets of one link type and layout, in capture order.

    The frame of packet number `first_number + i` is `data[starts[i]:ends[i]]`. A large capture has a million packets:
    nothing else is made of one before it is known to matter.
    """

    data: bytes
    file_offset: int
    """Where `data` begins in the capture, in bytes."""
    first_number: int
    """Packet number of the first one, from 1."""
    link_type: int
    layout: RecordLayout
    starts: list[int]
    ends: list[int]

    def __repr__(self) -> str:
        return f"<PacketBatch of {len(self.starts)} packets from number {self.first_number} on>"

    def time(self, index: int) -> int:
        """Return when packet `first_number + index` was captured, in ns since 1970."""
        return self.layout.time(self.data, self.starts[index])

    def mark(self, number: int) -> PacketMark:
        """Return the packet with that number."""
        start = self.starts[number - self.first_number]
        return PacketMark(number, self.layout.time(self.data, start), self.file_offset + start - self.layout.header)

    def noted(self, packets: Iterable["int | Noted | PacketMark"]) -> list["Noted | PacketMark"]:
        """Return packets, those known by number as they can be told without the batch."""
        data, starts, first, layout, header = self.data, self.starts, self.first_number, self.layout, self.layout.header
        before = self.file_offset - header
        return [
            Noted(each, before + (start := starts[each - first]), data[start - header : start], layout)
            if isinstance(each, int)
            else each
            for each in packets
        ]


class TimedLayout:
    """Frames behind their times (ns since 1970, 8 bytes): packets that come from no file."""

    header = 8

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970."""
        return int.from_bytes(data[start - 8 : start], "big", signed=True)


def timed_batch(packets: Iterable[tuple[int, bytes]], number: int, link_type: int) -> PacketBatch:
    """Return frames, each with its time (ns since 1970), as a batch that begins with packet `number`.

    Such packets have no place in a file: what is found in them cannot be reread.
    """
    data, starts, ends = bytearray(), [], []
    for time, frame in packets:
        data += time.to_bytes(8, "big", signed=True)
        starts.append(len(data))
        data += frame
        ends.append(len(data))
    return PacketBatch(bytes(data), 0, number, link_type, TimedLayout(), starts, ends)


def empty_batch(number: int, file_offset: int = 0) -> PacketBatch:
    """Return a batch without packets, of which the next one would have had a number: nothing has come for now."""
    return PacketBatch(b"", file_offset, number, 0, TimedLayout(), [], [])


class PacketSource(Protocol):
    """Where packets come from: a file, a pipe, an interface."""

    @property
    def truncated(self) -> str:
        """Why reading stopped before the end; empty where it did not."""

    @property
    def is_live(self) -> bool:
        """Whether there is no end until somebody stops it."""

    @property
    def name(self) -> str:
        """What the user knows it by."""

    @property
    def is_file(self) -> bool:
        """Whether that is a file's name: people name captures after patients."""

    @property
    def format(self) -> str:
        """The format its packets are kept in: `pcap` or `pcapng`."""

    @property
    def resolution_digits(self) -> int:
        """Digits after the second that its clock has."""

    @property
    def losses(self) -> LossCounter:
        """What was lost while it was captured, as far as it tells, and was read."""

    @property
    def size(self) -> int | None:
        """Its bytes, where that is known beforehand."""

    @property
    def position(self) -> int:
        """Bytes read so far."""

    def pop_notices(self) -> list[str]:
        """Hand over what happened to the capture since the last time, for the user to know: lines of text."""

    def batches(self) -> Iterator[PacketBatch]:
        """Read it through, once; a live source yields batches without packets while nothing comes."""

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs found beside the packets since the last time, for batches handed on since."""

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`."""

    def again(self) -> "PacketSource | None":
        """Open it once more, to be read from its start; None where it is a pipe, or has no end yet."""

    def close(self) -> None:
        """Let go of it."""


class Keeping(Struct, frozen=True):
    """Where what is captured is kept as it comes."""

    files: tuple[str, ...]
    """The files that whoever captures asked for, the latest last; none where it is kept in a temporary one."""
    size: int
    """The bytes that are kept by now."""
    most: int = 0
    """The bytes that are kept at most, the latest ones; 0 where that is not bounded."""
    gone: int = 0
    """How many packets were captured before those that are kept."""


class LiveSource(PacketSource, Protocol):
    """A source without an end of its own."""

    def stop(self) -> None:
        """Let `batches` come to an end."""


class CaptureError(Exception):
    """What the user asked to read cannot be read; the message says why and what to do.

    `wrong_call`: what was asked for can never work, such as a capture filter with a mistake in it.
    """

    def __init__(self, message: str, *, wrong_call: bool = False) -> None:
        super().__init__(message)
        self.wrong_call = wrong_call


class NothingYetError(CaptureError):
    """There is less than the header of a capture, so far."""


class IncompleteError(CaptureError):
    """What was asked for would not be all that the capture holds; the message says why, and the way around."""
