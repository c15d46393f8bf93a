"""pcapng blocks as they are written; `capture/pcapng.py` reads them."""

import struct
from collections.abc import Iterable

from dicomsniff.capture.losses import AWAY

PACKET_HEAD = struct.Struct("<7L")
"""Of an Enhanced Packet Block: type, length, interface, time (high, low), captured and original length of the frame."""
_LENGTH = struct.Struct("<L")
_COMMENT, _START, _RECEIVED, _INTERFACE_DROPPED, _SYSTEM_DROPPED = 1, 2, 4, 5, 7
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


def section_header(application: str) -> bytes:
    """Return a Section Header Block of unknown length, written by an application."""
    body = struct.pack("<LHHq", 0x1A2B3C4D, 1, 0, -1)
    return _block(0x0A0D0D0A, body + _options([(4, application.encode())]))


def interface_description(name: str, link_type: int, snap_length: int, *, nanoseconds: bool, bpf: str = "") -> bytes:
    """Return an Interface Description Block; its times count microseconds or nanoseconds since 1970."""
    options = [(2, name.encode())]
    if nanoseconds:
        options.append((9, b"\x09"))
    if bpf:
        options.append((11, b"\0" + bpf.encode()))
    return _block(1, struct.pack("<HHL", link_type, 0, snap_length) + _options(options))


def packet(interface: int, time: int, frame: bytes, length: int) -> bytes:
    """Return an Enhanced Packet Block; `time` is in the interface's unit, `length` what the frame had on the wire."""
    padding = _PADDING[len(frame) & 3]
    whole = 32 + len(frame) + len(padding)
    head = PACKET_HEAD.pack(6, whole, interface, time >> 32, time & 0xFFFFFFFF, len(frame), length)
    return b"".join((head, frame, padding, _LENGTH.pack(whole)))


def statistics(
    interface: int, start: int, time: int, received: int, kernel: int, lost_by_interface: int, *, away: float = 0
) -> bytes:
    """Return an Interface Statistics Block: what was received and lost from `start` to `time`, in packets.

    Both times are in the interface's unit. `away` is for how long (s) nothing was captured.
    """
    options = [
        *([(_COMMENT, AWAY.format(away).encode())] if away else []),
        (_START, _time(start)),
        *(
            (code, struct.pack("<Q", count))
            for code, count in (
                (_RECEIVED, received),
                (_INTERFACE_DROPPED, lost_by_interface),
                (_SYSTEM_DROPPED, kernel),
            )
        ),
    ]
    return _block(5, struct.pack("<L", interface) + _time(time) + _options(options))


def _time(time: int) -> bytes:
    return struct.pack("<LL", time >> 32, time & 0xFFFFFFFF)


def _block(kind: int, body: bytes) -> bytes:
    length = _LENGTH.pack(len(body) + 12)
    return struct.pack("<L", kind) + length + body + length


def _options(options: Iterable[tuple[int, bytes]]) -> bytes:
    written = b"".join(
        struct.pack("<HH", code, len(value)) + value + _PADDING[len(value) & 3] for code, value in options
    )
    return written + bytes(4)
