"""A DIMSE message: what one side said, and where its bytes are."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.dimse.collection import CollectedData
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.identifier import SentIdentifier
from dicomsniff.dimse.lack import Lack, Part
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.side import Side
from dicomsniff.span import Span

if TYPE_CHECKING:
    from dicomsniff.dimse.operations import Operation

UNREADABLE = "unknown message"
"""What a message is called whose Command Field is missing, since its command set is not whole."""
_OF_COMMAND = (Part.BEGINNING, Part.COMMAND_SET, Part.UNPLACED)
"""What lacks of messages whose command set may not be whole."""


class DataSetInfo(Struct):
    """A message's data set, counted: bytes of all fragments (without PDV headers) and how many fragments.

    `missing` further bytes are missing from the capture. `sha256`, `content` and `whole` exist only where the analyzer
    was asked to collect data sets; `whole` counts the bytes before the first missing one, None where none is.
    """

    length: int = 0
    fragments: int = 0
    missing: int = 0
    sha256: str | None = None
    content: CollectedData | None = None
    whole: int | None = None
    joined: bool = False
    """Whether it begins in the P-DATA-TF that holds its command."""
    outline: DataSetOutline | None = None
    """What the structure of the data set tells, where it has something to say."""
    head: bytes = b""
    """Its first bytes, where the analyzer was asked to keep those, until somebody has read them."""
    identifier: SentIdentifier | None = None
    """The bytes of a query's or retrieval's identifier, until the operation has read them."""


class Message:
    """A DIMSE message (PS3.7 §6.3), as far as it came.

    `ended` is False where the last fragment of its data set never came, `complete` also where bytes of it are
    missing from the capture; `lack` tells what, `problem` says it in words.
    Times are in ns since 1970.
    """

    __slots__ = (
        "association_id",
        "command",
        "command_fragments",
        "context_id",
        "data_set",
        "ended",
        "lack",
        "number",
        "operation",
        "side",
        "span",
        "transfer_syntax",
    )

    side: Side
    context_id: int
    command: Command
    command_fragments: int
    data_set: DataSetInfo | None
    span: Span
    ended: bool
    lack: Lack | None
    number: int
    """Its place among the association's messages, from 1."""
    association_id: int
    """The number of the association that it belongs to."""
    transfer_syntax: str | None
    """That of its data set, as negotiated; None where that is unknown."""
    operation: "Operation | None"
    """The operation it belongs to: the one it invokes, answers or cancels; None where the capture does not tell."""

    def __init__(
        self,
        side: Side,
        context_id: int,
        command: Command,
        command_fragments: int,
        data_set: DataSetInfo | None,
        span: Span,
        ended: bool = True,
        lack: Lack | None = None,
    ) -> None:
        self.side, self.context_id, self.command, self.command_fragments = side, context_id, command, command_fragments
        self.data_set, self.span, self.ended, self.lack = data_set, span, ended, lack
        self.number, self.association_id, self.transfer_syntax, self.operation = 0, 0, None, None

    def __eq__(self, other: object) -> bool:
        """Whether all is equal but the operation, which holds messages itself."""
        if not isinstance(other, Message):
            return NotImplemented
        return all(getattr(self, each) == getattr(other, each) for each in self.__slots__ if each != "operation")

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        number = f"message {self.number}" if self.number else "message without a number yet"
        return f"<{self.name}, {number}, packets {self.span.first_packet} to {self.span.last_packet}>"

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Return what a copy is made of: all but the content, which is taken once, by who was handed the message."""
        slots: dict[str, Any] = {each: getattr(self, each) for each in self.__slots__}
        if self.data_set is not None and self.data_set.content is not None:
            slots["data_set"] = replace(self.data_set, content=None)
        return None, slots

    @property
    def name(self) -> str:
        """`C-STORE-RQ`, or what can be said of an unknown command."""
        if self.command.field is None and not self.has_whole_command:
            return UNREADABLE
        return self.command.name

    @property
    def problem(self) -> str:
        """What it lacks, in words; empty where it is whole."""
        return self.lack.text if self.lack is not None else ""

    @property
    def has_whole_command(self) -> bool:
        """Whether its command set is all there, so that it can be judged; its data set may be not."""
        return self.lack is None or self.lack.part not in _OF_COMMAND

    @property
    def request(self) -> "Message | None":
        """The request that a response answers, where the capture holds it."""
        return self.operation.request if self.operation is not None and self.command.is_response else None

    @property
    def sop_class_uid(self) -> str | None:
        """The SOP class it is about; a response that leaves it out, as it may, is about its request's (PS3.7 §10.1)."""
        return self.command.sop_class_uid or (self.request.command.sop_class_uid if self.request is not None else None)

    @property
    def complete(self) -> bool:
        """Whether all of it is in the capture."""
        return self.ended and self.lack is None

    @property
    def time(self) -> int:
        """When its first byte was captured."""
        return self.span.first_time

    @property
    def latency(self) -> int | None:
        """Time (ns) from the last byte of the request to the first byte of this response.

        None for a request, and where only this response tells that the request had ended: the capture lacks its end.
        """
        request = self.request
        if request is None or (request.lack is not None and request.span.last_packet == self.span.first_packet):
            return None
        return self.span.first_time - request.span.last_time


def number_of(message: Message | None) -> int | None:
    """Return a message's number, for whoever wants to go there; None where it has none yet, or there is no message."""
    return (message.number or None) if message is not None else None
