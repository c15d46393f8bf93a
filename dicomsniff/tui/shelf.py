"""Associations that are over, packed in a temporary file: what only a detailed view needs of them takes no memory."""

import pickle
import zlib
from array import array
from collections import OrderedDict, deque
from collections.abc import Iterable
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.message_counts import MessageCounts
from dicomsniff.findings.collector import Collector, Findings
from dicomsniff.findings.verdicts import verdict
from dicomsniff.tui.turns import fair_turns

LATEST = 2000
"""Timeline entries, of associations that are over, that stay in memory."""
LONGEST = 500
"""Entries of an association that is packed: reading a longer one again would take too long for a key to wait for."""
TOGETHER = 16
"""Associations that are packed together: alike, as most are, they take a fifth of what each alone would."""
OPEN = 4
"""Packs that were opened last and stay open: whoever goes through all has no more than these in memory."""
MAX_ALIKE = 1000
"""Ways to go that are remembered, as many associations go alike."""
_NOWHERE = -1


class Shelved(NamedTuple):
    """An association that was packed, how it went, and what it counts: all that went alike share one of each."""

    association: Association
    said: str
    counts: MessageCounts

    def condense(self, found: Findings) -> None:
        """Have it give up its details, and those of what was found about it."""
        association = self.association
        association.condense(self.said)
        association.message_counts, association.whole = self.counts, None  # nobody has to go back for its packets
        found.condense()


class Shelf:
    """Takes associations from the thread that reads; any thread may have them back, as copies with all details."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._waiting: deque[Association] = deque()
        self._entries = 0
        """Entries of those that wait to be packed."""
        self._file: IO[bytes] | None = None
        """Made when something is put into it."""
        self._is_closed = False
        self._ends = array("Q", (0,))
        """Where each pack ends in it, behind the end of none."""
        self._packs = array("q", (_NOWHERE,))
        """The pack of each association, by its number."""
        self._bytes, self._waits = array("q", (0,)), array("q", (0,))
        """What `sent` and `waited` say of each, by its number: a table of all asks for that, and opens no pack."""
        self._alike: dict[tuple[object, ...], tuple[str, MessageCounts]] = {}
        """What was said of associations and counted of them, by all of that."""
        self._open: OrderedDict[int, dict[int, Association]] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._is_closed = True
            if self._file is not None:
                self._file.close()

    def take(self, over: Iterable[Association]) -> list[Shelved]:
        """Take associations that are over; return those of which copies are packed now, so that they may be condensed.

        Only the thread that reads may call it.
        """
        shelved: list[Shelved] = []
        for association in over:
            # What TLS carried is decrypted by what lives with its connection.
            if len(association.timeline) <= LONGEST and association.tls is None:
                self._waiting.append(association)
                self._entries += len(association.timeline)
        while self._entries > LATEST and len(self._waiting) >= TOGETHER:
            chosen = [self._waiting.popleft() for _ in range(TOGETHER)]
            self._entries -= sum(len(association.timeline) for association in chosen)
            if self._pack(chosen):
                shelved += map(self._shelved, chosen)
        return shelved

    def _shelved(self, association: Association) -> Shelved:
        self._note(association)
        said, counts = verdict(association, self._collector.of(association)), association.message_counts
        key = said, counts.matches, counts.messages, *counts.requests.items(), *counts.statuses.items()
        if len(self._alike) >= MAX_ALIKE:
            self._alike.clear()
        said, counts = self._alike.setdefault(key, (said, counts))
        return Shelved(association, said, counts)

    def _pack(self, associations: list[Association]) -> bool:
        """Pack associations; return whether that was possible."""
        try:
            beside = [(each, self._collector.of(each)) for each in associations]
            packed = zlib.compress(pickle.dumps(beside, pickle.HIGHEST_PROTOCOL), 1)
            with self._lock:
                if self._is_closed:
                    return False
                if self._file is None:
                    self._file = TemporaryFile()  # noqa: SIM115  closed by close()
                self._file.seek(self._ends[-1])
                self._file.write(packed)
                self._file.flush()
        except (TypeError, ValueError, OSError, pickle.PicklingError, RecursionError):
            return False  # they stay in memory: no room on the disk, say
        pack = len(self._ends) - 1
        self._ends.append(self._ends[-1] + len(packed))
        for number in (association.id for association in associations):
            self._packs.extend([_NOWHERE] * (number + 1 - len(self._packs)))
            self._packs[number] = pack
        return True

    def _note(self, association: Association) -> None:
        number = association.id
        for kept, value in ((self._bytes, _sent(association)), (self._waits, _waited(association))):
            kept.extend([0] * (number + 1 - len(kept)))
            kept[number] = value

    def sent(self, association: Association) -> int:
        """Return the bytes of an association's messages, whether or not it has its details."""
        return _sent(association) if self._pack_of(association) == _NOWHERE else self._bytes[association.id]

    def waited(self, association: Association) -> int:
        """Return the longest (ns) that one side of it had the word, whether or not it has its details."""
        return _waited(association) if self._pack_of(association) == _NOWHERE else self._waits[association.id]

    def look(self, association: Association) -> Association:
        """Return it, or a copy with its details where it has none: that is whole until many others are looked at.

        Only one thread, that of the interface, may call it.
        """
        pack = self._pack_of(association)
        if pack == _NOWHERE:
            return association
        opened = self._open.get(pack)
        if opened is None:
            opened = self._unpack(pack)
            if not opened:
                return association
            self._open[pack] = opened
            if len(self._open) > OPEN:
                _, gone = self._open.popitem(last=False)
                for each in gone.values():
                    each.dissolve()
        else:
            self._open.move_to_end(pack)
        return opened.get(association.id, association)

    def load(self, association: Association) -> Association | None:
        """Return a copy of its own, with all details; None where there is none."""
        pack = self._pack_of(association)
        if pack == _NOWHERE:
            return None
        opened = self._unpack(pack)
        wanted = opened.pop(association.id, None)
        for other in opened.values():
            other.dissolve()
        return wanted

    def _pack_of(self, association: Association) -> int:
        number = association.id
        return self._packs[number] if association.condensed and number < len(self._packs) else _NOWHERE

    def _unpack(self, pack: int) -> dict[int, Association]:
        start, end = self._ends[pack], self._ends[pack + 1]
        with self._lock:
            if self._file is None or self._is_closed:  # the program is ending
                return {}
            try:
                with fair_turns():  # whoever reads has the interpreter meanwhile
                    self._file.seek(start)
                    unzipped = zlib.decompress(self._file.read(end - start))
            except OSError:
                return {}  # the disk fails: they are shown without their details
        unpacked: list[tuple[Association, Findings]] = pickle.loads(unzipped)
        for association, found in unpacked:
            if found.all:
                self._collector.take(association, found)
        return {association.id: association for association, _ in unpacked}


def _sent(association: Association) -> int:
    return sum(association.timing.bytes.values())


def _waited(association: Association) -> int:
    longest = association.timing.longest
    return longest[1].length if longest is not None else 0
