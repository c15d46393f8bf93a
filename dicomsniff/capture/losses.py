"""What was lost while packets were captured, as the capturer counted it: the Interface Statistics Blocks of pcapng."""

import re
import struct
from typing import NamedTuple

from dicomsniff.quantities import counted

MAX_COUNTED = 1 << 12
"""Interfaces, of any capture, whose counts are told apart; those of further ones are left out."""
_COMMENT, _START, _INTERFACE_DROPPED, _SYSTEM_DROPPED = 1, 2, 5, 7
AWAY = "nothing was captured for {:.3f} s"
"""The comment in a statistics block behind a time without an interface, as our own capturer writes it."""
_AWAY = re.compile(AWAY.replace("{:.3f}", r"([0-9]{1,9}\.[0-9]{3})").encode())


class Losses(NamedTuple):
    """Packets that were lost before they could be captured."""

    kernel: int = 0
    """By the kernel, whose buffer was full."""
    interface: int = 0
    """By the interface, its driver, or whatever else the capturer counts with it."""

    spool: int = 0
    """By the spool, which had no more room before they were analyzed."""
    away: float = 0.0
    """For how long (s) not all was captured, because the interface was away, or one of several."""

    @property
    def packets(self) -> int:
        """All that were counted."""
        return self.kernel + self.interface + self.spool

    @property
    def by(self) -> dict[str, int]:
        """Who lost how many, as far as anybody did."""
        return {who: count for who, count in self._asdict().items() if count and who != "away"}

    def __str__(self) -> str:
        by = [f"{count:,} by the {who}" for who, count in self.by.items()]
        lost = counted(self.packets, "packet") + (f" ({', '.join(by)})" if len(by) > 1 else "")
        gap = f"what came in {self.away:.1f} s while an interface was away"
        return " and ".join(filter(None, (lost if self.packets else "", gap if self.away else ""))) or "nothing"


class LossCounter:
    """Adds up the statistics blocks of a capture: each tells everything since its capturer began."""

    def __init__(self) -> None:
        self._latest: dict[tuple[bytes, bytes], Losses] = {}
        """By interface, and when its capturer began."""
        self.changes = 0
        """How often something was noted."""

    def feed(self, order: str, interface: bytes, options: bytes) -> None:
        """Take the options of a block about an interface, in a byte order."""
        start, kernel, lost, away = b"", 0, 0, 0.0
        at = 0
        while at + 4 <= len(options):
            code, length = struct.unpack_from(order + "HH", options, at)
            value = options[at + 4 : at + 4 + length]
            if code == _START:
                start = value
            elif code == _COMMENT and (told := _AWAY.fullmatch(value)):
                away = float(told[1])
            elif code in (_INTERFACE_DROPPED, _SYSTEM_DROPPED) and len(value) == 8:
                (count,) = struct.unpack(order + "Q", value)
                if code == _SYSTEM_DROPPED:
                    kernel = count
                else:
                    lost = count
            at += 4 + (length + 3) // 4 * 4
        self.note(Losses(kernel, lost, away=away), interface, start)

    def note(self, losses: Losses, interface: bytes = b"", start: bytes = b"") -> None:
        """Take what was lost of an interface by now, since its capturer began."""
        key = interface, start
        if key in self._latest or len(self._latest) < MAX_COUNTED:
            self._latest[key] = losses
            self.changes += 1

    def merge(self, other: "LossCounter") -> None:
        """Take what another one knows, of other files of the same ring buffer, or of other captures."""
        for key, counts in other._latest.items():
            kernel, interface, spool, away = map(max, self._latest.get(key, Losses()), counts)
            self.note(Losses(int(kernel), int(interface), int(spool), away), *key)

    @property
    def total(self) -> Losses:
        """What was lost, of all interfaces together."""
        counts = self._latest.values()
        kernel, interface, spool, away = map(sum, zip(*counts, strict=True)) if counts else Losses()
        return Losses(int(kernel), int(interface), int(spool), away)
