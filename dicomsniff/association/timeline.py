"""The entries of an association's timeline: PDUs, messages, and events of TCP and of the state machine."""

from msgspec import Struct

from dicomsniff.association.state import State
from dicomsniff.association.tls_layer import TlsTrouble
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.types import ControlPdu, CutAssociate, MalformedPdu, MissingBytes, SkippedBytes
from dicomsniff.side import Side
from dicomsniff.span import Span


class TcpEnd(Struct, frozen=True):
    """One side closed its direction (`FIN`) or broke the connection off (`RST`)."""

    span: Span
    how: str

    @property
    def name(self) -> str:
        """How to call it in text."""
        return f"TCP {self.how}"


class ConflictingBytes(Struct, frozen=True):
    """Bytes sent again with another content, `length` of them different; the first copy was decoded."""

    span: Span
    length: int
    name = "conflicting bytes"


class OversizedPdu(Struct, frozen=True):
    """A P-DATA-TF longer than the receiver said it takes (PS3.8 §D.1)."""

    span: Span
    length: int
    limit: int
    name = "P-DATA-TF beyond the receiver's maximum"


class OddPdv(Struct, frozen=True):
    """The first PDV of a side that is empty or of odd length, or has reserved bits set in its message control header.

    `length` counts bytes of the fragment (PS3.8 §9.3.5.1, §E.1, §E.2).
    """

    span: Span
    length: int
    header: int
    name = "odd PDV"


class SharedPdu(Struct, frozen=True):
    """The first P-DATA-TF of a side in which a message begins behind another one (PS3.8 §E.1)."""

    span: Span
    name = "P-DATA-TF of two messages"


class UnexpectedPdu(Struct, frozen=True):
    """A PDU that the association's state does not expect (PS3.8 §9.2)."""

    span: Span
    pdu: str
    state: State

    @property
    def name(self) -> str:
        """How to call it in text."""
        return f"unexpected {self.pdu}"


TimelineEvent = (
    ControlPdu
    | Message
    | CutAssociate
    | MalformedPdu
    | MissingBytes
    | SkippedBytes
    | StrayFragment
    | TcpEnd
    | ConflictingBytes
    | OversizedPdu
    | OddPdv
    | SharedPdu
    | UnexpectedPdu
    | TlsTrouble
)


class Entry(Struct, frozen=True):
    """One line of an association's timeline: who sent it, and what."""

    side: Side
    event: TimelineEvent

    def __repr__(self) -> str:
        return f"<Entry: {self.event.name} of the {self.side.value}, packet {self.span.first_packet}>"

    @property
    def span(self) -> Span:
        """Where it came from."""
        return self.event.span
