"""Groups of codes that rules name as causes of what they find."""

FRAMING = (
    "pdv-beyond-pdu",
    "pdv-too-short",
    "pdu-trailing-bytes",
    "pdata-without-pdv",
    "pdu-type-unknown",
    "pdu-length-wrong",
    "pdu-malformed",
    "pdu-header",
    "other-protocol",
    "proxy-header",
)
"""Bytes that are no well-formed PDUs."""
ORDER = ("pdata-before-association", "pdata-after-release", "associate-repeated", "pdu-unexpected")
"""PDUs where the state machine expects others."""
RELEASE = ("release-too-early", "release-by-acceptor", "release-repeated", "release-answer-order")
"""Breaches of the order of a release."""
PROPOSAL = (
    "protocol-version",
    "application-context",
    "application-context-private",
    "context-id-even",
    "context-id-repeated",
    "contexts-too-many",
    "context-without-syntax",
    "user-information-incomplete",
    "item-repeated",
    "ae-titles-too-long",
    "ae-title-malformed",
    "ae-title-padded",
    "uid-malformed",
    "uid-padded",
)
"""Breaches in A-ASSOCIATE-RQ (some also in -AC) that make the other side refuse or abort."""
ANSWER = (
    "context-not-proposed",
    "context-answered-twice",
    "syntax-not-proposed",
    "accepted-without-syntax",
    "contexts-unanswered",
    "context-result-reserved",
    "contexts-all-refused",
    "role-not-proposed",
    "window-beyond-proposal",
    "identity-ignored",
    "titles-changed",
    "titles-garbled",
)
"""Breaches and refusals in A-ASSOCIATE-AC."""
FRAGMENTS = (
    "fragment-stray",
    "data-set-unannounced",
    "data-set-missing",
    "message-interrupted",
    "last-fragment-missing",
    "context-not-accepted",
)
"""Fragments that make no message."""
COMMANDS = (
    "command-malformed",
    "command-order",
    "command-unknown",
    "command-element-missing",
    "command-group-length",
    "command-element-length",
    "class-not-of-context",
)
"""Command sets that a receiver may stumble over."""
DATA_SETS = (
    "data-set-wrong-syntax",
    "data-set-file-meta",
    "data-set-command-element",
    "data-set-deflate",
    "data-set-truncated-element",
    "data-set-overrun",
    "data-set-undelimited",
    "data-set-item",
    "data-set-bad-vr",
    "data-set-value",
    "data-set-announced-otherwise",
    "data-set-pixel-mismatch",
)
"""Data sets that a receiver may stumble over."""
NORMALIZED = (
    "service-not-of-class",
    "type-not-defined",
    "ups-service-of-other-class",
    "ups-class-not-push",
    "attribute-missing",
    "attribute-value-not-allowed",
    "attribute-not-settable",
    "instance-not-well-known",
    "meta-class-named",
    "instance-not-created",
    "instance-deleted",
    "instance-created-twice",
    "step-already-ended",
    "step-already-claimed",
    "transaction-of-other-claim",
    "step-not-filled-in",
    "commitment-incomplete",
    "commitment-transaction-differs",
    "commitment-transaction-unknown",
    "commitment-event-type",
    "image-box-position",
)
"""Requests of normalized services that a receiver refuses."""
ANSWERS_LACKING = (
    "create-without-instance",
    "film-box-without-image-boxes",
    "image-boxes-differ",
    "response-without-data-set",
    "find-pending-without-data-set",
)
"""Responses that lack something without which the requestor cannot go on."""
QUERIES = (
    "query-level-missing",
    "query-level-unknown",
    "query-parent-missing",
    "retrieve-key-missing",
    "query-key-not-single",
    "query-wildcard",
    "query-several-values",
    "query-patient-unnamed",
    "query-key-missing",
    "query-key-of-other-level",
    "retrieve-key-not-unique",
    "query-key-padding",
    "retrieve-list-long",
)
"""Identifiers of queries and retrievals that an SCP may refuse, the likeliest reason first."""
OPERATIONS = (
    "response-without-request",
    "response-mismatched",
    "pending-not-foreseen",
    "message-id-repeated",
    "operations-beyond-window",
)
"""Requests and responses that do not belong together."""
BROKEN = (*FRAMING, *ORDER, *FRAGMENTS, *COMMANDS, *DATA_SETS, *OPERATIONS)
"""What the other side may not be able to read, or to answer."""
SILENCE = ("association-unanswered", "requestor-silent", "peer-silent", "idle-timeout")
"""Nobody said anything, until one side gave up."""
STALLS = ("receiver-stopped-reading", "sender-stopped", "bytes-never-acknowledged", "keep-alives-unanswered")
"""A transfer stood still, until one side gave up."""
ENDS = ("association-aborted", "provider-aborted", "connection-reset", "connection-closed-early")
"""How an association ended before its time."""
NOT_CAPTURED = ("bytes-missing", "negotiation-not-captured", "one-direction", "capture-ends-early")
"""What the capture did not see."""


def by(side: str, *codes: str) -> tuple[str, ...]:
    """Return codes as causes that only one side counts for: `own` or `peer`."""
    return tuple(f"{side}:{code}" for code in codes)
