"""A growing timeline -> its entries in the order of time: some are found only when the association is over."""

from bisect import bisect_left, insort

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Finding
from dicomsniff.words.entries import entry_order


class TimelineOrder:
    """The entries of one association by time, kept up as they come."""

    def __init__(self, association: Association) -> None:
        self.association = association
        self.entries: list[Entry] = []
        self._source = association.timeline
        self._taken = 0
        self._last: Entry | None = None
        self.grow()

    def grow(self) -> None:
        """Take the entries that came since."""
        timeline = self.association.timeline
        if timeline is not self._source:  # it was given up to bound memory
            self._source, self._taken, self.entries = timeline, 0, []
        count = len(timeline)
        if count < self._taken:  # its last entry is just being replaced
            return
        if self._taken and timeline[self._taken - 1] is not self._last:
            place = self.find(self._last) if self._last is not None else None
            if place is not None:
                del self.entries[place]
            self._taken -= 1
        if not self._taken:
            self.entries = sorted(timeline[:count], key=entry_order)
        for entry in timeline[self._taken : count] if self._taken else ():
            insort(self.entries, entry, key=entry_order)
        self._taken, self._last = count, timeline[count - 1] if count else None

    def find(self, entry: Entry) -> int | None:
        """Return an entry's place."""
        key = entry_order(entry)
        for place in range(bisect_left(self.entries, key, key=entry_order), len(self.entries)):
            if self.entries[place] is entry:
                return place
            if entry_order(self.entries[place]) != key:
                return None
        return None

    def like(self, entry: Entry) -> Entry | None:
        """Return an entry that is here, or else the one that is the same in what is listed here: a copy, say."""
        if self.find(entry) is not None:
            return entry
        key, name = entry_order(entry), entry.event.name
        for place in range(bisect_left(self.entries, key, key=entry_order), len(self.entries)):
            each = self.entries[place]
            if entry_order(each) != key:
                return None
            if each.side is entry.side and each.event.name == name and each.span == entry.span:
                return each
        return None

    def find_message(self, message: Message) -> Entry | None:
        """Return a message's entry."""
        key = (message.span.first_time, message.span.first_packet)
        for place in range(bisect_left(self.entries, key, key=entry_order), len(self.entries)):
            event = self.entries[place].event
            if event is message or (isinstance(event, Message) and 0 < event.number == message.number):
                return self.entries[place]
            if entry_order(self.entries[place]) != key:
                return None
        return None

    def find_cause(self, finding: Finding) -> Entry | None:
        """Return the entry that a finding is about: its own, else the first that ends no earlier."""
        if finding.about is not None and (entry := self.find_message(finding.about)) is not None:
            return entry
        for entry in self.entries:
            if entry.span == finding.span:
                return entry
        for entry in self.entries:
            if entry.span.last_packet >= finding.span.first_packet:
                return entry
        return None
