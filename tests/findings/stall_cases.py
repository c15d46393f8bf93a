"""For every rule on transfers that stand still the smallest traffic that raises it, and some that just does not."""

from collections.abc import Callable
from itertools import pairwise

import build
from findings.traffic import SECOND, associate_ac, associate_rq, established, opened, patched, role

STORE = build.message(3, build.store_rq(), build.pixels(5000))
CT = build.CT_IMAGE_STORAGE
GET = "1.2.840.10008.5.1.4.1.2.2.3"

Ending = Callable[[build.Talk], build.Talk]


def stopped(end: Ending, *, sender: int = 0, sent: int = 3000, wait: int = 10 * SECOND) -> build.Talk:
    """A sender gets `sent` bytes of a C-STORE-RQ through, all acknowledged; after a while something ends it all."""
    talk = getting() if sender else established()
    (talk.server if sender else talk.client)(STORE[:sent])
    talk.acknowledge(1 - sender)
    talk.wait(wait)
    return end(talk)


def getting() -> build.Talk:
    """A C-GET, whose sub-operations the acceptor is about to send."""
    proposals, roles = (build.proposal(1, GET), build.proposal(3, CT)), (role(CT, 0, 1),)
    talk = opened(associate_rq(*proposals, more=roles), associate_ac(build.answer(1), build.answer(3), more=roles))
    values = {0x0002: GET, 0x0100: 0x0010, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    talk.client(build.message(1, build.command_set(values), build.element(0x00080052, b"STUDY ")))
    return talk


def with_closed_window(talk: build.Talk) -> list[build.Frame]:
    """Frames of packets, of which the one before the long silence announces a window of zero."""
    packets, frames = talk.packets, build.frames(talk.packets)
    last = next(number for number, (each, following) in enumerate(pairwise(packets))
                if following.time - each.time > SECOND)  # fmt: skip
    time, frame = frames[last]
    frames[last] = time, patched(frame, 14 + 20 + 14, b"\0\0")
    return frames


def sent_in_vain(*, acknowledged: bool) -> list[build.Packet]:
    talk = established()
    talk.client(STORE[:1000])
    talk.acknowledge(1)
    (packet,) = talk.client(STORE[1000:2000])
    for _ in range(3):
        talk.wait(SECOND)
        talk.packets.append(packet._replace(time=talk.time))
    if acknowledged:
        talk.acknowledge(1)
    talk.wait(SECOND)
    return talk.reset(0).packets


def probes(talk: build.Talk, side: int, tries: int, every: int) -> build.Talk:
    """One side asks so many times whether the other is there."""
    for _ in range(tries):
        probe = talk.acknowledge(side)
        talk.packets[-1] = probe._replace(seq=(probe.seq - 1) & 0xFFFFFFFF)
        talk.wait(every)
    return talk


def asked_in_vain(tries: int, *, side: int = 0, answered: bool = False) -> list[build.Packet]:
    """After a long silence one side asks by keep-alives whether the other is still there, and then resets."""
    talk = established()
    talk.acknowledge(0)
    talk.wait(7200 * SECOND)
    for number in range(tries):
        probe = talk.acknowledge(side)
        talk.packets[-1] = probe._replace(seq=(probe.seq - 1) & 0xFFFFFFFF, data=b"\0" * (number % 2))
        if answered:
            talk.acknowledge(1 - side)
        talk.wait(75 * SECOND)
    return talk.reset(side).packets


CASES: dict[str, tuple[Callable[[], list[build.Packet] | list[build.Frame]], Callable[[], list[build.Packet]]]] = {
    "receiver-stopped-reading": (
        lambda: with_closed_window(stopped(lambda talk: talk.reset(0))),
        lambda: stopped(lambda talk: talk.reset(0)).packets,
    ),
    "sender-stopped": (
        lambda: stopped(lambda talk: talk.reset(1)).packets,
        lambda: stopped(lambda talk: talk.reset(1), wait=SECOND // 10).packets,
    ),
    "bytes-never-acknowledged": (
        lambda: sent_in_vain(acknowledged=False),
        lambda: sent_in_vain(acknowledged=True),
    ),
    "keep-alives-unanswered": (
        lambda: asked_in_vain(9),
        lambda: asked_in_vain(9, answered=True),
    ),
}
