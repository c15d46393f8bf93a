"""Rules on TCP connections that failed: refused, or never answered (RFC 9293 §3.5, §3.10.7)."""

from collections.abc import Iterator

from dicomsniff.association.moves import Unconnected
from dicomsniff.association.neighbours import host_of
from dicomsniff.association.strangers import Stranger
from dicomsniff.dictionary.ports import DICOM_PORTS
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_address
from dicomsniff.findings.review import PATIENCE
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted, duration, some_of

_PORTS = frozenset(map(str, DICOM_PORTS))
MAX_CALLERS = 3
"""Callers that a finding names; further ones are counted."""
_SAID = {
    "refused": "{target} refused {what} from {callers}: nothing listens on that port, or a firewall rejects it",
    "unanswered": "{target} gave no answer to {what} from {callers}: a wrong address, a firewall, or the host is down",
    "unreachable": "{target} is unreachable for {callers}: {by} answered {what} by ICMP, {why}",
}


_ENDED = {"FIN": "closed the connection without an answer", "RST": "reset the connection", "": "gave no answer"}
"""What the other side did, by how it ended the connection."""


@capture_rule(code="connection-failed", severity=Severity.ERROR)
def failed(facts: CaptureFacts) -> Iterator[Hit]:
    """TCP connections are refused or get no answer.

    No DICOM was exchanged, since TCP did not even connect. Refused (RST): the host is there and nothing listens on the
    port, or a firewall rejects. No answer to SYN: a wrong address, a firewall that drops, or the host is down; where a
    router or host says why by ICMP, that is told. Reported for DICOM's ports, for hosts that speak DICOM in this
    capture, and for all where the capture holds no DICOM.

    What to do: Check address and port at the caller. See that the server runs, what it listens on, and which firewalls
    are between.
    """
    moved = {(each.source, each.target) for move in facts.links.moves() for each in move.unconnected}
    errors = {(each.source.address, str(each.target)): each for each in facts.unreachable}
    groups: dict[tuple[str, str], list[Unconnected]] = {}
    for each in facts.links.unconnected():
        how = each.how
        if how == "unanswered" and (each.source, each.target) in errors:
            how = "unreachable"
        unsure = how == "unanswered" and each.waited < PATIENCE
        if how in _SAID and not unsure and (each.source, each.target) not in moved:
            groups.setdefault((each.target, how), []).append(each)
    reached, hosts = _seen(facts) if groups else (set(), set())
    nothing_else = sum(facts.foreign.values()) <= sum(map(len, groups.values()))
    for (target, how), group in groups.items():
        ours = target.rpartition(":")[2] in _PORTS or target in reached
        known = host_of(target) in hosts or any(each.source in hosts for each in group)
        if not (ours or known or not facts.association_count):
            continue
        callers = some_of([the_address(each) for each in dict.fromkeys(each.source for each in group)], MAX_CALLERS)
        what, tries = counted(len(group), "TCP connection"), sum(each.tries for each in group)
        if how == "unanswered" and tries > len(group):
            what += f" ({counted(tries, 'SYN')})"
        error = errors.get((group[0].source, target))
        by, why = (the_address(error.by), error.why) if error is not None else ("", "")
        text = _SAID[how].format(target=the_address(target), what=what, callers=callers, by=by, why=why)
        severity = Severity.NOTE
        if not facts.association_count and (ours or nothing_else):
            severity = Severity.ERROR
        elif facts.association_count and ours and target not in reached:
            severity = Severity.WARNING
        yield Hit(text, group[0].span, severity=severity)


@capture_rule(code="other-protocol-unanswered", severity=Severity.ERROR)
def unanswered_stranger(facts: CaptureFacts) -> Iterator[Hit]:
    """A client speaks another protocol to a port of DICOM in vain.

    The caller has the wrong port: what listens there waits for A-ASSOCIATE-RQ, and closes or says nothing. Told of
    DICOM's ports and of acceptors that speak DICOM in this capture.

    What to do: Check the port at the caller. Where it is TLS, give both sides the same transport security.
    """
    spoken: dict[tuple[str, str, str], list[Stranger]] = {}
    for each in unanswered_strangers(facts):
        spoken.setdefault((each.source, each.target, each.protocol), []).append(each)
    for (source, target, protocol), group in spoken.items():
        times = f" on {counted(len(group), 'TCP connection')}" if len(group) > 1 else ""
        how = _ENDED[group[-1].ended]
        text = f"{the_address(source)} speaks {protocol}, not DICOM, to {the_address(target)}{times}, which {how}"
        severity = Severity.WARNING if facts.association_count else None
        yield Hit(text, group[0].span, severity=severity)


@capture_rule(code="connection-silent", severity=Severity.WARNING)
def silent(facts: CaptureFacts) -> Iterator[Hit]:
    """TCP connections are opened and nothing is sent on them.

    An acceptor waits for A-ASSOCIATE-RQ until its ARTIM timer expires. Who opens a connection and says nothing hangs,
    or waits for the other side to speak first, as clients of other protocols do. An acceptor that ends the connection
    at once does not admit the caller's address, or a firewall or load balancer answers in its place.

    What to do: Look at what opens the connection. Where it is a monitor, let it close the connection or send C-ECHO.
    Where it is ended at once, look at the acceptor's list of hosts, and at what stands between.
    """
    groups: dict[tuple[str, str, bool], list[Stranger]] = {}
    for each in _at_dicom_ports(facts):
        if not each.spoke and each.ended:
            groups.setdefault((each.source, each.target, each.waited < PATIENCE), []).append(each)
    for (source, target, at_once), group in groups.items():
        opened, what = f"{the_address(source)} opened", counted(len(group), "TCP connection")
        how, it = {"FIN": "closed", "RST": "reset"}[group[0].ended], "it" if len(group) == 1 else "them"
        longest = duration(max(each.waited for each in group)) + (" at most" if len(group) > 1 else "")
        text = f"{opened} {what} to {the_address(target)} and sent nothing, no A-ASSOCIATE-RQ; "
        text += f"{the_address(target)} {how} {it} after {longest}"
        if at_once:
            text = f"{the_address(target)} {how} {what} from {the_address(source)} at once, before anything was sent"
        yield Hit(text, group[0].span)


def unanswered_strangers(facts: CaptureFacts) -> list[Stranger]:
    """Return connections to a port of DICOM whose opener spoke another protocol, by name, and got no answer."""
    # Handshakes of TLS have a rule of their own.
    return [each for each in _at_dicom_ports(facts) if each.protocol not in ("", "TLS")]


def _at_dicom_ports(facts: CaptureFacts) -> Iterator[Stranger]:
    reached, _ = _seen(facts) if facts.strangers else (set(), set())
    for each in facts.strangers:
        if each.target.rpartition(":")[2] in _PORTS or each.target in reached:
            yield each


def _seen(facts: CaptureFacts) -> tuple[set[str], set[str]]:
    """Return acceptors that answered in this capture, and the hosts of all associations."""
    reached, hosts = set(), set()
    for each in facts.neighbours:
        hosts |= {each.ends.source, host_of(each.ends.target)}
        if each.accepted:
            reached.add(each.ends.target)
    return reached, hosts
