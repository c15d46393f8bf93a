"""A connection that is DICOM -> its associations: both directions' PDUs and messages, in packet order."""

from functools import partial

from dicomsniff.association.association import Association, Party
from dicomsniff.association.consumer import Beginning, ChannelEvent, Means, Update
from dicomsniff.association.time_account import TimeAccountant
from dicomsniff.association.timeline import ConflictingBytes, TcpEnd
from dicomsniff.capture.segments import flow_ends
from dicomsniff.dimse.assembler import Assembler, StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.framing import FOREVER
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    CutAssociate,
    MalformedPdu,
    MissingBytes,
    PduEvent,
    Pdv,
    PdvBytes,
    PdvRun,
    SkippedBytes,
)
from dicomsniff.side import Side
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.channel import ByteStream, Channel, guess_opener
from dicomsniff.tcp.events import StreamConflict, StreamEnd, StreamGap

_ASKED = "sent A-ASSOCIATE-RQ"
"""How the requestor is known, for sure."""
_WEIGHT, _CONTEXTS = 16, 2
"""What a connection weighs for each association, and how many contexts weigh 1 more."""


class Conversation:
    """Decodes both directions of a connection; gives associations as they are recognized.

    `beginning` is what came before the connection was known to be DICOM: `begin` reads it. `means` says where data sets
    are kept for the taking, and whether the connection is read as DICOM even where none is recognized.
    """

    __slots__ = (
        "_assemblers",
        "_beginning",
        "_collection",
        "_connection",
        "_forced",
        "_holed",
        "_number",
        "_pdus",
        "_sides",
        "_time_account",
        "_watcher",
        "associations",
    )

    failed_handshake = None

    def __init__(self, connection: Channel, beginning: Beginning, means: Means) -> None:
        self.associations: list[Association] = []
        self._connection = connection
        self._number = 0
        self._collection = means.collection
        self._forced = means.forced
        self._watcher = means.watcher
        self._pdus: dict[ByteStream, PduStream] = {}
        self._assemblers: dict[ByteStream, Assembler] = {}
        self._sides: dict[ByteStream, Side] = {}
        """Who sends which stream in the latest association."""
        self._time_account: TimeAccountant | None = None
        self._beginning = beginning
        self._holed: ByteStream | None = None
        """The direction with holes that are to be told together."""

    @property
    def name(self) -> str:
        """The protocol, where it is known."""
        return "DICOM" if self.associations else ""

    @property
    def weight(self) -> int:
        """About how many kilobytes the connection takes, with its associations."""
        contexts = sum(len(association.contexts) for association in self.associations)
        return _WEIGHT * max(len(self.associations), 1) + contexts // _CONTEXTS

    def begin(self, mark: PacketMark, number: int) -> list[Update]:
        """Read what waited until packet `mark` told that the connection is DICOM; see `feed`."""
        self._number = number
        beginning = self._beginning
        for stream in self._connection.streams:
            known = stream.syn_seen or self._forced
            beginning.detections.setdefault(stream, Detection(known_start=known))
        # Who spoke first comes first, but only the sure beginning of a side tells what it is in an association.
        by_first_byte = sorted(beginning.detections.items(), key=lambda each: not each[1].at_header)
        beginning.detections = {}
        found = [(stream, self._begin(stream, detection)) for stream, detection in by_first_byte]
        updates: list[Update] = []
        for stream, events in found:
            updates += self._take(stream, events, mark) if events else []
        for stream, pdus in self._pdus.items():
            self._look_ahead(stream, pdus)
        return updates

    def _begin(self, stream: ByteStream, detection: Detection) -> list[PduEvent]:
        collects_all = self._collection is not None and self._collection.fields is None
        pdus = PduStream(stream.source, collect=collects_all, examine=True)
        self._pdus[stream] = pdus
        return detection.replay(pdus) + pdus.tell_holes()

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        """Take what TCP hands on; returns (association, new timeline entry) in packet order.

        `number` is the id of the next association that is recognized, and so on.
        """
        self._number = number
        stream = event.stream
        if self._holed is not None and (stream is not self._holed or isinstance(event, StreamEnd | StreamConflict)):
            return self._tell_holes(event.mark) + self.feed(event, self._number)
        if isinstance(event, StreamEnd):
            self._pass_time(None, event.mark.time)
            if not self.associations:
                self._beginning.ends.append(event)
            return self._enter_if_known(stream, TcpEnd(Span.at(event.mark), event.how))
        if isinstance(event, StreamConflict):
            return self._enter_if_known(stream, ConflictingBytes(Span.at(event.mark), event.different))
        pdus = self._pdus[stream]
        self._beginning.times.setdefault(stream, event.mark.time)
        self._pass_time(stream, event.mark.time)
        if isinstance(event, StreamGap):
            found = pdus.gap(event.offset, event.length, event.mark, stream.skip, is_exact=event.is_exact)
            self._holed = stream
        else:
            found = pdus.feed(event.offset, event.data, event.start, event.end, event.mark, stream.skip)
        updates = self._take(stream, found, event.mark) if found else []
        if self._holed is not None and not pdus.holds_holes:
            self._holed = None
        self._look_ahead(stream, pdus)
        return updates

    def _tell_holes(self, mark: PacketMark) -> list[Update]:
        """What comes next is to stand behind the holes that one side had until now."""
        holed, self._holed = self._holed, None
        if holed is None:
            return []
        told, holed.skip = self._pdus[holed].tell_holes(holed.offset, holed.skip), None
        return self._take(holed, told, mark)

    def close(self, until: int, number: int) -> list[Update]:
        """Nothing more comes on this connection; the capture goes on until `until` (ns since 1970)."""
        self._number = number
        updates: list[Update] = []
        for stream, pdus in self._pdus.items():
            ended = pdus.close(stream.offset, stream.last_mark, stream.skip, stream.health.short)
            updates += self._take(stream, ended, self._connection.last_mark)
        updates += self._end_messages(seen=self._connection.closed)
        if self.associations:
            ends = self._beginning.ends
            updates += [self._enter(end.stream, TcpEnd(Span.at(end.mark), end.how)) for end in ends]
        if self._time_account is not None:
            self._time_account.finish()
        for association in self.associations:
            if self._connection.closed:
                association.close(ended_by_capture=False, watched_until=self._connection.last_time)
            else:
                association.close(ended_by_capture=True, watched_until=until)
        return updates

    def _end_messages(self, *, seen: bool = True) -> list[Update]:
        """No fragment continues what came so far; `seen`: in the capture, not because it ends."""
        assemblers, self._assemblers = self._assemblers, {}
        return [self._enter(stream, event) for stream, each in assemblers.items() for event in each.close(seen=seen)]

    def _enter_if_known(self, stream: ByteStream, event: TcpEnd | ConflictingBytes) -> list[Update]:
        return [self._enter(stream, event)] if self.associations else []

    def _take(self, stream: ByteStream, events: list[PduEvent], mark: PacketMark) -> list[Update]:
        updates: list[Update] = []
        for event in events:
            if not self.associations or (isinstance(event, AssociateRq) and self._begins_another(stream, event)):
                updates += self._end_messages()
                if self._time_account is not None:
                    self._time_account.finish()
                self._new_association(stream, event, mark)
            association = self.associations[-1]
            if self._watcher is not None:
                self._watcher.take_pdus(stream, association, (event,))
            if isinstance(event, Pdv):
                updates += self._fragment(stream, association, event)
            elif isinstance(event, PdvBytes | PdvRun):
                updates += [self._enter(stream, found) for found in self._assembler(stream).feed(event)]
            elif isinstance(event, CutAssociate | MalformedPdu | MissingBytes | SkippedBytes):
                if isinstance(event, MissingBytes):
                    self._assembler(stream).lost(event, inside=self._pdus[stream].fragment is not None)
                updates.append((association, association.add(event, self._sides[stream])))
            else:
                side = self._sides[stream]
                if isinstance(event, AssociateRq) and side is Side.REQUESTOR:
                    association.requestor_is = _ASKED
                underway = isinstance(event, Abort) and self._has_underway(stream)
                entries = association.add_pdu(event, side, underway=underway)
                updates += [(association, entry) for entry in entries]
                if self._time_account is not None:
                    self._time_account.hear_pdu(event, side)
        if self.associations:
            self._count(stream)
        return updates

    def _begins_another(self, stream: ByteStream, request: AssociateRq) -> bool:
        """Whether an A-ASSOCIATE-RQ is not the one that the other side broke off while it was on its way."""
        latest = self.associations[-1]
        cut_short = latest.request is None and latest.begun_before(request.span, self._sides[stream])
        return latest.may_be_over and not cut_short

    def _fragment(self, stream: ByteStream, association: Association, pdv: Pdv) -> list[Update]:
        side = self._sides[stream]
        updates: list[Update] = []
        if pdv.number == 0 and not association.expects_fragment(pdv.pdu_length, side):
            span = Span.at(pdv.first)
            updates += [(association, entry) for entry in association.add_fragment(pdv.pdu_length, span, side)]
        if pdv.length & 1 or pdv.header > 3 or not pdv.length:
            odd = association.add_odd_pdv(pdv.length, pdv.header, Span.at(pdv.first), side)
            updates += [(association, entry) for entry in odd]
        assembler = self._assembler(stream)
        if pdv.number and assembler.begins_with(pdv):
            shared = association.add_shared_pdu(Span.at(pdv.first), side)
            updates += [(association, entry) for entry in shared]
        for found in assembler.feed(pdv):
            updates.append(self._enter(stream, found))
        return updates

    def _enter(self, stream: ByteStream, event: Message | StrayFragment | TcpEnd | ConflictingBytes) -> Update:
        association = self.associations[-1]
        if isinstance(event, Message):
            entry = association.add_message(event)
            if self._time_account is not None:
                self._time_account.hear(event)
            return association, entry
        return association, association.add(event, self._sides[stream])

    def _assembler(self, stream: ByteStream) -> Assembler:
        assembler = self._assemblers.get(stream)
        if assembler is None:
            assembler = Assembler(
                stream.source,
                side=self._sides[stream],
                collection=self._collection,
                syntax_of=self.associations[-1].transfer_syntax,
            )
            self._assemblers[stream] = assembler
        return assembler

    def _look_ahead(self, stream: ByteStream, pdus: PduStream) -> None:
        """Tell what of the next bytes need only be counted, and whether something has begun and not ended."""
        inside, assembler = pdus.is_inside, self._assemblers.get(stream)
        stream.skip = None
        if self._holed is not None:
            stream.skip = pdus.skip_unreadable(partial(self._pass_time, stream))
        elif inside:
            fragment = pdus.fragment
            stream.skip = pdus.skip(FOREVER if fragment is None or assembler is None else assembler.unneeded(*fragment))
        if self._time_account is not None:
            underway = inside or (assembler is not None and assembler.has_underway)
            self._time_account.set_underway(self._sides[stream], underway=underway)

    def _count(self, stream: ByteStream) -> None:
        """Credit the latest association with the PDUs seen since the last time."""
        counts = self._pdus[stream].counts
        if counts:
            credit = self.associations[-1].pdu_counts[self._sides[stream]]
            for name, count in counts.items():
                credit[name] += count
            counts.clear()

    def _new_association(self, stream: ByteStream, event: PduEvent, mark: PacketMark) -> None:
        requestor, how = self._find_requestor(stream, event)
        self._sides = {requestor: Side.REQUESTOR, requestor.peer: Side.ACCEPTOR}
        here, there = flow_ends(requestor.flow)
        whole = requestor.syn_seen and not requestor.health.missing
        known = whole or bool(self.associations) or isinstance(event, AssociateRq)
        first = not self.associations
        time = self._connection.first_mark.time
        if not first and isinstance(event, AssociateRq):
            time = event.span.first_time  # its first packet may be an earlier one than this
        association = Association(
            self._number, Party(here), Party(there), known_start=known and not self._forced, time=time
        )
        self._number += 1
        association.requestor_is = how
        association.tcp = {side: each.health for each, side in self._sides.items()}
        association.preambles = self._beginning.preambles
        association.follows = None if first else self.associations[-1].id
        self.associations.append(association)
        self._time_account = TimeAccountant(association, requestor)
        opened, begun = None, time
        if first:
            opened, begun = self._connection.opened_at, min(self._beginning.times.values())
        self._time_account.open(opened, begun, mark.time, self._sides[stream])

    def _pass_time(self, stream: ByteStream | None, now: int) -> None:
        """Account for the time until `stream` sends bytes; once an association is over, only until its last entry."""
        if self._time_account is None:
            return
        association = self.associations[-1]
        if stream is not None and association.state.is_over:
            self._time_account.pass_time(association.end_time, None)
        else:
            self._time_account.pass_time(now, None if stream is None else self._sides[stream])

    def _has_underway(self, stream: ByteStream) -> bool:
        """Whether a message, or a PDU of the other side, has begun and not ended."""
        other = self._pdus.get(stream.peer)
        return (other is not None and other.is_inside) or any(each.has_underway for each in self._assemblers.values())

    def _find_requestor(self, stream: ByteStream, event: PduEvent) -> tuple[ByteStream, str]:
        if isinstance(event, AssociateRq) or (isinstance(event, CutAssociate) and event.name == AssociateRq.name):
            return stream, _ASKED
        if isinstance(event, AssociateAc | AssociateRj | CutAssociate):
            return stream.peer, f"was sent {event.name}"
        for sender, pdus in self._pdus.items():
            if sender is not stream and pdus.requests_association:
                return sender, "began an A-ASSOCIATE-RQ"
        if self._connection.opener is not None:
            return self._connection.opener, "opened the TCP connection"
        return guess_opener(self._connection), "guessed: its port is the higher one"
