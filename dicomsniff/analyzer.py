"""Joins the stages: packets -> segments -> streams -> PDUs -> messages -> associations -> findings."""

from collections import Counter, deque
from collections.abc import Iterable

from dicomsniff.association.association import Association
from dicomsniff.association.conversation import Conversation, Update
from dicomsniff.association.handshakes import MAX_HANDSHAKES, FailedHandshake
from dicomsniff.association.links import Linker
from dicomsniff.association.moves import Unconnected
from dicomsniff.association.neighbours import Neighbours
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import flow_ends
from dicomsniff.findings.engine import find_final, find_in_capture, find_now
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.overview import Overview
from dicomsniff.tcp.connection import Connection, TcpTracker
from dicomsniff.tcp.events import ConnectionGone, TcpEvent

MAX_ENTRIES = 250_000
"""Timeline entries kept of all associations; beyond, those that ended first are condensed."""
MAX_ASSOCIATIONS = 100_000
"""Associations kept; beyond, those that ended first are forgotten, and only counted."""


class Analyzer:
    """The whole pipeline. Feed it packet batches, from a file or live; close it at the end.

    `associations` grows as they are recognized, and each of them as its packets come; whoever needs an association
    only once calls `take_closed`, so that it is not kept. With `collect`, every message brings its data set
    (`Message.data_set.content`) and digest. Connections from or to a port in `ports` are read as DICOM although
    nothing looks like it. Without `findings` no rule is asked, for who only wants the messages: a little faster.
    """

    def __init__(self, *, collect: bool = False, ports: Iterable[int] = (), findings: bool = True) -> None:
        self._kept: dict[int, Association] = {}
        self._closed: deque[Association] = deque()
        self._entries = 0
        self.packets = 0
        self.bytes = 0
        """Bytes of captured frames."""
        self.first_time: int | None = None
        self.last_time: int | None = None
        self.foreign: Counter[str] = Counter()
        """Connections that carry no DICOM, by protocol where it is known, else under an empty name."""
        self.handshakes: list[FailedHandshake] = []
        """TLS handshakes that failed in sight."""
        self.links = Linker()
        """What belongs together, of the associations that are over."""
        self.neighbours = Neighbours()
        """What can be held against one another of them."""
        self.overview = Overview()
        """How they went, in numbers."""
        self.findings: list[Finding] = []
        """What was found about the capture as a whole, once it is over."""
        self._numbered = 0
        self._collect = collect
        self._judge = findings
        self._ports = frozenset(ports)
        self._tcp = TcpTracker()
        self._decoder = SegmentDecoder(self._tcp.streams)
        self._conversations: dict[Connection, Conversation] = {}

    @property
    def associations(self) -> list[Association]:
        """The associations that are kept, in the order in which they were recognized."""
        return list(self._kept.values())

    @property
    def association_count(self) -> int:
        """Associations recognized so far, kept or not."""
        return self._numbered

    @property
    def undecoded(self) -> Counter[str]:
        """Packets that gave no TCP segment, by reason."""
        return self._decoder.undecoded

    @property
    def connections(self) -> int:
        """TCP connections seen, of any protocol."""
        return self._tcp.connections

    @property
    def given_up(self) -> int:
        """Connections no longer followed because too many were open at a time."""
        return self._tcp.given_up

    @property
    def verdict(self) -> str:
        """How the capture went, in one sentence: the associations that are over, and what they asked to be moved."""
        return self.overview.text(self.links.moves(), self.findings)

    def feed(self, batch: PacketBatch) -> list[Update]:
        """Take packets; return (association, new timeline entry) in packet order."""
        if not batch.starts:
            return []
        # Not after it: whoever takes what has ended after every batch gets it whole.
        self._bound_memory()
        self._measure(batch)
        updates: list[Update] = []
        for segment in self._decoder.segments(batch):
            for event in self._tcp.feed(segment):
                updates += self._tcp_event(event)
        self._entries += len(updates)
        return updates

    def take_closed(self) -> list[Association]:
        """Hand over the associations that ended since the last time; they are not kept any longer."""
        taken = list(self._closed)
        self._closed.clear()
        for association in taken:
            del self._kept[association.id]
        self._entries -= sum(len(association.timeline) for association in taken)
        return taken

    def close(self) -> list[Update]:
        """The capture is over."""
        updates = [update for event in self._tcp.close() for update in self._tcp_event(event)]
        if self._judge:
            self.findings = find_in_capture(self)
        return updates

    def _tcp_event(self, event: TcpEvent) -> list[Update]:
        if isinstance(event, ConnectionGone):
            self._note_unconnected(event.connection)
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
        self._keep(conversation.associations[known:])
        self._find_now(updates)
        return updates

    def _find_now(self, updates: list[Update]) -> None:
        if self._judge:
            for association, entry in updates:
                find_now(association, entry)

    def _close(self, conversation: Conversation) -> list[Update]:
        known = len(conversation.associations)
        updates = conversation.close(self.last_time or 0)
        self._keep(conversation.associations[known:])
        self._find_now(updates)
        for association in conversation.associations:
            if self._judge:
                find_final(association)
            self.links.take(association)
            self.neighbours.take(association, self.overview.take(association))
            self._closed.append(association)
        if not conversation.is_dicom:
            self.foreign[conversation.foreign] += 1
            failed = conversation.failed_handshake
            if failed is not None and len(self.handshakes) < MAX_HANDSHAKES:
                self.handshakes.append(failed)
        return updates

    def _note_unconnected(self, connection: Connection) -> None:
        """Tell of a connection that was opened, and on which nobody said anything."""
        opener = connection.opener
        if opener is not None and not any(stream.offset for stream in connection.streams):
            source, target = flow_ends(opener.flow)
            answered = "silent" if opener.peer.segments else "unanswered"
            how = "refused" if connection.reset else answered
            self.links.take_unconnected(Unconnected(source.address, str(target), connection.first_mark.time, how))

    def _keep(self, associations: Iterable[Association]) -> None:
        self._kept.update((association.id, association) for association in associations)

    def _bound_memory(self) -> None:
        if self._entries > MAX_ENTRIES:  # or so it seems: of a long association, entries are counted that are not kept
            self._entries = sum(len(association.timeline) for association in self._kept.values())
        if self._entries > MAX_ENTRIES:
            for association in self._closed:
                if not association.condensed:
                    self._entries -= len(association.timeline)
                    association.condense()
                if self._entries <= MAX_ENTRIES // 2:
                    break
        while len(self._kept) > MAX_ASSOCIATIONS and self._closed:
            del self._kept[self._closed.popleft().id]

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
