"""The tables of a survey: those that an export writes, with the capture of each row, and two more."""

from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import Delivery
from dicomsniff.association.gets import Get
from dicomsniff.association.links import Link
from dicomsniff.association.moves import Move
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.export.tables import TABLES, Column, Kind, Row, columns_of, rows_of
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.words.links import explanation, link_text, part_text

CAPTURE = Column("capture", Kind.INTEGER)
"""The number of the capture that what a row tells began in; absent for what is found about all together."""
_KINDS = {
    Kind.TIME: "first_time last_time",
    Kind.INTEGER: "capture packets bytes packets_before associations association presentation_context_id result link "
    "message_number status completed failed sent kept part part_association part_message_number",
}
SURVEYED: dict[str, tuple[Column, ...]] = {
    "captures": columns_of(
        _KINDS, "capture name format packets_before packets bytes first_time last_time associations problem"
    ),
    "refused_contexts": columns_of(
        _KINDS,
        "capture association presentation_context_id sop_class_uid sop_class_name result result_name "
        "transfer_syntax_uids",
    ),
    **{name: (CAPTURE, *columns) for name, columns in TABLES.items()},
    "links": columns_of(
        _KINDS,
        "link relation text explanation association message_number destination status completed failed sent kept "
        "part part_association part_message_number part_text",
    ),
}
"""The columns of each table. Packets and associations are numbered as if all captures were one."""


Told = list[tuple[str, int, Row]]
"""Rows, each with its table, and the packet where what it tells begins, 0 for that of the association."""


def tell_rows(_: Capture, gate: Gate) -> Callable[[Association, Findings], Told]:
    """Return what makes the rows of associations of a part."""
    return lambda association, found: list(surveyed_rows(association, found, gate))


def surveyed_rows(association: Association, found: Findings, gate: Gate) -> Iterator[tuple[str, int, Row]]:
    """Yield the rows of an association that is over, as `rows_of`, and those of refused contexts; without captures."""
    yield from rows_of(association, found, association.timeline, gate)
    for row in _refused_rows(association, gate):
        yield "refused_contexts", 0, row


def _refused_rows(association: Association, gate: Gate) -> Iterator[Row]:
    for context in association.contexts.values():
        if context.result:
            uid, offered = context.abstract_syntax, " ".join(map(gate.uid, context.proposed_transfer_syntaxes))
            what = gate.uid_or_none(uid), find_uid_name(uid) if uid else None
            yield association.id, context.id, *what, context.result, context_result_name(context.result), offered


def link_rows(number: int, link: Link, gate: Gate) -> Iterator[Row]:
    """Yield the rows of one link: one for each of its parts, or the only one."""
    begins = (number, link.kind, shown(link_text(link), gate), shown(explanation(link), gate) or None)
    place = link.association, link.message or None
    about = begins + place + _counts(link, gate)
    for index, part in enumerate(link.parts):
        yield (*about, index, part.association, part.message or None, shown(part_text(link, part), gate))
    if not link.parts:
        yield (*about, None, None, None, None)


def _counts(link: Link, gate: Gate) -> Row:
    """Return what a retrieval was for, and what became of it: as it said itself, and as the captures show."""
    match link.about:
        case Move() as move:
            told = move.counters
            destination = gate.title(move.destination) if move.destination else None
            return destination, move.status, told.get("completed"), told.get("failed"), move.sent, move.kept
        case Get() as get:
            told = get.counters
            return None, get.status, told.get("completed"), told.get("failed"), get.sub_operations, get.kept
        case Delivery() as delivery:
            return None, None, None, None, delivery.stores.asked, delivery.stores.kept
        case _:
            return (None,) * 6
