"""Joins the stages: packets -> segments -> streams -> PDUs -> messages -> associations -> findings."""

from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Sequence

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Consumer, Foreign, Means, PduWatcher, Update, associations_of
from dicomsniff.association.handshakes import MAX_HANDSHAKES, FailedHandshake
from dicomsniff.association.links import Linked, Linker
from dicomsniff.association.moves import Unconnected, asks_to_move, find_unconnected
from dicomsniff.association.neighbours import Neighbour, Neighbours
from dicomsniff.association.protocols import TLS
from dicomsniff.association.recognition import MAX_UNDECIDED_TOGETHER, Forced, Recognition, find_unread
from dicomsniff.association.strangers import MAX_STRANGERS, Stranger, find_stranger, find_tls_server
from dicomsniff.association.totals import Outcome, Recognized, Totals, recognized_on
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.losses import Losses
from dicomsniff.capture.packets import PacketBatch, timed_batch
from dicomsniff.capture.segments import Segment, flow_ends
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.dictionary.ports import DICOM_PORTS
from dicomsniff.dimse.collection import Collect, Collection
from dicomsniff.engine.kept import Keep, Kept
from dicomsniff.engine.moving import Moving
from dicomsniff.engine.repeating import CameOfIt, Repeating, outcome_again, what_came
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.engine import find_final, find_in_capture, find_now
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.overview import Course, Overview
from dicomsniff.findings.parts import plain
from dicomsniff.pdu.types import AssociateAc
from dicomsniff.quantities import counted
from dicomsniff.span import Span, join_spans
from dicomsniff.tcp.connection import Connection, TcpTracker
from dicomsniff.tcp.entrance import Entrance, Unread
from dicomsniff.tcp.events import ConnectionGone, RepeatGone, TcpEvent
from dicomsniff.tcp.repeats import Repeat, Repeats
from dicomsniff.tls.vault import Vault


class Analyzer:
    """The whole pipeline. Feed it packet batches, from a file or live; close it at the end.

    What becomes of associations is up to `keep`, which may be changed before packets are fed. With `collect`, every
    message brings its data set (`Message.data_set.content`) and digest, or those do whose Command Fields it names.
    Connections from or to a port in `ports` are read as DICOM even where none is recognized. Without `findings` no
    rule is asked, for who only wants the messages: a little faster. Of data sets that are not collected the first
    `heads` bytes are kept. With `watches`, there is no end: of what is remembered beyond associations it is the
    latest, and memory is soon as large as it will be. As a `part`, it is given some of a capture's connections, and
    leaves to `merging.merge` what takes knowing all of them. With `flows`, it follows these and no others. TLS is read
    with the secrets of `vault`. A `watcher` sees all PDUs.
    """

    def __init__(
        self,
        *,
        collect: Collect = False,
        ports: int | Iterable[int] = (),
        findings: bool = True,
        keep: Keep = Keep.ALL,
        heads: int = 0,
        part: bool = False,
        flows: Container[bytes] | None = None,
        watches: bool = False,
        vault: Vault | None = None,
        watcher: PduWatcher | None = None,
    ) -> None:
        self.watches = watches
        """Whether the capture ends when somebody stops it."""
        self.recognized: dict[int, Recognized] = {}
        """Of a part: when each association was recognized."""
        self._part, self._flows = part, flows
        self._outcomes: list[Outcome] = []
        self._leaving: dict[int, Connection] = {}
        """Connections that ended together, and are still to be looked at."""
        self.ended: list[Association] = []
        """Those that ended with what was fed last."""
        self.packets = 0
        self.bytes = 0
        """Bytes of captured frames."""
        self.first_time: int | None = None
        self.last_time: int | None = None
        self.foreign: Counter[str] = Counter()
        """Connections that carry no DICOM, by protocol where it is known, else under an empty name."""
        self.handshakes: list[FailedHandshake] = []
        """TLS handshakes that failed in sight."""
        self.strangers: list[Stranger] = []
        """Connections without DICOM on which the other side did not answer."""
        self.tls_servers: set[str] = set()
        """Addresses and ports that answered in TLS what carried no DICOM that could be read; MAX_STRANGERS at most."""
        self.losses = Losses()
        """Packets that were lost while they were captured, as far as the capturer told."""
        self.links = Linker(watches=watches)
        """What belongs together, of the associations that are over."""
        self.neighbours = Neighbours(watches=watches)
        """What can be held against one another of them."""
        self.overview = Overview(watches=watches)
        """How they went, in numbers."""
        self.found = Collector()
        """What was found about each association."""
        self._kept = Kept(keep, self.found, watches=watches)
        self.findings: list[Finding] = []
        """What was found about the capture as a whole, once it is over."""
        self._repeating = Repeating(self.found)
        self._moving = Moving()
        self._collection = Collection(collect, heads) if collect or heads else None
        self._judge = findings
        self._vault = vault or Vault()
        self._watcher = watcher
        self._ports = frozenset((ports,) if isinstance(ports, int) else ports)
        self._tcp = TcpTracker(self.found)
        self._entrance = Entrance(self._tcp, self._judge_guest, self._is_forced, self._count_guest)
        counted = self._entrance.counted if flows is None else _Passed(self._entrance.counted, flows)
        self._decoder = SegmentDecoder(self._tcp.streams, counted)

    def __repr__(self) -> str:
        return f"<Analyzer: {counted(self.packets, 'packet')}, {counted(self._repeating.count, 'association')} so far>"

    def spare_repeats(self) -> None:
        """From now on, associations that go as others did, in which all went well, are told of as those are.

        They are handed over once they ended, as `Repeated`, and without updates: for views that know these. Of a part
        they are nothing to be merged: an `OutcomeAgain` says all there is to be said of them.
        """
        if not (self.watches or self._watcher or self._collection):
            self._tcp.repeats = Repeats(self._repeating, self._catch_up)

    @property
    def keep(self) -> Keep:
        """Which associations are kept."""
        return self._kept.keep

    @keep.setter
    def keep(self, keep: Keep) -> None:
        self._kept.keep = keep

    @property
    def associations(self) -> list[Association]:
        """The associations that are kept, in the order in which they were recognized."""
        return list(self._kept.associations.values())

    @property
    def keeps_all(self) -> bool:
        """Whether every association recognized so far is kept, with all its details."""
        kept = self._kept.associations.values()
        whole = not any(association.condensed or association.unlisted for association in kept)
        return whole and len(kept) == self._repeating.count

    @property
    def association_count(self) -> int:
        """Associations recognized so far, kept or not."""
        return self._repeating.count

    @property
    def open_associations(self) -> Iterator[Association]:
        """Associations in memory whose connection is not over yet, or which are still to be looked at."""
        for connection in (*self._tcp.table, *self._leaving.values()):
            yield from associations_of(connection)

    @property
    def refused(self) -> Iterator[Unconnected]:
        """TCP connections that were refused, and are not among the links yet; the latest first."""
        closed = (each for each in reversed(self._tcp.closing) if isinstance(each, Connection))
        lingering = (each for each in closed if not each.dropped)
        for connection in (*self._leaving.values(), *lingering):
            found = find_unconnected(connection, self.last_time or 0)
            if found is not None and found.how == "refused":
                yield found

    @property
    def knows_all(self) -> bool:
        """Whether `links` and `open_associations` leave nothing out: none is beyond a limit or waits out of memory."""
        return self._tcp.table.all_awake and not self.links.unlisted

    @property
    def undecoded(self) -> Counter[str]:
        """Packets that gave no TCP segment, by reason."""
        return self._decoder.undecoded

    @property
    def unreachable(self) -> deque[Unreachable]:
        """ICMP errors about TCP packets, the latest ones."""
        return self._decoder.unreachable

    @property
    def connections(self) -> int:
        """TCP connections seen, of any protocol."""
        return self._tcp.connections

    @property
    def given_up(self) -> int:
        """Connections no longer followed because too many were open at a time."""
        return self._tcp.given_up

    @property
    def totals(self) -> Totals:
        """What is counted and kept beside associations."""
        return Totals(
            self.packets,
            self.bytes,
            self.first_time,
            self.last_time,
            self.given_up,
            self.undecoded,
            list(self.unreachable),
            self.connections,
            self.foreign,
            self.handshakes,
            self.links.unconnected(),
            self.strangers,
            self.tls_servers,
        )

    @property
    def verdict(self) -> str:
        """How the capture went, in one sentence: the associations that are over, and what they asked to be moved."""
        return plain(self.verdict_line)

    @property
    def verdict_line(self) -> str:
        """The same, with marks."""
        return self.overview.text(self.links.moves(), self.findings)

    def feed(self, batch: PacketBatch) -> list[Update]:
        """Take packets; return (association, new timeline entry) in packet order."""
        self.ended = []
        if not batch.starts:
            return []
        # What is handed over at its end may leave memory before: between two batches nobody holds it.
        self._tcp.table.shelves = self._kept.keep is Keep.OPEN
        self._measure(batch)
        updates: list[Update] = []
        for segment in self._segments(batch):
            for event in self._entrance.feed(segment):
                updates += self._tcp_event(event)
        updates = self._repeating.caught_up() + updates
        self._kept.entries += len(updates)
        self._judge_moved()
        return updates + self._bound_memory()

    def pass_time(self, quiet: int) -> list[Update]:
        """Nothing has come for `quiet` ns: connections that closed, and would be over by now, are over."""
        self.ended = []
        if self.last_time is None:
            return []
        updates = self._take(self._entrance.pass_time(self.last_time + quiet))
        self._kept.entries += len(updates)
        return updates

    def pass_patience(self, now: int) -> list[Update]:
        """It is `now` (ns) by a clock: read on what has waited for long enough for secrets that may still come."""
        self._vault.pass_time(now)
        updates: list[Update] = []
        for waiting in [*self._vault.waiting]:
            connection = waiting.connection
            known = len(waiting.associations)
            updates += waiting.pass_time(self._repeating.next(connection))
            self._weigh(connection, known)
        self._kept.entries += len(updates)
        self._find_now(updates)
        return updates

    def feed_packets(self, packets: Iterable[tuple[int, bytes]], *, link_type: int = 1) -> list[Update]:
        """Take frames, each with its time (ns since 1970), of a link type as pcap numbers them (1 is Ethernet).

        Returns (association, new timeline entry) in packet order, as `feed` does.
        """
        return self.feed(timed_batch(packets, self.packets + 1, link_type))

    def note_losses(self, losses: Losses, packet: int) -> None:
        """The capturer lost packets, some before this packet: what is open then may lack them."""
        self.losses = losses
        self._tcp.follow_all()
        for association in self.open_associations:
            association.lost_until = packet

    def pop_closed(self) -> list[Association]:
        """Hand over the associations that ended since the last time; they are not kept any longer."""
        return self._kept.pop_ended()

    @property
    def is_over(self) -> bool:
        """Whether every connection was ended."""
        return self._entrance.is_over

    def close(self, count: int | None = None) -> list[Update]:
        """The capture is over: end all connections, or the `count` that were opened first. Call it until `is_over`."""
        self.ended = []
        updates = self._take(self._entrance.close(count))
        updates = self._repeating.caught_up() + updates
        if self.is_over:
            for association in self._moving.take_all():
                self._judge_final(association)
            self._judge_all()
        return updates

    def _judge_all(self) -> None:
        """Ask the rules about the whole."""
        # In the order in which they began: when each was let go hangs on what came of others.
        self.strangers.sort(key=lambda each: each.span.first_packet)
        if self._judge and not self._part:
            self.findings = find_in_capture(self)

    def _segments(self, batch: PacketBatch) -> Iterator[Segment]:
        segments, flows = self._decoder.segments(batch), self._flows
        return segments if flows is None else (segment for segment in segments if segment[3] in flows)

    def _take(self, events: list[TcpEvent]) -> list[Update]:
        self._leaving = {
            id(event.connection): event.connection for event in events if isinstance(event, ConnectionGone)
        }
        updates: list[Update] = []
        for event in events:
            updates += self._tcp_event(event)
        return updates

    def _tcp_event(self, event: TcpEvent) -> list[Update]:
        if isinstance(event, ConnectionGone):
            updates = self._gone(event.connection)
            event.connection.dissolve()
            return updates
        if isinstance(event, RepeatGone):
            self._gone_again(event.repeat)
            return []
        connection = event.stream.connection
        consumer: Consumer = connection.consumer or self._begin(connection)
        if isinstance(consumer, Foreign):
            return []  # of most connections of a mirror port nothing is read
        known = len(consumer.associations)
        updates = consumer.feed(event, self._repeating.next(connection))
        if not known or len(consumer.associations) != known or _is_answer(updates):
            self._weigh(connection, known)
        if updates:
            self._find_now(updates)
        return updates

    def _weigh(self, connection: Connection, known: int) -> None:
        """Take note of what was recognized on a connection beside the associations known, and of what it takes now."""
        consumer: Consumer = connection.consumer  # it may have made way for another one
        self._add(connection, consumer.associations[known:])
        self._tcp.table.weigh(connection, consumer.weight)

    def _begin(self, connection: Connection) -> Consumer:
        """Return what takes the bytes of a connection of which nothing is known."""
        forced = self._is_forced(connection.streams[0].flow)
        means = Means(
            self._collection, self._vault, forced, self._tcp.table.share(MAX_UNDECIDED_TOGETHER), self._watcher
        )
        consumer: Consumer = Forced(connection, means) if forced else Recognition(connection, means)
        connection.consumer = consumer
        return consumer

    def _judge_guest(self, flow: bytes, first: bytes, second: bytes) -> Unread | None:
        """Say what a connection carries, if nobody would read any of it."""
        reads_tls = self._vault.may_read or any(end.port in DICOM_PORTS for end in flow_ends(flow))
        return find_unread(first, second, reads_tls=reads_tls)

    def _count_guest(self, protocol: str, flow: bytes) -> None:
        outcome = Outcome(flow, foreign=protocol, is_guest=True)
        outcome.tls_server = str(flow_ends(flow)[1]) if protocol == TLS else None
        self._end(outcome)

    def _find_now(self, updates: list[Update]) -> None:
        if self._judge:
            for association, entry in updates:
                find_now(self.found, association, entry)

    def _gone(self, connection: Connection) -> list[Update]:
        self._leaving.pop(id(connection), None)
        for stream in connection.streams:
            stream.health.forget()
        consumer: Consumer | None = connection.consumer
        updates: list[Update] = []
        last = connection.last_mark
        outcome = Outcome(connection.streams[0].flow, connection.first_mark, last)
        outcome.begins = connection.opener is not None
        outcome.unconnected = find_unconnected(connection, self.last_time or 0)
        if consumer is not None:
            known = len(consumer.associations)
            undecided = consumer.beginning if isinstance(consumer, Recognition) else None
            updates = consumer.close(self.last_time or 0, self._repeating.next(connection))
            consumer = connection.consumer
            self._add(connection, consumer.associations[known:])
            self._find_now(updates)
            learned = self._tcp.repeats.learned(connection) if self._tcp.repeats is not None else None
            for association in consumer.associations:
                if self._kept.keep is not Keep.ALL:
                    association.whole = join_spans(Span.at(connection.first_mark), Span.at(last))
                self._conclude(association)
            if learned is not None and self._tcp.repeats is not None:
                self._tcp.repeats.tell(learned, what_came(connection, self._judged(consumer.associations), learned))
            outcome.associations = consumer.associations
            outcome.handshake = consumer.failed_handshake
            if not consumer.associations:
                outcome.foreign = consumer.name
                if consumer.name == TLS and consumer.failed_handshake is None:
                    outcome.tls_server = find_tls_server(connection)
                if undecided is not None and len(self.strangers) < MAX_STRANGERS:
                    outcome.stranger = find_stranger(connection, undecided, consumer.name)
        self._end(outcome)
        return updates

    def _judged(self, associations: Sequence[Association]) -> Collector:
        """Return what was found about associations that are over; of a part, what would be found about each alone."""
        if not self._part or any(self.found.of(association).all for association in associations):
            return self.found
        found = Collector()
        for association in associations:
            find_final(found, association)
        return found

    def _gone_again(self, repeat: Repeat) -> None:
        """A connection is over on which an association went as another one did."""
        came: CameOfIt = repeat.stage.came_of_it
        again = came.again(repeat, neighbour=self._part or not self.neighbours.is_full)
        if self._part:
            self._outcomes.append(outcome_again(repeat, again))
        else:
            self._remember(again.linked, again.neighbour, again.course)
        self._hand_over(again.association)

    def _remember(self, linked: Linked, neighbour: Neighbour | None, course: Course) -> None:
        """Remember of an association what rules about others and about the whole ask for."""
        self.links.take(linked)
        if neighbour is not None:
            self.neighbours.take(neighbour)
        self.overview.take(course)

    def _end(self, outcome: Outcome) -> None:
        """A connection is over."""
        self.count(outcome)
        if self._part:
            outcome.recognized = [self.recognized[association.id] for association in outcome.associations]
            self._outcomes.append(outcome)

    def count(self, outcome: Outcome) -> None:
        """Take what came of a connection beside associations, here or in a part."""
        if outcome.unconnected is not None:
            self.links.feed_unconnected(outcome.unconnected)
        if outcome.foreign is not None:
            self.foreign[outcome.foreign] += 1
        if outcome.tls_server is not None and len(self.tls_servers) < MAX_STRANGERS:
            self.tls_servers |= {outcome.tls_server}
        if outcome.stranger is not None and len(self.strangers) < MAX_STRANGERS:
            self.strangers += [outcome.stranger]
        if outcome.handshake is not None and len(self.handshakes) < MAX_HANDSHAKES:
            self.handshakes.append(outcome.handshake)

    def pop_outcomes(self) -> list[Outcome]:
        """Hand over what came of connections of a part that were over since the last time, and keep it no longer."""
        taken, self._outcomes = self._outcomes, []
        for association in (each for outcome in taken for each in outcome.associations):
            self.recognized.pop(association.id, None)
        return taken

    def _conclude(self, association: Association) -> None:
        """An association is over: find what belongs together with it, and ask the rules about all of it."""
        if self._part:
            self._hand_over(association)
            return
        self.links.feed(association)
        if asks_to_move(association) and not self.watches:
            self._moving.add(association)
        else:  # or somebody waits for what is said of it
            self._judge_final(association)

    def _judge_final(self, association: Association) -> None:
        if self._judge:
            find_final(self.found, association, self)
        self.neighbours.feed(association, self.overview.feed(association, self.found.of(association)))
        self._hand_over(association)

    def _judge_moved(self) -> None:
        for association in self._moving.take_due(self.last_time or 0, self._senders):
            self._judge_final(association)

    def _senders(self) -> set[str]:
        """Return the addresses of the requestors of associations that go on."""
        return {association.requestor.endpoint.address for association in self.open_associations}

    def _catch_up(self, events: list[TcpEvent]) -> None:
        """Take what came on a connection that waited until now; TCP may still look at those that are over."""
        for event in events:
            if isinstance(event, ConnectionGone):
                self._repeating.updates += self._gone(event.connection)
                self._repeating.left.append(event.connection)
            else:
                self._repeating.updates += self._tcp_event(event)

    def _hand_over(self, association: Association) -> None:
        """All is found that there is about an association that is over."""
        self._kept.end(association)
        self.ended.append(association)

    def _add(self, connection: Connection, associations: Sequence[Association]) -> None:
        """Take associations that were just recognized on a connection."""
        if associations and self._repeating.give(connection, len(associations)) and self._tcp.repeats is not None:
            self._tcp.repeats.recognized(connection)
        self._kept.add(associations)
        if self._part:
            self.recognized.update((association.id, recognized_on(connection)) for association in associations)

    def _bound_memory(self) -> list[Update]:
        """Keep no more than may be kept; return what that brings to an end."""
        self._kept.bound(self._tcp.table)
        return self._take(self._tcp.relieve()) if self._kept.keep is Keep.OPEN and self._tcp.table.is_heavy else []

    def _is_forced(self, flow: bytes) -> bool:
        return bool(self._ports) and not self._ports.isdisjoint(end.port for end in flow_ends(flow))

    def _measure(self, batch: PacketBatch) -> None:
        count = len(batch.starts)
        self.packets += count
        self.bytes += sum(batch.ends) - sum(batch.starts)
        self._measure_time(batch.time(0), batch.time(count - 1))

    def _measure_time(self, first: int | None, last: int | None) -> None:
        self.first_time = min((each for each in (self.first_time, first) if each is not None), default=None)
        self.last_time = max((each for each in (self.last_time, last) if each is not None), default=None)


class _Passed:
    """The flows of which no packet is looked at, as long as none ends there: those counted, and those not followed."""

    def __init__(self, counted: Container[bytes], followed: Container[bytes]) -> None:
        self._counted, self._followed = counted, followed

    def __contains__(self, flow: object) -> bool:
        return flow not in self._followed or flow in self._counted


def _is_answer(updates: list[Update]) -> bool:
    """Whether the last of these is A-ASSOCIATE-AC, with which an association has its presentation contexts."""
    return bool(updates) and isinstance(updates[-1][1].event, AssociateAc)
