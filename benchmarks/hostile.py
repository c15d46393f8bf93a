"""Captures that cost a careless reader memory or time beyond their size."""

from collections.abc import Callable

from expectation import Expectation, StoredObject
from objects import CT
from wire import (
    CLIENT,
    EXPLICIT_LITTLE,
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
    find_rq,
    find_rsp,
    p_data,
    store_rq,
    store_rsp,
)

BYTES_PER_ACK = 64
RESPONSES_PER_ACK = 10
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90")


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


def find_responses(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """One C-FIND with `count` pending responses, each with an identifier, and a final one."""
    connection = Connection(out, 1)
    _begin(connection, STUDY_ROOT_FIND)
    identifier = p_data(1, b"\x08\0\x52\0CS\6\0STUDY " + b"\x10\0\x20\0LO\6\0PAT001")
    connection.send(CLIENT, find_rq(1, 1, STUDY_ROOT_FIND) + identifier)
    for number in range(count):
        connection.send(SERVER, find_rsp(1, 1, STUDY_ROOT_FIND, pending=True) + identifier)
        if number % RESPONSES_PER_ACK == 0:
            connection.acknowledge(CLIENT)
    connection.send(SERVER, find_rsp(1, 1, STUDY_ROOT_FIND, pending=False))
    _end(connection)
    expected.associations, expected.messages = 1, count + 2


def many_contexts(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """`count` associations one after another, each with 128 contexts of its own UIDs and a C-ECHO."""
    for number in range(count):
        connection = Connection(out, number)
        _negotiate_all(connection, number)
        _echo(connection, 1)
        _end(connection)
    expected.associations, expected.messages = count, 2 * count


def open_contexts(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """The same, but all are open at the same time, and none ends."""
    connections = [Connection(out, number) for number in range(count)]
    for number, connection in enumerate(connections):
        _negotiate_all(connection, number)
    for connection in connections:
        _echo(connection, 1)
    expected.associations, expected.messages = count, 2 * count


def open_stores(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """`count` associations all open at the same time, each within a C-STORE that never ends; turn by turn."""
    connections = [Connection(out, number) for number in range(count)]
    for connection in connections:
        _begin(connection, CT.sop_class)
        connection.send(CLIENT, store_rq(1, 1, CT.sop_class, f"{UID_ROOT}.4.1.1"))
    announced = b"\xe0\x7f\x10\x00OW\0\0" + (1 << 20).to_bytes(4, "little")
    piece = p_data(1, announced + bytes(3000))
    piece = piece[:11] + b"\0" + piece[12:]  # not the last fragment
    for connection in connections:
        connection.send(CLIENT, piece)
    expected.associations, expected.messages = count, count


def other_protocols(out: CaptureWriter, count: int, expected: Expectation) -> None:
    """`count` connections of HTTP all open at the same time, after a first answer and a second one; none ends."""
    connections = [Connection(out, number) for number in range(count)]
    for connection in connections:
        connection.open()
    for _ in range(2):
        for connection in connections:
            connection.send(CLIENT, b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n")
            connection.send(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(1000))
    expected.associations = expected.messages = 0


HOSTILE: dict[str, tuple[Callable[[CaptureWriter, int, Expectation], None], int]] = {
    "short-associations": (short_associations, 100_000),
    "one-byte-segments": (one_byte_segments, 1_000_000),
    "many-messages": (many_messages, 1_000_000),
    "never-closed": (never_closed, 50_000),
    "find-responses": (find_responses, 500_000),
    "many-contexts": (many_contexts, 10_000),
    "open-contexts": (open_contexts, 10_000),
    "open-stores": (open_stores, 20_000),
    "other-protocols": (other_protocols, 50_000),
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


def _negotiate_all(connection: Connection, number: int) -> None:
    """Negotiate as many contexts as there can be, no two of all associations with the same abstract syntax."""
    connection.open()
    uids = [f"{UID_ROOT}.5.{number}.{context}" for context in range(127)]
    connection.send(CLIENT, associate_rq("HOSTILE", [VERIFICATION, *uids], [EXPLICIT_LITTLE, *SYNTAXES]))
    connection.send(SERVER, associate_ac("HOSTILE", 128))


def _echo(connection: Connection, message_id: int) -> None:
    connection.send(CLIENT, echo_rq(message_id))
    connection.send(SERVER, echo_rsp(message_id))


def _end(connection: Connection) -> None:
    connection.send(CLIENT, RELEASE_RQ)
    connection.send(SERVER, RELEASE_RP)
    connection.close()
