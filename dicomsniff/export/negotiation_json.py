"""The negotiation of an association -> JSON; the secrets of user identity do not appear."""

from dicomsniff.association.agreement import NOT_SELECTED, Roles, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.dictionary.pdu_types import IDENTITY_TYPES
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.export import Json
from dicomsniff.findings.parts import shown
from dicomsniff.pdu.types import ExtendedNegotiation, UserInformation
from dicomsniff.privacy.gate import Gate
from dicomsniff.words.negotiation import consequences, limits


def contexts_json(association: Association, gate: Gate) -> list[Json]:
    """Describe the presentation contexts."""
    selected = selected_roles(association)
    return [
        _context_json(context, selected.get(context.abstract_syntax or "", NOT_SELECTED), gate)
        for context in association.contexts.values()
    ]


def _context_json(context: PresentationContext, roles: Roles, gate: Gate) -> Json:
    """Describe a presentation context; `accepted_roles` are the requestor's, null while none can be used."""
    return {
        "id": context.id,
        "abstract_syntax": gate.uid_or_none(context.abstract_syntax),
        "abstract_syntax_name": find_uid_name(context.abstract_syntax) if context.abstract_syntax else None,
        "proposed_transfer_syntaxes": list(map(gate.uid, context.proposed_transfer_syntaxes)),
        "result": context.result,
        "result_name": context_result_name(context.result) if context.result is not None else None,
        "transfer_syntax": gate.uid_or_none(context.transfer_syntax),
        "proposed_roles": _names(roles.proposed.scu, roles.proposed.scp) if roles.proposed is not None else None,
        "accepted_roles": _names(roles.scu, roles.scp) if context.accepted else None,
    }


def information_json(said: UserInformation | None, gate: Gate) -> Json:
    """Describe what one side said of itself beside the contexts; of a user identity only its type."""
    said = said or UserInformation()
    window, identity, answer = said.asynchronous_operations_window, said.identity, said.identity_response
    return {
        "asynchronous_operations_window": window and {"invoked": window.invoked, "performed": window.performed},
        "role_selection": [
            {"sop_class_uid": gate.uid(role.sop_class_uid), "scu": role.scu, "scp": role.scp} for role in said.roles
        ],
        "extended_negotiation": [_extended(each, gate) for each in said.extended],
        "common_extended_negotiation": [
            {
                "sop_class_uid": gate.uid(each.sop_class_uid),
                "service_class_uid": gate.uid(each.service_class_uid),
                "related_general_sop_class_uids": list(map(gate.uid, each.related_general_sop_class_uids)),
            }
            for each in said.common_extended
        ],
        "user_identity": identity
        and {
            "type": identity.type,
            "type_name": IDENTITY_TYPES.get(identity.type),
            "positive_response_requested": bool(identity.positive_response_requested),
        },
        "user_identity_response": answer and {"length": len(answer.server_response)},
        "unknown_items": [{"type": f"{item.type:02X}", "length": len(item.data)} for item in said.unknown],
    }


def agreement_json(association: Association, gate: Gate) -> Json:
    """Describe what the negotiation comes to."""
    return {
        "limits": [shown(said, gate) for said in limits(association)],
        "consequences": [shown(said, gate) for said in consequences(association)],
    }


def _names(scu: object, scp: object) -> list[str]:
    return [name for name, taken in (("SCU", scu), ("SCP", scp)) if taken]


def _information(each: ExtendedNegotiation, gate: Gate) -> str:
    """Return the bytes in hexadecimal; of those that the standard gives no meaning, what may be shown."""
    defined = len(each.values)
    return each.information[:defined].hex() + gate.octets(each.information[defined:]).replace(" ", "")


def _extended(each: ExtendedNegotiation, gate: Gate) -> Json:
    return {
        "sop_class_uid": gate.uid(each.sop_class_uid),
        "information": _information(each, gate),
        "fields": [
            {"name": value.name, "value": value.value, "meaning": value.meaning or None}
            for value in each.values
            if value.name != "Reserved"
        ],
    }
