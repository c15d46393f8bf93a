"""Opens the protected records of one side: which keys are in force, and which number the next record has."""

from collections.abc import Iterator

from dicomsniff.dictionary.tls import APPLICATION_DATA, TLS_1_3
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.keyring import Epoch, Key, KeyRing
from dicomsniff.tls.peer import Peer
from dicomsniff.tls.records import Record, RecordReader
from dicomsniff.tls.search import COST, EARNED, MAX_TRIED, MAX_TRIED_UNSETTLED, Search

_Opened = tuple[int, bytes]
"""Content type and content of a record."""


class Opener:
    """The cryptographic state of one side. While no keys are in force, records are plain."""

    __slots__ = ("_allowed", "_earned_until", "_handshake", "_keys", "_peer", "_ring", "epoch", "sequence", "typical")

    def __init__(self, peer: Peer, handshake: Handshake, ring: KeyRing) -> None:
        self.epoch: Epoch | None = None
        """Of TLS 1.3."""
        self.sequence = 0
        """The number of the next record."""
        self._peer = peer
        self._handshake = handshake
        self._ring = ring
        self._keys: list[Key] = []
        """What may open the next record: several until one of them has."""
        self.typical = 1 << 14
        """Bytes of the last record."""
        self._allowed = MAX_TRIED
        """Bytes that may still be decrypted in trials."""
        self._earned_until = 0

    @property
    def is_plain(self) -> bool:
        """Whether records are not protected yet."""
        return self.epoch is None and not self._keys

    @property
    def has_keys(self) -> bool:
        """Whether there are keys in force, and not only some that will be."""
        if not self._keys and self.epoch is not None:
            self._keys = self._ring.of_epoch(self._peer, self.epoch)
        return bool(self._keys)

    @property
    def is_chained(self) -> bool:
        """Whether a record is to be believed only if the one before was opened."""
        return any(key.protection.is_chained for key in self._keys)

    @property
    def key(self) -> Key | None:
        """What opens the next record; None where several keys may, or none does."""
        return self._keys[0] if len(self._keys) == 1 else None

    def enter(self, epoch: Epoch) -> None:
        """Go on with the keys of an epoch of TLS 1.3."""
        self.epoch, self.sequence = epoch, 0
        self._keys = self._ring.of_epoch(self._peer, epoch)

    def change(self) -> None:
        """Go on with the keys last agreed on, before TLS 1.3."""
        self._keys, self.sequence = self._ring.before_13(self._peer), 0

    def update(self) -> None:
        """Go on with the keys that follow on those in force."""
        if self._keys and (following := self._ring.following(self._keys[0])) is not None:
            self._keys, self.sequence = [following], 0

    def leave(self) -> None:
        """Expect plain records again."""
        self._keys, self.epoch, self.sequence = [], None, 0

    def has_later_keys(self) -> bool:
        """Whether there are keys of this or a later epoch of TLS 1.3."""
        return any(self._ring.of_epoch(self._peer, epoch) for epoch in self._later(self.epoch)) or self.has_keys

    def open(self, record: Record) -> _Opened | None:
        """Open the next record; in TLS 1.3 it may be the first one of a later epoch."""
        sequence = self.sequence
        for key in self._keys:
            opened = key.protection.open(sequence, record.header, record.body, record.before)
            if opened is not None:
                if sequence == 0 or len(self._keys) > 1:
                    self._settle(key)
                self.sequence = sequence + 1
                self.typical = record.end - record.start
                return opened
        if self.epoch is not None:
            for epoch in self._later(self.epoch):
                for key in self._ring.of_epoch(self._peer, epoch):
                    opened = key.protection.open(0, record.header, record.body, record.before)
                    if opened is not None:
                        self.epoch, self.sequence = epoch, 1
                        self._settle(key)
                        return opened
        return None

    def run(self, reader: RecordReader) -> Iterator[tuple[bytes, int, int]]:
        """Open and take records of application data that lie one behind the other: nearly all of a large capture do.

        Yield what each holds, and from where to where it lies. Whatever is not as plain is left to `open`.
        """
        if len(self._keys) != 1 or not self.sequence or self.epoch not in (None, Epoch.APPLICATION):
            return  # other keys may open the next record, or none
        open_record = self._keys[0].protection.open
        for header, body, start, end, before in reader.run(APPLICATION_DATA):
            opened = open_record(self.sequence, header, body, before)
            if opened is None or opened[0] != APPLICATION_DATA or not opened[1]:
                return
            reader.take(end)
            self.sequence, self.typical = self.sequence + 1, end - start
            yield opened[1], start, end

    def put_back(self) -> None:
        """Expect the record that was just opened once more."""
        self.sequence -= 1

    def find(self, record: Record, search: Search) -> _Opened | None:
        """Try a record with every key and number that it may have; those that open it are in force then."""
        most = MAX_TRIED if self._ring.is_settled else MAX_TRIED_UNSETTLED
        self._allowed = min(most, self._allowed + EARNED * max(0, record.end - self._earned_until))
        self._earned_until = record.end
        for key, epoch, is_new in self._findable():
            smallest = key.protection.smallest
            numbers = (search.numbers_since if is_new else search.numbers)(record, smallest, self.typical)
            for number in numbers:
                self._allowed -= COST + len(record.body)
                if self._allowed < 0:
                    return None
                opened = key.protection.open(number, record.header, record.body, record.before)
                if opened is not None:
                    self.epoch, self.sequence = epoch, number + 1
                    self.typical = record.end - record.start
                    self._settle(key)
                    return opened
        return None

    def is_findable(self) -> bool | None:
        """Whether `find` may succeed; None where nothing is known to try."""
        return None if next(self._findable(), None) is None else self._allowed >= 0

    def _findable(self) -> Iterator[tuple[Key, Epoch | None, bool]]:
        """Yield keys, their epoch, and whether they came into force, if they did, after the place was lost."""
        for key in self._keys:
            yield key, self.epoch, False
        if self._handshake.version == TLS_1_3:
            for epoch in self._later(self.epoch):
                for key in self._ring.of_epoch(self._peer, epoch):
                    yield key, epoch, True
            if self.epoch is Epoch.APPLICATION:
                for key in self._keys:
                    if (following := self._ring.following(key)) is not None:
                        yield following, self.epoch, True
        else:
            for key in self._ring.before_13(self._peer):
                yield key, None, True

    def _settle(self, key: Key) -> None:
        self._keys = [key]
        self._ring.settle(key)

    @staticmethod
    def _later(epoch: Epoch | None) -> list[Epoch]:
        return [later for later in Epoch if epoch is None or later > epoch]
