"""A connection that carries TLS: read with the secrets there are, else told of for what it says in clear.

What is decrypted is recognized as the bytes of any connection are: DICOM becomes associations. Where nothing can be
read, a connection that is presumably DICOM, by its port or because the client said so, is an association all the same,
of which only the TLS is known. Any other one is only counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from msgspec.structs import replace

from dicomsniff.association.association import Association, Party
from dicomsniff.association.consumer import (
    UNKNOWN,
    Beginning,
    ChannelEvent,
    Consumer,
    Foreign,
    Means,
    Update,
    count_only,
)
from dicomsniff.association.handshakes import HANDSHAKE_TURNS, FailedHandshake, failed_handshake, refused_in_secret
from dicomsniff.association.preambles import behind
from dicomsniff.association.protocols import find_protocol
from dicomsniff.association.recognition import Recognition
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.association.tls_channel import TlsChannel, Told
from dicomsniff.association.tls_layer import MAX_HANDSHAKE, TlsTrouble
from dicomsniff.capture.segments import flow_ends
from dicomsniff.dictionary.ports import DICOM_PORTS
from dicomsniff.dictionary.tls import HANDSHAKE, RECORD_HEADER
from dicomsniff.pdu.detection import Detection, Piece
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.channel import ByteStream, Channel, guess_opener
from dicomsniff.tcp.events import StreamBytes, StreamEnd, StreamGap
from dicomsniff.tcp.table import BARE
from dicomsniff.tls.events import Problem
from dicomsniff.tls.messages import CLIENT_HELLO, SERVER_HELLO
from dicomsniff.tls.peer import SERVER
from dicomsniff.tls.vault import Vault

MAX_TROUBLES = 100
"""Troubles that wait for an association to be told of; of more only the last one is, which says so."""
LEAST_WAITING = 1 << 12
"""Bytes of each connection that may wait for secrets, however many there are."""
DECIDED = 2 + HANDSHAKE_TURNS + 1
"""Turns after which a connection is past its handshake, and how it came to an end is told by other things: two may be
of a first try, and in TLS 1.3 the client's data may cross the server's refusal."""


class TlsConnection:
    """Decrypts a connection as far as that is possible, and hands what it carries to another consumer."""

    __slots__ = (
        "__weakref__",
        "_beginning",
        "_channel",
        "_connection",
        "_ends",
        "_is_over",
        "_is_presumed",
        "_is_read",
        "_means",
        "_name",
        "_room",
        "_stand_in",
        "_troubles",
        "failed_handshake",
    )

    def __init__(self, name: str, connection: Channel, beginning: Beginning, means: Means) -> None:
        self._name = name
        self.failed_handshake: FailedHandshake | None = None
        self._connection = connection
        self._beginning = beginning
        self._means = means
        self._is_presumed = means.forced or any(
            end.port in DICOM_PORTS for end in flow_ends(connection.streams[0].flow)
        )
        self._channel = TlsChannel(connection, self._find_client(), means.vault or Vault())
        self._channel.consumer = Recognition(self._channel, means._replace(forced=False))
        self._stand_in: list[Association] = []
        """The association that stands for a connection of which nothing can be read."""
        self._ends: list[StreamEnd[ByteStream]] = []
        self._room = max(means.room, LEAST_WAITING)
        self._is_read = False
        """Whether anything was decrypted."""
        self._is_over = False
        """Whether nothing more can be read."""
        self._troubles: list[TlsTrouble] = []
        """Those that wait for an association to be told of."""

    @property
    def name(self) -> str:
        """The protocol, and what it carries where that is known."""
        inside = self._inner.name
        return f"{inside} over {self._name}" if inside else self._name

    @property
    def associations(self) -> Sequence[Association]:
        """Those inside; else the one that stands for what cannot be read."""
        return self._stand_in or self._inner.associations

    @property
    def weight(self) -> int:
        """About how many kilobytes it takes, with what it carries."""
        channel = self._channel
        return (BARE if channel.decoder is None else UNKNOWN) + channel.waiting // 1024 + self._inner.weight

    @property
    def _stands_for_dicom(self) -> bool:
        """Whether it is presumably DICOM, and nothing of what it carries was read."""
        layer = self._channel.layer
        is_read = bool(self.associations) or any(layer.session.plaintext.values())
        return (self._is_presumed or layer.offers_dicom) and not is_read

    @property
    def _inner(self) -> Consumer:
        consumer: Consumer = self._channel.consumer
        return consumer

    def begin(self, mark: PacketMark, number: int) -> list[Update]:
        """Read what came before."""
        beginning, self._beginning = self._beginning, Beginning()
        waiting = [_of(stream, each, mark) for stream, each in beginning.detections.items()]
        known = len(self.associations)
        updates: list[Update] = []
        for _, stream, piece in merge(*waiting, key=_number):
            if piece.missing:
                told = self._channel.gap(stream, piece.offset, piece.missing)
            else:
                told = self._channel.feed(stream, piece.offset, piece.data, piece.mark)
            updates += self._take(told, number + len(self.associations) - known)
        for end in beginning.ends:
            updates += self.feed(end, number + len(self.associations) - known)
        return updates

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        """Take an event."""
        channel = self._channel
        told: Iterable[Told]
        if isinstance(event, StreamBytes):
            told = channel.feed(event.stream, event.offset, event.data[event.start : event.end], event.mark)
            if told == () and not self._is_over:
                self._note_waiting()
                if self._is_read or channel.waiting <= self._room:
                    return []
                told = channel.close()  # where many connections wait for secrets, none waits for long
        elif isinstance(event, StreamGap):
            told = channel.gap(event.stream, event.offset, event.length)
        else:
            if isinstance(event, StreamEnd):
                channel.layer.note_end(channel.peer_of(event.stream), event.how, Span.at(event.mark))
            told = [replace(event, stream=channel.stream_of(event.stream))]
        return self._take(told, number)

    @property
    def connection(self) -> Channel:
        """The connection underneath."""
        return self._connection

    def _note_waiting(self) -> None:
        """Take note that something waits for secrets, where these may come at any time."""
        vault = self._means.vault
        if vault is not None and vault.now and self._channel.waiting:
            vault.waiting.add(self)

    def pass_time(self, number: int) -> list[Update]:
        """Time has passed while something waits for secrets: read what has waited for long enough."""
        channel, vault = self._channel, self._means.vault
        if vault is None or channel.decoder is None or not channel.waiting:
            if vault is not None:
                vault.waiting.discard(self)
            return []
        if (why := channel.decoder.awaits_secrets) and (self._is_presumed or channel.layer.offers_dicom):
            server = channel.layer.server
            vault.note_waiting(str(server), f"TLS to port {server.port} waits for secrets of a key log: {why}")
        return self._take(channel.pass_time(), number)

    def close(self, until: int, number: int) -> list[Update]:
        """Nothing more comes: what could not be read is told now at the latest."""
        channel, known = self._channel, len(self.associations)
        channel.layer.sent = {channel.peer_of(stream): stream.offset for stream in self._connection.streams}
        updates = self._take(channel.close(), number)
        updates += self._inner.close(until, number + len(self.associations) - known)
        updates += self._new(known)
        if self._stands_for_dicom:
            updates += self._begin_stand_in(number)
        if not self.associations:
            self.failed_handshake = failed_handshake(channel.layer) or refused_in_secret(channel.layer)
        for association in self._stand_in:
            ended = self._connection.closed
            association.end_time = max(association.end_time, self._connection.last_time)
            association.close(ended_by_capture=not ended, watched_until=self._connection.last_time if ended else until)
        return updates

    def _take(self, told: Iterable[Told], number: int) -> list[Update]:
        updates: list[Update] = []
        known = len(self.associations)
        for event in told:
            if isinstance(event, TlsTrouble):
                self._note_trouble(event)
            elif self._stand_in:
                updates += self._add_end(event) if isinstance(event, StreamEnd) else []
            else:
                self._ends += [event] if isinstance(event, StreamEnd) else []
                self._is_read = self._is_read or isinstance(event, StreamBytes)
                updates += self._inner.feed(event, number + len(self.associations) - known)
        if len(self.associations) != known:
            updates = self._new(known) + updates
        if self._troubles and self.associations:
            updates += self._tell_troubles()
        channel = self._channel
        if channel.decoder is None or channel.decoder.is_done or isinstance(self._inner, Foreign):
            self._is_over = True
            updates += self._give_up(number)
        return updates

    def _new(self, known: int) -> list[Update]:
        """Tell associations that were just recognized what they came over."""
        for association in self.associations[known:]:
            association.tls = self._channel.layer
            association.preambles = self._channel.layer.preambles
        return self._tell_troubles() if len(self.associations) > known else []

    def _note_trouble(self, trouble: TlsTrouble) -> None:
        if trouble.problem is Problem.NOT_TLS and trouble.peer is SERVER and self._note_other_protocol():
            return  # this is how the handshake failed
        if len(self._troubles) <= MAX_TROUBLES:
            self._troubles.append(trouble)
        else:
            text = f"more than {MAX_TROUBLES} troubles before anything could be read; this is the last one"
            self._troubles[-1] = replace(trouble, text=f"{text}: {trouble.text.rpartition(': ')[2]}")

    def _note_other_protocol(self) -> bool:
        """Take note of the protocol that the server answered in, if it is another one; return whether it is.

        What is no record may be TLS all the same, framed wrongly.
        """
        layer = self._channel.layer
        if not layer.is_whole or len(layer.turns) < 2 or layer.turns[1].peer is not SERVER:
            return False
        protocol = find_protocol(layer.turns[1].beginning)
        if not protocol.wraps:
            layer.answered_in = protocol.name
        return not protocol.wraps

    def _tell_troubles(self) -> list[Update]:
        troubles, self._troubles = self._troubles, []
        association, layer = self.associations[-1], self._channel.layer
        if layer.is_unread:  # that there are no secrets is told of the whole then
            troubles = [each for each in troubles if each.problem is not Problem.NO_SECRETS]
        return [(association, association.add(each, layer.side_of(each.peer, association))) for each in troubles]

    def _give_up(self, number: int) -> list[Update]:
        """Nothing more can be read: look on only as long as that tells how the handshake went."""
        layer, inner = self._channel.layer, self._inner
        updates: list[Update] = []
        if self._stands_for_dicom:
            updates = self._begin_stand_in(number)
        is_past = len(layer.turns) > DECIDED or (bool(layer.turns) and layer.turns[-1].length > MAX_HANDSHAKE)
        if isinstance(inner, Foreign) or is_past:
            self._channel.stop()
            if not self.associations:  # of these, how TCP fared is told
                count_only(self._connection)
        return updates

    def _begin_stand_in(self, number: int) -> list[Update]:
        """List a connection as an association of which nothing but the TLS is known."""
        layer, first = self._channel.layer, self._connection.first_mark
        association = Association(number, Party(layer.client), Party(layer.server), known_start=False, time=first.time)
        association.requestor_is = "client of the TLS connection"
        association.tcp = {
            layer.side_of(self._channel.peer_of(each), association): each.health for each in self._connection.streams
        }
        layer.is_unread = True
        self._stand_in.append(association)
        return self._new(0) + [update for end in self._ends for update in self._add_end(end)]

    def _add_end(self, end: StreamEnd[ByteStream]) -> list[Update]:
        association, layer = self._stand_in[0], self._channel.layer
        side = layer.side_of(self._channel.peer_of(end.stream), association)
        return [(association, association.add(TcpEnd(Span.at(end.mark), end.how), side))]

    def _find_client(self) -> ByteStream:
        """Return the stream of the client: of who says hello first, else of who likely opened the connection."""
        for stream, detection in self._beginning.detections.items():
            first = behind(detection.beginning)
            if len(first) <= RECORD_HEADER or first[0] != HANDSHAKE:
                continue
            message = first[RECORD_HEADER]
            if message in (CLIENT_HELLO, SERVER_HELLO):
                return stream if message == CLIENT_HELLO else stream.peer
        return self._connection.opener or guess_opener(self._connection)


def _of(stream: ByteStream, detection: Detection, last: PacketMark) -> Iterator[tuple[int, ByteStream, Piece]]:
    """Yield pieces of a stream with their packets' numbers; first what is missing before all that waits."""
    pieces = detection.pieces
    if detection.begins_at:
        mark = pieces[0].mark if pieces else last
        yield mark.number, stream, Piece(0, b"", detection.begins_at, mark)
    for piece in pieces:
        yield piece.mark.number, stream, piece


def _number(each: tuple[int, ByteStream, Piece]) -> int:
    return each[0]
