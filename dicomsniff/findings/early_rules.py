"""Rules on answers that come before their request has ended (PS3.7 §9.1.1.2, §9.3.1.3)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_message_id
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.quantities import counted

CUT_SHORT = ("data-set-truncated-element", "data-set-overrun", "data-set-undelimited", "data-set-deflate",
             "data-set-item", "data-set-pixel-length", "data-set-pixel-mismatch")  # fmt: skip
"""What is found of a data set whose sender stopped in the middle."""


def refused_early(message: Message) -> bool:
    """Whether a request was answered with a failure before it had ended: its sender may then cut it short."""
    operation = message.operation
    if operation is None or operation.first_response is None or message.command.is_response:
        return False
    response = operation.first_response
    return operation.category == "Failure" and response.span.first_packet < message.span.last_packet


def is_refused_early(_: Association, message: Message) -> bool:
    """Whether a request was refused before it had ended; only such a one has an answer when it comes."""
    return refused_early(message)


@entry_rule(
    code="request-cut-short",
    severity=Severity.NOTE,
    on=Message,
    follows=("peer:status-failure",),
    condition=is_refused_early,
)
def cut_short(_: Association, entry: Entry) -> Iterator[Hit]:
    """A data set ends early because it was refused while it was being sent.

    A C-STORE may be refused before its data set is whole (early failed response). The sender may then set the
    last-fragment bit and stop. What it sent is no whole object, and the receiver does not want it.

    What to do: Look at why the request was refused; the short data set is no fault of the sender.
    """
    match entry.event:
        case Message(data_set=data, span=span, operation=operation) as message if data is not None:
            outline = data.outline
            cut = outline is not None and any(each.code in CUT_SHORT for each in outline.problems)
            if (cut or not message.ended) and operation is not None and operation.final is not None:
                name = f"{message.name} {the_message_id(message.command.message_id)}"
                answer = operation.final.name
                early = f"{answer} came before the data set of {name} was whole"
                yield Hit(
                    f"{early}; the sender then ended it early, after {counted(data.length, 'byte')}",
                    earliest_cause=span.first_packet,
                    latest_cause=span.last_packet,
                    listed_at=span.last_packet,
                )
