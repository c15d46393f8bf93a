"""Every rule there is, in the order in which they are asked; `dicomsniff rules`, docs/rules.md and tests read it."""

from difflib import get_close_matches

from dicomsniff.findings import (
    answer_rules,
    association_rules,
    cancel_rules,
    capture_rules,
    command_form_rules,
    command_rules,
    commitment_failure_rules,
    commitment_rules,
    content_rules,
    data_set_rules,
    early_rules,
    encoding_rules,
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
    proposal_rules,
    query_rules,
    release_rules,
    response_rules,
    role_rules,
    security_rules,
    silence_rules,
    stall_rules,
    state_rules,
    step_rules,
    sub_item_rules,
    sub_operation_rules,
    tcp_rules,
    time_rules,
)
from dicomsniff.findings.finding import CaptureRule, EntryRule, FinalRule

AnyRule = EntryRule | FinalRule | CaptureRule

LAYERS: tuple[tuple[str, tuple[AnyRule, ...]], ...] = (
    ("PDUs", pdu_rules.RULES),
    ("PDVs", pdv_rules.RULES),
    ("Order of PDUs", state_rules.RULES),
    ("Release", release_rules.RULES),
    ("Negotiation: how it is written", encoding_rules.RULES),
    ("Negotiation: sub-items of user information", sub_item_rules.RULES),
    ("Negotiation: what is proposed", proposal_rules.RULES),
    ("Negotiation: what is answered", answer_rules.RULES),
    ("Fragments", fragment_rules.RULES),
    ("Command sets", (*command_rules.RULES, *command_form_rules.RULES)),
    ("Data sets", (*presence_rules.RULES, *data_set_rules.RULES)),
    ("Operations", (*operation_rules.RULES, *response_rules.RULES)),
    ("What queries and retrievals ask for", query_rules.RULES),
    ("What queries get", match_rules.RULES),
    (
        "Normalized services",
        (*normalized_rules.RULES, *content_rules.RULES, *step_rules.RULES, *commitment_rules.RULES),
    ),
    ("Answers before the end of a request", early_rules.RULES),
    ("Sub-operations and cancelling", (*sub_operation_rules.RULES, *cancel_rules.RULES)),
    ("Roles", role_rules.RULES),
    ("Associations", association_rules.RULES),
    ("Silence", silence_rules.RULES),
    ("Transfers that stand still", stall_rules.RULES),
    ("TCP and the capture of an association", tcp_rules.RULES),
    ("Likely reasons", likely_rules.RULES),
    ("Where the time went", time_rules.RULES),
    ("TLS handshakes", handshake_rules.RULES),
    ("User identity", identity_rules.RULES),
    ("Security", security_rules.RULES),
    ("Storage commitment", commitment_failure_rules.RULES),
    ("What belongs together", link_rules.RULES),
    ("Neighbours", neighbour_rules.RULES),
    ("The whole capture", capture_rules.RULES),
    ("What is counted and not listed", limit_rules.RULES),
)
"""Rules by what they are about."""
RULES: tuple[AnyRule, ...] = tuple(rule for _, rules in LAYERS for rule in rules)
_BY_CODE = {rule.code: rule for rule in RULES}


def find_rule(code: str) -> AnyRule | None:
    """Return the rule of a code; None where there is none."""
    return _BY_CODE.get(code)


def nearest_codes(code: str, count: int = 3) -> list[str]:
    """Return the codes that look most like one that does not exist."""
    holding = [known for known in _BY_CODE if code.lower() in known]
    return (holding + [near for near in get_close_matches(code.lower(), _BY_CODE, count, 0.4) if near not in holding])[
        :count
    ]
