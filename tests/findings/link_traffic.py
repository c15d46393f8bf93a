"""Retrievals, commitments and series of associations, for the rules on what belongs together."""

import struct

import build
from findings.traffic import COMMITMENT, SECOND, associate_ac, associate_rq, event_report_rsp, opened, released, role
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store

GET_CLASS = "1.2.840.10008.5.1.4.1.2.2.3"
GET = {0x0002: GET_CLASS, 0x0100: 0x0010, 0x0110: 1, 0x0700: 0, 0x0800: 1}
GOT = {0x0002: GET_CLASS, 0x0100: 0x8010, 0x0120: 1, 0x0800: 0x0101}
INSTANCE = "1.2.840.10008.1.20.1.1"


def asked_to_move(final: bytes, *, stores: int = 0, originator: str = "CLIENT", late: int = 0) -> list[build.Packet]:
    """A C-MOVE of this many objects that ends with this response: after the objects, or so long (ms) before them."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    if stores:
        delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50 + late)
        for number in range(1, stores + 1):
            store(delivery, originator, number=number)
        release(delivery)
    if not late:
        asking.wait(SECOND)
    asking.server(final)
    release(asking)
    return network.packets


def passed_on(final: bytes, inner: bytes, *, destination: str = "VIEWER", after: int = 50) -> list[build.Packet]:
    """A C-MOVE that the archive passes on to an older one, and how each ends."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    passed = network.associate(ARCHIVE, "10.0.0.4", "ARCHIVE", "OLD", MOVE_CLASS, after=after)
    passed.client(move_rq(destination=destination))
    passed.server(inner)
    release(passed)
    asking.wait(SECOND)
    asking.server(final)
    release(asking)
    return network.packets


def asked_for_itself(sent_to: str) -> list[build.Packet]:
    """A C-MOVE of an AE to itself, and its object on the way to this host."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq(destination="CLIENT"))
    delivery = network.associate(ARCHIVE, sent_to, "ARCHIVE", "CLIENT", CT, after=50)
    store(delivery, "CLIENT")
    release(delivery)
    asking.wait(SECOND)
    asking.server(move_rsp(0, completed=1))
    release(asking)
    return network.packets


def got(completed: int, failed: int, status: int, *, stores: int = 1, warning: int = 0) -> list[build.Packet]:
    """A C-GET of which so many objects are stored, and which counts this."""
    proposals = (build.proposal(1, GET_CLASS), build.proposal(3, CT))
    talk = opened(associate_rq(*proposals, more=(role(CT, 1, 1),)), associate_ac(more=(role(CT, 1, 1),)))
    talk.client(build.message(1, build.command_set(GET), build.element(0x00080052, b"STUDY ")))
    for number in range(1, stores + 1):
        talk.server(build.message(3, build.store_rq(number), build.pixels(16)))
        talk.client(build.message(3, build.store_rsp(number)))
    counters = {0x1021: completed, 0x1022: failed, 0x1023: warning}
    talk.server(build.message(1, build.command_set(GOT | {0x0900: status} | counters)))
    return released(talk)


def committed(*reports: bytes) -> list[build.Packet]:
    """A storage commitment and its reports on the same association (PS3.4 Annex J)."""
    talk = opened(build.associate_rq(build.proposal(1, COMMITMENT)), build.associate_ac())
    asked = {0x0003: COMMITMENT, 0x0100: 0x0130, 0x0110: 1, 0x0800: 1, 0x1001: INSTANCE, 0x1008: 1}
    talk.client(build.message(1, build.command_set(asked), transaction()))
    accepted = {0x0002: COMMITMENT, 0x0100: 0x8130, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0}
    talk.server(build.message(1, build.command_set(accepted)))
    for report in reports:
        talk.server(report)
        talk.client(event_report_rsp())
    return released(talk)


def report(failed: int) -> bytes:
    """N-EVENT-REPORT-RQ with this many instances in its Failed SOP Sequence."""
    values = {0x0002: COMMITMENT, 0x0100: 0x0100, 0x0110: 1, 0x0800: 1, 0x1000: INSTANCE}
    return build.message(1, build.command_set(values | {0x1002: 2 if failed else 1}), transaction(failed))


def transaction(failed: int = 0) -> bytes:
    """Transaction UID (0008,1195) and, for failures, Failed SOP Sequence (0008,1198), in implicit VR."""
    items = b"".join(_item(f"1.2.{number}") for number in range(10, 10 + failed))
    sequence = build.element(0x00081198, items) if failed else b""
    return build.element(0x00081195, b"1.2.3.4.5.6.7.80") + sequence


def _item(instance: str) -> bytes:
    reference = build.element(0x00081155, instance.encode() + b"\0" * (len(instance) % 2))
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(reference)) + reference


def sent_singly(count: int) -> list[build.Packet]:
    """Objects, each on an association of its own."""
    network = Network()
    for number in range(count):
        talk = network.associate(CLIENT, ARCHIVE, "CT1", "ARCHIVE", CT, after=1000 * number)
        store(talk, None)
        release(talk)
    return network.packets
