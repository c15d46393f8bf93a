"""The bytes of one direction of a connection as they are copied, in whatever order and however often they come."""

from bisect import insort
from collections import deque

from dicomsniff.scrubbing.openings import Opening, opening
from dicomsniff.scrubbing.plan import Parts
from dicomsniff.tcp.source import SEQUENCE_MASK

MAX_RECENT = 1 << 18
"""Bytes kept of what was copied last: bytes that come again are copied from there, and are zeros if they are older."""
_BLOCK = 1 << 14
"""Bytes that are looked through together where they followed each other."""
_HANDSHAKE, _CHANGE, _ALERT, _LAST_KIND, _RECORD_HEADER = 22, 20, 21, 24, 5
_FOREVER = 1 << 62


class CopiedStream:
    """One direction, whose byte 0 has a sequence number; subclasses say what of it is shown, else nothing is."""

    def __init__(self, initial_sequence: int) -> None:
        self._initial = initial_sequence
        self._position = 0
        """Where the bytes ended that reached furthest."""
        self._seen: list[tuple[int, int]] = []
        self._recent: deque[tuple[int, bytearray]] = deque()
        self._kept = 0

    def copy(self, seq: int, payload: bytes, *, conflicts: bool = False) -> bytes:
        """Return what is copied of a segment's payload; of bytes that came before, what was copied then.

        Where it `conflicts` with what came before, it does so as it is copied, too.
        """
        if not payload:
            return b""
        ahead = (seq - self._initial - self._position) & SEQUENCE_MASK
        start = self._position + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)
        end = start + len(payload)
        again = self._overlaps(start, end)
        out = bytearray(self.shown(start, payload))
        fresh = start
        for low, high in again:
            self._remember(fresh, out[fresh - start : low - start])
            out[low - start : high - start] = self._copied(low, high, conflicts=conflicts)
            fresh = high
        self._remember(fresh, out[fresh - start :])
        self._note_seen(start, end)
        self._position = max(self._position, end)
        return bytes(out)

    def shown(self, start: int, payload: bytes) -> bytes:  # noqa: ARG002  of which nothing is known
        """Return what is shown of bytes from offset `start` on that come for the first time."""
        return bytes(len(payload))

    def _overlaps(self, start: int, end: int) -> list[tuple[int, int]]:
        return [(max(low, start), min(high, end)) for low, high in self._seen if max(low, start) < min(high, end)]

    def _copied(self, start: int, end: int, *, conflicts: bool) -> bytes:
        out = bytearray(end - start)
        for at, copied in self._recent:
            low, high = max(at, start), min(at + len(copied), end)
            if low < high:
                out[low - start : high - start] = copied[low - at : high - at]
        return bytes(each ^ 0xFF for each in out) if conflicts else bytes(out)

    def _remember(self, start: int, copied: bytearray) -> None:
        if not copied:
            return
        at, block = self._recent[-1] if self._recent else (0, bytearray())
        if block and at + len(block) == start and len(block) + len(copied) <= _BLOCK:
            block += copied
        else:
            self._recent.append((start, copied))
        self._kept += len(copied)
        while self._kept > MAX_RECENT:
            self._kept -= len(self._recent.popleft()[1])

    def _note_seen(self, start: int, end: int) -> None:
        insort(self._seen, (start, end))
        joined = [self._seen[0]]
        for low, high in self._seen[1:]:
            if low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], high))
            else:
                joined.append((low, high))
        self._seen = joined


class PlannedStream(CopiedStream):
    """DICOM: shown is what the plan says, and of what stands before it, in `begins` bytes, how it is made."""

    def __init__(self, initial_sequence: int, parts: Parts, begins: int = 0) -> None:
        super().__init__(initial_sequence)
        self._parts = parts
        self._begins = begins
        self._opened = 0
        """Where what is copied of an opening goes on."""
        self._opening = opening()
        next(self._opening)

    def shown(self, start: int, payload: bytes) -> bytes:
        """Return what the plan shows of bytes."""
        out = bytearray(len(payload))
        for low, high, value in self._parts.within(max(start, 0), max(start + len(payload), 0)):
            out[low - start : high - start] = payload[low - start : high - start] if value is None else value
        if start <= self._opened < min(self._begins, start + len(payload)):
            self._open(out, payload, self._opened - start, min(self._begins - start, len(payload)))
        return bytes(out)

    def _open(self, out: bytearray, payload: bytes, at: int, until: int) -> None:
        self._opened += until - at
        for place in range(at, until):
            copied = self._opening.send(payload[place])
            if copied is None:  # a kind of which nothing is shown
                self._opened = self._begins
                return
            out[place] = copied


class RecordStream(CopiedStream):
    """TLS: shown are the headers of records, and what of the handshake nobody encrypted (RFC 8446 §5.1).

    What stands before TLS is shown without what it says (openings.py). With `names` of hosts nobody is to see, nothing
    of the handshake is shown. Records are followed while bytes come in order; behind a gap nothing is shown.
    """

    def __init__(self, initial_sequence: int, *, shows_handshake: bool) -> None:
        super().__init__(initial_sequence)
        self._shows = shows_handshake
        self._opening: Opening | None = opening()
        next(self._opening)
        self._next = 0
        self._header = bytearray()
        self._left = 0
        self._plain = False

    def shown(self, start: int, payload: bytes) -> bytes:
        """Return what is shown of bytes that come for the first time."""
        out, at = bytearray(len(payload)), self._next - start
        if not 0 <= at < len(payload):
            return bytes(out)
        while at < len(payload):
            used = 1
            if self._opening is not None:
                copied = self._opening.send(payload[at])
                if copied is None:
                    self._opening = None
                    continue
                out[at] = copied
            elif self._left:
                used = min(self._left, len(payload) - at)
                if self._plain:
                    out[at : at + used] = payload[at : at + used]
                self._left -= used
            elif not self._header and not _CHANGE <= payload[at] <= _LAST_KIND:
                self._left, self._plain = _FOREVER, False  # where the next record begins is anyone's guess
                continue
            else:
                used = min(_RECORD_HEADER - len(self._header), len(payload) - at)
                self._header += payload[at : at + used]
                out[at : at + used] = payload[at : at + used]
                if len(self._header) == _RECORD_HEADER:
                    self._begin_record()
            at += used
        self._next = start + at
        return bytes(out)

    def _begin_record(self) -> None:
        kind, self._left = self._header[0], int.from_bytes(self._header[3:5], "big")
        self._header.clear()
        self._plain = self._shows and kind in (_HANDSHAKE, _ALERT, _CHANGE)
        if kind == _CHANGE:
            self._shows = False  # what follows is encrypted, though it is called a handshake
            self._plain = True
