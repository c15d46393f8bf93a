"""What is remembered of associations that are over, to hold those that failed against their neighbours."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zlib import crc32

from dicomsniff.association.association import Association
from dicomsniff.association.searches import Request, Retrieval, Search, requests_of, retrievals_of, searches_of
from dicomsniff.association.slow_phase import SlowPhase, slow_phase
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.dictionary.statuses import DONE, status_category
from dicomsniff.dimse.operations import Operation
from dicomsniff.pdu.types import AssociateAc, AssociateRj, AssociateRq
from dicomsniff.side import Side
from dicomsniff.span import Span

MAX_NEIGHBOURS = 10_000
"""Associations remembered; further ones are no evidence."""
LATEST_NEIGHBOURS = 1_000
"""Associations remembered of what has no end: the latest ones."""
MAX_CLASSES = 16
"""Abstract syntaxes of an association that are remembered; where there are more, only their checksum is."""
MAX_UNSTORED = 8
"""Instances whose C-STORE failed that are remembered of an association; MAX_NEIGHBOURS of all."""
CHECKSUM = "CRC-32: "
"""What the checksum of abstract syntaxes begins with, and no UID."""
_LONGEST_UID = 64
"""Characters (PS3.5 §9.1)."""
_NOTHING: frozenset[str] = frozenset()
_STORE = "C-STORE"
_ANSWERED = ("rejected", "released")
USER_IDENTITY = "a user identity"
REJECTED_TRANSIENT = 2
"""The result of an A-ASSOCIATE-RJ that says that a later try may be accepted (PS3.8 Table 9-21)."""


def host_of(endpoint: str) -> str:
    """Return the address of `10.0.0.2:104` or `[2001:db8::1]:104`."""
    return endpoint.rpartition(":")[0].strip("[]")


class Ends(NamedTuple):
    """Who called whom: the caller's address, the acceptor's address and port, and both AE titles."""

    source: str
    target: str
    calling: str | None
    called: str | None


class Neighbour(NamedTuple):
    """An association that is over: what it asked for, how it fared, and how long its TCP connection lived."""

    association: int
    ends: Ends
    start: int
    """When it began (ns since 1970)."""
    end: int
    """When its last word was said."""
    closed: int | None
    """When either side began to close its TCP connection; None where the capture does not show that."""
    outcome: str
    trouble: str
    """Why it was in trouble; empty where it was not."""
    answered: tuple[str, ...]
    """Services that were answered with Success."""
    asked: tuple[str, ...]
    """Services that were asked for."""
    extras: frozenset[str]
    """What was proposed beside presentation contexts."""
    classes: frozenset[str]
    """The abstract syntaxes proposed; where there are more than `MAX_CLASSES`, their checksum instead."""
    accepted: bool
    """Whether at least one presentation context was accepted."""
    refused: tuple[int, int] | None
    """Source and reason of an A-ASSOCIATE-RJ."""
    transient: bool
    """Whether that A-ASSOCIATE-RJ said that it may work later."""
    span: Span
    """Of what refused it, else of its first entry."""
    over_tls: bool
    """Whether it came over TLS."""
    ignored: bool
    """Whether it asked for an association, and the other side said nothing that is DICOM."""
    ended_by_acceptor: bool
    """Whether the acceptor's own word ended it: it refused, aborted, or answered the release."""
    cut_short: bool
    """Whether packets of it were captured without their ends, as with a short snaplen."""
    searches: tuple[Search, ...]
    """Queries that ended well."""
    requests: tuple[Request, ...]
    """Queries and retrievals that failed, and that succeeded."""
    retrievals: tuple[Retrieval, ...]
    """C-MOVEs and C-GETs that count no object."""
    implementation: tuple[str, str] | None
    """The acceptor's implementation class UID and version name, where it tells either."""
    slow_phase: SlowPhase | None
    """When the acceptor answered it much later than else."""
    waited: int
    """How long (ns) its A-ASSOCIATE-RQ waited for an answer, or for its end."""
    waited_until: int
    """Until when that was, in ns after it began."""
    unstored: tuple[tuple[str, int], ...] = ()
    """The first instances whose C-STORE failed, each with its status."""

    @property
    def over(self) -> int:
        """When its connection began to be closed, else when its last word was said (ns since 1970)."""
        return self.closed or self.end

    def was_closed_before(self, time: int) -> bool:
        """Whether its connection began to be closed before a time (ns since 1970), in sight of the capture."""
        return self.closed is not None and self.closed < time


class Neighbours:
    """Takes every association when it is over; gives those that can be compared."""

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        """Whether there is no end: then the latest are remembered, not the first."""
        self._most = LATEST_NEIGHBOURS if watches else MAX_NEIGHBOURS
        self._known: list[Neighbour] = []
        self._is_sorted = True
        self._by_titles: dict[tuple[str, str | None, str], Neighbour] = {}
        """Those that were accepted: the first by called AE title and acceptor, and by both titles and addresses."""
        self._unstored: dict[tuple[str, str], tuple[Neighbour, int]] = {}
        """By the acceptor's host and the instance: the last that failed to store it, and with which status."""

    def feed(self, association: Association, trouble: str) -> None:
        """Remember an association, before anything of it is given up, and why it was in trouble, if it was."""
        if not self.is_full:
            self.take(remembered(association, trouble))

    def take(self, neighbour: Neighbour) -> None:
        """Remember one."""
        if self._watches:
            del self._known[: max(len(self._known) + 1 - self._most, 0)]
        elif self.is_full:
            return
        self._known.append(neighbour)
        self._is_sorted = False
        if neighbour.accepted:
            if len(self._by_titles) >= 2 * self._most:  # without an end; then the latest count
                self._by_titles.clear()
            ends = neighbour.ends
            self._by_titles.setdefault((ends.target, ends.called, ""), neighbour)
            hosts = _hosts(ends.source, host_of(ends.target))
            self._by_titles.setdefault((hosts, ends.called, ends.calling or ""), neighbour)
        for instance, status in neighbour.unstored:
            if len(self._unstored) >= self._most:
                self._unstored.clear()
            self._unstored[host_of(neighbour.ends.target), instance] = neighbour, status

    def unstored(self, host: str, instance: str) -> tuple[Neighbour, int] | None:
        """Return the last association on which a C-STORE of an instance to a host failed, and its status."""
        return self._unstored.get((host, instance))

    def accepted_by(self, called: str, target: str) -> Neighbour | None:
        """Return the first association that an acceptor accepted by a called AE title."""
        return self._by_titles.get((target, called, ""))

    def accepted_between(self, source: str, target: str, calling: str, called: str) -> Neighbour | None:
        """Return the first accepted association from one host to another with these AE titles, whatever the port."""
        return self._by_titles.get((_hosts(source, target), called, calling))

    @property
    def is_full(self) -> bool:
        """Whether no further one is remembered."""
        return not self._watches and len(self._known) >= self._most

    def __iter__(self) -> Iterator[Neighbour]:
        """Yield them in the order in which they began."""
        if not self._is_sorted:  # every rule asks
            self._known.sort(key=lambda each: (each.start, each.association))
            self._is_sorted = True
        return iter(self._known)


def _hosts(source: str, target: str) -> str:
    return f"{source} {target}"


def remembered(association: Association, trouble: str) -> Neighbour:
    """Return what is remembered of an association that is over, and why it was in trouble, if it was."""
    requestor, acceptor, rejection = association.requestor, association.acceptor, association.rejection
    abort = association.abort
    timeline = association.timeline
    ends = [entry.span.first_time for entry in timeline if isinstance(entry.event, TcpEnd)]
    telling = next((entry.span for entry in timeline if isinstance(entry.event, AssociateRj)), None)
    first = timeline[0].span if timeline else Span(0, 0, 0, 0, 0)
    stores = _STORE in association.message_counts.requests
    successes = dict.fromkeys(service for service, _, status in association.message_counts.statuses if status == 0)
    return Neighbour(
        association=association.id,
        ends=Ends(requestor.endpoint.address, str(acceptor.endpoint), requestor.ae_title, acceptor.ae_title),
        start=association.start_time,
        end=association.end_time if not ends else min(association.end_time, min(ends)),
        closed=min(ends, default=None),
        outcome=association.outcome,
        trouble=trouble,
        answered=tuple(successes),
        asked=tuple(association.message_counts.requests),
        extras=extras_of(association.request),
        classes=_classes(tuple(context.abstract_syntax or "" for context in association.contexts.values())),
        accepted=any(context.accepted for context in association.contexts.values()),
        refused=(rejection.source, rejection.reason) if rejection is not None else None,
        transient=rejection is not None and rejection.result == REJECTED_TRANSIENT,
        span=telling or first,
        over_tls=association.tls is not None,
        ignored=association.request is not None and not any(association.pdu_counts[Side.ACCEPTOR].values()),
        ended_by_acceptor=abort.side is Side.ACCEPTOR if abort is not None else association.outcome in _ANSWERED,
        cut_short=any(health.cut for health in association.tcp.values()),
        searches=searches_of(association),
        requests=requests_of(association),
        retrievals=retrievals_of(association),
        implementation=_implementation(association.accept),
        slow_phase=slow_phase(association) if stores else None,
        unstored=tuple(islice(_unstored(association), MAX_UNSTORED)) if stores else (),
        **_waiting(association, telling, ends),
    )


def _implementation(accept: AssociateAc | None) -> tuple[str, str] | None:
    if accept is None:
        return None
    said = accept.user_information
    uid, name = said.implementation_class_uid or "", said.implementation_version_name or ""
    return (uid, name) if 0 < max(len(uid), len(name)) <= _LONGEST_UID else None


def _waiting(association: Association, telling: Span | None, ends: list[int]) -> dict[str, int]:
    request, accept = association.request, association.accept
    answered = telling.first_time if telling is not None else accept.span.first_time if accept is not None else None
    until = answered if answered is not None else min([association.end_time, *ends])
    waited = max(until - request.span.last_time, 0) if request is not None else 0
    return {"waited": waited, "waited_until": until - association.start_time}


def unstored_of(association: Association) -> dict[str, Operation]:
    """Return by instance the C-STOREs of an association that failed, and that no later one made good."""
    found: dict[str, Operation] = {}
    statuses = association.message_counts.statuses
    if any(service == _STORE and status_category(status) == "Failure" for service, _, status in statuses):
        for operation in association.operations.operations:
            instance = operation.request.command.affected_sop_instance_uid
            if operation.name != _STORE or instance is None:
                continue
            if operation.category == "Failure":
                found[instance] = operation
            elif operation.category in DONE:
                found.pop(instance, None)
    return found


def _unstored(association: Association) -> Iterator[tuple[str, int]]:
    for instance, operation in unstored_of(association).items():
        if operation.side is Side.REQUESTOR and operation.status is not None:
            yield instance, operation.status


@lru_cache(maxsize=256)
def _classes(proposed: tuple[str, ...]) -> frozenset[str]:
    """Return what associations that propose the same remember of it, but once for all of them."""
    classes = frozenset(proposed)
    if len(classes) <= MAX_CLASSES and all(0 < len(uid) <= _LONGEST_UID for uid in classes):
        return classes
    return frozenset([f"{CHECKSUM}{crc32(chr(0).join(sorted(classes)).encode()):08x}"])


def extras_of(pdu: AssociateRq | AssociateAc | None) -> frozenset[str]:
    """Name what an A-ASSOCIATE PDU negotiates beside presentation contexts, which peers may stumble over."""
    if pdu is None:
        return _NOTHING
    said = pdu.user_information
    offered = {
        "role selection": said.roles,
        USER_IDENTITY: said.identity,
        "extended negotiation": said.extended,
        "common extended negotiation": said.common_extended,
        "an asynchronous operations window": said.asynchronous_operations_window,
    }
    return frozenset(name for name, there in offered.items() if there) or _NOTHING
