"""Rules on a capture as a whole."""

from collections.abc import Iterator

from dicomsniff.findings.finding import CaptureFacts, CaptureRule, Hit, Severity
from dicomsniff.quantities import counted


def foreign(facts: CaptureFacts) -> Iterator[Hit]:
    """Connections that carry a named protocol other than DICOM."""
    for protocol, count in sorted(facts.foreign.items()):
        if protocol:
            yield Hit(f"{counted(count, 'TCP connection')} carr{'y' if count != 1 else 'ies'} {protocol}")


def given_up(facts: CaptureFacts) -> Iterator[Hit]:
    """Connections that were dropped to bound memory."""
    if facts.given_up:
        yield Hit(f"{facts.given_up} connections were given up: too many were open at a time")


RULES = (
    CaptureRule(
        "foreign-protocol",
        Severity.NOTE,
        "",
        "The capture holds connections of another protocol",
        "These connections carry TLS, HTTP or another protocol that was recognized by its first bytes; nothing of "
        "them is decoded. DICOM over TLS looks like this.",
        "Where DICOM is expected there, check the port, or read it with the session's keys if it is TLS.",
        foreign,
    ),
    CaptureRule(
        "connections-given-up",
        Severity.NOTE,
        "",
        "Connections were given up to bound memory",
        "More TCP connections were open at a time than are followed. The oldest were ended as if the capture had "
        "ended there.",
        "Read a smaller capture, or filter it for the hosts that matter.",
        given_up,
    ),
)
"""Rules on captures, in the order in which they are asked."""
