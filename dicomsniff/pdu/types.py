"""The PDUs of PS3.8 §9.3 with their items, PDVs, and events for bytes that are not a PDU."""

from msgspec import Struct

from dicomsniff.dictionary.application_information import find_information_layout
from dicomsniff.dictionary.pdu_types import pdu_type_name
from dicomsniff.span import PacketMark, Span


class ProposedContext(Struct, frozen=True):
    """Presentation context item of an A-ASSOCIATE-RQ (PS3.8 §9.3.2.2)."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    unknown: "tuple[UnknownItem, ...]" = ()
    """Sub-items that have no place in it."""


class ContextResult(Struct, frozen=True):
    """Presentation context item of an A-ASSOCIATE-AC (PS3.8 §9.3.3.2); the syntax counts only where result is 0."""

    id: int
    result: int
    transfer_syntax: str
    unknown: "tuple[UnknownItem, ...]" = ()
    """Sub-items that have no place in it."""


class AsynchronousOperationsWindow(Struct, frozen=True):
    """Operations that may be outstanding, 0 for any number (PS3.7 §D.3.3.3)."""

    invoked: int
    performed: int


class RoleSelection(Struct, frozen=True):
    """SCP/SCU roles of the requestor for a SOP class (PS3.7 §D.3.3.4)."""

    sop_class_uid: str
    scu: int
    scp: int


class InformationValue(Struct, frozen=True):
    """A byte of service class application information, and what it means; empty where the standard does not say."""

    name: str
    value: int
    meaning: str


class ExtendedNegotiation(Struct, frozen=True):
    """Service class application information for a SOP class, as sent (PS3.7 §D.3.3.5)."""

    sop_class_uid: str
    information: bytes

    @property
    def values(self) -> list[InformationValue]:
        """Its bytes from the first one on, as far as the service defines them (PS3.4)."""
        layout = find_information_layout(self.sop_class_uid)
        return [
            InformationValue(each.name, value, each.meanings.get(value, ""))
            for each, value in zip(layout, self.information, strict=False)
        ]


class CommonExtendedNegotiation(Struct, frozen=True):
    """Service class and related general SOP classes of a SOP class (PS3.7 §D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...]


class UserIdentity(Struct, frozen=True):
    """The user the requestor claims to act for; the fields may be secrets (PS3.7 §D.3.3.7.1)."""

    type: int
    positive_response_requested: int
    primary_field: bytes
    secondary_field: bytes

    def __repr__(self) -> str:
        return f"<UserIdentity of type {self.type}>"


class UserIdentityResponse(Struct, frozen=True):
    """The acceptor's answer to a user identity (PS3.7 §D.3.3.7.2)."""

    server_response: bytes

    def __repr__(self) -> str:
        return f"<UserIdentityResponse of {len(self.server_response)} bytes>"


class UnknownItem(Struct, frozen=True):
    """An item or sub-item that the standard does not define, or not in that place or not again, kept whole."""

    type: int
    data: bytes

    def __repr__(self) -> str:
        return f"<UnknownItem of type {self.type:02X}H, {len(self.data)} bytes>"


class UserInformation(Struct, frozen=True):
    """The user information item: one field per sub-item (PS3.8 §9.3.2.3, PS3.7 §D.3.3)."""

    max_pdu_length: int | None = None
    implementation_class_uid: str | None = None
    implementation_version_name: str | None = None
    asynchronous_operations_window: AsynchronousOperationsWindow | None = None
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    identity: UserIdentity | None = None
    identity_response: UserIdentityResponse | None = None
    unknown: tuple[UnknownItem, ...] = ()


class AssociateRq(Struct, frozen=True):
    """A-ASSOCIATE-RQ: the requestor proposes an association (PS3.8 §9.3.2).

    `problem` says where decoding had to stop; empty in a well-formed PDU.
    """

    span: Span
    length: int
    protocol_version: int
    called_ae_title: str
    calling_ae_title: str
    application_context_name: str | None
    contexts: tuple[ProposedContext, ...]
    user_information: UserInformation
    unknown: tuple[UnknownItem, ...] = ()
    problem: str = ""
    raw: bytes = b""
    """The body as sent, of which the fields above are what it means."""
    name = "A-ASSOCIATE-RQ"

    def __repr__(self) -> str:
        return f"<{self.name}, {self.length} bytes>"

    @property
    def titles_as_sent(self) -> tuple[bytes, bytes]:
        """Called and calling AE title with their padding (PS3.8 Table 9-11)."""
        return self.raw[4:20], self.raw[20:36]


class AssociateAc(Struct, frozen=True):
    """A-ASSOCIATE-AC: the acceptor accepts, context by context (PS3.8 §9.3.3)."""

    span: Span
    length: int
    protocol_version: int
    called_ae_title: str
    calling_ae_title: str
    application_context_name: str | None
    contexts: tuple[ContextResult, ...]
    user_information: UserInformation
    unknown: tuple[UnknownItem, ...] = ()
    problem: str = ""
    raw: bytes = b""
    """The body as sent, of which the fields above are what it means."""
    name = "A-ASSOCIATE-AC"

    def __repr__(self) -> str:
        return f"<{self.name}, {self.length} bytes>"


class AssociateRj(Struct, frozen=True):
    """A-ASSOCIATE-RJ: the acceptor rejects the association (PS3.8 §9.3.4)."""

    span: Span
    length: int
    result: int
    source: int
    reason: int
    problem: str = ""
    name = "A-ASSOCIATE-RJ"


class ReleaseRq(Struct, frozen=True):
    """A-RELEASE-RQ: one side wants to end the association (PS3.8 §9.3.6)."""

    span: Span
    length: int
    problem: str = ""
    name = "A-RELEASE-RQ"


class ReleaseRp(Struct, frozen=True):
    """A-RELEASE-RP: the other side agrees to end the association (PS3.8 §9.3.7)."""

    span: Span
    length: int
    problem: str = ""
    name = "A-RELEASE-RP"


class Abort(Struct, frozen=True):
    """A-ABORT: one side breaks the association off (PS3.8 §9.3.8)."""

    span: Span
    length: int
    source: int
    reason: int
    problem: str = ""
    name = "A-ABORT"


class UnknownPdu(Struct, frozen=True):
    """A PDU of a type that the standard does not define, or too short for its type; `data` is its body."""

    span: Span
    length: int
    type: int
    data: bytes
    problem: str = ""

    @property
    def name(self) -> str:
        """How to call it in text."""
        return pdu_type_name(self.type)


class MalformedPdu(Struct, frozen=True):
    """Bytes that break the layout of PDUs; `code` names the defect, `problem` says it in words.

    `header` are the bytes that stand where a header should.
    """

    span: Span
    code: str
    problem: str
    name = "malformed bytes"
    header: bytes = b""


class CutAssociate(Struct, frozen=True):
    """A-ASSOCIATE-RQ or -AC (`name`) of which only the beginning is there: `received` of `length` bytes of its body.

    An AE title of which bytes are lacking is None (PS3.8 Table 9-11).
    """

    span: Span
    name: str
    length: int
    received: int
    called_ae_title: str | None
    calling_ae_title: str | None


class MissingBytes(Struct, frozen=True):
    """`length` bytes of the stream are not in the capture; `resynchronized` where the place among PDUs was lost.

    Once it was, many holes in a row are one event: `places` says how many, their bytes and those between make its span.
    """

    span: Span
    length: int
    resynchronized: bool
    places: int = 1
    name = "missing bytes"


class SkippedBytes(Struct, frozen=True):
    """`length` bytes passed over in search of the next PDU header, in so many `places` with holes between them."""

    span: Span
    length: int
    places: int = 1
    name = "skipped bytes"


class Pdv(Struct, frozen=True, gc=False):
    """A presentation data value, once its last byte came (PS3.8 §9.3.5.1).

    `length` counts the fragment's bytes without the PDV's own header; `received` those of them in the
    capture. `data` is kept for command fragments only. `start` is where its PDU begins in the stream, `end`
    where the fragment ends; `number` counts the PDVs of its PDU from 0, whose first packet is `pdu_first`.
    `ended` is False where the stream ended inside it.
    """

    context_id: int
    header: int
    length: int
    received: int
    data: bytes
    first: PacketMark
    last: PacketMark
    start: int
    end: int
    pdu_length: int
    number: int
    pdu_first: PacketMark
    ended: bool

    @property
    def is_command(self) -> bool:
        """Bit 0 of the message control header (PS3.8 §E.2)."""
        return bool(self.header & 1)

    @property
    def is_last(self) -> bool:
        """Bit 1 of the message control header (PS3.8 §E.2), of a fragment that ended."""
        return bool(self.header & 2) and self.ended


class PdvRun(Struct, frozen=True, gc=False):
    """`fragments` of `length` bytes each that continue a data set, none its last, each alone in its P-DATA-TF."""

    context_id: int
    fragments: int
    length: int
    first: PacketMark
    last: PacketMark
    start: int
    end: int


class PdvBytes(Struct, frozen=True, gc=False):
    """Bytes of a data set fragment that is still coming; only where data sets are collected or examined.

    `at` is the offset of the first of them within the fragment, counting what was passed over or is missing.
    """

    context_id: int
    data: bytes
    at: int


ControlPdu = AssociateRq | AssociateAc | AssociateRj | ReleaseRq | ReleaseRp | Abort | UnknownPdu
PduEvent = ControlPdu | CutAssociate | MalformedPdu | MissingBytes | SkippedBytes | Pdv | PdvRun | PdvBytes
