"""Joins the stages: packets -> segments -> streams -> PDUs -> messages -> associations -> findings."""

from collections import Counter
from collections.abc import Iterable

from dicomsniff.association.association import Association
from dicomsniff.association.conversation import Conversation, Update
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import flow_ends
from dicomsniff.findings.engine import find_final, find_now
from dicomsniff.tcp.connection import Connection, TcpTracker
from dicomsniff.tcp.events import ConnectionGone, TcpEvent


class Analyzer:
    """The whole pipeline. Feed it packet batches, from a file or live; close it at the end.

    `associations` grows as they are recognized, and each of them as its packets come. With `collect`,
    every message brings its data set (`Message.data_set.content`) and digest. Connections from or to a port
    in `ports` are read as DICOM although nothing looks like it.
    """

    def __init__(self, *, collect: bool = False, ports: Iterable[int] = ()) -> None:
        self.associations: list[Association] = []
        self.packets = 0
        self.bytes = 0
        """Bytes of captured frames."""
        self.first_time: int | None = None
        self.last_time: int | None = None
        self.foreign: Counter[str] = Counter()
        """Connections that carry no DICOM, by protocol where it is known, else under an empty name."""
        self._numbered = 0
        self._collect = collect
        self._ports = frozenset(ports)
        self._tcp = TcpTracker()
        self._decoder = SegmentDecoder(self._tcp.streams)
        self._conversations: dict[Connection, Conversation] = {}

    @property
    def undecoded(self) -> Counter[str]:
        """Packets that gave no TCP segment, by reason."""
        return self._decoder.undecoded

    @property
    def connections(self) -> int:
        """TCP connections seen, of any protocol."""
        return self._tcp.connections

    def feed(self, batch: PacketBatch) -> list[Update]:
        """Take packets; return (association, new timeline entry) in packet order."""
        if not batch.starts:
            return []
        self._measure(batch)
        updates: list[Update] = []
        for segment in self._decoder.segments(batch):
            for event in self._tcp.feed(segment):
                updates += self._tcp_event(event)
        return updates

    def close(self) -> list[Update]:
        """The capture is over."""
        return [update for event in self._tcp.close() for update in self._tcp_event(event)]

    def _tcp_event(self, event: TcpEvent) -> list[Update]:
        if isinstance(event, ConnectionGone):
            conversation = self._conversations.pop(event.connection, None)
            return self._close(conversation) if conversation is not None else []
        connection = event.stream.connection
        conversation = self._conversations.get(connection)
        if conversation is None:
            conversation = self._conversations[connection] = Conversation(
                connection, self._next_number, collect=self._collect, forced=self._is_forced(event.stream.flow)
            )
        known = len(conversation.associations)
        updates = conversation.feed(event)
        if len(conversation.associations) > known:
            self.associations += conversation.associations[known:]
        for association, entry in updates:
            association.findings += find_now(association, entry)
        return updates

    def _close(self, conversation: Conversation) -> list[Update]:
        known = len(conversation.associations)
        updates = conversation.close(self.last_time or 0)
        self.associations += conversation.associations[known:]
        for association, entry in updates:
            association.findings += find_now(association, entry)
        for association in conversation.associations:
            association.findings += find_final(association)
        if not conversation.is_dicom:
            self.foreign[conversation.foreign] += 1
        return updates

    def _next_number(self) -> int:
        self._numbered += 1
        return self._numbered

    def _is_forced(self, flow: bytes) -> bool:
        return bool(self._ports) and not self._ports.isdisjoint(end.port for end in flow_ends(flow))

    def _measure(self, batch: PacketBatch) -> None:
        count = len(batch.starts)
        self.packets += count
        self.bytes += sum(batch.ends) - sum(batch.starts)
        first, last = batch.time(0), batch.time(count - 1)
        self.first_time = first if self.first_time is None else min(self.first_time, first)
        self.last_time = last if self.last_time is None else max(self.last_time, last)
