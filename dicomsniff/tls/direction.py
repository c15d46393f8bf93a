"""One side of a TLS connection: its bytes come in, plaintext, alerts and problems out."""

from dicomsniff.dictionary.tls import TLS_1_3
from dicomsniff.tls import messages
from dicomsniff.tls.events import Alert, Plaintext, Problem, TlsEvent, TlsProblem
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.hellos import EARLY_DATA
from dicomsniff.tls.keyring import Epoch, KeyRing, Missing
from dicomsniff.tls.messages import Message, MessageReader, looks_whole
from dicomsniff.tls.opener import Opener
from dicomsniff.tls.peer import CLIENT, Peer
from dicomsniff.tls.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    Hole,
    Junk,
    Record,
    RecordReader,
    SslV2Hello,
)
from dicomsniff.tls.search import MAX_FAILURES, Search
from dicomsniff.tls.session import MAX_ALERTS
from dicomsniff.tls.wire import MalformedHandshakeError

MAX_WAITING = 1 << 18
"""Bytes of one side that wait for secrets, or for what the other side says."""
_CHANGE = b"\x01"
_ALERT_LENGTH = 2
_ALERT_LEVELS = (1, 2)
_HOLE = "bytes are missing from the capture"
_WRONG = "no record authenticates: the secrets are not those of this session, or it was damaged from the start"


class Direction:
    """Takes the records of one side in order; `handshake` and `ring` are common to both."""

    __slots__ = (
        "_events",
        "_handshake",
        "_has_begun",
        "_is_closing",
        "_is_gap_told",
        "_messages",
        "_opener",
        "_peer",
        "_reader",
        "_ring",
        "_search",
        "_session",
        "_version",
        "_waits_since",
        "is_done",
    )

    def __init__(self, peer: Peer, handshake: Handshake, ring: KeyRing) -> None:
        self.is_done = False
        """Whether nothing more is read."""
        self._peer = peer
        self._handshake = handshake
        self._session = handshake.session
        self._ring = ring
        self._opener = Opener(peer, handshake, ring)
        self._reader = RecordReader()
        self._messages = MessageReader()
        self._events: list[TlsEvent] = []
        self._search: Search | None = None
        self._version: bytes | None = None
        """The version in the headers of records."""
        self._has_begun = False
        """Whether its hello was seen."""
        self._is_gap_told = False
        """Whether it was said that the secret of early data is missing."""
        self._is_closing = False
        self._waits_since: tuple[int, int] | None = None

    @property
    def may_go_on(self) -> bool:
        """Whether what it waited for may have come."""
        return self._waits_since is not None and self._waits_since != self._ring.stamp

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the next record begins, and its number, where with these reading can go on; None elsewhere."""
        opener, session = self._opener, self._session
        is_plain = opener.is_plain or opener.epoch not in (None, Epoch.APPLICATION)
        if is_plain or self.is_done or self._search is not None or session.key_updates or session.renegotiations:
            return None
        return self._reader.position, opener.sequence

    def go_to(self, start: int, number: int, before: bytes) -> None:
        """Go on at `start`, where a record with that number begins; `before` are bytes before it."""
        self._reader.go_to(start, before)
        self._messages.reset()
        self._opener.sequence = number

    def feed(self, data: bytes, start: int) -> list[TlsEvent]:
        """Take bytes."""
        if self.is_done:
            self._session.protected[self._peer] += len(data)
            return []
        return self._continue() if self._reader.feed(data, start) else []

    def skip(self, start: int, length: int) -> list[TlsEvent]:
        """Take note of a hole."""
        if self.is_done:
            return []
        self._reader.skip(start + length)
        return self._continue()

    def _continue(self) -> list[TlsEvent]:
        waits = self._waits_since is not None and not self.may_go_on and not self._is_flooded
        return [] if waits else self.go_on()

    def go_on(self) -> list[TlsEvent]:
        """Read what can be read."""
        self._waits_since = None
        reader = self._reader
        while not self.is_done and (shown := reader.next()) is not None:
            if self._take(shown):
                continue
            if not self._is_flooded:
                self._waits_since = self._ring.stamp
                break
            self._wait_no_more()
        reader.trim()
        events, self._events = self._events, []
        return events

    @property
    def _is_flooded(self) -> bool:
        return self._reader.size > MAX_WAITING or self._reader.is_flooded

    def _wait_no_more(self) -> None:
        reason = f"what reading it needs did not come within {self._reader.size} bytes"
        self._handshake.lose_beginning()
        if self._search is None:
            self._lose(self._reader.position, reason)
        else:
            self._give_up(Problem.TOO_MUCH, reason)

    def close(self) -> list[TlsEvent]:
        """Tell of what still waits, or was searched for."""
        self._is_closing = True
        events = [] if self.is_done else self.go_on()
        search = self._search
        if search is not None and not self.is_done:
            if search.failures and not self._ring.is_settled:
                self._give_up(Problem.WRONG_SECRETS, _WRONG)
            else:
                self._tell_lost(search, self._reader.end)
        events += self._events
        self._events = []
        return events

    def _take(self, shown: Record | SslV2Hello | Hole | Junk) -> bool:
        """Take what the reader shows; False where that has to wait."""
        if isinstance(shown, Record):
            return self._take_record(shown) if self._search is None else self._look_at(shown, self._search)
        if isinstance(shown, SslV2Hello):
            self._take_sslv2(shown)
            return True
        if self._search is None:
            if isinstance(shown, Junk) and self._version is None:
                self._give_up(Problem.NOT_TLS, "no TLS record begins here")
                return True
            self._lose(shown.start, _HOLE if isinstance(shown, Hole) else "no record begins where one should")
        self._reader.search(self._version)
        return True

    def _take_record(self, record: Record) -> bool:
        kind = record.kind
        opener = self._opener
        if kind == CHANGE_CIPHER_SPEC and self._is_for_middleboxes(record):
            self._reader.take(record.end)
            return True
        if opener.epoch is Epoch.EARLY and kind == HANDSHAKE:
            opener.leave()  # the server asked for another ClientHello, and this is it
        if opener.is_plain:
            return self._take_plain(record)
        if kind == CHANGE_CIPHER_SPEC and not self._ring.before_13(self._peer):
            return self._wait(self._ring.missing())
        if not opener.has_keys and not opener.has_later_keys():
            return self._wait(self._ring.missing())
        opened = opener.open(record)
        if opened is None:
            self._fail(record)
        elif self._is_ahead(*opened):
            opener.sequence -= 1
            return False
        else:
            self._reader.take(record.end)
            self._read(*opened, record, is_plain=False)
        return True

    def _is_ahead(self, kind: int, content: bytes) -> bool:
        """Whether a record has a hello that the other side has not been read far enough for."""
        begins_message = kind == HANDSHAKE and self._messages.is_between and not self._is_closing
        return begins_message and self._handshake.is_ahead(content[0] if content else 0)

    def _is_for_middleboxes(self, record: Record) -> bool:
        """Whether a ChangeCipherSpec means nothing (RFC 8446 §5)."""
        return record.body == _CHANGE and self._handshake.version == TLS_1_3

    def _take_plain(self, record: Record) -> bool:
        kind, body = record.kind, record.body
        if kind == APPLICATION_DATA:
            return self._begin_13(record)
        if kind == CHANGE_CIPHER_SPEC:
            return self._change_cipher(record)
        if kind == ALERT and not _is_plain_alert(body):
            self._lose(record.start, "an alert is encrypted before ChangeCipherSpec")
            return True
        if self._is_ahead(kind, body):
            return False
        self._version = record.header[1:3]
        self._reader.take(record.end)
        self._read(kind, body, record, is_plain=True)
        return True

    def _begin_13(self, record: Record) -> bool:
        """Take the first protected record of TLS 1.3, or one whose session's beginning is not in the capture."""
        handshake, session = self._handshake, self._session
        if not self._has_begun or self._is_closing:
            handshake.lose_beginning()
        if handshake.version is None:
            return self._wait(self._ring.missing())
        if not self._has_begun or handshake.version != TLS_1_3:
            self._lose(record.start, "the handshake is not in the capture", is_unknown=not self._has_begun)
            return True
        hello = handshake.client_hello
        is_early = self._peer is CLIENT and hello is not None and EARLY_DATA in hello.extensions
        if is_early and session.early_data is None and not self._is_closing:
            return False  # the server will say whether it took early data
        self._opener.enter(Epoch.EARLY if is_early else Epoch.HANDSHAKE)
        if not self._opener.has_later_keys():
            self._opener.leave()
            return self._wait(self._ring.missing())
        self._version = record.header[1:3]
        self._messages.reset()
        return True

    def _change_cipher(self, record: Record) -> bool:
        if self._is_closing or not self._has_begun:
            self._handshake.lose_beginning()
        self._opener.change()
        if self._opener.is_plain:
            return self._wait(self._ring.missing())
        self._session.finished.discard(self._peer)
        self._reader.take(record.end)
        self._messages.reset()
        return True

    def _take_sslv2(self, hello: SslV2Hello) -> None:
        self._reader.take(hello.end)
        self._has_begun = True
        try:
            self._handshake.take_sslv2(hello.body)
        except MalformedHandshakeError as problem:
            self._tell(Problem.MALFORMED, f"ClientHello in the form of SSL 2.0: {problem}", hello.start, hello.end)

    def _wait(self, missing: Missing) -> bool:
        """Wait for keys, or give up where none will come."""
        if missing.may_come and not self._is_closing:
            return False
        self._give_up(missing.problem, missing.text)
        return True

    # What records hold

    def _read(self, kind: int, content: bytes, record: Record, *, is_plain: bool) -> None:
        peer, session, start, end = self._peer, self._session, record.start, record.end
        if not is_plain:
            session.protected[peer] += end - start
        if kind == APPLICATION_DATA:
            # What the server did not take, the client sends once more.
            if content and (self._opener.epoch is not Epoch.EARLY or session.early_data):
                session.plaintext[peer] += len(content)
                self._events.append(Plaintext(peer, content, start, end))
        elif kind == HANDSHAKE:
            read, too_long = self._messages.feed(content, start, end)
            for message in read:
                self._read_message(message)
            if too_long:
                text = f"a handshake message of {too_long} bytes is longer than is kept"
                self._tell(Problem.TOO_MUCH, text, start, end)
        elif kind == ALERT and len(content) == _ALERT_LENGTH:
            alert = Alert(peer, content[0], content[1], start, end, is_plain)
            self._events.append(alert)
            if len(session.alerts) < MAX_ALERTS:
                session.alerts.append(alert)
        elif kind == CHANGE_CIPHER_SPEC and self._opener.epoch is None:
            self._opener.change()
            self._messages.reset()

    def _read_message(self, message: Message) -> None:
        kind, opener = message.kind, self._opener
        if kind in (messages.CLIENT_HELLO, messages.SERVER_HELLO):
            self._has_begun = True
        elif not self._has_begun and kind != messages.HELLO_REQUEST:
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

    # A place lost

    def _fail(self, record: Record) -> None:
        """The next record does not open."""
        opener, start, end = self._opener, record.start, record.end
        if opener.epoch is Epoch.EARLY or not opener.has_keys:
            # Early data that was not taken, or records whose secret alone is missing: others will open.
            if opener.epoch is Epoch.EARLY and self._session.early_data and not self._is_gap_told:
                self._is_gap_told = True
                self._tell(Problem.NO_SECRETS, "no secret for early data", start, end, is_gap=True)
            self._session.protected[self._peer] += end - start
            self._reader.take(end)
            return
        self._lose(start, "a record does not authenticate", Problem.DAMAGED).fail(record)
        self._reader.search(self._version)

    def _lose(self, start: int, reason: str, problem: Problem = Problem.LOST, *, is_unknown: bool = False) -> Search:
        anchor = None if is_unknown else start
        self._search = search = Search(start, anchor, self._opener.sequence, problem, reason)
        self._messages.reset()
        if self._opener.is_plain:
            self._handshake.lose_beginning()
        return search

    def _look_at(self, record: Record, search: Search) -> bool:
        """Look whether a record is where reading can go on."""
        opener, reader = self._opener, self._reader
        is_change = record.kind == CHANGE_CIPHER_SPEC
        if opener.is_plain and _is_plain(record) and not (is_change and not self._ring.before_13(self._peer)):
            self._end_search(search, record)
            return self._take_plain(record)
        opened = opener.find(record, search)
        if opened is not None:
            self._end_search(search, record, is_lost=opener.is_chained)
            reader.take(record.end)
            if not opener.is_chained:
                self._read(*opened, record, is_plain=False)
            return True
        findable = opener.is_findable(search)
        if findable is None:
            self._pass_over(record, search)
            return True
        search.fail(record)
        if not self._ring.is_settled and (search.failures > MAX_FAILURES or not findable):
            self._give_up(Problem.WRONG_SECRETS, _WRONG)
        elif not findable:
            self._give_up(Problem.LOST, f"{search.reason}, and no record after that authenticates")
        else:
            reader.search(self._version)
        return True

    def _pass_over(self, record: Record, search: Search) -> None:
        """There is nothing to try on a record."""
        missing = self._ring.missing()
        if not missing.may_come or self._is_closing:
            self._give_up(missing.problem, missing.text)
            return
        if not search.is_limit_told:
            search.is_limit_told = True
            self._tell(Problem.TOO_MUCH, f"{missing.text}; not kept any longer", search.told, record.end, is_gap=True)
        search.told = record.end
        search.pass_over(record)
        self._session.protected[self._peer] += record.end - record.start
        self._reader.take(record.end)

    def _end_search(self, search: Search, record: Record, *, is_lost: bool = False) -> None:
        self._search = None
        self._version = record.header[1:3]
        self._tell_lost(search, record.end if is_lost else record.start)

    def _tell_lost(self, search: Search, end: int) -> None:
        if end > search.told:
            text = f"{end - search.told} bytes could not be read: {search.reason}"
            self._tell(search.problem, text, search.told, end, is_gap=True)

    def _give_up(self, problem: Problem, text: str) -> None:
        search, reader = self._search, self._reader
        start = search.told if search is not None else reader.position
        self._session.unread = self._session.unread or text
        self._session.protected[self._peer] += reader.size
        self._tell(problem, text, start, reader.end, is_gap=True)
        self._search = None
        self.is_done = True
        reader.clear()

    def _tell(self, problem: Problem, text: str, start: int, end: int, *, is_gap: bool = False) -> None:
        self._events.append(TlsProblem(self._peer, problem, text, start, end, is_gap))


def _is_plain_alert(body: bytes) -> bool:
    return len(body) == _ALERT_LENGTH and body[0] in _ALERT_LEVELS


def _is_plain(record: Record) -> bool:
    """Whether a record can only be one in clear."""
    kind, body = record.kind, record.body
    if kind == HANDSHAKE:
        return looks_whole(body)
    return body == _CHANGE if kind == CHANGE_CIPHER_SPEC else kind == ALERT and _is_plain_alert(body)
