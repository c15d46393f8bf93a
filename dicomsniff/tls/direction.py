"""One side of a TLS connection: its bytes come in, plaintext, alerts and problems out."""

from dicomsniff.dictionary.tls import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, TLS_1_3
from dicomsniff.tls.contents import Contents, is_plain_alert
from dicomsniff.tls.events import Plaintext, Problem, TlsEvent, TlsProblem
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.hellos import EARLY_DATA
from dicomsniff.tls.keyring import Epoch, KeyRing, Missing
from dicomsniff.tls.messages import looks_whole
from dicomsniff.tls.opener import Opener
from dicomsniff.tls.peer import CLIENT, Peer
from dicomsniff.tls.records import Awaited, Hole, Junk, Record, RecordReader, SslV2Hello
from dicomsniff.tls.search import MAX_FAILURES, Search

PATIENCE = 2_000_000_000
"""Time (ns) for which data of one side waits for the secret of the other's while a key log grows."""
MAX_WAITING = 1 << 18
"""Bytes of one side that wait for secrets, or for what the other side says."""
_CHANGE = b"\x01"
_HOLE = "bytes are missing from the capture"
_WRONG = "no record authenticates: the secrets are not those of this session, or it was damaged from the start"


class Direction:
    """Takes the records of one side in order; `handshake` and `ring` are common to both."""

    __slots__ = (
        "_contents",
        "_events",
        "_half_since",
        "_handshake",
        "_is_closing",
        "_is_gap_told",
        "_is_interrupted",
        "_is_overdue",
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
        self._events: list[TlsEvent] = []
        self._contents = Contents(peer, handshake, self._opener, self._events)
        self._search: Search | None = None
        self._version: bytes | None = None
        """The version in the headers of records."""
        self._is_gap_told = False
        """Whether it was said that the secret of early data is missing."""
        self._is_closing = False
        self._is_interrupted = False
        self._is_overdue = False
        """Whether it waited in vain: it does not wait again for what the other side says."""
        self._waits_since: tuple[int, int] | None = None
        self._half_since: int | None = None
        """When (ns) it was first seen that the secret of one side's data is there, and the other's is not."""

    @property
    def may_go_on(self) -> bool:
        """Whether what it waited for may have come, or it let the other side go first."""
        return self._is_interrupted or (self._waits_since is not None and self._waits_since != self._ring.stamp)

    @property
    def is_lost(self) -> bool:
        """Whether it is being searched where reading can go on."""
        return self._search is not None

    @property
    def _sought(self) -> bytes | None:
        """The version in the headers of records that are searched for: that of a hello need not be the one chosen."""
        return None if self._opener.is_plain else self._version

    @property
    def waiting(self) -> int:
        """Bytes that wait for secrets, or for what the other side says."""
        return self._reader.size if self._waits_since is not None else 0

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the next record begins, and its number, where with these reading can go on; None elsewhere."""
        opener, session = self._opener, self._session
        is_plain = opener.is_plain or opener.epoch not in (None, Epoch.APPLICATION)
        if is_plain or self.is_done or self._search is not None or session.key_updates or session.renegotiations:
            return None
        return self._reader.position, opener.sequence

    @property
    def awaited(self) -> Awaited | None:
        """The bytes that must come before more data can be read; None where each byte may tell something."""
        is_reading = self._session.plaintext[self._peer] and not self.is_done and self._waits_since is None
        return self._reader.awaited if is_reading else None

    @property
    def overhead(self) -> int | None:
        """How many bytes longer than its plaintext a record is; None where that varies."""
        key = self._opener.key
        return key.protection.overhead if key is not None else None

    def go_to(self, start: int, number: int, before: bytes) -> None:
        """Go on at `start`, where a record with that number begins; `before` are bytes before it."""
        self._reader.go_to(start, before)
        self._contents.reset()
        self._opener.sequence = number

    def feed(self, data: bytes, start: int) -> list[TlsEvent]:
        """Take bytes."""
        if self.is_done:
            self._session.protected[self._peer] += len(data)
            return []
        return self._continue() if self._reader.feed(data, start) else []

    def pass_time(self) -> list[TlsEvent]:
        """Look again: what was waited for may have taken too long."""
        return [] if self._waits_since is None or self.is_done else self.go_on()

    def skip(self, start: int, length: int) -> list[TlsEvent]:
        """Take note of a hole."""
        if self.is_done:
            return []
        self._reader.skip(start, start + length)
        return self._continue()

    def _continue(self) -> list[TlsEvent]:
        waits = self._waits_since is not None and not self.may_go_on and not self._is_flooded
        return [] if waits else self.go_on()

    def go_on(self) -> list[TlsEvent]:
        """Read what can be read, until the other side may have waited for it: then that is first."""
        self._waits_since, self._is_interrupted = None, False
        reader, stamp = self._reader, self._ring.stamp
        self._take_run()
        while not self.is_done and (shown := reader.next()) is not None:
            if self._take(shown):
                if self._ring.stamp == stamp:
                    continue
                self._is_interrupted = True
                break
            if not self._is_flooded:
                self._waits_since = stamp
                break
            self._wait_no_more()
        reader.trim()
        events = self._events[:]
        self._events.clear()
        return events

    @property
    def _is_flooded(self) -> bool:
        return self._reader.size > MAX_WAITING or self._reader.is_flooded

    def _wait_no_more(self) -> None:
        reason = f"what reading it needs did not come within {MAX_WAITING} bytes"
        self._handshake.lose_beginning()
        self._is_overdue = True
        if self._search is None:
            self._lose(self._reader.position, reason)
        else:
            self._give_up(Problem.TOO_MUCH, reason, self._reader.position)

    def end(self) -> list[TlsEvent]:
        """Wait no more: read what can be read without what did not come."""
        self._is_closing = True
        return [] if self.is_done else self.go_on()

    def close(self) -> list[TlsEvent]:
        """Tell of what was searched for to the end."""
        search = self._search
        if search is not None and not self.is_done:
            if search.failures and not self._ring.is_settled:
                self._give_up_secrets(self._reader.end)
            else:
                self._tell_lost(search, self._reader.end)
        return self._events

    def _take(self, shown: Record | SslV2Hello | Hole | Junk) -> bool:
        """Take what the reader shows; False where that has to wait."""
        if isinstance(shown, Record):
            return self._take_record(shown) if self._search is None else self._look_at(shown, self._search)
        if isinstance(shown, SslV2Hello):
            self._reader.take(shown.end)
            self._contents.read_sslv2(shown)
            return True
        if self._search is None:
            if isinstance(shown, Junk) and self._version is None:
                self._give_up(Problem.NOT_TLS, "no TLS record begins here", shown.start)
                return True
            if isinstance(shown, Junk):
                self._lose(shown.start, "no record begins where one should")
            else:
                self._lose(shown.start, _HOLE, is_unknown=shown.start == shown.end)
        self._reader.search(self._sought)
        return True

    def _take_run(self) -> None:
        """Take records of application data one after the other, as `_take_record` would, only in half the time."""
        if self._search is not None or not self._reader.size:
            return
        reader, peer, add, begin, size = self._reader, self._peer, self._events.append, self._reader.position, 0
        for content, start, end in self._opener.run(reader):
            add(Plaintext(peer, content, start, end))
            size += len(content)
        self._session.protected[peer] += reader.position - begin
        self._session.plaintext[peer] += size

    def _take_record(self, record: Record) -> bool:
        kind = record.kind
        opener = self._opener
        if kind == CHANGE_CIPHER_SPEC and self._passes_change(record):
            return True
        if opener.epoch is Epoch.EARLY and kind == HANDSHAKE:
            opener.leave()  # the server asked for another ClientHello, and this is it
        if opener.is_plain:
            return self._take_plain(record)
        if kind == CHANGE_CIPHER_SPEC and not self._ring.before_13(self._peer):
            return self._wait(self._ring.missing(), record)
        if not opener.has_keys and not opener.has_later_keys():
            return self._wait(self._ring.missing(), record)
        if opener.sequence == 0 and opener.epoch is Epoch.APPLICATION and self._waits_for_other:
            return False
        opened = opener.open(record)
        if opened is None:
            return self._fail(record)
        if self._is_ahead(*opened):
            opener.put_back()
            return False
        self._reader.take(record.end)
        self._contents.read(*opened, record)
        return True

    @property
    def _waits_for_other(self) -> bool:
        """Whether the secret of the other side's data may still come: an answer is not to come out before its question.

        Whoever writes a key log writes them one after the other.
        """
        waits = self._ring.may_grow and not self._is_closing and not self._is_overdue
        return waits and not self._ring.of_epoch(self._peer.other, Epoch.APPLICATION) and not self._is_half_too_long()

    def _is_half_too_long(self) -> bool:
        """Whether the secret of one side's data alone has been there for longer than the other one is waited for."""
        if self._half_since is None:
            self._half_since = self._ring.now
        self._is_overdue = self._is_overdue or self._ring.now - self._half_since >= PATIENCE
        return self._is_overdue

    def _passes_change(self, record: Record) -> bool:
        """Take a ChangeCipherSpec that is there for middleboxes and means nothing (RFC 8446 §5); False for others."""
        if record.body != _CHANGE or self._handshake.version != TLS_1_3:
            return False
        self._reader.take(record.end)
        self._contents.has_changed = True
        return True

    def _take_plain(self, record: Record) -> bool:
        kind, body = record.kind, record.body
        if kind == APPLICATION_DATA:
            return self._begin_13(record)
        if kind == CHANGE_CIPHER_SPEC:
            return self._change_cipher(record)
        if kind == ALERT and not is_plain_alert(body):
            self._lose(record.start, "an alert is encrypted before ChangeCipherSpec")
            return True
        if kind == HANDSHAKE and not self._contents.is_message(body):
            where = "where only a hello is in clear" if self._contents.has_changed else "before ChangeCipherSpec"
            self._lose(record.start, f"a handshake message is encrypted {where}")
            return True
        if self._is_ahead(kind, body):
            return False
        self._version = record.header[1:3]
        self._reader.take(record.end)
        self._contents.read_plain(kind, body, record)
        return True

    def _is_ahead(self, kind: int, content: bytes) -> bool:
        """Whether a record has to wait for what the other side says before it."""
        waits = not self._is_closing and not self._is_overdue
        return waits and self._contents.is_ahead(kind, content)

    def _begin_13(self, record: Record) -> bool:
        """Take the first protected record of TLS 1.3, or one whose session's beginning is not in the capture."""
        handshake, session = self._handshake, self._session
        if not self._contents.has_begun or self._is_closing:
            handshake.lose_beginning()
        if handshake.version is None:
            return self._wait(self._ring.missing(), record)
        if not self._contents.has_begun or handshake.version != TLS_1_3:
            self._lose(record.start, "the handshake is not in the capture", is_unknown=not self._contents.has_begun)
            return True
        hello = handshake.client_hello
        is_early = self._peer is CLIENT and hello is not None and EARLY_DATA in hello.extensions
        if is_early and session.early_data is None and not self._is_closing:
            return False  # the server will say whether it took early data
        self._opener.enter(Epoch.EARLY if is_early else Epoch.HANDSHAKE)
        if not self._opener.has_later_keys():
            self._opener.leave()
            return self._wait(self._ring.missing(), record)
        self._version = record.header[1:3]
        self._contents.reset()
        return True

    def _change_cipher(self, record: Record) -> bool:
        if self._is_closing or not self._contents.has_begun:
            self._handshake.lose_beginning()
        if self._passes_change(record):
            return True
        self._opener.change()
        if self._opener.is_plain:
            return self._wait(self._ring.missing(), record)
        self._reader.take(record.end)
        self._contents.reset()
        return True

    def _wait(self, missing: Missing, record: Record) -> bool:
        """Wait for keys, or give up where none will come."""
        if missing.may_come and not self._is_closing:
            if not self._ring.of_epoch(self._peer.other, Epoch.APPLICATION) or not self._is_half_too_long():
                return False
            self._lose(record.start, missing.text)  # the other side is read without it; it may come yet
            return True
        self._give_up(missing.problem, missing.text, record.end)
        return True

    @property
    def awaits_secrets(self) -> str:
        """What is known of the secrets that it waits for; empty where it waits for none."""
        waits = self._waits_since is not None and not self.is_done and not self._opener.has_keys
        missing = self._ring.missing() if waits else None
        return missing.text if missing is not None and missing.may_come else ""

    # A place lost

    def _fail(self, record: Record) -> bool:
        """Go on although the next record does not open; False where a secret may come with which it does."""
        opener, start, end = self._opener, record.start, record.end
        is_early, has_keys = opener.epoch is Epoch.EARLY, opener.has_keys
        lacks_keys = not has_keys or (is_early and not self._ring.of_epoch(self._peer, Epoch.HANDSHAKE))
        if lacks_keys and self._ring.may_grow and not self._is_closing and not self._is_half_too_long():
            return False
        if is_early or not has_keys:
            # Early data that was not taken, or records whose secret alone is missing: others will open.
            if is_early and self._session.early_data and not self._is_gap_told:
                self._is_gap_told = True
                self._tell(Problem.NO_SECRETS, "no secret for early data", start, end, is_gap=True)
            self._session.protected[self._peer] += end - start
            self._reader.take(end)
            return True
        self._lose(start, "a record does not authenticate", Problem.DAMAGED).fail(record)
        self._reader.search(self._sought)
        return True

    def _lose(self, start: int, reason: str, problem: Problem = Problem.LOST, *, is_unknown: bool = False) -> Search:
        anchor = None if is_unknown else start
        self._search = search = Search(start, anchor, self._opener.sequence, problem, reason)
        self._contents.reset()
        if self._opener.is_plain:
            self._handshake.lose_beginning()
        return search

    def _look_at(self, record: Record, search: Search) -> bool:
        """Look whether a record is where reading can go on."""
        opener, reader = self._opener, self._reader
        if opener.is_plain and self._is_plain(record):
            self._end_search(search, record)
            return self._take_plain(record)
        key = opener.key
        opened = opener.find(record, search)
        if opened is not None:
            search.is_counted = search.is_counted and opener.key is key
            self._end_search(search, record, is_lost=opener.is_chained)
            reader.take(record.end)
            if not opener.is_chained:
                self._contents.read(*opened, record)
            return True
        findable = opener.is_findable()
        if findable is None:
            self._pass_over(record, search)
            return True
        search.fail(record)
        if not self._ring.is_settled and (search.failures > MAX_FAILURES or not findable):
            self._give_up_secrets(record.end)
        elif not findable:
            self._give_up(Problem.LOST, f"{search.reason}, and no record after that authenticates", record.end)
        else:
            reader.search(self._sought)
        return True

    def _is_plain(self, record: Record) -> bool:
        """Whether a record can only be one in clear, which is then taken: else the same one would be shown for ever."""
        kind, body = record.kind, record.body
        if kind == HANDSHAKE:
            return looks_whole(body) and self._contents.is_message(body)
        if kind == CHANGE_CIPHER_SPEC:
            return body == _CHANGE and bool(self._ring.before_13(self._peer))
        return kind == ALERT and is_plain_alert(body)

    def _pass_over(self, record: Record, search: Search) -> None:
        """There is nothing to try on a record."""
        missing = self._ring.missing()
        if not missing.may_come or self._is_closing:
            self._give_up(missing.problem, missing.text, record.end)
            return
        text = "" if search.is_limit_told else f"{missing.text}; not kept any longer"
        if not search.is_limit_told:
            search.is_limit_told = True
            self._session.unread = missing.text
        self._tell(Problem.TOO_MUCH, text, search.told, record.end, is_gap=True)
        search.told = record.end
        search.pass_over(record)
        self._session.protected[self._peer] += record.end - record.start
        self._reader.take(record.end)

    def _end_search(self, search: Search, record: Record, *, is_lost: bool = False) -> None:
        self._search = None
        self._version = record.header[1:3]
        records = self._opener.sequence - 1 - search.sequence if search.is_counted and not is_lost else None
        self._tell_lost(search, record.end if is_lost else record.start, records)

    def tell_lost_so_far(self) -> list[TlsEvent]:
        """Tell of what could not be read up to now, though it is still being searched where reading can go on.

        What the other side says next was said after it.
        """
        search, end = self._search, self._reader.position
        if search is None or not self._ring.is_settled or self._opener.is_plain or end <= search.told:
            return []
        self._tell_lost(search, end)
        search.told, search.is_counted = end, False
        events = self._events[:]
        self._events.clear()
        return events

    def _tell_lost(self, search: Search, end: int, records: int | None = None) -> None:
        if end > search.told:
            text = f"{end - search.told} bytes could not be read: {search.reason}"
            self._events.append(
                TlsProblem(self._peer, search.problem, text, search.told, end, is_gap=True, records=records)
            )

    def _give_up_secrets(self, end: int) -> None:
        """No record was ever opened with the secrets that there are."""
        if self._session.client_random is None:
            self._give_up(Problem.NO_SECRETS, "the handshake is not in the capture, and no secrets given fit", end)
        else:
            self._give_up(Problem.WRONG_SECRETS, _WRONG, end)

    def _give_up(self, problem: Problem, text: str, end: int) -> None:
        """Read nothing more, now that everything up to `end` was looked at."""
        search, reader = self._search, self._reader
        start = search.told if search is not None else reader.position
        self._session.unread = self._session.unread or text
        self._session.protected[self._peer] += reader.size
        self._tell(problem, text, start, end, is_gap=True)
        self._search = None
        self.is_done = True
        reader.clear()

    def _tell(self, problem: Problem, text: str, start: int, end: int, *, is_gap: bool = False) -> None:
        self._events.append(TlsProblem(self._peer, problem, text, start, end, is_gap))
