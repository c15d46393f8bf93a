"""Short associations of which hardly two are alike: 400 peers, C-ECHOs, C-STOREs and C-FINDs under any Message ID."""

import random

import wire
from expectation import Expectation
from wire import CLIENT, SERVER, CaptureWriter, Connection, command_set, p_data

PEERS = 400
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
CT, FIND = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.2.2.1"
_NO_DATA, _DATA = 0x0101, 0
_PIXELS = b"\xe0\x7f\x10\x00OW\0\0" + (8192).to_bytes(4, "little") + bytes(8192)
_RESET = 0.15
"""The share of connections that the requestor resets, once the release is answered."""


def mixed_associations(path: str, count: int) -> Expectation:
    """Write `count` associations, one after another."""
    expected = Expectation("mixed")
    with CaptureWriter(path) as out:
        chance = random.Random(7)
        for number in range(count):
            _Association(Connection(out, number), number, chance, expected).talk()
        expected.packets = out.packets
    expected.associations = count
    return expected


class _Association:
    """One of them."""

    def __init__(self, connection: Connection, number: int, chance: random.Random, expected: Expectation) -> None:
        self._connection, self._number, self._chance, self._expected = connection, number, chance, expected

    def talk(self) -> None:
        """Negotiate, exchange something, end."""
        chance, connection = self._chance, self._connection
        say, classes = chance.choices(
            ((self._echo, [wire.VERIFICATION]), (self._store, [CT, wire.VERIFICATION, FIND]), (self._find, [FIND])),
            (8, 7, 5),
        )[0]
        syntaxes = chance.choice(((wire.EXPLICIT_LITTLE,), (wire.EXPLICIT_LITTLE, IMPLICIT_LITTLE)))
        title = f"PEER{chance.randrange(PEERS)}"
        connection.open()
        connection.send(CLIENT, wire.associate_rq(title, classes, syntaxes))
        connection.send(SERVER, wire.associate_ac(title, len(classes)))
        say(chance.randrange(1, 60_000))
        connection.send(CLIENT, wire.RELEASE_RQ)
        connection.send(SERVER, wire.RELEASE_RP)
        if chance.random() < _RESET:
            connection.reset()
        else:
            connection.close()

    def _echo(self, message_id: int) -> None:
        self._send(CLIENT, wire.echo_rq(message_id))
        self._send(SERVER, wire.echo_rsp(message_id))

    def _store(self, message_id: int) -> None:
        """Store up to five small objects."""
        for count in range(self._chance.choice((1, 1, 1, 2, 5))):
            instance = f"{wire.UID_ROOT}.5.{self._number}.{count}"
            asked = {0x0002: CT, 0x0100: 1, 0x0110: message_id + count, 0x0700: 0, 0x0800: _DATA, 0x1000: instance}
            data = _element(8, 0x16, "UI", CT) + _element(8, 0x18, "UI", instance) + _element(8, 0x60, "CS", "CT")
            data += _element(0x10, 0x20, "LO", f"ID{self._number}") + _element(0x20, 0x0D, "UI", f"{instance}.1")
            self._send(CLIENT, _command(asked) + p_data(1, data + _PIXELS))
            self._connection.acknowledge(SERVER)
            self._send(SERVER, wire.store_rsp(1, message_id + count, CT, instance))
            self._expected.stored += 1

    def _find(self, message_id: int) -> None:
        """Ask for studies, and get up to three."""
        keys = _element(8, 0x52, "CS", "STUDY") + _element(0x10, 0x20, "LO", f"ID{self._number}")
        asked = {0x0002: FIND, 0x0100: 0x20, 0x0110: message_id, 0x0700: 0, 0x0800: _DATA}
        self._send(CLIENT, _command(asked) + p_data(1, keys + _element(0x20, 0x0D, "UI", "")))
        answer = {0x0002: FIND, 0x0100: 0x8020, 0x0120: message_id}
        for count in range(self._chance.randrange(4)):
            found = keys + _element(0x20, 0x0D, "UI", f"1.2.3.{self._number}.{count}")
            self._send(SERVER, _command(answer | {0x0800: _DATA, 0x0900: 0xFF00}) + p_data(1, found))
        self._send(SERVER, _command(answer | {0x0800: _NO_DATA, 0x0900: 0}))

    def _send(self, side: int, message: bytes) -> None:
        self._connection.send(side, message)
        self._expected.messages += 1


def _command(values: dict[int, int | str]) -> bytes:
    return p_data(1, command_set(values), command=True)


def _element(group: int, number: int, vr: str, value: str) -> bytes:
    raw = value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    tag = group.to_bytes(2, "little") + number.to_bytes(2, "little")
    return tag + vr.encode() + len(raw).to_bytes(2, "little") + raw
