"""A script of what two hosts send each other -> a capture of it, with what goes wrong on the way.

A step is `kind`, `how`, a length of two bytes (big endian) and that many bytes. `kind` has the side in bit 0; bit 1
loses the step's packets, 2 sends each twice, 3 swaps the last two, 4 cuts off what a short snaplen would, 5 ends the
side, 6 resets the connection, 7 is for a second connection, which the first one's acceptor opens to a third host.
`how` has in its low half how often the step comes again, in its high half how long it waits: 10 to the power of it ns.
"""

import struct
from collections.abc import Iterable, Iterator

LOST, TWICE, SWAPPED, CUT, ENDED, RESET, OTHER = 2, 4, 8, 16, 32, 64, 128
SEGMENT = 1460
"""Bytes of a step that go in one packet."""
MAX_PACKETS = 4000
"""Packets of a script; what would come after them does not."""
_HEADER = struct.Struct(">BBH")
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_HOSTS = (((b"\x0a\0\0\x01", 40001), (b"\x0a\0\0\x02", 104)), ((b"\x0a\0\0\x02", 40002), (b"\x0a\0\0\x03", 104)))


def step(side: int, data: bytes, *, kind: int = 0) -> bytes:
    """Return the step that sends up to 65535 bytes."""
    return _HEADER.pack(side | kind, 0, len(data)) + data


def steps(script: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the steps of a script, each as often as it says: kind, the time it waits before (ns), bytes."""
    at = 0
    while at + _HEADER.size <= len(script):
        kind, how, length = _HEADER.unpack_from(script, at)
        at += _HEADER.size
        data = script[at : at + length]
        at += len(data)
        pause = 10 ** (how >> 4) if how >> 4 else 0
        for _ in range(1 + how % 16):
            yield kind, pause, data


def make_capture(script: bytes) -> bytes:
    """Return the pcap (nanoseconds) of a script."""
    frames: list[tuple[int, bytes]] = []
    connections = [_Connection(hosts) for hosts in _HOSTS]
    time = 1_700_000_000_000_000_000
    for kind, pause, data in steps(script):
        time += pause
        new = connections[kind >> 7].frames(kind, data)
        frames += [] if kind & LOST else [(time + 1000 * number, frame) for number, frame in enumerate(new)]
        time += 1000 * len(new)
        if kind & SWAPPED and len(frames) > 1:
            (first, one), (second, other) = frames[-2:]
            frames[-2:] = [(first, other), (second, one)]
        if len(frames) > MAX_PACKETS:
            break
    return _pcap(frames[:MAX_PACKETS])


class _Connection:
    """One TCP connection; it opens with its first step."""

    def __init__(self, hosts: tuple[tuple[bytes, int], tuple[bytes, int]]) -> None:
        self._hosts = hosts
        self._next = [1000, 5000]
        self._open = False

    def frames(self, kind: int, data: bytes) -> list[bytes]:
        """Return the frames of a step."""
        side, frames = kind & 1, [] if self._open else self._handshake()
        for at in range(0, len(data), SEGMENT) or (0,):
            piece = data[at : at + SEGMENT]
            last = at + SEGMENT >= len(data)
            end = (_FIN if kind & ENDED else 0) | (_RST if kind & RESET else 0) if last else 0
            frame = self._frame(side, _ACK | end, piece)
            if kind & CUT:
                frame = frame[: max(len(frame) - len(piece) // 2, 54)]
            frames += [frame] * (2 if kind & TWICE else 1)
        return frames

    def _handshake(self) -> list[bytes]:
        self._open = True
        return [self._frame(side, flags, b"") for side, flags in ((0, _SYN), (1, _SYN | _ACK), (0, _ACK))]

    def _frame(self, side: int, flags: int, data: bytes) -> bytes:
        (source, source_port), (target, target_port) = self._hosts[side], self._hosts[1 - side]
        numbers = self._next[side], self._next[1 - side] if flags & _ACK else 0
        self._next[side] = (self._next[side] + len(data) + bool(flags & (_SYN | _FIN))) & 0xFFFFFFFF
        tcp = struct.pack(">HHLLBBHHH", source_port, target_port, *numbers, 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + source + target
        return bytes(12) + b"\x08\x00" + ip + tcp


def _pcap(frames: Iterable[tuple[int, bytes]]) -> bytes:
    parts = [b"\x4d\x3c\xb2\xa1" + struct.pack("<HHlLLL", 2, 4, 0, 0, 262144, 1)]
    for time, frame in frames:
        seconds, fraction = divmod(time, 1_000_000_000)
        parts += [struct.pack("<LLLL", seconds & 0xFFFFFFFF, fraction, len(frame), len(frame)), frame]
    return b"".join(parts)
