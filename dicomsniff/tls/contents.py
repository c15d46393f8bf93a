"""What the records of one side hold, in clear or once they are opened: data, alerts, and messages that change keys."""

from dicomsniff.dictionary.tls import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE
from dicomsniff.tls import messages
from dicomsniff.tls.events import Alert, Plaintext, Problem, TlsEvent, TlsProblem
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.keyring import Epoch
from dicomsniff.tls.messages import MAX_MESSAGE, Message, MessageReader, begins_hello
from dicomsniff.tls.opener import Opener
from dicomsniff.tls.peer import Peer
from dicomsniff.tls.records import Record, SslV2Hello
from dicomsniff.tls.session import MAX_ALERTS
from dicomsniff.tls.wire import MalformedHandshakeError

_ALERT_LENGTH = 2
_ALERT_LEVELS = (1, 2)


class Contents:
    """Takes the contents of records in order, and adds what they give to `events`."""

    __slots__ = ("_events", "_handshake", "_messages", "_opener", "_peer", "has_begun", "has_changed")

    def __init__(self, peer: Peer, handshake: Handshake, opener: Opener, events: list[TlsEvent]) -> None:
        self.has_begun = False
        """Whether the side's hello was seen."""
        self.has_changed = False
        """Whether a ChangeCipherSpec was seen that was taken for one that means nothing."""
        self._peer = peer
        self._handshake = handshake
        self._opener = opener
        self._events = events
        self._messages = MessageReader()

    def reset(self) -> None:
        """Forget the message that has begun: what comes does not continue it."""
        self._messages.reset()

    def is_message(self, content: bytes) -> bool:
        """Whether the content of a handshake record goes on with a message, or begins one that there is."""
        if not self._messages.is_between or not content:
            return True
        # Ciphertext looks like a message by chance. Where the version is a guess, it may stand behind a
        # ChangeCipherSpec; in TLS 1.3 only a hello that was asked for again is in clear there.
        if self.has_changed:
            return begins_hello(content)
        # It may as well stand behind a beginning that is not in the capture.
        is_likely = self.has_begun or int.from_bytes(content[1:4], "big") <= MAX_MESSAGE
        return content[0] in messages.KINDS and is_likely

    def is_ahead(self, kind: int, content: bytes) -> bool:
        """Whether a record begins with a hello for which the other side has not been read far enough."""
        begins_message = kind == HANDSHAKE and content and self._messages.is_between
        return bool(begins_message) and self._handshake.is_ahead(content[0])

    def read(self, kind: int, content: bytes, record: Record) -> None:
        """Take what a protected record holds."""
        peer, session, start, end = self._peer, self._handshake.session, record.start, record.end
        session.protected[peer] += end - start
        if kind == APPLICATION_DATA:
            # What the server did not take, the client sends once more.
            if content and (self._opener.epoch is not Epoch.EARLY or session.early_data):
                session.plaintext[peer] += len(content)
                self._events.append(Plaintext(peer, content, start, end))
        elif kind == CHANGE_CIPHER_SPEC:
            if self._opener.epoch is None:
                self._opener.change()
                self._messages.reset()
        else:
            self._read(kind, content, record, is_plain=False)

    def read_plain(self, kind: int, content: bytes, record: Record) -> None:
        """Take what a record in clear holds: a handshake message or an alert."""
        self._read(kind, content, record, is_plain=True)

    def read_sslv2(self, hello: SslV2Hello) -> None:
        """Take a ClientHello in the form of SSL 2.0."""
        self.has_begun = True
        try:
            self._handshake.take_sslv2(hello.body)
        except MalformedHandshakeError as problem:
            self._tell(Problem.MALFORMED, f"ClientHello in the form of SSL 2.0: {problem}", hello.start, hello.end)

    def _read(self, kind: int, content: bytes, record: Record, *, is_plain: bool) -> None:
        start, end = record.start, record.end
        if kind == HANDSHAKE:
            read, too_long = self._messages.feed(content, start, end)
            for message in read:
                self._read_message(message)
            if too_long:
                text = f"a handshake message of {too_long} bytes is longer than is kept"
                self._tell(Problem.TOO_MUCH, text, start, end)
        elif kind == ALERT and len(content) == _ALERT_LENGTH:
            alert = Alert(self._peer, content[0], content[1], start, end, is_plain)
            self._events.append(alert)
            if len(alerts := self._handshake.session.alerts) < MAX_ALERTS:
                alerts.append(alert)

    def _read_message(self, message: Message) -> None:
        kind, opener = message.kind, self._opener
        if kind in (messages.CLIENT_HELLO, messages.SERVER_HELLO):
            self.has_begun = True
        elif not self.has_begun and kind != messages.HELLO_REQUEST:
            self._handshake.lose_beginning()
        try:
            self._handshake.take(self._peer, message)
        except MalformedHandshakeError as problem:
            self._tell(Problem.MALFORMED, f"handshake message {kind}: {problem}", message.start, message.end)
        if kind == messages.FINISHED and opener.epoch is Epoch.HANDSHAKE:
            opener.enter(Epoch.APPLICATION)
        elif kind == messages.END_OF_EARLY_DATA and opener.epoch is Epoch.EARLY:
            opener.enter(Epoch.HANDSHAKE)
        elif kind == messages.KEY_UPDATE and opener.epoch is Epoch.APPLICATION:
            opener.update()

    def _tell(self, problem: Problem, text: str, start: int, end: int) -> None:
        self._events.append(TlsProblem(self._peer, problem, text, start, end, is_gap=False))


def is_plain_alert(body: bytes) -> bool:
    """Whether the body of an alert record is in clear: an encrypted one is longer."""
    return len(body) == _ALERT_LENGTH and body[0] in _ALERT_LEVELS
