"""Rules on which messages have a data set, and which have none (PS3.7 §9.3, §10.3)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import RETRIEVE_RESPONSES
from dicomsniff.dictionary.statuses import PENDING, status_text
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_message_id
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.quantities import counted

_MANDATORY = {
    0x0001: "the object to store",  # Table 9.3-1
    0x0010: "the identifier of what to retrieve",  # Table 9.3-6
    0x0020: "the identifier to match",  # Table 9.3-3
    0x0021: "the identifier of what to retrieve",  # Table 9.3-9
    0x0120: "the Modification List",  # Table 10.3-5
}
"""Requests that must have a data set, and what it is."""
_N_GET_RSP = 0x8110
_NEVER = (
    0x0030,  # C-ECHO-RQ, Table 9.3-12
    0x0110,  # N-GET-RQ, Table 10.3-3
    0x0150,  # N-DELETE-RQ, Table 10.3-11
    0x0FFF,  # C-CANCEL-RQ, Tables 9.3-5, 9.3-8 and 9.3-11
    0x8001,  # C-STORE-RSP, Table 9.3-2
    0x8030,  # C-ECHO-RSP, Table 9.3-13
    0x8150,  # N-DELETE-RSP, Table 10.3-12
)
"""Messages that never have one; of others the service decides."""


def is_misplaced(command: Command) -> bool:
    """Whether a message announces a data set that it may not have, or lacks the one that makes it an answer."""
    if not command.announces_data_set:
        return command.field == _N_GET_RSP and command.status == 0 and command.data_set_type is not None
    # Those of retrievals have one only when they name what failed (PS3.4 §C.4.2.1.4.2).
    return command.field in _NEVER or (command.field in RETRIEVE_RESPONSES and command.status in PENDING)


_BEFORE = (*by("own", *FRAMING, "command-malformed"), *NOT_CAPTURED)


@final_rule(code="request-without-data-set", severity=Severity.ERROR, follows=_BEFORE)
def request_lacks(review: Review) -> Iterator[Hit]:
    """A request lacks its mandatory data set.

    Command Data Set Type (0000,0800) is 0101H: no data set follows. C-STORE, C-FIND, C-GET, C-MOVE and N-SET cannot be
    performed without one, whatever the response says: nothing is stored, found, moved or changed.

    What to do: Look at why the sender had no data, such as an object that could not be read or encoded.
    """
    for operation in review.association.operations.operations:
        request, final = operation.request, operation.final
        command = request.command
        wanted = _MANDATORY.get(command.field or 0)
        if wanted is None or command.announces_data_set or command.data_set_type is None or command.problem:
            continue
        said = ""
        if final is not None and operation.status is not None:
            how = "all the same" if operation.category == "Success" else ""
            text = status_text(command.service, command.sop_class_uid, operation.status)
            said = f"; it was answered {' '.join(part for part in (text, how) if part)}"
        text = f"{request.name} {the_message_id(command.message_id)} has no data set, which is {wanted}{said}"
        yield Hit(text, request.span, request)


@entry_rule(
    code="data-set-not-allowed",
    severity=Severity.WARNING,
    on=Message,
    follows=_BEFORE,
    form=is_misplaced,
)
def not_allowed(_: Association, entry: Entry) -> Iterator[Hit]:
    """A message has a data set and may have none.

    C-ECHO, C-CANCEL, C-STORE-RSP, N-GET-RQ, N-DELETE, and pending responses to C-MOVE and C-GET have no data set:
    Command Data Set Type (0000,0800) is 0101H. Receivers ignore the data set, wait for it, or abort.

    What to do: Look at how the sender sets Command Data Set Type.
    """
    match entry.event:
        case Message(command=command, data_set=data) as message if (
            command.announces_data_set and message.has_whole_command
        ):
            if is_misplaced(command) and not command.problem:
                follows = "" if data is None else f"; one of {counted(data.length, 'byte')} follows"
                pending = "pending " if command.status in PENDING else ""
                yield Hit(f"{pending}{message.name} announces a data set; it may have none{follows}")


@entry_rule(
    code="response-without-data-set",
    severity=Severity.WARNING,
    on=Message,
    follows=_BEFORE,
    form=is_misplaced,
)
def response_lacks(_: Association, entry: Entry) -> Iterator[Hit]:
    """An N-GET succeeds and returns nothing.

    A successful N-GET-RSP has the Attribute List with what was asked for. Without it the requestor learns nothing; some
    take the response for malformed.

    What to do: Look at the peer: it may not know the attributes that were asked for.
    """
    match entry.event:
        case Message(command=command) as message if not command.announces_data_set and message.has_whole_command:
            if is_misplaced(command) and not command.problem:
                yield Hit(f"{message.name} says Success and has no data set: no attribute is returned")
