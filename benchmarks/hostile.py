"""Captures that cost a careless reader memory or time beyond their size."""

from collections.abc import Callable

from expectation import Expectation, StoredObject
from objects import CT
from wire import (
    CLIENT,
    RELEASE_RP,
    RELEASE_RQ,
    SERVER,
    UID_ROOT,
    VERIFICATION,
    CaptureWriter,
    Connection,
    associate_ac,
    associate_rq,
    echo_rq,
    echo_rsp,
    p_data,
    store_rq,
    store_rsp,
)

BYTES_PER_ACK = 64


def short_associations(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """`count` associations one after another, each with one C-ECHO."""
    for number in range(count):
        connection = Connection(out, number)
        _begin(connection, VERIFICATION)
        _echo(connection, 1)
        _end(connection)
    expected.associations, expected.messages = count, 2 * count


def one_byte_segments(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """One C-STORE whose data set's PDUs come as `count` segments of one byte, or a few more."""
    instance = f"{UID_ROOT}.4.1.1"
    head = b"\x08\x00\x18\x00UI" + len(instance + "\0" * (len(instance) % 2)).to_bytes(2, "little") + instance.encode()
    head += b"\0" * (len(instance) % 2)
    pixels = bytes(max(0, count - len(head) - 12) // 2 * 2)
    data = head + b"\xe0\x7f\x10\x00OW\0\0" + len(pixels).to_bytes(4, "little") + pixels
    connection = Connection(out, 1)
    _begin(connection, CT.sop_class)
    connection.send(CLIENT, store_rq(1, 1, CT.sop_class, instance))
    stream = p_data(1, data)
    for at in range(0, len(stream), BYTES_PER_ACK):
        connection.send(CLIENT, stream[at : at + BYTES_PER_ACK], size=1)
        connection.acknowledge(SERVER)
    connection.send(SERVER, store_rsp(1, 1, CT.sop_class, instance))
    _end(connection)
    expected.associations, expected.messages, expected.stored = 1, 2, 1
    expected.objects.append(StoredObject.of(instance, data))


def many_messages(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """One association with `count` messages, in pairs of C-ECHO-RQ and -RSP."""
    connection = Connection(out, 1)
    _begin(connection, VERIFICATION)
    for number in range((count + 1) // 2):
        _echo(connection, number % 65535 + 1)
    _end(connection)
    expected.associations, expected.messages = 1, (count + 1) // 2 * 2


def never_closed(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """`count` associations all open at the same time, each with one C-ECHO once all are; none ends."""
    connections = [Connection(out, number) for number in range(count)]
    for connection in connections:
        _begin(connection, VERIFICATION)
    for connection in connections:
        _echo(connection, 1)
    expected.associations, expected.messages = count, 2 * count


HOSTILE: dict[str, tuple[Callable[[CaptureWriter, int, Expectation], None], int]] = {
    "short-associations": (short_associations, 100_000),
    "one-byte-segments": (one_byte_segments, 1_000_000),
    "many-messages": (many_messages, 1_000_000),
    "never-closed": (never_closed, 50_000),
}
"""By name: what writes it, and how many the project promises to stand."""


def write_hostile(path: str, kind: str, count: int | None) -> Expectation:
    """Write a hostile capture of `count` whatever its kind counts."""
    write, promised = HOSTILE[kind]
    expected = Expectation(kind)
    with CaptureWriter(path) as out:
        write(out, promised if count is None else count, expected)
        expected.packets = out.packets
    return expected


def _begin(connection: Connection, abstract_syntax: str) -> None:
    connection.open()
    connection.send(CLIENT, associate_rq("HOSTILE", [abstract_syntax]))
    connection.send(SERVER, associate_ac("HOSTILE", 1))


def _echo(connection: Connection, message_id: int) -> None:
    connection.send(CLIENT, echo_rq(message_id))
    connection.send(SERVER, echo_rsp(message_id))


def _end(connection: Connection) -> None:
    connection.send(CLIENT, RELEASE_RQ)
    connection.send(SERVER, RELEASE_RP)
    connection.close()
