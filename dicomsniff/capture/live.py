"""An interface -> packet batches, through scapy; what was sniffed is kept in a pcap file, so that views can go back."""

import os
import struct
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from dicomsniff.capture.packets import CaptureError, PacketBatch
from dicomsniff.capture.pcap import MAGICS, PcapLayout
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.capture.spool import Spool
from dicomsniff.output import OutputError

POLL = 0.2
"""Seconds to wait for a packet before telling the consumer that there is none."""
MAX_BATCH = 1000
"""Packets handed on at a time."""
SOCKET_BUFFER = 32 << 20
"""Bytes the kernel is asked to keep for us while we decode."""
_MAGIC = b"\xd4\xc3\xb2\xa1"
_LAYOUT = PcapLayout(MAGICS[_MAGIC])
_RECORD = struct.Struct("<LLLL")
_SOL_PACKET, _PACKET_STATISTICS = 263, 6


class InterfaceInfo(NamedTuple):
    """An interface that can be named to `live`, and its addresses."""

    name: str
    addresses: list[str]


class LiveReader:
    """Sniffs one interface until `close`. Raises CaptureError where that is not possible, saying what is missing.

    `bpf` is a capture filter in pcap's language; `write` names a new file to keep the packets in instead of a temporary
    one; raises OutputError where that cannot be made.
    """

    is_live = True
    is_file = False
    format = "pcap"
    resolution_digits = 6
    size = None

    def __init__(self, interface: str, *, bpf: str | None = None, write: str | None = None) -> None:
        self.name = interface
        self.truncated = ""
        self.position = 24
        self._stopped = False
        self._number = 1
        self._socket = _open_socket(interface, bpf)
        self._link_type = _link_type(self._socket)
        try:
            self._spool = Spool(write)
        except OutputError:
            self._socket.close()
            raise
        self._spool.add(_MAGIC + struct.pack("<HHlLLL", 2, 4, 0, 0, 262144, self._link_type))

    @property
    def dropped(self) -> int:
        """Packets the kernel could not keep for us since the last time this was asked; 0 where it does not say."""
        try:
            counts: bytes = self._socket.ins.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        except (OSError, AttributeError):
            return 0
        return int(struct.unpack("=II", counts)[1])

    def take_key_logs(self) -> tuple[bytes, ...]:
        """An interface has none."""
        return ()

    def batches(self) -> Iterator[PacketBatch]:
        """Yield what comes, until `stop`; a batch without packets each time nothing came for a while."""
        while not self._stopped:
            records, starts, ends = self._receive()
            batch = PacketBatch(records, self.position, self._number, self._link_type, _LAYOUT, starts, ends)
            self._spool.add(records)
            self.position += len(records)
            self._number += len(starts)
            yield batch
        if lost := self.dropped:
            self.truncated = f"{lost} packets came faster than they could be read"

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again what was sniffed before."""
        again = CaptureReader(self.name, open_file=self._spool.open)
        try:
            yield from again.batches_from(offset, number)
        finally:
            again.close()

    def stop(self) -> None:
        """End `batches` within POLL seconds."""
        self._stopped = True

    def close(self) -> None:
        """Stop, and let go of the interface; a temporary file is gone then."""
        self._stopped = True
        self._socket.close()
        self._spool.close()

    def _receive(self) -> tuple[bytes, list[int], list[int]]:
        parts: list[bytes] = []
        starts: list[int] = []
        ends: list[int] = []
        at, wait = 0, POLL
        while len(starts) < MAX_BATCH:
            try:
                # Only the socket knows: Windows cannot wait for it as for a file, and BPF's holds packets back.
                if not self._socket.select([self._socket], wait):
                    break
                _, frame, time = self._socket.recv_raw(0xFFFFF)
            except (OSError, ValueError) as error:
                if not self._stopped:
                    self.truncated = f"{self.name} cannot be read any more: {getattr(error, 'strerror', None) or error}"
                    self._stopped = True
                break
            wait = 0
            if not frame:
                continue
            seconds, micro = divmod(int(time * 1_000_000), 1_000_000)
            parts += (_RECORD.pack(seconds, micro, len(frame), len(frame)), frame)
            starts.append(at + _RECORD.size)
            at += _RECORD.size + len(frame)
            ends.append(at)
        return b"".join(parts), starts, ends


def list_interfaces() -> list[InterfaceInfo]:
    """Return the interfaces of this machine."""
    conf = _scapy()
    found = []
    for interface in conf.ifaces.values():
        addresses = [str(address) for addresses in interface.ips.values() for address in addresses]
        found.append(InterfaceInfo(str(interface.name), addresses))
    return sorted(found)


def missing_permission() -> str:
    """Say what keeps this user from sniffing, and what to do; empty where nothing does."""
    conf = _scapy()
    try:
        conf.L2listen().close()
    except PermissionError:
        return _permission_text()
    except Exception as error:  # noqa: BLE001  scapy raises anything where the platform lacks something
        return f"packets cannot be sniffed here: {error}"
    return ""


def _permission_text() -> str:
    if sys.platform.startswith("linux"):
        python = os.path.realpath(sys.executable)
        return f"sniffing needs the capability CAP_NET_RAW: run with sudo, or once: sudo setcap cap_net_raw+ep {python}"
    if sys.platform == "darwin":
        return "sniffing needs read access to /dev/bpf*: run with sudo"
    return "sniffing needs administrator rights"


def _open_socket(interface: str, bpf: str | None) -> Any:
    conf = _scapy()
    names = [info.name for info in list_interfaces()]
    if interface not in names:
        raise CaptureError(f"{interface}: no such interface; there are {', '.join(names)}")
    conf.bufsize = SOCKET_BUFFER
    try:
        return conf.L2listen(iface=interface, filter=bpf)
    except PermissionError:
        raise CaptureError(f"{interface}: {_permission_text()}") from None
    except OSError as error:
        raise CaptureError(f"{interface}: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001  scapy's own errors have no common base
        hint = " (a capture filter needs libpcap)" if bpf else ""
        raise CaptureError(f"{interface}: {error}{hint}") from None


def _link_type(socket: Any) -> int:
    """Return the pcap link type of what a scapy socket delivers."""
    return int(_scapy().l2types.layer2num.get(socket.LL, 1))


def _scapy() -> Any:
    import logging

    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    from scapy.all import conf

    return conf
