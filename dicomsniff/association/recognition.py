"""What a connection carries, decided by its first bytes: until then they wait, and go to whoever takes them then.

This is where every connection begins. Both directions are judged (pdu/detection.py), and the first of these decides:

- One direction is DICOM: the connection is, and the other direction is read as DICOM from its first byte on, too,
  whatever it looks like.
- Both directions are not: the connection carries another protocol, named by the first bytes (protocols.py).
- One direction, whose beginning is not in the capture, begins there as a protocol that wraps DICOM: the same.
- One direction is not, and MAX_UNDECIDED bytes wait for the other one to say anything: the same. From here on nothing
  is decoded, even if the other direction turns out to be DICOM: gigabytes that only one side sends stay cheap.
- The connection ends: the same, unless what came is the beginning of an A-ASSOCIATE PDU, cut off.

What stands before what a side carries (preambles.py) is passed over where DICOM is behind it.
"""

import re

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import UNKNOWN, Beginning, ChannelEvent, Consumer, Foreign, Means, Update
from dicomsniff.association.conversation import Conversation
from dicomsniff.association.preambles import (
    MAX_ANSWERS,
    MAX_PREAMBLE,
    find_preambles,
    found_preambles,
    may_go_on,
    may_open,
    openings,
)
from dicomsniff.association.protocols import ENOUGH, TLS, UNNAMED, OtherProtocol, find_protocol, find_wrapping
from dicomsniff.pdu.detection import Detection
from dicomsniff.pdu.recognize import Verdict, judge_cut_off, judge_start
from dicomsniff.span import PacketMark
from dicomsniff.tcp.channel import ByteStream, Channel
from dicomsniff.tcp.entrance import Unread
from dicomsniff.tcp.events import StreamBytes, StreamEnd, StreamGap

MAX_UNDECIDED = 1 << 14
"""Bytes of a connection that wait until one direction is DICOM, or both are not."""
MAX_UNDECIDED_TOGETHER = 16 << 20
"""The same of all connections, about: where there are many, fewer bytes of each wait."""
LEAST_UNDECIDED = 1 << 10
"""Bytes of each connection that wait, however many there are."""
MAX_WAITING = 16
"""Events of a connection that is said to be DICOM that wait until its first bytes tell whether it wraps that.

While something stands before these, more may wait: in whatever pieces it comes, MAX_OPENING bytes tell."""
MAX_OPENING = MAX_PREAMBLE + MAX_ANSWERS
"""Bytes of both sides in which a tunnel is opened."""

_HANDSHAKE = b"\x16"
_TLS_NEWS = re.compile(rb"\x15(?:\x03|\Z)|dicom|\x17\x03\x03\0(?:\x13.{19}|\x0b.{11})\Z", re.DOTALL)
"""What the header of an alert looks like, wherever records begin; how a client offers DICOM (RFC 7301); a record that
is as long as an encrypted alert of TLS 1.3."""
_TLS_DATA = re.compile(rb"\x17\x03")
"""The header of a record that is encrypted, as all are that its sender sends after it."""


class Recognition:
    """Takes what TCP hands on of a connection until it is known what it carries; then another consumer takes over.

    `means` says how much may wait, and is handed on.
    """

    __slots__ = ("_connection", "_means", "_room", "beginning")

    name = ""
    associations: tuple[Association, ...] = ()
    failed_handshake = None

    def __init__(self, connection: Channel, means: Means) -> None:
        self._connection = connection
        self._means = means
        self._room = max(LEAST_UNDECIDED, min(means.room, MAX_UNDECIDED))
        self.beginning = Beginning()
        """What came so far."""

    @property
    def weight(self) -> int:
        """About how many kilobytes the connection takes, with what waits."""
        return UNKNOWN + self._waiting // 1024

    @property
    def _waiting(self) -> int:
        return sum([detection.waiting for detection in self.beginning.detections.values()])

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        """Take an event; once it decides, everything that came goes to the new consumer of the connection."""
        stream, beginning = event.stream, self.beginning
        beginning.times.setdefault(stream, event.mark.time)
        detection = beginning.detections.get(stream)
        is_cut = not stream.syn_seen if detection is None else detection.lacks_start
        if is_cut and isinstance(event, StreamBytes):
            protocol = find_wrapping(event.data[event.start : event.end])
            if protocol is not None:
                consumer = self._leave_to(protocol)
                updates = consumer.begin(event.mark, number)
                return updates + consumer.feed(event, number + len(consumer.associations))
        if detection is None:
            detection = beginning.detections[stream] = Detection(known_start=stream.syn_seen)
        if isinstance(event, StreamBytes):
            verdict = detection.feed(event.offset, event.data[event.start : event.end], event.mark)
        elif isinstance(event, StreamGap):
            verdict = detection.gap(event.offset, event.length, event.mark)
        else:
            if isinstance(event, StreamEnd):
                beginning.ends.append(event)
            return []
        if verdict is Verdict.OTHER or (verdict is Verdict.DICOM and len(beginning.detections) > 1):
            _uncover(beginning)  # nothing stands before what begins with DICOM by itself
            verdict = detection.verdict
        is_told = verdict is Verdict.DICOM or (verdict is Verdict.OTHER and self._is_foreign)
        if is_told or (not detection.at_header and self._is_wrapped):
            return self._find_consumer().begin(event.mark, number)
        return []

    def begin(self, mark: PacketMark, number: int) -> list[Update]:  # noqa: ARG002
        """Nothing came before."""
        return []

    def close(self, until: int, number: int) -> list[Update]:
        """Nothing more comes: decide by what there is."""
        _uncover(self.beginning, is_over=True)
        for detection in self.beginning.detections.values():
            detection.end()
        consumer = self._find_consumer()
        updates = consumer.begin(self._connection.last_mark, number)
        return updates + consumer.close(until, number + len(consumer.associations))

    @property
    def _is_foreign(self) -> bool:
        detections = self.beginning.detections.values()
        both = len(detections) == 2 and all(detection.verdict is Verdict.OTHER for detection in detections)
        return (both and not self._opens) or self._waiting > self._room

    @property
    def _opens(self) -> bool:
        """Whether a side has sent nothing yet but what stands before what it carries."""
        return _still_opens(*(each.beginning for each in self.beginning.detections.values()))

    @property
    def _is_wrapped(self) -> bool:
        """Whether one side begins as a protocol that wraps DICOM: where the other's beginning is lost, that decides."""
        others = (each for each in self.beginning.detections.values() if each.verdict is Verdict.OTHER)
        return any(find_protocol(each.beginning).wraps for each in others)

    def _find_consumer(self) -> Consumer:
        """Leave the connection to whoever takes what it carries, as far as the first bytes tell."""
        detections = self.beginning.detections.values()
        if any(detection.verdict is Verdict.DICOM for detection in detections):
            consumer = self._connection.consumer = Conversation(self._connection, self.beginning, self._means)
            return consumer
        return self._leave_to(find_protocol(*(each.beginning for each in detections if each.verdict is Verdict.OTHER)))

    def _leave_to(self, protocol: OtherProtocol) -> Consumer:
        consumer = protocol.consumer(protocol.name, self._connection, self.beginning, self._means)
        self._connection.consumer = consumer
        return consumer


def _uncover(beginning: Beginning, *, is_over: bool = False, is_dicom: bool = False) -> None:
    """Pass over what stands before DICOM; where that `is_over`, what came must do to tell, if it need be told."""
    detections = beginning.detections.values()
    sides = [each.beginning if each.knows_start else b"" for each in detections]
    if not may_open(*sides) or not any(lengths := openings(*sides)):
        return
    behind = [side[length:] for side, length in zip(sides, lengths, strict=True)]
    verdicts = {judge_start(each) for each in behind} | {judge_cut_off(each) for each in behind if is_over}
    if is_dicom or Verdict.DICOM in verdicts:
        beginning.preambles = found_preambles(*sides)
        for detection, length in zip(detections, lengths, strict=True):
            detection.pass_over(length)


def _only_opens(first_bytes: bytes) -> bool:
    """Whether there is something before what a side carries, as the opening of a tunnel, and not enough behind it."""
    found = find_preambles(first_bytes)
    behind = first_bytes[found.length :]
    is_open = found.length > 0 and (len(behind) < ENOUGH or judge_start(behind) is Verdict.WAIT)
    return is_open or not found.is_whole


def _still_opens(*sides: bytes) -> bool:
    """Whether one of both sides has only begun so, or has not answered all of the other one's yet."""
    return may_open(*sides) and (any(map(_only_opens, sides)) or may_go_on(*sides))


def find_unread(first: bytes, second: bytes, *, reads_tls: bool) -> Unread | None:
    """Say what a connection carries whose sides begin so, if nothing is read of it; None of any other.

    Of TLS nothing is read where that `reads_tls` is false, unless it fails in sight or the client offers DICOM.
    """
    if judge_start(first) is not Verdict.OTHER or judge_start(second) is not Verdict.OTHER:
        return None
    if may_open(first, second):
        if _still_opens(first, second):
            return None
        opened = zip((first, second), openings(first, second), strict=True)
        if any(judge_start(side[length:]) is not Verdict.OTHER for side, length in opened):
            return None
    protocol = find_protocol(first, second)
    if protocol.consumer is Foreign:
        return Unread(protocol.name)
    hellos = protocol.name == TLS and first[:1] == second[:1] == _HANDSHAKE
    if reads_tls or not hellos or _TLS_NEWS.search(first) or _TLS_NEWS.search(second):
        return None
    return Unread(TLS, _TLS_NEWS, _TLS_DATA)


class Forced:
    """Takes a connection that is said to be DICOM: it is read as that, unless it begins as a protocol that wraps it.

    Only a few bytes are waited for; `means` is handed on.
    """

    __slots__ = ("_begun", "_connection", "_means", "_waiting")

    name = ""
    associations: tuple[Association, ...] = ()
    failed_handshake = None
    weight = UNKNOWN

    def __init__(self, connection: Channel, means: Means) -> None:
        self._connection = connection
        self._means = means
        self._waiting: list[ChannelEvent] = []
        self._begun: dict[ByteStream, bytes] = {}
        """The first bytes of each side, whoever spoke first before the other."""

    def begin(self, mark: PacketMark, number: int) -> list[Update]:  # noqa: ARG002
        """Nothing came before."""
        return []

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        """Take an event; those that came go to the consumer that takes over."""
        self._waiting.append(event)
        if isinstance(event, StreamBytes):
            said = event.data[event.start : event.end][:MAX_PREAMBLE]
            self._begun[event.stream] = self._begun.get(event.stream, b"") + said
        sides = self._begun.values()
        first = next(iter(sides), b"")
        found = find_preambles(first)
        is_known = found.is_whole and len(first) >= found.length + ENOUGH and not may_go_on(*sides)
        is_sure = is_known or (len(self._waiting) > MAX_WAITING and not self._may_open_on)
        if not is_sure and not isinstance(event, StreamGap):
            return []
        return self._take_over(find_protocol(*(sides if found.requests else (first,))), number)

    @property
    def _may_open_on(self) -> bool:
        """Whether what stands before what is carried has only begun, as far as that may go on."""
        sides = self._begun.values()
        return sum(map(len, sides)) <= MAX_OPENING and _still_opens(*sides)

    def close(self, until: int, number: int) -> list[Update]:
        """Nothing more comes."""
        updates = self._take_over(UNNAMED, number)
        consumer: Consumer = self._connection.consumer
        return updates + consumer.close(until, number + len(consumer.associations))

    def _take_over(self, protocol: OtherProtocol, number: int) -> list[Update]:
        consumer: Consumer
        if protocol.wraps:
            consumer = protocol.consumer(protocol.name, self._connection, Beginning(), self._means)
        else:
            consumer = Conversation(self._connection, self._behind_preambles(), self._means)
        self._connection.consumer = consumer
        updates = consumer.begin(self._connection.last_mark, number)
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            consumer = self._connection.consumer
            updates += consumer.feed(event, number + len(consumer.associations))
        return updates

    def _behind_preambles(self) -> Beginning:
        """Return what came, where something stands before DICOM in it; else nothing: it waits."""
        beginning = Beginning()
        for event in self._waiting:
            stream = event.stream
            beginning.times.setdefault(stream, event.mark.time)
            if isinstance(event, StreamEnd):
                beginning.ends.append(event)
            detection = beginning.detections.setdefault(stream, Detection(known_start=True))
            if isinstance(event, StreamBytes):
                detection.feed(event.offset, event.data[event.start : event.end], event.mark)
            elif isinstance(event, StreamGap):
                detection.gap(event.offset, event.length, event.mark)
        _uncover(beginning, is_dicom=True)
        if not beginning.preambles.names:
            return Beginning()
        self._waiting = []
        return beginning
