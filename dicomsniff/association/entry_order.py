"""What the entries of an association are listed by: time, or packets where the capture's clock was set back."""

from collections.abc import Callable, Iterable

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.side import Side
from dicomsniff.span import Span

SET_BACK = 1_000_000
"""ns by which packets may be out of order in a capture of several interfaces or queues, without anything wrong."""

Order = Callable[[Span], tuple[int, int]]


def by_time(span: Span) -> tuple[int, int]:
    """Return when the first byte was captured (ns since 1970), and in which packet."""
    return span.first_time, span.first_packet


def by_packet(span: Span) -> tuple[int, int]:
    """Return in which packet the first byte was captured, and when (ns since 1970)."""
    return span.first_packet, span.first_time


def span_order(association: Association | None) -> Order:
    """Return what the spans of an association's entries are listed by.

    Packets may stand in a capture otherwise than they came, as where several interfaces are captured from; then their
    times tell. Where the clock was set back, times are the wrong ones.
    """
    return by_packet if association is not None and clock_was_set_back(association) else by_time


def clock_was_set_back(association: Association) -> bool:
    """Whether times of what one side sent go back in the capture: of both sides together, clocks may differ."""
    if max([health.went_back for health in association.tcp.values()], default=0) < SET_BACK:
        return False
    latest: dict[Side, Span] = {}
    for entry in association.timeline:
        span, before = entry.span, latest.get(entry.side)
        if before is None or span.first_packet > before.first_packet:
            if before is not None and span.first_time < before.first_time - SET_BACK:
                return True
            latest[entry.side] = span
    return False


def in_order(association: Association, entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of an association as they are listed."""
    return sorted(entries, key=_entry_by_packet if clock_was_set_back(association) else _entry_by_time)


def _entry_by_time(entry: Entry) -> tuple[int, int]:
    """As `by_time`, of an entry, and without a call for it."""
    span = entry.event.span
    return span.first_time, span.first_packet


def _entry_by_packet(entry: Entry) -> tuple[int, int]:
    return by_packet(entry.event.span)
