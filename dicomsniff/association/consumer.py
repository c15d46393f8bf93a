"""What takes the bytes of a connection: how it is begun and fed. The least of its kinds only counts the connection."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import NamedTuple, Protocol
from weakref import WeakValueDictionary

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import FailedHandshake
from dicomsniff.association.preambles import NOTHING, Preambles
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.skip import Skip
from dicomsniff.dimse.collection import Collection
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.framing import FOREVER
from dicomsniff.pdu.types import PduEvent
from dicomsniff.span import PacketMark
from dicomsniff.tcp.channel import ByteStream, Channel
from dicomsniff.tcp.connection import Connection
from dicomsniff.tcp.events import StreamEnd, StreamEvent
from dicomsniff.tcp.table import BARE
from dicomsniff.tls.vault import Vault

Update = tuple[Association, Entry]
ChannelEvent = StreamEvent[ByteStream]

UNKNOWN = 9
"""What a connection weighs of which something is read, and that is not known to carry DICOM."""


class PduWatcher(ABC):
    """Sees the PDUs of associations beside whoever reads them: for what needs the place of each in its stream."""

    def __init__(self) -> None:
        _watchers[id(self)] = self

    @abstractmethod
    def take_pdus(self, stream: ByteStream, association: Association, events: Iterable[PduEvent]) -> None:
        """Take what a side of an association sent; the messages that follow from it come later."""

    def __reduce__(self) -> "tuple[Callable[[int], PduWatcher], tuple[int]]":
        """Connections that leave memory refer to it, and find it where they come back."""
        return _find_watcher, (id(self),)


_watchers: WeakValueDictionary[int, PduWatcher] = WeakValueDictionary()


def _find_watcher(identity: int) -> PduWatcher:
    return _watchers[identity]


class Means(NamedTuple):
    """What consumers work with, whatever they take."""

    collection: Collection | None = None
    """Where data sets are kept for the taking."""
    vault: Vault | None = None
    """What TLS is read with."""
    forced: bool = False
    """Whether the connection is DICOM, or DICOM inside another protocol, although nothing looks like it."""
    room: float = inf
    """Bytes that may wait until it is known what a connection carries."""
    watcher: PduWatcher | None = None
    """What sees all PDUs."""


class Beginning(Struct):
    """What came on a connection before it was known what it carries."""

    detections: dict[ByteStream, Detection] = field(default_factory=dict)
    """The first bytes of each side that said something, in the order in which they did."""
    times: dict[ByteStream, int] = field(default_factory=dict)
    """When each of them first did (ns since 1970)."""
    ends: list[StreamEnd[ByteStream]] = field(default_factory=list)
    preambles: Preambles = NOTHING
    """What stood before DICOM, and is passed over."""


class Consumer(Protocol):
    """What TCP hands on goes here; `Connection.consumer` says to which, and may change with any event."""

    @property
    def name(self) -> str:
        """The protocol, where it is known."""

    @property
    def associations(self) -> Sequence[Association]:
        """What was recognized so far."""

    @property
    def failed_handshake(self) -> FailedHandshake | None:
        """How a TLS handshake failed, where it did in sight."""

    @property
    def weight(self) -> int:
        """About how many kilobytes the connection takes, with all that is kept of it."""

    def begin(self, mark: PacketMark, number: int) -> list[Update]:
        """Take what came before, up to packet `mark`, and that only; see `feed`."""

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        """Take an event; return (association, new timeline entry) in packet order.

        `number` is the id of the next association that is recognized, and so on.
        """

    def close(self, until: int, number: int) -> list[Update]:
        """Nothing more comes on this connection; the capture goes on until `until` (ns since 1970)."""


def associations_of(connection: Connection) -> Sequence[Association]:
    """Return what was recognized on a connection so far."""
    consumer: Consumer | None = connection.consumer
    return consumer.associations if consumer is not None else ()


class Foreign:
    """Counts a connection of another protocol, and looks no further into it: TCP passes over its bytes."""

    __slots__ = ("name",)

    associations: Sequence[Association] = ()
    failed_handshake: FailedHandshake | None = None
    weight = BARE

    def __init__(self, name: str, connection: Channel, _: Beginning, __: Means) -> None:
        self.name = name
        count_only(connection)

    def begin(self, mark: PacketMark, number: int) -> list[Update]:  # noqa: ARG002
        """Take no note of what came before."""
        return []

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:  # noqa: ARG002
        """Take no note of an event."""
        return []

    def close(self, until: int, number: int) -> list[Update]:  # noqa: ARG002
        """Take no note of the end."""
        return []


def count_only(connection: Channel) -> None:
    """Let TCP pass over all that still comes on a connection."""
    for stream in connection.streams:
        stream.skip = Skip(FOREVER, lacks=True)
        stream.health.forget()
