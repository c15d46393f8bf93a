"""Associations that went as others did -> lines of text: what was written of those, with their own ends and times."""

from collections.abc import Iterator
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import span_order
from dicomsniff.association.repeated import Exchange, Repeated, Told
from dicomsniff.dimse.message import Message
from dicomsniff.export.text import association_title, entry_text, implementations
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import duration, timestamp
from dicomsniff.words.entries import entry_detail
from dicomsniff.words.times import latency_text


class _Line(NamedTuple):
    """An entry as it is written between its time and that of its answer; the places of the packets that tell these."""

    text: str
    first: int
    asked: int | None


class RepeatedLines:
    """Writes associations as `association_lines` does; what does not differ between them once."""

    def __init__(self, digits: int, *, contexts: bool) -> None:
        self._digits, self._contexts = digits, contexts
        self._known: dict[Exchange, tuple[str, str, list[str], list[_Line]]] = {}

    def lines(self, association: Repeated) -> Iterator[str]:
        """Yield an association as text."""
        exchange = association.exchange
        if (known := self._known.get(exchange)) is None:
            known = self._known[exchange] = self._write(exchange)
        verdict, names, contexts, lines = known
        start, marks = association.start_time, association.marks
        yield association_title(association)
        yield verdict
        yield f"  {timestamp(start, self._digits)}, {duration(association.end_time - start)}{names}"
        yield from contexts
        for text, first, asked in lines:
            time = marks[3 * first + 1]
            line = f"    {(time - start) / 1e9:10.6f}  {text}"
            yield line if asked is None else line + latency_text(time - marks[3 * asked + 1])

    def _write(self, exchange: Exchange) -> tuple[str, str, list[str], list[_Line]]:
        exchange.restore()
        first, contexts = exchange.first, []
        if self._contexts:
            from dicomsniff.export.negotiation_text import context_lines

            contexts = list(context_lines(first))
        order = span_order(first)
        lines = [_line(first, told) for told in sorted(exchange.entries, key=lambda told: order(told.entry.span))]
        return f"  {verdict(first, Findings())}", implementations(first), contexts, lines


def _line(association: Association, told: Told) -> _Line:
    event, text = told.entry.event, entry_text(told.entry, entry_detail(association, told.entry))
    if isinstance(event, Message) and told.asked is not None:
        text = text.removesuffix(latency_text(event.latency))
    return _Line(text, told.first, told.asked)
