"""What moves frames from interfaces to the spool: one protocol for other programs and for our own sockets."""

from typing import NamedTuple, Protocol

from dicomsniff.sniffing.translation import Taken


class Counts(NamedTuple):
    """What an interface has brought since the capture of it began, and what of that was lost, in packets."""

    received: int = 0
    kernel: int = 0
    """Lost because the kernel's buffer was full."""
    interface: int = 0
    """Lost by the interface or its driver."""

    def __add__(self, other: tuple[int, ...]) -> "Counts":  # type: ignore[override]
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class MoverError(Exception):
    """Capturing cannot begin, or not go on; the message says why and what to do.

    `wrong_call`: what was asked for can never work, such as a capture filter with a mistake in it.
    """

    def __init__(self, message: str, *, wrong_call: bool = False) -> None:
        super().__init__(message)
        self.wrong_call = wrong_call


def filter_error(bpf: str, reason: str) -> MoverError:
    """Return the error of a capture filter that is not understood."""
    return MoverError(f"-f '{bpf}': {reason}; filters read like 'tcp port 104' (man pcap-filter)", wrong_call=True)


class Mover(Protocol):
    """Captures, once it is made, until `stop`."""

    name: str
    """Who captures, in words."""
    tick: int
    """The unit (ns) of the times in what it takes."""
    writes_losses: bool
    """Whether what it takes tells of losses too."""
    buffer: str
    """How much the kernel holds for it, in words; empty where that is not known."""
    tells_late: bool
    """Whether it tells only at its end what was lost."""

    def files(self) -> list[int]:
        """Return the descriptors of which one can be read as soon as there is something."""

    def take(self, most: int) -> Taken:
        """Return what has come, at most so many packets; raise MoverError where nothing will come any more."""

    def losses(self) -> dict[int, Counts]:
        """Return the counts of each interface as far as they are known."""

    def stop(self) -> None:
        """Capture no more; what was captured is still to be taken, until `is_over`."""

    @property
    def is_over(self) -> bool:
        """Whether everything was taken."""

    def close(self) -> None:
        """Let go of everything."""
