"""Rules on TCP connections that failed: refused, or never answered (RFC 9293 §3.5, §3.10.7)."""

from collections.abc import Iterator

from dicomsniff.association.moves import Unconnected
from dicomsniff.association.neighbours import host_of
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_address
from dicomsniff.findings.review import PATIENCE
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted, some_of

_PORTS = ("104", "2761", "2762", "11112")
"""Ports that are registered for DICOM (PS3.8 §9.1.1, PS3.15 §B)."""
MAX_CALLERS = 3
"""Callers that a finding names; further ones are counted."""
_SAID = {
    "refused": "{target} refused {what} from {callers}: nothing listens on that port, or a firewall rejects it",
    "unanswered": "{target} gave no answer to {what} from {callers}: a wrong address, a firewall, or the host is down",
}


@capture_rule(code="connection-failed", severity=Severity.ERROR)
def failed(facts: CaptureFacts) -> Iterator[Hit]:
    """TCP connections are refused or get no answer.

    No DICOM was exchanged, since TCP did not even connect. Refused (RST): the host is there and nothing listens on the
    port, or a firewall rejects. No answer to SYN: a wrong address, a firewall that drops, or the host is down. Reported
    for DICOM's ports, for hosts that speak DICOM in this capture, and for all where the capture holds no DICOM.

    What to do: Check address and port at the caller. See that the server runs, what it listens on, and which firewalls
    are between.
    """
    reached, hosts = _seen(facts)
    moved = {(each.source, each.target) for move in facts.links.moves() for each in move.unconnected}
    groups: dict[tuple[str, str], list[Unconnected]] = {}
    for each in facts.links.unconnected():
        unsure = each.how == "unanswered" and each.waited < PATIENCE
        if each.how in _SAID and not unsure and (each.source, each.target) not in moved:
            groups.setdefault((each.target, each.how), []).append(each)
    nothing_else = sum(facts.foreign.values()) <= sum(map(len, groups.values()))
    for (target, how), group in groups.items():
        ours = target.rpartition(":")[2] in _PORTS or target in reached
        known = host_of(target) in hosts or any(each.source in hosts for each in group)
        if not (ours or known or not facts.association_count):
            continue
        callers = some_of([the_address(each) for each in dict.fromkeys(each.source for each in group)], MAX_CALLERS)
        what = counted(len(group), "TCP connection")
        text = _SAID[how].format(target=the_address(target), what=what, callers=callers)
        severity = Severity.NOTE
        if not facts.association_count and (ours or nothing_else):
            severity = Severity.ERROR
        elif facts.association_count and ours and target not in reached:
            severity = Severity.WARNING
        yield Hit(text, group[0].span, severity=severity)


def _seen(facts: CaptureFacts) -> tuple[set[str], set[str]]:
    """Return acceptors that answered in this capture, and the hosts of all associations."""
    reached, hosts = set(), set()
    for each in facts.neighbours:
        hosts |= {each.ends.source, host_of(each.ends.target)}
        if each.accepted:
            reached.add(each.ends.target)
    return reached, hosts
