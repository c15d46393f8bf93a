"""Where a side of a connection lost its place: how far on it may be, and which numbers a record may have."""

from collections.abc import Iterator
from itertools import chain, zip_longest

from dicomsniff.dictionary.tls import RECORD_HEADER
from dicomsniff.tls.events import Problem
from dicomsniff.tls.records import MAX_BODY, Record

MAX_TRIALS = 512
"""Sequence numbers with which one record is tried, for each key."""
MAX_TRIALS_UNKNOWN = 128
"""The same where the beginning of the stream was not captured."""
MAX_TRIED = 1 << 27
"""Bytes that are decrypted in trials until the place is given up."""
MAX_TRIED_UNSETTLED = 1 << 24
"""The same where no record was ever opened: the secrets may well be wrong."""
COST = 1 << 11
"""What a trial costs besides, in bytes that could be decrypted meanwhile."""
EARNED = 8
"""Bytes that may be decrypted in trials for each byte that came since: so time does not grow faster than bytes."""
MAX_FAILURES = 4
"""Records in a row that do not authenticate with secrets that never opened any, until these are taken to be wrong."""


class Search:
    """A place lost: the record with number `sequence` began, or would have begun, at `anchor`.

    Where the beginning of a stream is not in the capture, nothing is known of numbers: `anchor` is None.
    """

    __slots__ = (
        "_chain_end",
        "_chained",
        "anchor",
        "failures",
        "is_counted",
        "is_limit_told",
        "problem",
        "reason",
        "sequence",
        "told",
        "tried",
    )

    def __init__(self, told: int, anchor: int | None, sequence: int, problem: Problem, reason: str) -> None:
        self.told = told
        """Up to where it has been said what could not be read."""
        self.anchor = anchor
        self.sequence = sequence
        self.problem = problem
        self.reason = reason
        self.failures = 0
        self.is_limit_told = False
        self.is_counted = anchor is not None
        """Whether the number of a record found tells how many there are since `told`."""
        self._chained = 0
        self._chain_end = anchor

    def fail(self, record: Record) -> None:
        """Take note of a record that did not open: one indeed, if it begins where one was to begin."""
        if record.start == self._chain_end:
            self._chained += 1
            self._chain_end = record.end
            self.failures += 1

    def pass_over(self, record: Record) -> None:
        """Take note of a record that nothing could be tried on."""
        if record.start != self._chain_end:
            self._chained = self._likely(record, record.end - record.start)
        self._chained += 1
        self._chain_end = record.end

    def numbers(self, record: Record, smallest: int, typical: int) -> Iterator[int]:
        """Yield the numbers that a record may have, the likeliest first; of bodies, `smallest` is the least length."""
        if self.anchor is None:
            yield from range(MAX_TRIALS_UNKNOWN)
            return
        distance = max(0, record.start - self.anchor)
        least, most = -(-distance // (RECORD_HEADER + MAX_BODY)), distance // (RECORD_HEADER + smallest)
        likely = min(max(self._likely(record, typical), least), most)
        # Either the lost records are like those before, or as in bulk data nearly all of them are full.
        near = range(likely, min(most, likely + MAX_TRIALS // 4) + 1)
        below = range(likely - 1, max(least, likely - MAX_TRIALS // 4) - 1, -1)
        full = range(least, min(most, least + MAX_TRIALS // 2) + 1)
        for number in dict.fromkeys(chain.from_iterable(zip_longest(near, full, below))):
            if number is not None:
                yield self.sequence + number

    def numbers_since(self, record: Record, smallest: int, typical: int) -> Iterator[int]:
        """Yield the numbers that a record may have if keys changed since the place was lost."""
        if self.anchor is None:
            yield from range(MAX_TRIALS_UNKNOWN)
            return
        most = max(0, record.start - self.anchor) // (RECORD_HEADER + smallest)
        likely = min(self._likely(record, typical), most)
        # Of the records that were lost, those since then may have been few, and short, whatever is typical.
        low, high = range(min(most + 1, MAX_TRIALS // 2)), range(likely, max(-1, likely - MAX_TRIALS // 2), -1)
        for number in dict.fromkeys(chain.from_iterable(zip_longest(low, high))):
            if number is not None:
                yield number

    def _likely(self, record: Record, typical: int) -> int:
        """Return about how many records lie between the anchor and a record."""
        if record.start == self._chain_end:
            return self._chained
        return round((record.start - (self.anchor or 0)) / max(typical, RECORD_HEADER + 1))
