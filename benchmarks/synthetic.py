"""C-STORE traffic without a network: parallel associations of CT, MR and multi-frame objects, written as made."""

from collections import deque
from collections.abc import Iterator

from expectation import Expectation, StoredObject
from objects import CT, KINDS, MULTI_FRAME_FROM, Kind, data_set_bytes, kind_of, make_object
from wire import (
    CLIENT,
    MSS,
    RELEASE_RP,
    RELEASE_RQ,
    SERVER,
    CaptureWriter,
    Connection,
    associate_ac,
    associate_rq,
    p_data,
    store_rq,
    store_rsp,
)

PARALLEL = 4
SHARE = 84_000_000
"""Bytes of one association in a large capture."""
SMALLEST_SHARE = 16
"""Objects in a small one, before objects get smaller instead."""
SEGMENTS_PER_ACK = 13
BURST = SEGMENTS_PER_ACK * MSS
ACKS_PER_TURN = 4
"""How much one association sends before the next one's packets: both much as between DCMTK's tools on one machine."""


def write_capture(
    path: str,
    size: int,
    writer: CaptureWriter | None = None,
    segment: int = MSS,
    connect: type[Connection] = Connection,
    burst: int = BURST,
) -> Expectation:
    """Write a capture of about `size` bytes in full segments of `segment` bytes.

    Objects shrink where it would hold too few of them. `writer` writes it where its frames are not plain Ethernet, and
    `connect` makes the connections where they are not plain TCP. About every `burst` bytes are acknowledged.
    """
    expected = Expectation("c-store")
    side = CT.side
    while side > 32 and size < PARALLEL * SMALLEST_SHARE * 2 * side * side:
        side //= 2
    count = max(PARALLEL, round(size / SHARE))
    with writer or CaptureWriter(path) as out:
        waiting = deque(
            Association(connect(out, number), out, expected, number, size // count, side, segment, burst).turns()
            for number in range(count)
        )
        running = deque(waiting.popleft() for _ in range(PARALLEL))
        while running:
            turn = running.popleft()
            if next(turn, None) is not None:
                running.append(turn)
            elif waiting:
                running.append(waiting.popleft())
        expected.packets = out.packets
    return expected


class Association:
    """One sender: a study of `share` bytes, object after object."""

    def __init__(
        self,
        connection: Connection,
        out: CaptureWriter,
        expected: Expectation,
        number: int,
        share: int,
        side: int,
        segment: int,
        burst: int,
    ) -> None:
        self._out, self._expected, self._number, self._share, self._side = out, expected, number, share, side
        self._segment, self._burst = segment, max(1, burst // segment) * segment
        self._connection = connection

    def turns(self) -> Iterator[bool]:
        """Send; yields whenever it is another association's turn."""
        connection, title = self._connection, f"BENCH{self._number}"
        connection.open()
        connection.send(CLIENT, associate_rq(title, [kind.sop_class for kind in KINDS]))
        yield True
        connection.send(SERVER, associate_ac(title, len(KINDS)))
        self._expected.associations += 1
        number = 0
        while connection.written < self._share:
            number += 1
            for _ in self._store(kind_of(number, multi_frame=self._share > MULTI_FRAME_FROM), number):
                yield True
        connection.send(CLIENT, RELEASE_RQ)
        connection.send(SERVER, RELEASE_RP)
        connection.close()

    def _store(self, kind: Kind, number: int) -> Iterator[None]:
        """Store one object; yields after each turn."""
        connection, context, message_id = self._connection, 1 + 2 * KINDS.index(kind), (number - 1) % 65535 + 1
        side = kind.side * self._side // CT.side
        ds = make_object(kind, self._number, number, side)
        data = data_set_bytes(ds)
        connection.send(CLIENT, store_rq(context, message_id, kind.sop_class, ds.SOPInstanceUID))
        stream = p_data(context, data)
        burst = self._burst
        for at in range(0, len(stream), burst):
            connection.send(CLIENT, stream[at : at + burst], self._segment)
            end = self._out.size
            connection.acknowledge(SERVER)
            if at // burst % ACKS_PER_TURN == ACKS_PER_TURN - 1:
                yield
        stored = StoredObject.of(ds.SOPInstanceUID, data)
        stored.end = end
        connection.send(SERVER, store_rsp(context, message_id, kind.sop_class, ds.SOPInstanceUID))
        connection.acknowledge(CLIENT)
        self._expected.objects.append(stored)
        self._expected.messages += 2
        self._expected.stored += 1
        yield
