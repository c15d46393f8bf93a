"""The kinds of traffic that captures hold: the same C-STOREs framed in every way, and what else goes over a network."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from expectation import Expectation
from mixed import mixed_associations
from synthetic import write_capture
from wire import CLIENT, MSS, SERVER, CaptureWriter, Connection, Framing

from hostile import HOSTILE, write_hostile

MB = 1_000_000
STORED = 213 * MB
"""Bytes of C-STORE traffic that is framed in every way."""
HUGE_SEGMENT = 65_160
"""Bytes of a segment as an interface hands it over that cuts or joins segments itself (45 of 1,448 bytes)."""
HTTP_PORT = 80
LATE = 3
"""How many frames later one comes that the network held up."""
_IPV6 = b"\xfd\x00\x02\xff" + bytes(8)
"""Before an IPv4 address it makes an IPv6 address with the same checksum (RFC 6052 §4.1)."""
_GET = b"GET /index.html HTTP/1.1\r\nHost: pacs\r\nAccept: */*\r\n\r\n"


def _tagged(frame: bytes) -> bytes:
    return frame[:12] + b"\x81\x00\x00\x2a" + frame[12:]


def _in_ipv6(frame: bytes) -> bytes:
    length = int.from_bytes(frame[16:18], "big") - 20
    addresses = _IPV6 + frame[26:30] + _IPV6 + frame[30:34]
    return frame[:12] + b"\x86\xdd\x60\0\0\0" + length.to_bytes(2, "big") + b"\x06\x40" + addresses + frame[34:]


def _cooked(frame: bytes) -> bytes:
    return b"\0\0\0\x01\0\x06" + frame[6:12] + b"\0\0" + frame[12:]


def _loopback(frame: bytes) -> bytes:
    return b"\x02\0\0\0" + frame[14:]


class Doubler(CaptureWriter):
    """Writes every other frame twice, as a mirror port does that sees a packet come and go."""

    def write(self, frame: bytes) -> None:
        """Add a frame once or twice."""
        super().write(frame)
        if self.packets % 3 == 1:  # of three records, the first two hold the same frame
            super().write(frame)


class Shuffler(CaptureWriter):
    """Writes one frame in fifty a little later, behind others."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._late: deque[tuple[int, bytes]] = deque()
        self._seen = 0

    def write(self, frame: bytes) -> None:
        """Add a frame, or hold it back."""
        self._seen += 1
        if len(frame) > MSS and self._seen % 50 == 0:
            self._late.append((self._seen + LATE, frame))
            return
        super().write(frame)
        while self._late and self._late[0][0] <= self._seen:
            super().write(self._late.popleft()[1])


def web_around_stores(path: str, size: int) -> Expectation:
    """`size` bytes of HTTP on 2,000 connections, ten at a time, and a fiftieth of that in C-STOREs, in four turns."""
    expected = Expectation("web")
    with CaptureWriter(path) as out:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(range(256)) * 3906
        number = 0
        while out.size < size:
            connections = [Connection(out, number + each, port=HTTP_PORT) for each in range(10)]
            number += len(connections)
            for connection in connections:
                connection.open()
                connection.send(CLIENT, _GET)
            for at in range(0, len(answer), 13 * MSS):
                for connection in connections:
                    connection.send(SERVER, answer[at : at + 13 * MSS])
                    connection.acknowledge(CLIENT)
            for connection in connections:
                connection.close()
            if number % 500 == 0:
                stored = write_capture(path, size // 200, Within(out))
                expected.associations += stored.associations
                expected.messages += stored.messages
                expected.stored += stored.stored
                expected.objects += stored.objects
        expected.packets = out.packets
    return expected


class Within(CaptureWriter):
    """Writes into a capture that goes on afterwards."""

    def __init__(self, out: CaptureWriter) -> None:
        self.__dict__ = out.__dict__

    def __exit__(self, *_: object) -> None:
        pass


def small_connections(path: str, packets: int) -> Expectation:
    """Many short connections without DICOM, ten packets each, fifty at a time: a request and an answer."""
    said = (
        (_GET, b"HTTP/1.1 204 No Content\r\nServer: example\r\n\r\n"),
        (
            b"\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03" + bytes(194),
            b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03" + bytes(116),
        ),
        (b"\0\0\0\x44\xfeSMB" + bytes(64), b"\0\0\0\x44\xfeSMB" + bytes(64)),
        (b"MSH|^~\\&|HIS|\x0bHL7", b"\x0bMSH|^~\\&|ACK|"),
    )
    expected = Expectation("small")
    with CaptureWriter(path) as out:
        number = 0
        while out.packets < packets:
            connections = [Connection(out, number + each, port=8000 + each % 4) for each in range(50)]
            number += len(connections)
            for connection in connections:
                connection.open()
            for side in (CLIENT, SERVER):
                for each, connection in enumerate(connections):
                    connection.send(side, said[each % 4][side])
                    connection.acknowledge(1 - side)
            for connection in connections:
                connection.close()
        expected.packets = out.packets
    return expected


@dataclass(frozen=True)
class Traffic:
    """A kind of traffic: what writes a capture of `count` whatever it counts.

    tshark gets one of `beside`, where it would take minutes on the whole.
    """

    name: str
    write: Callable[[str, int], Expectation]
    count: int
    beside: int | None = None


def _stores(framing: Framing | None = None, segment: int = MSS) -> Callable[[str, int], Expectation]:
    return lambda path, size: write_capture(path, size, CaptureWriter(path, framing or Framing()), segment)


def _hostile(kind: str) -> Callable[[str, int], Expectation]:
    assert kind in HOSTILE
    return lambda path, count: write_hostile(path, kind, count)


TRAFFIC = {
    "store-1000": Traffic("1 GB of C-STORE, in order", _stores(), 1000 * MB),
    "store": Traffic("213 MB of C-STORE, in order", _stores(), STORED),
    "vlan": Traffic("the same, VLAN tags", _stores(Framing(reframed=_tagged)), STORED),
    "ipv6": Traffic("the same, IPv6", _stores(Framing(reframed=_in_ipv6)), STORED),
    "vlan-ipv6": Traffic("the same, both", _stores(Framing(reframed=lambda frame: _tagged(_in_ipv6(frame)))), STORED),
    "cooked": Traffic("the same, Linux cooked", _stores(Framing(113, reframed=_cooked)), STORED),
    "snaplen": Traffic("the same, 96 bytes of each frame", _stores(Framing(snaplen=96)), STORED),
    "loopback": Traffic(
        "the same, loopback, 64 kB segments", _stores(Framing(0, reframed=_loopback), HUGE_SEGMENT), STORED
    ),
    "segments": Traffic("the same, Ethernet, 64 kB segments", _stores(segment=HUGE_SEGMENT), STORED),
    "acks": Traffic(
        "the same, every other segment acknowledged",
        lambda path, size: write_capture(path, size, burst=2 * MSS),
        STORED,
    ),
    "doubled": Traffic(
        "the same, half the frames twice", lambda path, size: write_capture(path, size, Doubler(path)), STORED
    ),
    "reordered": Traffic(
        "the same, 2 % of the frames late",
        lambda path, size: write_capture(path, size, Shuffler(path)),
        STORED,
        20 * MB,
    ),
    "short": Traffic("50,000 short associations", _hostile("short-associations"), 50_000),
    "mixed": Traffic("20,000 short associations, hardly two alike", mixed_associations, 20_000),
    "echo": Traffic("100,000 C-ECHOs in one association", _hostile("many-messages"), 200_000, 20_000),
    "find": Traffic("a C-FIND with 100,000 responses", _hostile("find-responses"), 100_000, 10_000),
    "web": Traffic("2 GB of HTTP around C-STOREs", web_around_stores, 2000 * MB),
    "small": Traffic("2,000,000 packets of small connections without DICOM", small_connections, 2_000_000, 400_000),
    "open": Traffic("50,000 associations never closed", _hostile("never-closed"), 50_000),
    "many": Traffic("100,000 short associations", _hostile("short-associations"), 100_000, 10_000),
    "tiny": Traffic("a capture of 2 kB", _hostile("short-associations"), 1),
}
"""What is measured, by a short name."""
