"""What an association came over -> field rows: which TLS, how it was read, what the handshake told."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.findings.tls_text import HOW_TO_READ, handshake_lines, reading_text, transport_text
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.said import allowed


def tls_rows(association: Association) -> Iterator[FieldRow]:
    """Yield the rows; none where it came over bare TCP."""
    layer = association.tls
    if said := transport_text(association):
        yield FieldRow("transport", allowed(said))
    if layer is None:
        return
    if layer.is_unread:
        yield FieldRow("", allowed(reading_text(layer)), style="warning")
        yield FieldRow("to read it", HOW_TO_READ.replace("show ", "", 1))
    for number, said in enumerate(handshake_lines(layer)):
        yield FieldRow("" if number else "handshake", allowed(said))
