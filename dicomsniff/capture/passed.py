"""Packets that were only counted -> what their flows are told of them, once for a whole run (see skip.py).

Times are not worked out for every packet: within 20 ms, which nobody calls a pause, only the first and the last
matter, as in a longer run in which nothing else happens. Any other one is gone through once more, packet by packet, in
the order in which they were captured.
"""

import struct
from collections.abc import Iterator

from dicomsniff.capture.headers import Shape
from dicomsniff.capture.loops import is_steady
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import PAUSE, SHORT, Answered, Flow, RunPause, reverse_flow

read_rest = struct.Struct(">L2xH").unpack_from
"""Acknowledgement number and window, from byte 8 of a TCP header."""


def tell(passed: list[Flow], batch: PacketBatch, shape: Shape) -> None:
    """Tell flows of the packets that were passed over, all of one shape, since they were told last."""
    for state in passed:
        first, last = state.passed_since - batch.first_number, state.last_packet - batch.first_number
        state.passed_since = 0
        answered, state.answered = state.answered, None
        if batch.time(last) - batch.time(first) < PAUSE or _is_steady(state, first, last, answered, batch, shape):
            _tell_data(state, first, last, batch, shape, [])
            if answered is not None:
                state.took_answers(answered.ack, batch.mark(answered.last), answered.in_flight)
        elif answered is None:
            _tell_data(state, first, last, batch, shape, _find_pauses(state.flow, first, last, batch, shape))
        else:
            _tell_in_turn(state, first, max(last, answered.last - batch.first_number), batch, shape)
        if state.copies:
            state.passed_copies(state.copies, batch.mark(state.last_copy))
            state.copies = 0
    passed.clear()


def _is_steady(state: Flow, first: int, last: int, answered: Answered | None, batch: PacketBatch, shape: Shape) -> bool:
    """Whether of packets that were passed over only the first and the last matter, though it is long between them."""
    if batch.time(first) < state.latest_time:
        return False
    last = last if answered is None else max(last, answered.last - batch.first_number)
    return is_steady(batch, shape, state.flow, reverse_flow(state.flow), first, last)


def _tell_data(state: Flow, first: int, last: int, batch: PacketBatch, shape: Shape, pauses: list[RunPause]) -> None:
    """Tell a flow of its packets between two, of which it is the only one of its connection that sent any."""
    data, start = batch.data, batch.starts[last]
    ack, window = read_rest(data, start + shape.tcp + 8)
    mark = batch.mark(last + batch.first_number)
    time, place = mark.time, mark.offset
    length = _payload(shape, data, start)
    since, before = (time, length) if first == last else (batch.time(first), _payload(shape, data, batch.starts[first]))
    short, end = b"", start + shape.counted + shape.read(data, start + shape.at)[1]
    if length == SHORT and end <= batch.ends[last]:
        short = data[end - SHORT : end]
    state.passed_over(since, time, place, ack, window, (before, length), pauses, short)


def _tell_in_turn(state: Flow, first: int, last: int, batch: PacketBatch, shape: Shape) -> None:
    """Tell a flow of its packets between two, and of the answers between them, as if it had been told of each answer.

    What it has counted so far it is told anew.
    """
    reached, last_packet = state.offset, state.last_packet
    packets = list(_packets(state, first, last, batch, shape))
    state.offset -= sum([length for _, is_data, length in packets if is_data])
    since = until = -1
    for index, is_data, length in packets:
        if is_data:
            since, until = (index if since < 0 else since), index
            state.offset += length
            continue
        if since >= 0:
            state.last_packet = until + batch.first_number
            _tell_data(state, since, until, batch, shape, _find_pauses(state.flow, since, until, batch, shape))
            since = -1
        ack, _ = read_rest(batch.data, batch.starts[index] + shape.tcp + 8)
        state.took_answers(ack, batch.mark(index + batch.first_number), state.offset - (state.acked or 0))
    state.offset, state.last_packet = reached, last_packet
    if since >= 0:
        _tell_data(state, since, until, batch, shape, _find_pauses(state.flow, since, until, batch, shape))


def _packets(state: Flow, first: int, last: int, batch: PacketBatch, shape: Shape) -> Iterator[tuple[int, bool, int]]:
    """Yield the packets of a flow and their answers: the index, whether it is one of the flow, its payload bytes."""
    answers, copied = reverse_flow(state.flow), -1
    for index in range(first, last + 1):
        start = batch.starts[index]
        _, _, _, of, seq, _ = shape.read(batch.data, start + shape.at)
        if of == state.flow and seq != copied:
            copied = seq
            yield index, True, _payload(shape, batch.data, start)
        elif of == answers:
            yield index, False, 0


def _find_pauses(flow: bytes, first: int, last: int, batch: PacketBatch, shape: Shape) -> list[RunPause]:
    """Look through the packets of a flow that were passed over for pauses between them."""
    pauses: list[RunPause] = []
    data, before, since, copied = batch.data, batch.starts[first], batch.time(first), -1
    for index in range(first, last + 1):
        start = batch.starts[index]
        _, _, _, of, seq, _ = shape.read(data, start + shape.at)
        if of == flow and seq != copied:
            copied, time = seq, batch.time(index)
            if time - since >= PAUSE:
                pauses.append(RunPause(since, time, _payload(shape, data, before)))
            before, since = start, time
    return pauses


def _payload(shape: Shape, data: bytes, start: int) -> int:
    """Return the payload bytes of a frame of that shape."""
    _, length, _, _, _, control = shape.read(data, start + shape.at)
    return shape.counted + length - shape.tcp - (control >> 10 & 0x3C)
