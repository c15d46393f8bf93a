"""Both sides of a TLS connection: bytes come in, authenticated plaintext, alerts and problems out."""

from dicomsniff.tls.direction import Direction
from dicomsniff.tls.events import Plaintext, TlsEvent
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.keyring import KeyRing
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.records import Awaited
from dicomsniff.tls.secrets import Secrets
from dicomsniff.tls.session import TlsSession


class TlsDecoder:
    """Reads the records of both sides (RFC 8446, RFC 5246 and before). No traffic makes it fail.

    What one side sends may have to wait for what the other said, or for secrets to be added: then it comes out of a
    later call, and of `close` at last.
    """

    __slots__ = ("_directions", "session")

    def __init__(self, secrets: Secrets) -> None:
        handshake = Handshake()
        ring = KeyRing(secrets, handshake)
        self._directions = {peer: Direction(peer, handshake, ring) for peer in (CLIENT, SERVER)}
        self.session: TlsSession = handshake.session
        """What is known so far."""

    @property
    def is_done(self) -> bool:
        """Whether nothing more can be read in either direction: further bytes need not be fed."""
        return all(direction.is_done for direction in self._directions.values())

    def is_given_up(self, peer: Peer) -> bool:
        """Whether nothing more that a side sends can be read."""
        return self._directions[peer].is_done

    @property
    def awaits_secrets(self) -> str:
        """What is known of the secrets that are waited for; empty where none are."""
        return next(filter(None, (each.awaits_secrets for each in self._directions.values())), "")

    def pass_time(self) -> list[TlsEvent]:
        """Look again at what waits: it may have waited long enough."""
        return [event for peer in (CLIENT, SERVER) for event in self._go_on(peer, self._directions[peer].pass_time())]

    def feed(self, peer: Peer, data: bytes, start: int) -> list[TlsEvent]:
        """Take bytes of one side, in order; `start` is the offset of the first one in its TCP stream."""
        events, other = self._go_on(peer, self._directions[peer].feed(data, start)), self._directions[peer.other]
        if other.is_lost and any(isinstance(each, Plaintext) and each.peer is peer for each in events):
            return other.tell_lost_so_far() + events
        return events

    def skip(self, peer: Peer, start: int, length: int) -> list[TlsEvent]:
        """Take note that `length` bytes at `start` are not in the capture.

        Before all else, with a length of 0, it says that the first bytes need not be the beginning of a record.
        """
        return self._go_on(peer, self._directions[peer].skip(start, length))

    @property
    def waiting(self) -> int:
        """Bytes of both sides that wait for secrets."""
        return sum([direction.waiting for direction in self._directions.values()])

    def awaited(self, peer: Peer) -> Awaited | None:
        """Say which bytes of a side may be fed all at once, being of one record; None where none may."""
        return self._directions[peer].awaited

    def overhead(self, peer: Peer) -> int | None:
        """How many bytes longer than its plaintext a record of a side is, header included; None where that varies."""
        return self._directions[peer].overhead

    def place(self, peer: Peer) -> tuple[int, int] | None:
        """Where the next record of a side begins, and its number; None where reading cannot go on with these alone."""
        return self._directions[peer].place

    def go_to(self, peer: Peer, start: int, number: int, before: bytes = b"") -> None:
        """Pass over records: the next bytes of a side are at `start`, where the record with that number begins.

        `before` are the last bytes before it: up to TAIL of them are needed where ciphers chain records.
        """
        self._directions[peer].go_to(start, number, before)

    def close(self) -> list[TlsEvent]:
        """Tell of what still waits: nothing more will come."""
        events: list[TlsEvent] = []
        for peer in (SERVER, CLIENT):  # what the client sent may wait for what the server said
            events += self._go_on(peer, self._directions[peer].end())
        for direction in self._directions.values():
            events += direction.close()
        return events

    def _go_on(self, peer: Peer, events: list[TlsEvent]) -> list[TlsEvent]:
        """Go on with whichever side waits for what was just said; what `peer` sent after that comes last."""
        own, other = self._directions[peer], self._directions[peer.other]
        while True:
            if other.may_go_on:
                events += other.go_on()
            elif own.may_go_on:
                events += own.go_on()
            else:
                return events
