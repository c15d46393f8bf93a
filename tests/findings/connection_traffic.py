"""TCP connections that came to nothing, for the rules on them."""

import build
from findings.traffic import SECOND, echoed, established, released


def refused(
    count: int = 1, *, port: int = 104, target: str = "10.0.0.2", source: str = "10.0.0.1", start: int = 0
) -> list[build.Packet]:
    """Connections that are answered by RST, one every second."""
    packets = []
    for number in range(count):
        begun = build.START + start + number * SECOND
        talk = build.Talk(client=(source, 50_000 + number), server=(target, port), start=begun)
        talk.call()
        packets += talk.reset(1).packets
    return packets


def unanswered(*waits: int, port: int = 104) -> list[build.Packet]:
    """A SYN that is sent again after these times (ns), in vain."""
    talk = build.Talk(client=("10.0.0.1", 50_000), server=("10.0.0.2", port))
    talk.call()
    for wait in waits:
        talk.wait(wait)
        talk.packets.append(talk.packets[0]._replace(time=talk.time))
    return talk.packets


def beside_a_sound_one(packets: list[build.Packet]) -> list[build.Packet]:
    """Packets among those of an association from 10.0.0.1 to 10.0.0.2:104."""
    return sorted(packets + released(echoed(established())), key=lambda packet: packet.time)


def said_nothing(wait: int = 30 * SECOND, end: bytes = build.abort(2, 0)) -> list[build.Packet]:
    """A connection on which the opener says nothing until the other side gives up."""
    talk = build.Talk().open()
    talk.wait(wait)
    talk.server(end)
    return talk.close().packets
