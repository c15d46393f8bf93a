"""A capture -> a log as DCMTK and pynetdicom write it with --debug, from the requestor's side."""

from collections.abc import Iterator

from dicomsniff.association.agreement import NOT_SELECTED, Roles, selected_roles
from dicomsniff.association.association import Association, Party
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.pdu_types import IDENTITY_TYPES
from dicomsniff.dictionary.reasons import CONTEXT_RESULTS, abort_meaning, reject_meaning
from dicomsniff.dictionary.statuses import find_status, status_text
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.message import Message
from dicomsniff.export.model_json import take_data_set
from dicomsniff.export.report.detail import command_value, packets_text
from dicomsniff.export.report.drafted_view import DraftedView
from dicomsniff.export.text import association_line
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.parts import the_class, the_title, the_uid
from dicomsniff.pdu.types import Abort, AssociateAc, AssociateRj, AssociateRq, ReleaseRp, ReleaseRq, RoleSelection
from dicomsniff.quantities import timestamp
from dicomsniff.side import Side
from dicomsniff.words.entries import entry_detail, entry_name

_WIDTH = 65
"""Characters of the lines that frame a PDU or a message."""
_PDV_HEADER, _PDU_OF_ANY_LENGTH = 12, 131_072
"""Bytes that DCMTK counts for the headers of a PDU and its PDV; and what it sends where any length is taken."""
_FIELD, _STATUS, _DATA_SET_TYPE, _GROUP_LENGTH, _PRIORITY = 0x0100, 0x0900, 0x0800, 0x0000, 0x0700
_PRIORITIES = {0: "medium", 1: "high", 2: "low"}
_SAID = {  # what these tools do for each message
    "C-STORE": "Store",
    "C-FIND": "Find",
    "C-MOVE": "Move",
    "C-GET": "Get",
    "C-ECHO": "Echo",
}


class LogReport(DraftedView):
    """Each association as a log; lines that begin with # say when, and what no log has."""

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return what the log says of an entry."""
        return self.text(self._entry_lines(association, entry))

    def tell(self, association: Association, chosen: Chosen) -> None:  # noqa: ARG002
        """Write how an association went, and its log."""
        self.write_lines([f"# {association_line(association, self.found(association))}"])
        self.out.writelines(self.drafts.take(association.id))
        self.out.write("\n")

    def _entry_lines(self, association: Association, entry: Entry) -> Iterator[str]:
        event, span = entry.event, entry.span
        packets = packets_text(span.first_packet, span.last_packet)
        yield f"# {timestamp(span.first_time, self.digits)}, {packets}"
        match event:
            case Message():
                yield from self._message(association, event)
            case AssociateRq():
                yield "I: Requesting Association"
                yield from self._negotiation(association, "A-ASSOCIATE-RQ", event)
            case AssociateAc():
                yield from self._negotiation(association, "A-ASSOCIATE-AC", event)
                yield f"I: Association Accepted (Max Send PDV: {_longest_pdv(association)})"
            case AssociateRj(result=result, source=source, reason=reason):
                yield "F: Association Rejected:"
                yield f"F: {reject_meaning(result, source, reason)}"
            case ReleaseRq():
                yield "I: Releasing Association" if entry.side is Side.REQUESTOR else "I: Peer Requested Release"
            case ReleaseRp():
                yield "I: Association Released"
            case Abort(source=source, reason=reason):
                who = "Aborting Association" if entry.side is Side.REQUESTOR else "Peer Aborted Association"
                yield f"E: {who} ({abort_meaning(source, reason)})"
            case _:
                detail = entry_detail(association, entry)
                yield f"# {entry.side.value}: {entry_name(entry)}" + (f": {detail}" if detail else "")

    def _negotiation(self, association: Association, name: str, pdu: AssociateRq | AssociateAc) -> Iterator[str]:
        is_answer, calling, called = isinstance(pdu, AssociateAc), pdu.calling_ae_title, pdu.called_ae_title
        yield f"D: {f' BEGIN {name} ':=^{_WIDTH}}"
        for whose, party in (("Our", association.requestor), ("Their", association.acceptor)):
            if party is association.requestor or is_answer:
                yield from self._implementation(whose, party)
        yield f"D: Application Context Name:    {self.gate.uid(pdu.application_context_name or '')}"
        yield f"D: Calling Application Name:    {the_title(calling)}"
        yield f"D: Called Application Name:     {the_title(called)}"
        yield "D: Presentation Contexts:"
        selected = selected_roles(association)
        for context in association.contexts.values():
            roles = selected.get(context.abstract_syntax or "", NOT_SELECTED)
            how = "Proposed" if not is_answer else "Accepted" if context.accepted else _refused(context.result)
            yield f"D:   Context ID:        {context.id} ({how})"
            yield f"D:     Abstract Syntax: ={the_class(context.abstract_syntax)}"
            yield f"D:     Proposed SCP/SCU Role: {_role(roles.proposed)}"
            if not is_answer:
                yield "D:     Proposed Transfer Syntax(es):"
                yield from (f"D:       ={the_class(uid)}" for uid in context.proposed_transfer_syntaxes)
            elif context.accepted:
                yield f"D:     Accepted SCP/SCU Role: {_accepted_role(roles)}"
                yield f"D:     Accepted Transfer Syntax: ={the_class(context.transfer_syntax)}"
        info = pdu.user_information
        extended = ", ".join(the_class(each.sop_class_uid) for each in info.extended) or "none"
        yield f"D: {'Accepted' if is_answer else 'Requested'} Extended Negotiation: {extended}"
        if is_answer:
            yield f"D: User Identity Negotiation Response: {'received' if info.identity_response else 'none'}"
        else:
            identity = info.identity
            kind = IDENTITY_TYPES.get(identity.type, f"type {identity.type}") if identity is not None else "none"
            yield f"D: Requested User Identity Negotiation: {kind}"
        yield f"D: {f' END {name} ':=^{_WIDTH}}"

    def _implementation(self, whose: str, party: Party) -> Iterator[str]:
        info = party.information
        if info is None:
            return
        yield f"D: {f'{whose} Implementation Class UID:':<35}{the_uid(info.implementation_class_uid or '')}"
        yield f"D: {f'{whose} Implementation Version Name:':<35}{info.implementation_version_name or ''}"
        length = info.max_pdu_length
        yield f"D: {f'{whose} Max PDU Receive Size:':<35}{length if length is not None else ''}"

    def _message(self, association: Association, message: Message) -> Iterator[str]:
        command, is_sent = message.command, message.side is Side.REQUESTOR
        name = _SAID.get(command.service, command.service)
        if command.is_response:
            told = (
                status_text(command.service, message.sop_class_uid, command.status)
                if command.status is not None
                else "?"
            )
            verb = "Sending" if is_sent else "Received"
            level = "I" if command.status in (None, 0) or told.startswith(("Pending", "Warning")) else "E"
            yield f"{level}: {verb} {name} Response ({told})"
        else:
            verb = "Sending" if is_sent else "Received"
            number = command.message_id if command.message_id is not None else command.message_id_being_responded_to
            yield f"I: {verb} {name} Request (MsgID {number if number is not None else '?'})"
        way = "OUTGOING" if is_sent else "INCOMING"
        yield f"D: {f' {way} DIMSE MESSAGE ':=^{_WIDTH}}"
        yield f"D: {'Message Type':<30}: {message.name.replace('-RQ', ' RQ').replace('-RSP', ' RSP')}"
        yield f"D: {'Presentation Context ID':<30}: {message.context_id}"
        for tag in command.elements:
            if tag not in (_FIELD, _GROUP_LENGTH):
                yield f"D: {_label(tag):<30}: {self._value(message, tag)}"
        yield from self._data_set(association, message)
        yield f"D: {' END DIMSE MESSAGE ':=^{_WIDTH}}"

    def _value(self, message: Message, tag: int) -> str:
        command = message.command
        if tag == _DATA_SET_TYPE:
            return "present" if command.announces_data_set else "none"
        if tag == _STATUS and command.status is not None:
            found = find_status(command.service, message.sop_class_uid, command.status)
            return f"0x{command.status:04X}: {': '.join(filter(None, found))}"
        if tag == _PRIORITY:
            number = command.uint(tag)
            return _PRIORITIES.get(number if number is not None else -1, str(number))
        known = COMMAND_ELEMENTS.get(tag)
        text = command_value(command, tag, self.gate)
        return uid_text(text) if known is not None and known.vr == "UI" and known.keyword.endswith("ClassUID") else text

    def _data_set(self, association: Association, message: Message) -> Iterator[str]:
        decoded = take_data_set(association, message, self.gate)
        if decoded is None:
            return
        yield "D: "
        yield "D: # Dicom-Data-Set"
        yield f"D: # Used TransferSyntax: {uid_text(decoded.transfer_syntax)}"
        for element in decoded.elements:
            length = "u/l" if element.length is None else element.length
            value = "" if element.vr == "SQ" else f"[{element.text}]" if element.text else "(no value available)"
            within = "  " * element.depth
            yield f"D: {within}{tag_text(element.tag)} {element.vr} {value:<42} # {length:>4} {element.name}"
        if decoded.problem:
            yield f"E: {decoded.problem}"


def _label(tag: int) -> str:
    known = COMMAND_ELEMENTS.get(tag)
    if tag == _DATA_SET_TYPE:
        return "Data Set"
    return "DIMSE Status" if tag == _STATUS else known.name if known is not None else tag_text(tag)


def _refused(result: int | None) -> str:
    if result is None:
        return "Not answered"
    return CONTEXT_RESULTS.get(result, f"result {result}").partition(" (")[0].replace("-", " ").capitalize()


def _role(selection: RoleSelection | None) -> str:
    if selection is None:
        return "Default"
    return "/".join(name for name, taken in (("SCU", selection.scu), ("SCP", selection.scp)) if taken) or "None"


def _accepted_role(roles: Roles) -> str:
    return _role(RoleSelection("", roles.scu, roles.scp)) if roles.answered is not None else "Default"


def _longest_pdv(association: Association) -> int:
    """Return the bytes of a fragment that the requestor may send, as DCMTK counts them."""
    return (association.limit(Side.REQUESTOR) or _PDU_OF_ANY_LENGTH) - _PDV_HEADER
