"""Rules on a capture as a whole."""

from collections import Counter
from collections.abc import Iterator

from dicomsniff.association.protocols import TLS
from dicomsniff.findings.connection_rules import unanswered_strangers
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_address
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted, some_of

MAX_NAMED = 3
"""Servers of TLS that a line names; further ones are counted."""


@capture_rule(code="foreign-protocol", severity=Severity.NOTE)
def foreign(facts: CaptureFacts) -> Iterator[Hit]:
    """The capture holds connections of another protocol.

    These connections carry TLS, HTTP or another protocol that was recognized by its first bytes; nothing of them is
    decoded. DICOM over TLS looks like this.

    What to do: Where DICOM is expected there, check the port, or read it with the session's keys if it is TLS.
    """
    told = Counter(each.protocol for each in unanswered_strangers(facts))
    told[TLS] += len(facts.handshakes)
    for protocol, total in sorted(facts.foreign.items()):
        count = total - told[protocol]
        if protocol and count:
            where = _perhaps_dicom(facts) if protocol == TLS else ""
            yield Hit(f"{counted(count, 'TCP connection')} carr{'y' if count != 1 else 'ies'} {protocol}{where}")


def _perhaps_dicom(facts: CaptureFacts) -> str:
    """Say where TLS went in a capture without any DICOM, and how to be told of it if that is DICOM."""
    servers = sorted(facts.tls_servers)
    if facts.association_count or not servers:
        return ""
    ports = list(dict.fromkeys(server.rpartition(":")[2] for server in servers))
    asked = f" --port {ports[0]}" if len(ports) == 1 else " --port and its port"
    return f", to {some_of([the_address(server) for server in servers], MAX_NAMED)}; if that is DICOM, add{asked}"


@capture_rule(code="connections-given-up", severity=Severity.NOTE)
def given_up(facts: CaptureFacts) -> Iterator[Hit]:
    """Connections were given up to bound memory.

    More TCP connections were open at a time than are followed. The oldest were ended as if the capture had ended there.

    What to do: Read a smaller capture, or filter it for the hosts that matter.
    """
    if facts.given_up:
        yield Hit(f"{counted(facts.given_up, 'TCP connection')} given up: too many were open at a time")


@capture_rule(code="packets-lost", severity=Severity.WARNING)
def lost(facts: CaptureFacts) -> Iterator[Hit]:
    """The capturer lost packets.

    Packets came faster than they could be taken, so that some are missing from the capture. A message that an
    association of that time seems to lack may have been sent all the same.

    What to do: Capture again with a larger buffer (--buffer, or -B of tcpdump and dumpcap), with a capture filter, or
    on a machine that does less.
    """
    if any(facts.losses):
        yield Hit(f"the capturer lost {facts.losses}")


@capture_rule(code="packets-cut", severity=Severity.WARNING)
def cut(facts: CaptureFacts) -> Iterator[Hit]:
    """Packets were captured without their ends.

    The capturer kept only so many bytes of each packet (its snaplen), so that most of every long message is missing.
    What is missing was sent all the same: nothing can be said about it, and nobody is to blame.

    What to do: Capture again with whole packets: tcpdump -s 0, dumpcap -s 0, or no limit in Wireshark's options.
    """
    short = [each for each in facts.neighbours if each.cut_short]
    if short:
        of, number = counted(facts.association_count, "association"), len(short)
        lacks = (
            f"{number} of {of} lack{'s' * (number == 1)}" if facts.association_count > 1 else "the association lacks"
        )
        text = f"the capture kept only the beginning of each packet (a short snaplen), and {lacks} bytes"
        yield Hit(f"{text}; capture again with whole packets (tcpdump -s 0)", short[0].span)
