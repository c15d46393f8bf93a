"""What decoding hands on: TCP segments as plain tuples, and flows as bytes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from msgspec import Struct

from dicomsniff.capture.skip import Skip
from dicomsniff.span import PacketMark

Segment = tuple[int, int, int, bytes, int, int, int, int, bytes, int, int, int]
"""(packet number, time in ns, record's record_offset in the capture in bytes, flow, sequence number, acknowledgement
number, control, window, data, payload start, payload end, payload bytes the capture cut off).

The payload is `data[start:end]`; the TCP header lies before it. `control` is the header's 16-bit field: data offset
in 32-bit words, then flags. A plain tuple: a large capture makes a million of them."""

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
ENDS = FIN | SYN | RST
"""Flags of which a connection has none between its beginning and its end."""
CONTROL = ENDS | ACK
"""Flags that say what a segment is for: only ACK in nearly all."""

PAUSE = 20_000_000
"""Time (ns) between two segments with bytes from which on their sender paused: shorter than any delayed
acknowledgement (RFC 1122 §4.2.3.2: up to 500 ms; 40 ms in practice), longer than what a busy machine takes anyway."""


DOUBLED = 1_000_000
"""Time (ns) within which a segment that comes twice in a row was captured twice: no sender gives up waiting so soon."""

MAX_ADDRESSES = 1024
"""Addresses whose text is kept: of a capture with more of them, each is put into words anew."""


class RunPause(NamedTuple):
    """A pause between two packets that were only counted."""

    since: int
    until: int
    """When it was (ns since 1970)."""
    length: int
    """Payload bytes of the packet before it."""


class Answered(NamedTuple):
    """How far the other side has acknowledged a flow in packets that were only counted."""

    ack: int
    """Its last acknowledgement number."""
    last: int
    """The number of the packet that had it; 0 where none came since the flow was told of such."""
    in_flight: int
    """The most bytes that were sent and not acknowledged before one of them."""


class Answers(NamedTuple):
    """Packets of the other side that say nothing but how much of a flow they acknowledge, beyond the last one."""

    flow: bytes
    """The flow that they are of."""
    seq: int
    """Their sequence number."""
    room: int
    """A window below that must be looked at."""
    before: Answered
    """What was acknowledged before."""


NO_ANSWERS = Answers(b"", -1, 0, Answered(0, 0, 0))
"""Every packet of the other side must be looked at."""


SHORT = 10
"""Bytes of a payload that is kept even where it is only counted, if it is the last: an A-ABORT has so many."""


class Flow(Protocol):
    """One direction of a connection being followed, as far as decoding needs to know it."""

    flow: bytes
    """Addresses and ports, as on the wire."""
    expected: int
    """The sequence number of the segment that simply comes next; -1, which none has, while each must be looked at."""
    offset: int
    """Bytes of the stream handed on or counted so far."""
    last_packet: int
    """The number of the last packet."""
    passed_since: int
    """The number of the first packet that was only counted since the flow was told of such; 0 where none was."""
    copies: int
    """Packets that are only counted, and were captured twice, and are not reported yet."""
    last_copy: int
    """The number of the last of them."""
    skip: Skip | None
    """Which of the next bytes need not become segments; None where all must."""
    acked: int | None
    """The other side has acknowledged everything before this offset."""
    answered: Answered | None
    """What the other side acknowledged in packets that were only counted, and are not reported yet."""

    @property
    def latest_time(self) -> int:
        """When the last packet of its connection was captured (ns since 1970), of those it was told of."""

    def passed_over(
        self,
        since: int,
        time: int,
        record_offset: int,
        ack: int,
        window: int,
        lengths: tuple[int, int],
        pauses: Sequence[RunPause],
        short: bytes,
    ) -> None:
        """Update the stream after a run of packets whose payload was only counted.

        `since` is when the first of them was captured (ns since 1970); `time`, `record_offset`, `ack` and `window`
        are the last one's; `lengths` are the payload bytes of the first and of the last. No other packet of the
        connection was in one of the `pauses`. `short` is the payload of the last one, if it has SHORT bytes.
        """

    def answers(self) -> Answers:
        """Return which packets of the other side may be counted only, as those that are passed over are."""

    def took_answers(self, ack: int, last: PacketMark, in_flight: int) -> None:
        """Update the stream after such packets, the last of which acknowledged what is before `ack`.

        Before one of them, `in_flight` bytes at most were sent and not acknowledged.
        """

    def passed_copies(self, count: int, last: PacketMark) -> None:
        """Take note of packets among those just passed over that were captured twice."""


class Endpoint(Struct, frozen=True):
    """An IP address and a TCP port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def flow_ends(flow: bytes) -> tuple[Endpoint, Endpoint]:
    """Split a flow, which is source address, destination address, source port, destination port as on the wire."""
    width = (len(flow) - 4) // 2
    source, destination = flow[:width], flow[width : 2 * width]
    ports = flow[2 * width :]
    return (
        Endpoint(_address(source), int.from_bytes(ports[:2], "big")),
        Endpoint(_address(destination), int.from_bytes(ports[2:], "big")),
    )


@lru_cache(maxsize=MAX_ADDRESSES)
def _address(packed: bytes) -> str:
    if len(packed) == 4:
        return ".".join(map(str, packed))
    from ipaddress import ip_address  # loaded where there is IPv6

    return str(ip_address(packed))


def flow_between(source: Endpoint, target: Endpoint) -> bytes:
    """Return the flow of what `source` sends to `target`."""
    from ipaddress import ip_address

    addresses = ip_address(source.address).packed + ip_address(target.address).packed
    return addresses + source.port.to_bytes(2, "big") + target.port.to_bytes(2, "big")


def reverse_flow(flow: bytes) -> bytes:
    """Return the flow of the opposite direction."""
    width = (len(flow) - 4) // 2
    return flow[width : 2 * width] + flow[:width] + flow[-2:] + flow[-4:-2]


def one_way(flow: bytes) -> bytes:
    """Return the same for both flows of a connection."""
    return min(flow, reverse_flow(flow))


def alone(segment: Segment) -> Segment:
    """Return a segment with its TCP header that does not keep its whole batch in memory."""
    data, start, end = segment[8:11]
    header = (segment[6] >> 12) * 4
    return (*segment[:8], data[start - header : end], header, header + end - start, segment[11])


def both_flows(*flows: bytes) -> frozenset[bytes]:
    """Return the flows of both directions of connections, each given by one of its two."""
    return frozenset((*flows, *map(reverse_flow, flows)))


def syn_options(segment: Segment) -> tuple[int | None, int | None]:
    """Return the maximum segment size and the window scale that a SYN tells; None for what it does not.

    These are the options of RFC 9293 §3.7.1 and RFC 7323 §2.2.
    """
    header, data, start = (segment[6] >> 12) * 4, segment[8], segment[9]
    at, size, scale = start - header + 20, None, None
    while 0 <= at < start - 1:
        kind, length = data[at], data[at + 1]
        if kind == 2 and length == 4 and size is None and at + 4 <= start:
            size = data[at + 2] << 8 | data[at + 3]
        elif kind == 3 and length == 3 and scale is None and at + 3 <= start:
            scale = data[at + 2]
        elif kind == 0 or (kind != 1 and length < 2):
            break
        at += 1 if kind == 1 else length
    return size, scale
