"""The PDUs and messages of a capture, as they are analyzed -> the plan of what of it is shown."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import PduWatcher
from dicomsniff.association.timeline import ConflictingBytes
from dicomsniff.capture.segments import flow_between, flow_ends, reverse_flow
from dicomsniff.dimse.message import DataSetInfo, Message
from dicomsniff.pdu.decode import HEADER_LENGTH
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    CutAssociate,
    MalformedPdu,
    PduEvent,
    Pdv,
    PdvRun,
    ReleaseRp,
    ReleaseRq,
    SkippedBytes,
    UnknownPdu,
)
from dicomsniff.privacy.eraser import DEFLATED, erase
from dicomsniff.scrubbing.commands import shown_command
from dicomsniff.scrubbing.deflated import stand_in_stream
from dicomsniff.scrubbing.erasing import Erasing
from dicomsniff.scrubbing.negotiation import shown_body
from dicomsniff.scrubbing.plan import Parts, Plan, PlannedConnection
from dicomsniff.side import Side
from dicomsniff.tcp.channel import ByteStream
from dicomsniff.tcp.source import TcpSource

MAX_COMMENTS = 50_000
"""Error Comments that wait until all values of the capture are known; of more, nothing is shown."""
_FIRST_OF_TEXT = 0x20
"""The first byte that stands for a character; codes are smaller (PS3.8 §9.3.4, §9.3.8)."""
_NO_LENGTH = 1 << 24
"""Bytes: four characters, taken for a length, are longer."""
_HEADERS = 2 * HEADER_LENGTH
_UIDS = (0x00000002, 0x00001000)
"""Affected SOP Class UID, Affected SOP Instance UID."""
_BEFORE_TITLES, _TITLE = 4, 16
"""Bytes in the body of A-ASSOCIATE PDUs before the AE titles, and of each of those (PS3.8 Table 9-11)."""


class _Sent(Struct):
    """What one side of an association sent: where byte 0 of its stream is, and what of it is shown."""

    source: TcpSource
    parts: Parts
    fragment_end: int = 0
    """Where the last fragment ended."""
    fragments: dict[int, list[tuple[bool, int, int]]] = field(default_factory=dict)
    """By presentation context those of messages that have not come to their end: of a command?, start, end."""


class ScrubWatcher(PduWatcher):
    """Makes the plan of one capture: it sees PDUs as they come; messages and associations are handed to it.

    What stands for values goes to the file `values`.
    """

    def __init__(self, erasing: Erasing, values: IO[bytes]) -> None:
        super().__init__()
        self._values = values
        self.plan = Plan()
        self.zeroed: Counter[str] = Counter()
        """Data sets of which nothing is shown, by reason."""
        self.over_tls = 0
        """Associations that were copied without their data."""
        self._erasing = erasing
        self._sent: dict[tuple[int, bytes], _Sent] = {}
        self._comments: list[tuple[Parts, list[tuple[int, int]], bytes]] = []
        self._zeroed: dict[int, Counter[str]] = {}

    def take_pdus(self, stream: ByteStream, association: Association, events: Iterable[PduEvent]) -> None:
        """Take what a side sent; plaintext of TLS has no place of its own in a packet."""
        source = stream.source
        if not isinstance(source, TcpSource):
            return
        sent = self._sent.get((association.id, stream.flow))
        if sent is None:
            sent = self._sent[association.id, stream.flow] = _Sent(source, Parts(self._values))
        sent.source = source
        for event in events:
            self._take_pdu(sent, event)

    def take_message(self, association: Association, message: Message) -> None:
        """Take a message that ended, or never will."""
        source = message.span.source
        sent = self._sent.get((association.id, source.flow)) if isinstance(source, TcpSource) else None
        if sent is not None:
            self._take_message(association, sent, message)
        if message.data_set is not None and message.data_set.content is not None:
            message.data_set.content.close()

    def conclude(self, associations: list[Association], chosen: set[int]) -> None:
        """Take associations that are over, those of a connection together; copy connections with one that is chosen."""
        connections: dict[tuple[bytes, int], list[Association]] = {}
        for each in associations:
            assert each.whole is not None
            flow = flow_between(each.requestor.endpoint, each.acceptor.endpoint)
            connections.setdefault((min(flow, reverse_flow(flow)), each.whole.first_packet), []).append(each)
        for (flow, _), together in connections.items():
            if any(each.id in chosen for each in together):
                self.plan.add(flow, self._planned(together, flow))
            for each in together:
                self._sent.pop((each.id, flow), None)
                self._sent.pop((each.id, reverse_flow(flow)), None)
                self._zeroed.pop(each.id, None)

    def finish(self) -> None:
        """The capture is over: now comments can be shown, as what they must not tell is known."""
        for parts, places, value in self._comments:
            shown, at = self._erasing.comment(value), 0
            for start, end in places:
                parts.put(start, shown[at : at + end - start])
                at += end - start
            parts.sort()

    def _planned(self, together: list[Association], flow: bytes) -> PlannedConnection:
        whole = together[0].whole
        assert whole is not None
        planned = PlannedConnection(whole.first_packet, whole.last_packet)
        for each in together:
            planned.conflicts |= {
                entry.span.first_packet for entry in each.timeline if isinstance(entry.event, ConflictingBytes)
            }
            planned.is_tls |= each.tls is not None
            self.over_tls += each.tls is not None
            self.zeroed.update(self._zeroed.get(each.id, {}))
            for way in (flow, reverse_flow(flow)):
                if each.preambles.names and each.tls is None:
                    is_requestor = flow_ends(way)[0] == each.requestor.endpoint
                    planned.openings[way] = each.begins_at(Side.REQUESTOR if is_requestor else Side.ACCEPTOR)
                if (sent := self._sent.get((each.id, way))) is not None:
                    _, parts = planned.sides.setdefault(way, (sent.source, sent.parts))
                    if parts is not sent.parts:
                        parts.merge(sent.parts)
        return planned

    def _take_pdu(self, sent: _Sent, event: PduEvent) -> None:
        parts = sent.parts
        if isinstance(event, Pdv):
            self._take_fragment(sent, event)
        elif isinstance(event, PdvRun):
            period = _HEADERS + event.length
            for start in range(event.start, event.end, period):
                parts.keep(start, start + _HEADERS)
                sent.fragments.setdefault(event.context_id, []).append((False, start + _HEADERS, start + period))
            sent.fragment_end = event.end
        elif isinstance(event, AssociateRq | AssociateAc):
            start = event.span.start
            parts.keep(start, start + HEADER_LENGTH)
            kind = 1 if isinstance(event, AssociateRq) else 2
            parts.put(start + HEADER_LENGTH, shown_body(kind, event.raw, self._erasing))
        elif isinstance(event, AssociateRj | Abort):
            body = event.span.start + HEADER_LENGTH
            codes = (0, 0 if isinstance(event, Abort) else event.result, event.source, event.reason)
            parts.keep(event.span.start, body)
            parts.put(body, bytes(code if code < _FIRST_OF_TEXT else 0 for code in codes))
        elif isinstance(event, CutAssociate):
            place = event.span.start + HEADER_LENGTH + _BEFORE_TITLES
            parts.keep(event.span.start, place)
            for title in (event.called_ae_title, event.calling_ae_title):
                if title is not None:
                    parts.put(place, self._erasing.title(title.encode()[:_TITLE].ljust(_TITLE)))
                place += _TITLE
        elif isinstance(event, UnknownPdu | ReleaseRq | ReleaseRp):
            parts.keep(event.span.start, min(event.span.end, event.span.start + HEADER_LENGTH))
        elif isinstance(event, SkippedBytes) or (isinstance(event, MalformedPdu) and event.code == "pdu-header"):
            parts.fill(event.span.start, event.span.end)  # among zeros, a PDU might be seen where none was
        elif isinstance(event, MalformedPdu):
            parts.keep(event.span.start, min(event.span.end, event.span.start + HEADER_LENGTH))

    def _take_fragment(self, sent: _Sent, pdv: Pdv) -> None:
        if pdv.number == 0:
            start = pdv.start + HEADER_LENGTH
            sent.parts.keep(pdv.start, start)
        else:
            start = sent.fragment_end
        if pdv.received == pdv.length and pdv.ended:
            start = pdv.end - pdv.length - HEADER_LENGTH
        place = start
        if pdv.length > pdv.pdu_length and pdv.length >= _NO_LENGTH:
            sent.parts.put(start, b"\xff" * 4)  # what stands there is no length, and may be text
            place += 4
        sent.parts.keep(place, min(start + HEADER_LENGTH, pdv.end))
        fragments = sent.fragments.setdefault(pdv.context_id, [])
        fragments.append((pdv.is_command, start + HEADER_LENGTH, pdv.end))
        sent.fragment_end = pdv.end

    def _take_message(self, association: Association, sent: _Sent, message: Message) -> None:
        span, waiting = message.span, sent.fragments.get(message.context_id, [])
        sent.fragments[message.context_id] = [each for each in waiting if each[2] > span.end]
        own = [each for each in waiting if span.start <= each[1] and each[2] <= span.end]
        command = [(start, end) for is_command, start, end in own if is_command]
        if sum(end - start for start, end in command) == len(message.command.raw):
            self._show_command(sent, message, command)
        data = message.data_set
        if data is not None:
            places = [(start, end) for is_command, start, end in own if not is_command]
            self._show_data_set(association, sent, message, data, places)

    def _show_command(self, sent: _Sent, message: Message, places: list[tuple[int, int]]) -> None:
        shown, comment = shown_command(message.command, self._erasing)
        for start, end, value in shown.within(0, len(message.command.raw)):
            _spread(sent.parts, places, start, end, value)
        if comment is not None and len(self._comments) < MAX_COMMENTS:
            where = [(start, end) for start, end, _ in _pieces(places, comment.start, comment.stop)]
            self._comments.append((sent.parts, where, message.command.raw[comment]))

    def _show_data_set(
        self, association: Association, sent: _Sent, message: Message, data: DataSetInfo, places: list[tuple[int, int]]
    ) -> None:
        if data.content is None or not data.length:
            return
        size = data.length if data.whole is None else data.whole
        if sum(end - start for start, end in places) < size:
            self._zeroed.setdefault(association.id, Counter())["its place is not certain"] += 1
            return
        erasure = erase(
            data.content,
            size,
            message.transfer_syntax,
            self._erasing.privacy,
            self._erasing.stand_ins,
            whole=message.complete,
            remember=self._erasing.gate.remember,
        )
        if erasure.why == DEFLATED and message.complete:
            uids = [self._erasing.uid(message.command.value(tag)) for tag in _UIDS]
            for start, value in stand_in_stream(size, *uids):
                _spread(sent.parts, places, start, start + len(value), value)
        if erasure.why:
            self._zeroed.setdefault(association.id, Counter())[erasure.why] += 1
        at = 0
        for hidden in erasure.hidden:
            _spread(sent.parts, places, at, hidden.start, None)
            if hidden.value is not None:
                _spread(sent.parts, places, hidden.start, hidden.end, hidden.value)
            at = hidden.end
        _spread(sent.parts, places, at, size, None)


def _pieces(places: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, offset in the whole) of the pieces of a stream that hold bytes `start` to `end` of a whole."""
    begin = 0
    for first, last in places:
        low, high = max(start, begin), min(end, begin + last - first)
        if low < high:
            yield first + low - begin, first + high - begin, low
        begin += last - first
        if begin >= end:
            return


def _spread(parts: Parts, places: list[tuple[int, int]], start: int, end: int, value: bytes | None) -> None:
    """Show bytes `start` to `end` of what lies in `places` of a stream: as sent, or something else in their place."""
    for first, last, at in _pieces(places, start, end):
        if value is None:
            parts.keep(first, last)
        else:
            parts.put(first, value[at - start : at - start + last - first])
