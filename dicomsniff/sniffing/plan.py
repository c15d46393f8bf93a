"""What is to be captured, and where it is kept: what the command line asks of the capturer."""

from dataclasses import asdict, dataclass
from typing import Self

CAPTURERS = ("auto", "dumpcap", "tcpdump", "builtin")
"""Who may capture; `auto` is the first of them that is installed and allowed to."""
STANDARD_INPUT = "standard input"
"""What it is called where packets come from it."""
SNAP_LENGTH = 262_144
"""Bytes kept of a frame unless fewer are asked for; no frame is longer."""
SPOOL_LIMIT = 2_000_000_000
"""Bytes a temporary spool has at most, unless another limit is asked for."""
KERNEL_BUFFER = 64 << 20
"""Bytes the kernel is asked to hold while the capturer writes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be captured. `packets` and `seconds` end it; 0 leaves that to somebody else."""

    interfaces: tuple[str, ...]
    """Their names; `-` alone is standard input, to which somebody writes who captures."""
    bpf: str = ""
    """A capture filter in pcap's language."""
    snap_length: int = SNAP_LENGTH
    promiscuous: bool = True
    capturer: str = "auto"
    kernel_buffer: int = KERNEL_BUFFER
    packets: int = 0
    seconds: float = 0
    write: str = ""
    """The file to keep packets in; an empty name is a temporary spool, `-` standard output."""
    force: bool = False
    """Whether files that are there already are written over."""
    spool_limit: int = SPOOL_LIMIT
    rotate_bytes: int = 0
    rotate_seconds: float = 0
    keep: int = 0
    """How many files of a rotation are kept; 0 is all."""

    @property
    def is_piped(self) -> bool:
        """Whether packets come from standard input."""
        return self.interfaces == ("-",)

    @property
    def buffer_of_each(self) -> int:
        """Bytes the kernel is asked to hold for one interface."""
        return self.kernel_buffer // len(self.interfaces)

    @property
    def source(self) -> str:
        """Where packets come from, in words."""
        return STANDARD_INPUT if self.is_piped else ", ".join(self.interfaces)

    def to_json(self) -> str:
        """Return it as the capturer reads it."""
        import json

        return json.JSONEncoder().encode(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it from what `to_json` wrote."""
        import json

        fields = json.loads(text)
        return cls(**{**fields, "interfaces": tuple(fields["interfaces"])})
