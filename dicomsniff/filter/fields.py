"""What can be asked of an association and of a message, by name."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from dicomsniff.association.association import Association, Party
from dicomsniff.dictionary.attributes import find_tag
from dicomsniff.dictionary.statuses import find_status
from dicomsniff.dictionary.tls import SSL_2_0, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.dimse.message import Message
from dicomsniff.filter.errors import FilterError, nearest
from dicomsniff.filter.values import (
    ADDRESS_OPERATORS,
    ORDER,
    TEXT_OPERATORS,
    Test,
    address_test,
    duration,
    number,
    number_test,
    rank_test,
    size,
    text_test,
    time_test,
)
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict

Decode = Callable[[Association, Message], DecodedDataSet | None]
"""Reads a message's data set; None where it has none."""
_RANKS = ["note", "warning", "error"]
_TLS_VERSIONS = {SSL_2_0: "ssl2", SSL_3_0: "ssl3", TLS_1_0: "1.0", TLS_1_1: "1.1", TLS_1_2: "1.2", TLS_1_3: "1.3"}
_DATA = "data["
_OPERATORS: dict[Any, tuple[str, ...]] = {text_test: TEXT_OPERATORS, address_test: ADDRESS_OPERATORS}


class Subject(Struct):
    """What an expression is asked about: a message of an association, or (None) the association alone."""

    association: Association
    found: Findings
    message: Message | None
    decode: Decode | None = None


class Field(Struct, frozen=True):
    """A field: its values in a subject (none where it is absent there), how they are compared, and what it is."""

    values: Callable[[Subject], Iterable[Any]]
    test: Callable[[str, str], Test]
    says: str
    of_message: bool = False
    """Whether it is asked of each message."""
    reads_data: bool = False

    @property
    def operators(self) -> tuple[str, ...]:
        """Return what it may be compared by."""
        return _OPERATORS.get(self.test, tuple(ORDER))


def find_field(name: str, expression: str, at: int) -> Field:
    """Return a field by name. Raises FilterError with the nearest name there is."""
    said = name.casefold()
    if said.startswith(_DATA) and said.endswith("]"):
        return _data_field(name[len(_DATA) : -1], expression, at + len(_DATA))
    found = FIELDS.get(said)
    if found is None:
        raise FilterError(f"there is no field {name!r}{nearest(said, list(FIELDS))}", expression, at)
    return found


def _data_field(keyword: str, expression: str, at: int) -> Field:
    tag = find_tag(keyword)
    if tag is None:
        raise FilterError(
            f"{keyword!r} is neither the keyword of an attribute nor a tag such as 00100020", expression, at
        )

    def values(subject: Subject) -> Iterable[str]:
        if subject.message is None or subject.decode is None or subject.message.data_set is None:
            return ()
        decoded = subject.decode(subject.association, subject.message)
        if decoded is None:
            return ()
        found = [element.text for element in decoded.elements if element.tag == tag]
        return [each for text in found for each in (text.split("\\") if text else [""])]

    return Field(values, text_test, f"the values of {keyword}", of_message=True, reads_data=True)


def _parties(subject: Subject) -> tuple[Party, Party]:
    return subject.association.requestor, subject.association.acceptor


def _titles(subject: Subject) -> list[str]:
    return [party.ae_title for party in _parties(subject) if party.ae_title is not None]


def _implementations(subject: Subject) -> list[str]:
    said = [party.information for party in _parties(subject) if party.information is not None]
    found = [(each.implementation_class_uid, each.implementation_version_name) for each in said]
    return [text for both in found for text in both if text]


def _command(subject: Subject) -> list[str]:
    message = subject.message
    return [message.name, message.command.service] if message is not None else []


def _status(subject: Subject) -> list[int]:
    """The status of a response, and of a request that of its final one: who looks for a failure wants both."""
    message = subject.message
    if message is None:
        return []
    status = message.command.status
    if status is None and message.operation is not None and message.operation.request is message:
        status = message.operation.status
    return [status] if status is not None else []


def _status_class(subject: Subject) -> list[str]:
    message, status = subject.message, _status(subject)
    if message is None or not status:
        return []
    return [find_status(message.command.service, message.sop_class_uid, status[0]).category]


def _sop_classes(subject: Subject) -> list[str]:
    if subject.message is not None:
        found = [subject.message.sop_class_uid]
    else:
        found = [context.abstract_syntax for context in subject.association.contexts.values()]
    return _named(found)


def _transfer_syntaxes(subject: Subject) -> list[str]:
    association, message = subject.association, subject.message
    if message is not None:
        return _named([association.transfer_syntax(message.context_id)])
    return _named([context.transfer_syntax for context in association.contexts.values()])


def _named(uids: Iterable[str | None]) -> list[str]:
    known = [uid for uid in uids if uid]
    return [each for uid in known for each in (uid, find_uid_name(uid)) if each]


def _instances(subject: Subject) -> list[str]:
    if subject.message is None:
        return []
    command = subject.message.command
    return [uid for uid in (command.affected_sop_instance_uid, command.requested_sop_instance_uid) if uid]


def _latency(subject: Subject) -> list[int]:
    message = subject.message
    if message is None:
        return []
    operation = message.operation
    latency = message.latency
    if latency is None and operation is not None and operation.request is message:
        latency = operation.final_latency
    return [latency] if latency is not None else []


def _size(subject: Subject) -> list[int]:
    return [subject.message.data_set.length] if subject.message is not None and subject.message.data_set else []


def _of_message(read: Callable[[Message], Any]) -> Callable[[Subject], list[Any]]:
    def values(subject: Subject) -> list[Any]:
        found = read(subject.message) if subject.message is not None else None
        return [found] if found is not None else []

    return values


def _message_ids(message: Message) -> int | None:
    command = message.command
    return command.message_id if command.message_id is not None else command.message_id_being_responded_to


_INTEGER = number_test(number)


def _tls(subject: Subject) -> list[str]:
    layer = subject.association.tls
    return ["no" if layer is None else "unread" if layer.is_unread else "read"]


def _tls_version(subject: Subject) -> list[str]:
    layer = subject.association.tls
    if layer is None or layer.session.version not in _TLS_VERSIONS:
        return []
    return [_TLS_VERSIONS[layer.session.version]]


def _tls_suite(subject: Subject) -> list[str]:
    layer = subject.association.tls
    return [] if layer is None or layer.session.suite is None else [suite_name(layer.session.suite).partition(" ")[0]]


FIELDS = {
    "association": Field(lambda each: [each.association.id], _INTEGER, "the association's number"),
    "calling": Field(lambda each: _titles_of(each.association.requestor), text_test, "the requestor's AE title"),
    "called": Field(lambda each: _titles_of(each.association.acceptor), text_test, "the acceptor's AE title"),
    "ae": Field(_titles, text_test, "either AE title"),
    "address": Field(lambda each: [p.endpoint.address for p in _parties(each)], address_test, "either IP address"),
    "port": Field(lambda each: [party.endpoint.port for party in _parties(each)], _INTEGER, "either TCP port"),
    "implementation": Field(_implementations, text_test, "either side's implementation class UID or version name"),
    "tls": Field(_tls, text_test, "whether it came over TLS: no, read or unread"),
    "tls.version": Field(_tls_version, rank_test(list(_TLS_VERSIONS.values())), "1.0, 1.1, 1.2, 1.3, ssl2 or ssl3"),
    "tls.suite": Field(_tls_suite, text_test, "the cipher suite of TLS, by name"),
    "outcome": Field(
        lambda each: [each.association.outcome], text_test, "released, rejected, aborted or unfinished"
    ),
    "duration": Field(
        lambda each: [each.association.end_time - each.association.start_time],
        number_test(duration),
        "how long the association took",
    ),
    "verdict": Field(
        lambda each: [plain(verdict(each.association, each.found))], text_test, "how the association went, in words"
    ),
    "finding.code": Field(
        lambda each: each.found.codes, text_test, "the code of a finding: see `dicomsniff rules`"
    ),
    "finding.severity": Field(
        lambda each: {str(finding.severity) for finding in each.found.all},
        rank_test(_RANKS),
        "note, warning or error",
    ),
    "command": Field(_command, text_test, "C-STORE-RQ, or C-STORE for requests and responses alike", of_message=True),
    "status": Field(_status, _INTEGER, "a response's status; a request's final one", of_message=True),
    "status_class": Field(
        _status_class, text_test, "Success, Pending, Warning, Failure or Cancel", of_message=True
    ),
    "sop_class": Field(_sop_classes, text_test, "the SOP class, by UID or name", of_message=True),
    "instance": Field(_instances, text_test, "the SOP instance UID that a command names", of_message=True),
    "transfer_syntax": Field(_transfer_syntaxes, text_test, "the one accepted, by UID or name", of_message=True),
    "latency": Field(_latency, number_test(duration), "from request to response", of_message=True),
    "size": Field(_size, number_test(size), "bytes of the data set", of_message=True),
    "message": Field(_of_message(lambda each: each.number), _INTEGER, "the message's number", of_message=True),
    "message_id": Field(_of_message(_message_ids), _INTEGER, "the Message ID, or that responded to", of_message=True),
    "context": Field(_of_message(lambda each: each.context_id), _INTEGER, "the presentation context", of_message=True),
    "sender": Field(
        _of_message(lambda each: each.side.value), text_test, "requestor or acceptor", of_message=True
    ),
    "time": Field(
        lambda each: [each.message.time if each.message is not None else each.association.start_time],
        time_test,
        "when it began, in UTC",
        of_message=True,
    ),
}  # fmt: skip
"""Fields by name, in the order of the help."""


def _titles_of(party: Party) -> list[str]:
    return [party.ae_title] if party.ae_title is not None else []
