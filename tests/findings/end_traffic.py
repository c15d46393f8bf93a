"""Associations that one side closes and the other one aborts."""

import build
from findings.traffic import SECOND, established


def closed_and_aborted(closer: int, aborter: int, *, aborts_first: bool = False) -> list[build.Packet]:
    """One side (0 is the requestor) closes its direction of TCP, and the other one aborts later, or before."""
    talk = established()
    send = (talk.client, talk.server)[aborter]
    if not aborts_first:
        talk.finish(closer)
        talk.wait(30 * SECOND)
    send(build.abort(2, 0))
    if aborts_first:
        talk.finish(closer)
    talk.finish(aborter)
    return talk.packets
