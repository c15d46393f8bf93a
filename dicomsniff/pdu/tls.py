"""The plain beginning of one direction of a TLS connection: its handshake as far as it is readable, and an alert."""

import re

from dicomsniff.span import PacketMark

MAX_PLAIN = 1 << 16
"""Bytes of a direction that are looked at; certificates seldom take more than some kB."""
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 20, 21, 22
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE, _CERTIFICATE_REQUEST = 1, 2, 11, 13
_HEADER = 5
_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")
"""How a record begins: type and version."""
_ALPN = 16


class TlsStream:
    """Takes the first bytes of a direction (RFC 5246 §6.2, §7.4). Never fails: what cannot be read ends it."""

    __slots__ = (
        "_handshake",
        "_pending",
        "_taken",
        "alert",
        "certificates",
        "done",
        "is_client",
        "is_web",
        "requested",
    )

    def __init__(self) -> None:
        self.is_client = False
        """Whether it began with a ClientHello."""
        self.is_web = False
        """Whether its ClientHello offers to speak HTTP."""
        self.requested = False
        """Whether it asked for the other side's certificate."""
        self.certificates: int | None = None
        """Bytes of certificates it sent: 0 where the list was empty, None where it sent none."""
        self.alert: tuple[int, int, PacketMark] | None = None
        """Level and description of a plain alert, and the packet that brought it."""
        self.done = False
        """Whether nothing more can be read: it changed to cipher, alerted, lost bytes, or was too long."""
        self._pending = bytearray()
        self._handshake = bytearray()
        self._taken = 0

    def feed(self, data: bytes, mark: PacketMark) -> None:
        """Take the next bytes."""
        if self.done:
            return
        self._pending += data
        self._taken += len(data)
        while not self.done and len(self._pending) >= _HEADER:
            if _RECORD.match(self._pending) is None:
                self.stop()
                return
            end = _HEADER + int.from_bytes(self._pending[3:5], "big")
            if len(self._pending) < end:
                break
            self._record(self._pending[0], bytes(self._pending[_HEADER:end]), mark)
            del self._pending[:end]
        if self._taken > MAX_PLAIN:
            self.stop()

    def stop(self) -> None:
        """Look at nothing more: what follows does not continue what came."""
        self.done = True
        self._pending.clear()
        self._handshake.clear()

    def _record(self, kind: int, body: bytes, mark: PacketMark) -> None:
        if kind == _HANDSHAKE:
            self._handshake += body
            self._read_messages()
            return
        if kind == _ALERT and len(body) == 2:  # an encrypted one is longer
            self.alert = (body[0], body[1], mark)
        self.done = True

    def _read_messages(self) -> None:
        buffer = self._handshake
        while len(buffer) >= 4 and len(buffer) >= 4 + int.from_bytes(buffer[1:4], "big"):
            end = 4 + int.from_bytes(buffer[1:4], "big")
            kind, body = buffer[0], bytes(buffer[4:end])
            del buffer[:end]
            if kind == _CLIENT_HELLO:
                self.is_client = True
                self.is_web = _offers_web(body)
            elif kind == _CERTIFICATE_REQUEST:
                self.requested = True
            elif kind == _CERTIFICATE:
                self.certificates = int.from_bytes(body[:3], "big")


def _offers_web(hello: bytes) -> bool:
    """Whether a ClientHello offers HTTP by ALPN (RFC 7301 §3.1)."""
    at = 35 + hello[34] if len(hello) > 34 else len(hello)
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + int.from_bytes(hello[at : at + 1], "big")
    at += 2
    while at + 4 <= len(hello):
        kind, length = int.from_bytes(hello[at : at + 2], "big"), int.from_bytes(hello[at + 2 : at + 4], "big")
        if kind == _ALPN:
            offered = hello[at + 4 : at + 4 + length]
            return b"\x02h2" in offered or b"\x08http/1." in offered
        at += 4 + length
    return False
