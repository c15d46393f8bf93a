"""Packets that were only counted -> what their flows are told of them, once for a whole run (see skip.py).

Times are not worked out for every packet: within 20 ms, which nobody calls a pause, only the first and the last
matter, as in a longer run in which nothing else happens. Any other one is gone through once more, packet by packet, in
the order in which they were captured.
"""

import struct

from dicomsniff.capture.headers import Shape
from dicomsniff.capture.loops import turns
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
        if batch.time(last) - batch.time(first) >= PAUSE:
            _tell_in_turn(state, first, last, answered, batch, shape)
        else:
            _tell_at_once(state, first, last, answered, batch, shape)
        if state.copies:
            state.passed_copies(state.copies, batch.mark(state.last_copy))
            state.copies = 0
    passed.clear()


def _tell_at_once(
    state: Flow, first: int, last: int, answered: Answered | None, batch: PacketBatch, shape: Shape
) -> None:
    """Tell a flow of its packets between two, and of how they were answered."""
    _tell_data(state, first, last, batch, shape, [])
    if answered is not None:
        state.took_answers(answered.ack, batch.mark(answered.last), answered.in_flight)


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


def _tell_in_turn(
    state: Flow, first: int, last: int, answered: Answered | None, batch: PacketBatch, shape: Shape
) -> None:
    """Tell a flow of its packets between two, and of the answers to them, as if it had been told of each answer.

    What it has counted so far it is told anew.
    """
    flow, before, end = state.flow, batch.first_number, last
    answers = b""
    if answered is not None:
        answers, end = reverse_flow(flow), max(last, answered.last - before)
    found = turns(batch, shape, flow, answers, first, end, state.latest_time)
    if not found:
        _tell_at_once(state, first, last, answered, batch, shape)
        return
    state.offset -= sum([size for _, _, size, _, _ in found])
    for since, until, size, pauses, answer in found:
        if since >= 0:
            state.offset += size
            state.last_packet = until + before
            _tell_data(state, since, until, batch, shape, pauses)
        if answer >= 0:
            ack, _ = read_rest(batch.data, batch.starts[answer] + shape.tcp + 8)
            state.took_answers(ack, batch.mark(answer + before), state.offset - (state.acked or 0))


def _payload(shape: Shape, data: bytes, start: int) -> int:
    """Return the payload bytes of a frame of that shape."""
    _, length, _, _, _, control = shape.read(data, start + shape.at)
    return shape.counted + length - shape.tcp - (control >> 10 & 0x3C)
