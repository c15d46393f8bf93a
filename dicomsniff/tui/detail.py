"""A timeline entry -> what can be shown of it: facts, fields with their places, and the bytes, reread."""

from msgspec import Struct, field
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, OddPdv, OversizedPdu, SharedPdu, TcpEnd, UnexpectedPdu
from dicomsniff.association.tls_layer import TlsTrouble
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.dataset import decode_data_set
from dicomsniff.dimse.message import Message
from dicomsniff.engine.reread import MessageBytes
from dicomsniff.findings.collector import Findings
from dicomsniff.library import Capture
from dicomsniff.pdu.types import CutAssociate, MalformedPdu, MissingBytes, SkippedBytes
from dicomsniff.quantities import byte_size
from dicomsniff.tui.data_set_fields import data_set_rows
from dicomsniff.tui.entry_facts import entry_facts
from dicomsniff.tui.field_row import ByteBlock, FieldRow
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.pdu_fields import command_rows, pdu_rows, secret_elements, secret_places
from dicomsniff.tui.related import related_links
from dicomsniff.tui.said import gate
from dicomsniff.words.entries import entry_name

SHOWN_BYTES = 1 << 20
"""Bytes of a command set, data set or PDU that are kept for the screen."""


class Detail(Struct):
    """What is shown of an entry; `problem` says why bytes that should be there are not."""

    title: str
    rows: list[FieldRow] = field(default_factory=list)
    blocks: list[ByteBlock] = field(default_factory=list)
    problem: str = ""


def load_detail(capture: Capture, association: Association, entry: Entry, book: LinkBook) -> Detail:
    """Reread and decode an entry. Never fails: what cannot be read is said."""
    found, digits = capture.found.of(association), capture.reader.resolution_digits
    detail = Detail(entry_name(entry), entry_facts(association, found, entry, digits, book))
    if capture.is_pipe:
        detail.problem = "the capture came through a pipe, which cannot be read again; save it to a file first"
    else:
        try:
            _add_bytes(detail, capture, association, entry)
        except OSError as error:
            detail.problem = f"the capture cannot be read again: {error.strerror or error}"
        except Exception as error:  # noqa: BLE001  whatever the bytes do to a decoder, the facts are worth showing
            detail.problem = str(error) or type(error).__name__
    if detail.problem:
        detail.rows.insert(1, FieldRow("bytes not shown", detail.problem, style="error"))
    return detail


def detail_state(association: Association, found: Findings, entry: Entry, book: LinkBook) -> tuple[object, ...]:
    """Return what a detail changes with: where it is another one, the detail is out of date."""
    operation = entry.event.operation if isinstance(entry.event, Message) else None
    said: tuple[object, ...] = (association.closed, len(found.all), association.condensed)
    if operation is not None:
        said += (operation.responses, operation.cancel is None, operation.sub_operations)
    return (*said, *(link.target.text for link in related_links(association, entry, book)))


def _add_bytes(detail: Detail, capture: Capture, association: Association, entry: Entry) -> None:
    match entry.event:
        case Message() as message:
            _add_message(detail, capture, association, message)
        case TcpEnd() | MissingBytes() | TlsTrouble():
            return
        case (
            OversizedPdu()
            | OddPdv()
            | SharedPdu()
            | UnexpectedPdu()
            | CutAssociate()
            | MalformedPdu()
            | SkippedBytes()
            | StrayFragment()
        ):
            if entry.span.end > entry.span.start:
                _add_stream(detail, capture, entry, "As sent")
        case pdu:
            block = _add_stream(detail, capture, entry, pdu.name)
            detail.rows += pdu_rows(block.data, len(detail.blocks) - 1)


def _add_stream(detail: Detail, capture: Capture, entry: Entry, name: str) -> ByteBlock:
    span = entry.span
    length = span.end - span.start
    piece = capture.stream_bytes(replace(span, end=min(span.end, span.start + SHOWN_BYTES)))
    holes = [(start - piece.start, end - piece.start) for start, end in piece.holes]
    data = bytes(piece.data)
    block = ByteBlock(name, data, length, sorted(holes + secret_places(data)))
    detail.blocks.append(block)
    detail.rows.append(FieldRow(name, byte_size(length), style="heading"))
    if holes:
        lost = sum(end - start for start, end in holes)
        detail.rows.append(FieldRow("not captured", f"{lost} of these bytes, shown as ??", style="warning"))
    return block


def _add_message(detail: Detail, capture: Capture, association: Association, message: Message) -> None:
    command = message.command
    detail.rows.append(FieldRow("Command set", byte_size(len(command.raw)), style="heading"))
    detail.rows += command_rows(message, 0)
    detail.blocks.append(ByteBlock("Command set", command.raw, len(command.raw), secret_elements(message)))
    if message.data_set is None:
        return
    found = capture.message_bytes(message)
    if found.data_set is None:
        detail.problem = "the data set was not found again where the message was"
    else:
        _add_data_set(detail, association.transfer_syntax(message.context_id), found)


def _add_data_set(detail: Detail, syntax: str | None, found: MessageBytes) -> None:
    if found.data_set is None:
        return
    whole = found.whole if found.whole < found.length else None
    decoded = gate().filter(decode_data_set(found.data_set, syntax, whole, keep_inflated=SHOWN_BYTES))
    withheld = [(element.start, element.end) for element in decoded.elements if element.hidden]
    found.data_set.seek(0)
    content, length = found.data_set.read(SHOWN_BYTES), found.length
    if decoded.problem and not gate().privacy.keep_phi:
        shown = decoded.inflated.length if decoded.inflated is not None else length
        withheld = [(0, shown)]  # where it was not understood to its end, nobody knows what its bytes hold
    if decoded.inflated is None:
        blocks = [ByteBlock("Data set", content, length, withheld)]
    else:
        inflated = decoded.inflated
        hidden = [(0, length)] if withheld else []
        blocks = [
            ByteBlock("Data set, inflated", inflated.content, inflated.length, withheld),
            ByteBlock("Data set, as sent", content, length, hidden),
        ]
    syntax_text = uid_text(decoded.transfer_syntax) + (" (guessed)" if decoded.guessed else "")
    detail.rows.append(FieldRow("Data set", f"{byte_size(found.length)}, {syntax_text}", style="heading"))
    detail.rows += data_set_rows(decoded, len(detail.blocks), length)
    if decoded.problem:
        detail.rows.append(FieldRow("not decoded further", decoded.problem, style="warning"))
    if found.cut:
        detail.rows.append(FieldRow("cut off", "the data set goes on beyond what is read for the screen"))
    detail.blocks += blocks
