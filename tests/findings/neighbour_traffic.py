"""Several associations between the same ends, for the rules on neighbours."""

import build
from findings.traffic import CT, SEARCH, associate_rq, role
from network import ARCHIVE, CLIENT, VIEWER, Network, release


def echo(network: Network, calling: str = "CLIENT", *, after: int = 0) -> None:
    talk = network.associate(CLIENT, ARCHIVE, calling, "ARCHIVE", build.VERIFICATION, after=after)
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp()))
    release(talk)


def search_aborted(network: Network, calling: str = "CLIENT", *, after: int = 0) -> None:
    """A C-FIND that is aborted before its identifier is there."""
    talk = network.associate(CLIENT, ARCHIVE, calling, "ARCHIVE", build.STUDY_ROOT_FIND, after=after)
    talk.client(build.command_pdu(1, build.command_set(SEARCH)))
    talk.server(build.abort())
    talk.close()


def echoed_and_aborted(calling: str = "CLIENT") -> list[build.Packet]:
    network = Network()
    echo(network)
    search_aborted(network, calling, after=1000)
    return network.packets


def called(network: Network, *more: bytes, after: int, answer: bytes, calling: str = "CLIENT") -> build.Talk:
    talk = network.talk(CLIENT, ARCHIVE, after=after)
    talk.client(associate_rq(build.proposal(1), more=more, calling=calling, called="ARCHIVE"))
    talk.server(answer)
    return talk


def refused_with_role(*, also_without: bool = True) -> list[build.Packet]:
    """A call with role selection that is refused, and the same one without that is not."""
    network = Network()
    more = () if also_without else (role(CT, 0, 1),)
    release(called(network, *more, after=0, answer=build.associate_ac(calling="CLIENT", called="ARCHIVE")))
    called(network, role(CT, 0, 1), after=1000, answer=build.associate_rj(1, 1, 1)).close()
    return network.packets


def limit_reached(*, closed: bool = False) -> list[build.Packet]:
    """Three aborts after which the connection is or is not closed, then a refusal for the local limit."""
    network = Network()
    for number in range(3):
        talk = called(network, after=1000 * number, answer=build.associate_ac(calling="CLIENT", called="ARCHIVE"))
        talk.client(build.abort())
        if closed:
            talk.close()
    called(network, after=5000, answer=build.associate_rj(2, 3, 2)).close()
    return network.packets


def tried(*starts: int) -> list[build.Packet]:
    """Calls at these times (ms) that are all refused."""
    network = Network()
    for start in starts:
        called(network, after=start, answer=build.associate_rj()).close()
    return network.packets


def searched_twice(*, less: bool = True) -> list[build.Packet]:
    """A query that matches nothing, and one, with a key `less` than it has, that matches something."""
    network = Network()
    level, patient, date = ((0x00080052, b"STUDY "), (0x00100020, b"P7"), (0x00080020, b"20240101"))
    for number, keys in enumerate([(level, patient, date), (level, patient) if less else (level, patient, date)]):
        talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.STUDY_ROOT_FIND, after=1000 * number)
        asked = b"".join(build.element(*key) for key in sorted((*keys, (0x0020000D, b""))))
        talk.client(build.message(1, build.command_set(SEARCH), asked))
        said = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1}
        if number:
            match = b"".join(build.element(*key) for key in sorted((*keys, (0x0020000D, b"1.2\0"))))
            talk.server(build.message(1, build.command_set(said | {0x0800: 1, 0x0900: 0xFF00}), match))
        talk.server(build.message(1, build.command_set(said | {0x0800: 0x0101, 0x0900: 0})))
        release(talk)
    return network.packets


def titles_exchanged(*, known: str = VIEWER, calling: str = "ARCHIVE", reason: int = 7, after: int = 2000,
                     back: bool = False) -> list[build.Packet]:  # fmt: skip
    """A call that is refused, after one that the archive accepted from another host, or one in the other direction."""
    network = Network()
    if back:
        good = network.associate(ARCHIVE, CLIENT, "ARCHIVE", "CT1", build.VERIFICATION)
    else:
        good = network.associate(known, ARCHIVE, "VIEWER", "ARCHIVE", build.VERIFICATION)
    good.client(build.message(1, build.echo_rq()))
    good.server(build.message(1, build.echo_rsp()))
    release(good)
    bad = network.call(CLIENT, ARCHIVE, calling, "CT1", CT, after=after)
    bad.server(build.associate_rj(1, 1, reason))
    bad.end(1)
    return network.packets
