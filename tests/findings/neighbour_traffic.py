"""Several associations between the same ends, for the rules on neighbours."""

import build
from findings.traffic import CT, SEARCH, associate_rq, role
from network import ARCHIVE, CLIENT, MOVE_CLASS, MS, VIEWER, Network, move_rq, move_rsp, release, store


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


def asked_again(*statuses: int, failed: int = 0) -> list[build.Packet]:
    """The same C-MOVE-RQ on an association each, ten seconds apart, answered with these statuses.

    A Success counts an object, and so many that `failed`.
    """
    network = Network()
    for number, status in enumerate(statuses):
        talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=10_000 * number)
        talk.client(move_rq())
        talk.server(move_rsp(status, completed=1, failed=failed) if not status else move_rsp(status))
        release(talk)
    return network.packets


def asked_by_name(asked: str, *, charset: bytes = b"ISO_IR 192") -> list[build.Packet]:
    """A query by a name in ISO_IR 100 that finds nothing, and one by Patient ID that finds Müller^Hans."""
    talk = Network().associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.STUDY_ROOT_FIND)
    set_of, level, name, patient = 0x00080005, 0x00080052, 0x00100010, 0x00100020
    found = "Müller^Hans".encode("utf-8" if charset == b"ISO_IR 192" else "latin-1")
    latin = {set_of: b"ISO_IR 100", level: b"STUDY "}
    said = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020}
    for number, keys in enumerate([{name: asked.encode("latin-1")}, {name: b"", patient: b"P7"}], start=1):
        talk.client(build.message(1, build.command_set(SEARCH | {0x0110: number}), _identifier(latin | keys)))
        if number == 2:
            match = _identifier({set_of: charset, level: b"STUDY ", name: found, patient: b"P7"})
            talk.server(build.message(1, build.command_set(said | {0x0120: 2, 0x0800: 1, 0x0900: 0xFF00}), match))
        talk.server(build.message(1, build.command_set(said | {0x0120: number, 0x0800: 0x0101, 0x0900: 0})))
    release(talk)
    return talk.packets


def _identifier(elements: dict[int, bytes]) -> bytes:
    return b"".join(build.element(tag, value + b" " * (len(value) % 2)) for tag, value in sorted(elements.items()))


def found_there(
    *,
    title: bytes = b"",
    availability: bytes = b"",
    completed: int | None = 0,
    delivers: bool = False,
    status: int | None = 0,
) -> list[build.Packet]:
    """A query whose match says where its study is, and a C-MOVE of that study to the same SCP.

    Without a status the requestor gives up.
    """
    network = Network()
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.STUDY_ROOT_FIND)
    level, study, patient = {0x00080052: b"STUDY "}, {0x0020000D: b"1.2.3\0"}, {0x00100020: b"P7"}
    where = {0x00080054: title} if title else {}
    where |= {0x00080056: availability} if availability else {}
    asked = dict.fromkeys((0x00080054, 0x00080056, 0x0020000D), b"")
    talk.client(build.message(1, build.command_set(SEARCH | {0x0110: 1}), _identifier(level | patient | asked)))
    said = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1}
    found = _identifier(level | patient | study | where)
    talk.server(build.message(1, build.command_set(said | {0x0800: 1, 0x0900: 0xFF00}), found))
    talk.server(build.message(1, build.command_set(said | {0x0800: 0x0101, 0x0900: 0})))
    release(talk)
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=1000)
    move = {0x0002: MOVE_CLASS, 0x0100: 0x0021, 0x0110: 7, 0x0600: "CLIENT", 0x0700: 0, 0x0800: 1}
    talk.client(build.message(1, build.command_set(move), _identifier(level | study)))
    if delivers:
        delivery = network.associate(ARCHIVE, CLIENT, "ARCHIVE", "CLIENT", CT, after=1010)
        store(delivery, "CLIENT")
        release(delivery)
        talk.wait(delivery.time - talk.time)
    if status is None:
        talk.wait(30_000 * MS)
        talk.client(build.abort())
        talk.close()
        return network.packets
    talk.server(move_rsp(status) if completed is None else move_rsp(status, completed=completed, failed=0, warning=0))
    release(talk)
    return network.packets


def two_programs(good: str, bad: str) -> list[build.Packet]:
    """An association that stores, answered by one program, and one that fails, answered by another one."""
    return several_programs((good, 0), (bad, 0xA700))


def several_programs(*programs: tuple[str, int] | tuple[str, int, str]) -> list[build.Packet]:
    """Associations that are answered by these programs, each of which stores with a status: name, status, UID."""
    network = Network()
    for number, (name, status, *uid) in enumerate(programs):
        talk = network.call(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", CT, after=1000 * number)
        told = ((0x51, (16384).to_bytes(4, "big")), (0x52, "".join(uid or ["1.2.3"]).encode()), (0x55, name.encode()))
        said = b"".join(build.item(kind, value) for kind, value in told)
        answer = {"user": build.item(0x50, said), "calling": "CLIENT", "called": "ARCHIVE"}
        talk.server(build.associate_ac(build.answer(1), **answer))
        store(talk, None, status=status, number=number + 1)
        release(talk)
    return network.packets


def waited_for_another(*, meanwhile: bool = False, answered: bool = True) -> list[build.Packet]:
    """A call that is answered 20 ms after the association before it is over; the acceptor takes a third `meanwhile`."""
    network = Network()
    first = network.associate(CLIENT, ARCHIVE, "FIRST", "ARCHIVE", build.VERIFICATION)
    second = network.call(VIEWER, ARCHIVE, "SECOND", "ARCHIVE", build.VERIFICATION, after=100)
    if meanwhile:
        release(network.associate(CLIENT, ARCHIVE, "THIRD", "ARCHIVE", build.VERIFICATION, after=2000))
    first.client(build.message(1, build.echo_rq()))
    first.wait(5_000 * MS)
    first.server(build.message(1, build.echo_rsp()))
    if not answered:
        second.wait(3_000 * MS)
        second.client(build.abort())
        second.close()
    release(first)
    if answered:
        second.wait(first.time - second.time + 20 * MS)
        second.server(build.associate_ac(build.answer(1), calling="SECOND", called="ARCHIVE"))
        release(second)
    return network.packets


def titles_exchanged(*, known: str = VIEWER, calling: str = "ARCHIVE", reason: int = 7, after: int = 2000,
                     back: bool = False, any_title: bool = False) -> list[build.Packet]:  # fmt: skip
    """A call that is refused, after one that the archive accepted from another host, or one in the other direction."""
    network = Network()
    if any_title:  # that of the call included
        echo_to = network.associate(known, ARCHIVE, "VIEWER", "CT1", build.VERIFICATION)
        echo_to.client(build.message(1, build.echo_rq()))
        echo_to.server(build.message(1, build.echo_rsp()))
        release(echo_to)
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


def slowed_down(*, beside: bool = True, usual: int = 40, late: int = 900) -> list[build.Packet]:
    """C-STOREs answered in 40 ms, but for five that take 900 ms, with a second association just then or long before."""
    network = Network()
    first = network.associate(CLIENT, ARCHIVE, "FIRST", "ARCHIVE", CT, after=20_000)
    begun = 0
    for number in range(1, 21):
        slow = 8 <= number < 13
        begun = begun or (first.time if slow else 0)
        first.client(build.message(1, build.store_rq(number, f"1.2.{number}"), build.pixels(16)))
        first.wait((late if slow else usual) * MS)
        first.server(build.message(1, build.store_rsp(number, 0, f"1.2.{number}")))
    release(first)
    second = network.talk(VIEWER, ARCHIVE)
    start = second.packets[0].time
    second.packets.clear()
    second.time = begun if beside else start
    second.open()
    second.client(build.associate_rq(build.proposal(1, build.VERIFICATION), calling="SECOND", called="ARCHIVE"))
    second.server(build.associate_ac(build.answer(1), calling="SECOND", called="ARCHIVE"))
    second.client(build.message(1, build.echo_rq()))
    second.wait(5 * late * MS)
    second.server(build.message(1, build.echo_rsp()))
    release(second)
    return network.packets
