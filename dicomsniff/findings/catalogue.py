"""Every rule there is, in the order in which they are asked; `dicomsniff rules`, docs/rules.md and tests read it."""

from dicomsniff.findings import (
    answer_rules,
    association_rules,
    cancel_rules,
    capture_rules,
    class_rules,
    command_form_rules,
    command_rules,
    commitment_failure_rules,
    commitment_rules,
    connection_rules,
    content_rules,
    data_set_rules,
    early_rules,
    encoding_rules,
    end_rules,
    fragment_rules,
    handshake_rules,
    identity_rules,
    likely_rules,
    limit_rules,
    link_rules,
    match_rules,
    neighbour_rules,
    normalized_rules,
    operation_rules,
    pdu_rules,
    pdv_rules,
    presence_rules,
    print_rules,
    proposal_rules,
    query_form_rules,
    query_rules,
    refusal_rules,
    release_rules,
    response_rules,
    role_rules,
    search_rules,
    security_rules,
    silence_rules,
    stall_rules,
    state_rules,
    step_rules,
    sub_item_rules,
    sub_operation_rules,
    tcp_rules,
    time_rules,
    tls_rules,
)
from dicomsniff.findings.rule import AnyRule, declared_in

LAYERS: tuple[tuple[str, tuple[AnyRule, ...]], ...] = (
    ("PDUs", declared_in(pdu_rules)),
    ("PDVs", declared_in(pdv_rules)),
    ("Order of PDUs", declared_in(state_rules)),
    ("Release", declared_in(release_rules)),
    ("Negotiation: how it is written", declared_in(encoding_rules)),
    ("Negotiation: sub-items of user information", declared_in(sub_item_rules)),
    ("Negotiation: what is proposed", declared_in(proposal_rules)),
    ("Negotiation: what is answered", declared_in(answer_rules)),
    ("Fragments", declared_in(fragment_rules)),
    ("Command sets", declared_in(command_rules, class_rules, command_form_rules)),
    ("Data sets", declared_in(presence_rules, data_set_rules)),
    ("Operations", declared_in(operation_rules, response_rules)),
    ("What queries and retrievals ask for", declared_in(query_rules, query_form_rules)),
    ("What queries get", declared_in(match_rules)),
    (
        "Normalized services",
        declared_in(normalized_rules, content_rules, step_rules, commitment_rules),
    ),
    ("Answers before the end of a request", declared_in(early_rules)),
    ("Sub-operations and cancelling", declared_in(sub_operation_rules, cancel_rules)),
    ("Roles", declared_in(role_rules)),
    ("Associations", declared_in(association_rules, end_rules)),
    ("Silence", declared_in(silence_rules)),
    ("Transfers that stand still", declared_in(stall_rules)),
    ("TCP and the capture of an association", declared_in(tcp_rules)),
    ("Likely reasons", declared_in(likely_rules)),
    ("Where the time went", declared_in(time_rules)),
    ("TCP connections that failed", declared_in(connection_rules)),
    ("TLS handshakes", declared_in(handshake_rules)),
    ("DICOM over TLS", declared_in(tls_rules)),
    ("User identity", declared_in(identity_rules)),
    ("Refusals and AE titles", declared_in(refusal_rules)),
    ("Security", declared_in(security_rules)),
    ("What an SCP reports as failed", declared_in(commitment_failure_rules, print_rules)),
    ("What belongs together", declared_in(link_rules)),
    ("Neighbours", declared_in(neighbour_rules, search_rules)),
    ("The whole capture", declared_in(capture_rules)),
    ("What is counted and not listed", declared_in(limit_rules)),
)
"""Rules by what they are about."""
RULES: tuple[AnyRule, ...] = tuple(rule for _, rules in LAYERS for rule in rules)
_BY_CODE = {rule.code: rule for rule in RULES}


def find_rule(code: str) -> AnyRule | None:
    """Return the rule of a code; None where there is none."""
    return _BY_CODE.get(code)


def nearest_codes(code: str, count: int = 3) -> list[str]:
    """Return the codes that look most like one that does not exist."""
    from difflib import get_close_matches

    holding = [known for known in _BY_CODE if code.lower() in known]
    return (holding + [near for near in get_close_matches(code.lower(), _BY_CODE, count, 0.4) if near not in holding])[
        :count
    ]
