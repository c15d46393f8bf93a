"""Linux: packets from memory shared with the kernel (PACKET_RX_RING, version 3), a block of packets at a time.

The buffer is as large as is asked for, whatever `rmem_max` says, and costs no call for each packet. A block belongs to
the kernel until it is full, or BLOCK_MS have passed since its first packet; then it is ours until it is handed back.
"""

import mmap
import os
import socket
import struct
import time
from typing import NamedTuple

from dicomsniff.quantities import byte_size
from dicomsniff.sniffing import blocks
from dicomsniff.sniffing.movers import Counts, MoverError
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.sockets import Opened, open_sockets, section
from dicomsniff.sniffing.translation import Taken

BLOCK = 1 << 20
BLOCK_MS = 100
AT_A_TIME = 8
"""Blocks of an interface taken at a time."""
_LAST, _AT_MOST = 0.25, 1.0
"""Seconds after `stop` from which on a pause, and after which anything, is the end."""
_FRAME = 1 << 11
_SOL_PACKET = 263
_RX_RING, _STATISTICS, _VERSION, _RESERVE = 5, 6, 10, 12
_V3 = 2
_SO_RCVBUF = 8
_USER, _KERNEL = 1, 0
_VLAN_VALID, _VLAN_TPID_VALID = 0x10, 0x40
_OUTGOING = 4
_BLOCK_HEAD = struct.Struct("=LLLLL")
"""Version, offset of what is private, status, packets, offset of the first one."""
_PACKET_HEAD = struct.Struct("=LLLLLLHHLLH")
"""Offset of the next one, seconds, ns, captured, length, status, where the frame begins, network header, hash, VLAN."""
_ADDRESS_AT = 48
_KIND_AT = _ADDRESS_AT + 10
_STATUS = struct.Struct("=L")


class _Ring(NamedTuple):
    opened: Opened
    memory: mmap.mmap
    blocks: int


class PacketRing:
    """Captures through a ring for each interface."""

    name = "dicomsniff"
    writes_losses = tells_late = False
    tick = 1

    def __init__(self, plan: Plan) -> None:
        self._snap_length = plan.snap_length
        self._opened = open_sockets(plan)
        self._rings: list[_Ring] = []
        try:
            self._rings = [_make_ring(each, plan.kernel_buffer // len(self._opened)) for each in self._opened]
        except (OSError, ValueError) as error:
            self.close()
            raise MoverError(f"no ring of packets can be had: {error}") from None
        self.buffer = f"{byte_size(sum(ring.blocks for ring in self._rings) * BLOCK)} granted by the kernel"
        self._next = [0] * len(self._rings)
        self._losses = [Counts()] * len(self._rings)
        self._head = section(self._opened, plan, nanoseconds=True)
        self._stopped = 0.0
        self.is_over = False

    def files(self) -> list[int]:
        """Return the sockets."""
        return [ring.opened.socket.ins.fileno() for ring in self._rings]

    def take(self, most: int) -> Taken:
        """Return what is in the blocks that are ours by now."""
        head, self._head = self._head, Taken(b"", 0)
        parts: list[bytes] = [head.data] if head.data else []
        packets = 0
        for number, ring in enumerate(self._rings):
            for _ in range(min(ring.blocks, AT_A_TIME)):
                at = self._next[number] * BLOCK
                _, _, status, count, first = _BLOCK_HEAD.unpack_from(ring.memory, at)
                if not status & _USER or packets >= most:
                    break
                packets += self._add(parts, number, at + first, count, most - packets)
                _STATUS.pack_into(ring.memory, at + 8, _KERNEL)
                self._next[number] = (self._next[number] + 1) % ring.blocks
        for ring in self._rings:
            if error := ring.opened.socket.ins.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise MoverError(f"{ring.opened.name}: {os.strerror(error)}")
        if self._stopped:
            since = time.monotonic() - self._stopped
            self.is_over = since >= _AT_MOST or (since >= _LAST and not packets)
        return Taken(b"".join(parts), packets, head.heads)

    def losses(self) -> dict[int, Counts]:
        """Return the counts of each interface."""
        for number, ring in enumerate(self._rings):
            counted = ring.opened.socket.ins.getsockopt(_SOL_PACKET, _STATISTICS, 12)
            received, lost, _ = struct.unpack("=LLL", counted)  # asking sets them to nothing
            self._losses[number] += (received, lost, 0)
        return dict(enumerate(self._losses))

    def stop(self) -> None:
        """Go on until the kernel has handed over what it had."""
        self._stopped = self._stopped or time.monotonic()

    def close(self) -> None:
        """Let go of the interfaces."""
        for ring in self._rings:
            ring.memory.close()
        for each in self._opened:
            each.socket.close()

    def _add(self, parts: list[bytes], number: int, at: int, count: int, most: int) -> int:
        """Add what there is of `count` packets, the first one at a place; return how many are told of, of `most`."""
        ring = self._rings[number]
        memory, loopback = ring.memory, ring.opened.name == "lo"
        snap, unpack, packed = self._snap_length, _PACKET_HEAD.unpack_from, blocks.packet
        told = 0
        for _ in range(count):
            following, seconds, ns, captured, length, status, mac, _, _, vlan, tpid = unpack(memory, at)
            # The loopback interface shows each packet twice, as it leaves and as it comes in.
            if told < most and not (loopback and memory[at + _KIND_AT] == _OUTGOING):
                frame = memory[at + mac : at + mac + captured]
                if status & _VLAN_VALID:
                    kind = tpid if status & _VLAN_TPID_VALID else 0x8100
                    frame = frame[:12] + struct.pack(">HH", kind, vlan & 0xFFFF) + frame[12:]
                    length += 4
                parts.append(packed(number, seconds * 1_000_000_000 + ns, frame[:snap], length))
                told += 1
            at += following
        return told


def _make_ring(opened: Opened, size: int) -> _Ring:
    """Give a socket a ring of a size, or of half of it, and so on, where the kernel has no room."""
    system = opened.socket.ins
    system.setsockopt(_SOL_PACKET, _VERSION, _V3)
    system.setsockopt(_SOL_PACKET, _RESERVE, 4)  # room for a VLAN tag
    count = max(size // BLOCK, 2)
    while True:
        asked = struct.pack("=7L", BLOCK, count, _FRAME, BLOCK // _FRAME * count, BLOCK_MS, 0, 0)
        try:
            system.setsockopt(_SOL_PACKET, _RX_RING, asked)
            return _Ring(opened, mmap.mmap(system.fileno(), BLOCK * count), count)
        except OSError:
            if count <= 2:
                raise
            count //= 2
