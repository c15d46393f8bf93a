"""Our own sockets as a capturer, where neither dumpcap nor tcpdump can be had: opened by scapy on every system."""

import re
import time
from typing import Any, NamedTuple

from dicomsniff import __version__
from dicomsniff.sniffing import blocks
from dicomsniff.sniffing.interfaces import interface_names, permission_text, scapy_conf
from dicomsniff.sniffing.movers import Counts, MoverError, filter_error
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.translation import Taken

AT_A_TIME = 2000
"""Packets taken of a socket at a time."""

_WRONG_FILTER = re.compile(r"Failed to compile filter expression .*?\((.*)\)", re.DOTALL)
"""What scapy says of it."""


class Opened(NamedTuple):
    """A socket that captures from an interface."""

    name: str
    socket: Any
    """scapy's; `ins` of it is the system's, where it has one."""
    link_type: int


def open_sockets(plan: Plan) -> list[Opened]:
    """Open a socket for each interface; `any` is each that there is. Raise MoverError where that cannot be."""
    opened: list[Opened] = []
    try:
        for name in _interfaces(plan):
            socket = _open(name, plan)
            opened.append(Opened(name, socket, int(scapy_conf().l2types.layer2num.get(socket.LL, 1))))
    except MoverError:
        for each in opened:
            each.socket.close()
        raise
    return opened


def section(opened: list[Opened], plan: Plan, *, nanoseconds: bool) -> Taken:
    """Return the header of a section with these interfaces."""
    heads = [blocks.section_header(f"dicomsniff {__version__}")]
    heads += (
        blocks.interface_description(each.name, each.link_type, plan.snap_length, nanoseconds=nanoseconds, bpf=plan.bpf)
        for each in opened
    )
    return Taken(b"".join(heads), 0, tuple(heads))


class ScapySockets:
    """scapy's sockets read one packet at a time: they exist everywhere, and keep up with quiet networks."""

    name = "dicomsniff"
    writes_losses = tells_late = False
    tick = 1000
    buffer = ""

    def __init__(self, plan: Plan) -> None:
        self._opened = open_sockets(plan)
        self._snap_length = plan.snap_length
        self._head = section(self._opened, plan, nanoseconds=False)
        self._received = [0] * len(self._opened)
        self.is_over = False

    def files(self) -> list[int]:
        """Return nothing to wait for: what Npcap or BPF hold back makes no descriptor ready."""
        return []

    def take(self, most: int) -> Taken:
        """Return what has come."""
        if self._head.data:
            head, self._head = self._head, Taken(b"", 0)
            return head
        parts: list[bytes] = []
        for number, each in enumerate(self._opened):
            while len(parts) < min(AT_A_TIME, most):
                try:
                    if not each.socket.select([each.socket], 0):
                        break
                    _, frame, at = each.socket.recv_raw(0xFFFFF)
                except (OSError, ValueError) as error:
                    raise MoverError(f"{each.name}: {getattr(error, 'strerror', None) or error}") from None
                if frame:
                    self._received[number] += 1
                    moment = int((at or time.time()) * 1_000_000)
                    parts.append(blocks.packet(number, moment, frame[: self._snap_length], len(frame)))
        return Taken(b"".join(parts), len(parts))

    def losses(self) -> dict[int, Counts]:
        """Return what was received; these sockets do not tell what they lost."""
        return {number: Counts(received) for number, received in enumerate(self._received)}

    def stop(self) -> None:
        """There is nothing behind the sockets that would have to be waited for."""
        self.is_over = True

    def close(self) -> None:
        """Let go of the interfaces."""
        for each in self._opened:
            each.socket.close()


def _interfaces(plan: Plan) -> list[str]:
    scapy_conf().ifaces.reload()  # one that went away may be back
    known = interface_names()
    wanted = list(dict.fromkeys(known if "any" in plan.interfaces else plan.interfaces))
    for name in wanted:
        if name not in known:
            raise MoverError(f"{name}: no such interface; there are {', '.join(known)}")
    return wanted


def _open(name: str, plan: Plan) -> Any:
    conf = scapy_conf()
    # As much as the system lets anybody have; a ring needs no more of it.
    conf.bufsize = min(plan.kernel_buffer, 1 << 30)
    try:
        return conf.L2listen(iface=name, filter=plan.bpf or None, promisc=plan.promiscuous)
    except PermissionError:
        raise MoverError(f"{name}: {permission_text()}") from None
    except OSError as error:
        raise MoverError(f"{name}: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001  scapy's own errors have no common base
        if "libpcap is not available" in str(error):
            raise MoverError(f"{name}: a capture filter needs libpcap, which is not installed") from None
        if plan.bpf and (found := _WRONG_FILTER.search(str(error))):
            raise filter_error(plan.bpf, found[1]) from None
        raise MoverError(f"{name}: {error}") from None
