"""What the codes of A-ASSOCIATE-RJ, A-ABORT and of a context's result mean (PS3.8 §9.3.3 to §9.3.8)."""

CONTEXT_RESULTS = {  # Table 9-18
    0: "acceptance",
    1: "user-rejection",
    2: "no-reason (provider rejection)",
    3: "abstract-syntax-not-supported (provider rejection)",
    4: "transfer-syntaxes-not-supported (provider rejection)",
}

REJECT_RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}  # Table 9-21

REJECT_SOURCES = {
    1: "DICOM UL service-user",
    2: "DICOM UL service-provider (ACSE related function)",
    3: "DICOM UL service-provider (Presentation related function)",
}

REJECT_REASONS = {  # (source, reason), Table 9-21
    (1, 1): "no-reason-given",
    (1, 2): "application-context-name-not-supported",
    (1, 3): "calling-AE-title-not-recognized",
    (1, 7): "called-AE-title-not-recognized",
    (2, 1): "no-reason-given",
    (2, 2): "protocol-version-not-supported",
    (3, 1): "temporary-congestion",
    (3, 2): "local-limit-exceeded",
}

NO_REASONS = ((1, 1), (2, 1))
"""Source and reason of refusals that give none: what was proposed may be why (Table 9-21)."""
_RESERVED_REJECT_REASONS = frozenset(  # (source, reason), Table 9-21
    [(1, 4), (1, 5), (1, 6), (1, 8), (1, 9), (1, 10), (3, 0), (3, 3), (3, 4), (3, 5), (3, 6), (3, 7)]
)

ABORT_SOURCES = {0: "DICOM UL service-user", 1: "reserved", 2: "DICOM UL service-provider"}  # Table 9-26

ABORT_REASONS = {  # significant only where the source is 2
    0: "reason-not-specified",
    1: "unrecognized-PDU",
    2: "unexpected-PDU",
    3: "reserved",
    4: "unrecognized-PDU parameter",
    5: "unexpected-PDU parameter",
    6: "invalid-PDU-parameter value",
}

FAILURE_REASONS = {  # Failure Reason (0008,1197), PS3.3 §C.14.1.1
    0x0110: "processing failure",
    0x0112: "no such object instance",
    0x0119: "class-instance conflict",
    0x0122: "referenced SOP class not supported",
    0x0131: "duplicate transaction UID",
    0x0213: "resource limitation",
}


def context_result_name(result: int) -> str:
    """Name the result of a presentation context (PS3.8 Table 9-18)."""
    return CONTEXT_RESULTS.get(result, f"undefined result {result}")


def reject_reason_name(source: int, reason: int) -> str:
    """Name a rejection's reason, whose meaning depends on the source (PS3.8 Table 9-21)."""
    named = REJECT_REASONS.get((source, reason))
    if named is not None:
        return named
    return f"{'reserved' if (source, reason) in _RESERVED_REJECT_REASONS else 'undefined'} reason {reason}"


def reject_meaning(result: int, source: int, reason: int) -> str:
    """Say in words who refused and why: `rejected-permanent by …: …` (PS3.8 Table 9-21)."""
    how = REJECT_RESULTS.get(result, f"undefined result {result}")
    who = REJECT_SOURCES.get(source, f"undefined source {source}")
    return f"{how} by {who}: {reject_reason_name(source, reason)}"


def abort_meaning(source: int, reason: int) -> str:
    """Say in words who aborted and why (PS3.8 Table 9-26); a service-user states no reason."""
    who = ABORT_SOURCES.get(source, "undefined")
    if source == 2:
        return f"{who}: {ABORT_REASONS.get(reason, f'undefined reason {reason}')}"
    return who if source == 0 else f"{who} (source {source}), reason {reason} not significant"


def in_words(name: str) -> str:
    """Write one of the standard's hyphenated names as words: `called AE title not recognized`."""
    return name.partition(" (")[0].replace("-", " ")


def refused_in_words(result: int, source: int, reason: int) -> str:
    """Say plainly why an association was rejected and by what (PS3.8 Table 9-21); a service-user is an application."""
    how = {1: "permanent", 2: "transient: it may work later"}.get(result, f"result {result} is reserved")
    who = {
        1: "its application rejected it",
        2: "its service-provider rejected it",
        3: "its service-provider rejected it",
    }
    return f"{in_words(reject_reason_name(source, reason))} ({who.get(source, f'source {source} is reserved')}; {how})"


def aborter(source: int) -> str:
    """Name plainly what aborted (PS3.8 Table 9-26): a service-user is an application; empty where it is reserved."""
    return {0: "application", 2: "service-provider"}.get(source, "")


def aborted_for(source: int, reason: int) -> str:
    """Say plainly the reason an A-ABORT gives (PS3.8 Table 9-26); empty where it gives none."""
    if source == 2:
        known = {**ABORT_REASONS, 0: "", 3: "its reason 3 is reserved"}
        return in_words(known.get(reason, f"its reason {reason} is undefined"))
    if source == 0:  # not significant, but to be sent as 0
        return f"it gives reason {reason}, which should be 0" if reason else ""
    return f"its source {source} is reserved"


def failure_reason_text(reason: int) -> str:
    """Say a Failure Reason in words: `0x0112 (no such object instance)`."""
    meaning = FAILURE_REASONS.get(reason)
    return f"0x{reason:04X}" + (f" ({meaning})" if meaning else "")
