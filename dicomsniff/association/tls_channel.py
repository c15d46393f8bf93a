"""A TLS connection -> a channel of plaintext: records are decrypted as they come, and each byte keeps its packet."""

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Any

from dicomsniff.association.consumer import ChannelEvent
from dicomsniff.association.preambles import (
    MAX_ANSWERS,
    NOTHING,
    Preambles,
    begins_answer,
    find_answers,
    find_preambles,
)
from dicomsniff.association.tls_layer import MAX_TURNS, TlsLayer, TlsTrouble
from dicomsniff.association.tls_source import Place, TlsSource
from dicomsniff.capture.segments import flow_ends
from dicomsniff.capture.skip import MAX_KEPT, Skip
from dicomsniff.capture.trail import Trail
from dicomsniff.dictionary.tls import RECORD_HEADER
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.channel import ByteStream, Channel
from dicomsniff.tcp.events import StreamBytes, StreamGap
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.events import Alert, Plaintext, TlsEvent, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.protection import TAIL
from dicomsniff.tls.records import LONGEST_PLAINTEXT, Awaited
from dicomsniff.tls.vault import Vault

MAX_RECORDS = 15
"""Records that are taken together where nobody has to see what they hold."""

Told = ChannelEvent | TlsTrouble


class TlsStream:
    """The plaintext of one direction."""

    __slots__ = (
        "_is_whole",
        "_overhead",
        "_trail",
        "fed",
        "offset",
        "opening",
        "peer",
        "skip",
        "source",
        "tcp",
        "unread_from",
    )

    peer: "TlsStream"

    def __init__(self, tcp: ByteStream, begins: PacketMark, vault: Vault, *, is_client: bool) -> None:
        self.tcp = tcp
        self.source = TlsSource(tcp.source, begins, vault, is_client=is_client)
        self.offset = 0
        self.skip: Skip | None = None
        self._trail = Trail()
        """Where segments begin in the TCP stream that may hold a record yet to come."""
        self.fed = 0
        """Where bytes of the TCP stream begin that were not given to the decoder yet."""
        self.opening: bytes | None = b""
        """What came so far of what stands before TLS; None once that is over."""
        self.unread_from: int | None = None
        """Where bytes of the TCP stream begin that will not be decrypted, unless anything comes of what is behind."""
        self._is_whole = True
        """Whether nothing is known to be lost."""
        self._overhead = 0
        """Bytes that the last record had beside its plaintext."""

    @property
    def flow(self) -> bytes:
        """Who sends to whom."""
        return self.tcp.flow

    @property
    def last_mark(self) -> PacketMark:
        """The last packet of this direction."""
        return self.tcp.last_mark

    @property
    def syn_seen(self) -> bool:
        """Whether the beginning of the connection was captured, and all since then was decrypted."""
        return self.tcp.syn_seen and self._is_whole

    @property
    def segments(self) -> int:
        """TCP segments seen."""
        return self.tcp.segments

    @property
    def health(self) -> StreamHealth:
        """How TCP underneath fared."""
        return self.tcp.health

    def came(self, offset: int, mark: PacketMark) -> None:
        """Take note of the packet of bytes of the TCP stream from `offset` on."""
        self._trail.note(offset, mark)
        self.source.last = mark

    def take_kept(self) -> list[bytes]:
        """Return the last bytes of the TCP stream, if they were passed over."""
        skip = self.tcp.skip
        if skip is None or not skip.kept:
            return []
        kept = skip.kept[:]
        skip.kept.clear()
        self.source.last = self._trail.last or self.source.last
        return kept

    def await_record(self, awaited: Awaited | None) -> None:
        """Let TCP keep the bytes of a record until it is whole, or of several: then they come all at once."""
        if awaited is None:
            self.tcp.skip = None
            return
        until, header, length, is_begun = awaited
        inner = self.skip
        unneeded = max(inner.until, inner.limit) - self.offset if inner is not None else 0
        records = min(MAX_RECORDS, unneeded // length) - is_begun
        # What comes behind a record hands it on; where somebody may have to see what it holds, its own last byte does.
        if records > 0:
            period, limit = length, until + records * length
        elif is_begun:
            header, period, limit = b"", 0, until
        else:
            period, limit = length - 1, until + length - 1
        self.tcp.skip = Skip(until, header, period, limit, kept=[], trail=self._trail)

    def mark_at(self, offset: int) -> PacketMark:
        """Return the packet of a byte of the TCP stream, as far as that is remembered."""
        return self._trail.mark_at(offset) or self.source.last

    def span(self, start: int, end: int) -> Span:
        """Return the packets of bytes of the TCP stream."""
        first, last = self.mark_at(start), self.mark_at(max(start, end - 1))
        return Span(first.number, last.number, first.time, last.time, first.offset)

    def note_place(self, start: int, number: int) -> None:
        """Take note of where the next record begins in the TCP stream, and of its number."""
        self.source.note(Place(self.offset, start, number, self.mark_at(start - TAIL)))

    def lose(self, start: int, end: int, records: int | None = None, overhead: int | None = None) -> ChannelEvent:
        """Tell of bytes of the TCP stream that were not decrypted: of as many records, else as usual ones hold them.

        Where records are no longer than by an `overhead` that never varies, that is exact.
        """
        self._is_whole = False
        self.unread_from, lost = end, end - start
        is_exact = records is not None and overhead is not None and overhead == (self._overhead or overhead)
        records = records or max(1, -(-lost // (LONGEST_PLAINTEXT + self._overhead)))
        length = lost - records * (overhead or self._overhead)
        gap = StreamGap(self, self.offset, max(1, length), self.mark_at(max(start, end - 1)), is_exact and length > 0)
        self.offset += gap.length
        return gap

    def pass_over(self, events: list[TlsEvent], index: int, at: int = 0) -> int:
        """Count the plaintext of records, as TCP does (capture/skip.py), up to what somebody may have to see.

        They are the events from `index` on, of the first one what is from `at` on. Return the index of the first event
        that was not counted.
        """
        skip, peer = self.skip, events[index].peer
        if skip is None or not self.source.places:
            return index
        offset, until, kept, header, last = self.offset, skip.until, skip.kept, 0, None
        while index < len(events) and (kept is None or len(kept) < MAX_KEPT):
            record = events[index]
            if not isinstance(record, Plaintext) or record.peer is not peer:
                break
            data = record.data
            reached = offset + len(data) - at
            if reached >= until:
                further = skip.repeated(until, offset, data, at, len(data))
                if not further:
                    break
                header, until = record.start + RECORD_HEADER + at + further - skip.period - offset, further
            if kept is not None:
                kept.append(data[at:])
            offset, at, last, index = reached, 0, record, index + 1
        if last is not None:
            if header:
                self.skip = skip.went_on(until, self.mark_at(header))
            self.offset = offset
            self._reach(last)
        return index

    def _reach(self, record: Plaintext) -> None:
        """Take note that what lies before a record is not asked for any more."""
        self._trail.forget(record.start)
        self._overhead = record.end - record.start - len(record.data)
        self.source.tcp_end = record.end

    def unwrap(self, record: Plaintext) -> Iterator[ChannelEvent]:
        """Yield a record's plaintext, in a piece for each packet that it came in; one of what is only counted."""
        self._reach(record)
        data, length, trail = record.data, len(record.data), self._trail
        if not self.source.places:
            self.source.note(Place(self.offset, record.start, None, self.mark_at(record.start)))
        # To within the few bytes of a nonce, which some suites put before the ciphertext.
        begins = record.start + RECORD_HEADER
        at = 0
        while at < length and not self.pass_over([record], 0, at):
            # Nobody looks at which packets bytes came in that are only counted, but for the last of these.
            counted = min(self.skip.until - self.offset, length - at) if self.skip is not None else 0
            trail.forget(begins + at + max(counted - 1, 0))
            until = min(length, trail.next - begins) if trail.next is not None else length
            until = at + counted if counted > 0 else until
            event = StreamBytes(self, self.offset, data, at, until, self.mark_at(begins + at))
            self.offset += until - at
            at = until
            yield event

    def close(self) -> list[ChannelEvent]:
        """Tell of the bytes that came since nothing is decrypted any more."""
        if self.unread_from is None or self.tcp.offset <= self.unread_from:
            return []
        return [self.lose(self.unread_from, self.tcp.offset)]


class TlsChannel:
    """Both directions, decrypted; `client` is the stream of whoever says hello first."""

    __slots__ = ("_connection", "_streams", "_vault", "consumer", "decoder", "layer", "streams")

    def __init__(self, connection: Channel, client: ByteStream, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self.consumer: Any = None
        self.decoder: TlsDecoder | None = TlsDecoder(vault.secrets)
        """None once there is nothing more to decrypt."""
        begins = connection.first_mark
        here = TlsStream(client, begins, vault, is_client=True)
        there = TlsStream(client.peer, begins, vault, is_client=False)
        here.peer, there.peer = there, here
        self.streams = (here, there)
        self._streams: dict[Peer, TlsStream] = {CLIENT: here, SERVER: there}
        self.layer = TlsLayer(self.decoder.session, *flow_ends(client.flow), Span.at(begins))

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Leave the decoder in memory: it has keys, and these are written nowhere."""
        state = {name: getattr(self, name) for name in self.__slots__}
        if self.decoder is not None:
            state["decoder"] = self._vault.keep(self.decoder)
        return None, state

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        if isinstance(self.decoder, int):
            self.decoder = self._vault.give_back(self.decoder)
        if self.decoder is not None:
            self.layer.session = self.decoder.session

    @property
    def opener(self) -> TlsStream | None:
        """The direction of whoever opened the connection."""
        opener = self._connection.opener
        return None if opener is None else self._streams[self.peer_of(opener)]

    @property
    def opened_at(self) -> int | None:
        """When it was open for both (ns since 1970)."""
        return self._connection.opened_at

    @property
    def first_mark(self) -> PacketMark:
        """The first packet."""
        return self._connection.first_mark

    @property
    def last_mark(self) -> PacketMark:
        """The last packet."""
        return self._connection.last_mark

    @property
    def last_time(self) -> int:
        """When its last packet was captured (ns since 1970)."""
        return self._connection.last_time

    @property
    def closed(self) -> bool:
        """Whether it came to its end in sight."""
        return self._connection.closed

    def peer_of(self, stream: ByteStream) -> Peer:
        """Say who sends a stream of the connection underneath."""
        return CLIENT if stream.flow == self._streams[CLIENT].flow else SERVER

    def stream_of(self, stream: ByteStream) -> TlsStream:
        """Return the plaintext of a stream of the connection underneath."""
        return self._streams[self.peer_of(stream)]

    def feed(self, stream: ByteStream, offset: int, data: bytes, mark: PacketMark) -> Iterable[Told]:
        """Take bytes of the connection underneath; what that gives has to be taken before anything else is fed."""
        peer = self.peer_of(stream)
        here = self._streams[peer]
        here.came(offset, mark)
        events: list[TlsEvent] = []
        if here.opening is not None:
            offset, data = self._past_opening(here, peer, offset, data)
            if not data:
                return ()
            if peer is CLIENT:  # now it is known what the server answers
                events = self._feed_opening(SERVER, is_over=False)
        if len(self.layer.turns) < MAX_TURNS:
            self.layer.note_turn(peer, data, mark)
        if self.decoder is None:
            return ()
        events += self._feed_kept(peer.other) if here.peer.tcp.skip is not None else []
        kept = here.take_kept()
        begins = offset - sum(map(len, kept))
        here.fed = offset + len(data)
        events += self.decoder.feed(peer, b"".join([*kept, data]) if kept else data, begins)
        here.await_record(self.decoder.awaited(peer))
        return self._tell(events, peer) if events else ()

    def _past_opening(self, here: TlsStream, peer: Peer, offset: int, data: bytes) -> tuple[int, bytes]:
        """Return where bytes begin behind what stands before TLS, and these; none as long as that may go on."""
        begun = (here.opening or b"") + data
        offset += len(data) - len(begun)
        found = NOTHING if offset else self._opening_of(peer, begun)
        here.opening = None if found.is_whole else begun
        return (offset + found.length, begun[found.length :]) if found.is_whole else (offset, b"")

    def _opening_of(self, peer: Peer, begun: bytes, *, is_over: bool = False) -> Preambles:
        """Return what of the first bytes of a side stands before TLS, where nothing follows if it `is_over`."""
        if peer is CLIENT:
            self.layer.preambles = found = find_preambles(begun)
            return found
        asks_on = self._streams[CLIENT].opening is not None and not is_over
        if asks_on and len(begun) <= MAX_ANSWERS:
            return NOTHING._replace(is_whole=not begins_answer(begun))
        return find_answers(begun, self.layer.preambles.requests)

    def pass_time(self) -> Iterable[Told]:
        """Look again at what waits for secrets."""
        return self._tell(self.decoder.pass_time(), CLIENT) if self.decoder is not None else ()

    def gap(self, stream: ByteStream, offset: int, length: int) -> Iterable[Told]:
        """Take note that the capture lacks bytes of the connection underneath."""
        peer = self.peer_of(stream)
        self.layer.is_whole = False
        if self.decoder is None:
            return ()
        events = self._feed_kept(peer) + self._feed_opening(peer) + self.decoder.skip(peer, offset, length)
        self._streams[peer].fed = offset + length
        self._streams[peer].await_record(None)
        return self._tell(events, peer)

    @property
    def waiting(self) -> int:
        """Bytes that wait to be decrypted."""
        return self.decoder.waiting if self.decoder is not None else 0

    def go_to(self, stream: TlsStream, place: Place, before: bytes) -> None:
        """Pass over what a direction sent before a place; `before` are the last bytes of that."""
        if self.decoder is not None and place.number is not None:
            stream.offset = place.position
            self.decoder.go_to(self.peer_of(stream), place.tcp, place.number, before)

    def close(self) -> list[Told]:
        """Nothing more comes."""
        if self.decoder is None:
            return [event for stream in self.streams for event in stream.close()]
        events = [event for peer in Peer for event in self._feed_kept(peer) + self._feed_opening(peer)]
        told = [*self._tell(events + self.decoder.close(), CLIENT)]
        self.stop()
        return told + [event for stream in self.streams for event in stream.close()]

    def _feed_kept(self, peer: Peer) -> list[TlsEvent]:
        """Feed what of a side was kept: it came before whatever comes next."""
        here = self._streams[peer]
        kept = b"".join(here.take_kept())
        if not kept or self.decoder is None:
            return []
        start, here.fed = here.fed, here.fed + len(kept)
        return self.decoder.feed(peer, kept, start)

    def _feed_opening(self, peer: Peer, *, is_over: bool = True) -> list[TlsEvent]:
        """Feed what came behind what stands before TLS; where that `is_over`, what of it is cut off, too."""
        here = self._streams[peer]
        begun = here.opening
        if not begun:
            here.opening = None if is_over else begun
            return []
        found = self._opening_of(peer, begun, is_over=is_over)
        if not found.is_whole and not is_over:
            return []
        here.opening, data = None, begun[found.length :]
        if not data or self.decoder is None:
            return []
        if len(self.layer.turns) < MAX_TURNS:
            self.layer.note_turn(peer, data, here.mark_at(found.length))
        here.fed = len(begun)
        return self.decoder.feed(peer, data, found.length)

    def stop(self) -> None:
        """Decrypt no more."""
        if self.decoder is not None:
            self._vault.give_back(id(self.decoder))
        self.decoder = None

    def _in_order(self, events: list[TlsEvent]) -> list[TlsEvent]:
        """Put events of both sides in the order of their packets: what waited for secrets comes out side by side."""
        of_client = [event for event in events if event.peer is CLIENT]
        if not of_client or len(of_client) == len(events):
            return events
        of_server = [event for event in events if event.peer is SERVER]
        return [*merge(of_client, of_server, key=self._last_packet)]

    def _last_packet(self, event: TlsEvent) -> int:
        return self._streams[event.peer].mark_at(max(event.start, event.end - 1)).number

    def _tell(self, events: list[TlsEvent], peer: Peer) -> Iterator[Told]:
        events = self._in_order(events)
        index = 0
        while index < len(events):
            event = events[index]
            stream = self._streams[event.peer]
            stream.unread_from = None
            if isinstance(event, Plaintext):
                if self.decoder is not None and self.decoder.is_given_up(event.peer.other):
                    yield from stream.peer.close()  # what this answers was sent before it
                passed = stream.pass_over(events, index)
                if passed > index:
                    index = passed
                    continue
                yield from stream.unwrap(event)
            elif isinstance(event, Alert):
                self.layer.note_alert(event, stream.span(event.start, event.end))
            elif isinstance(event, TlsProblem):
                if event.is_gap:
                    overhead = self.decoder.overhead(event.peer) if self.decoder is not None else None
                    yield stream.lose(event.start, event.end, event.records, overhead)
                if event.text:
                    yield TlsTrouble(stream.span(event.start, event.end), event.peer, event.problem, event.text)
            index += 1
        here = self._streams[peer]
        if self.decoder is not None and here.source.is_next_kept() and (place := self.decoder.place(peer)) is not None:
            here.note_place(*place)
