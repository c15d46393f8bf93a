"""Rules that hold an association in trouble against others between the same ends: evidence for what is the matter."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from dicomsniff.association.neighbours import CHECKSUM, USER_IDENTITY, Ends, Neighbour
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_address, the_association, the_class, the_title, the_uid
from dicomsniff.findings.review import PATIENCE
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted, duration, some_of

TRIES = 3
"""Associations with one and the same trouble from which on they are told as repeated tries."""
_EVEN = 1.5
"""How many times the shortest pause the longest may be, where tries are said to come every so often."""
_TITLES = {(1, 1): ("called", "calling"), (1, 3): ("calling",), (1, 7): ("called",), (2, 1): ("called", "calling")}
"""The AE titles that may be the reason of a refusal, by its source and reason (PS3.8 Table 9-21)."""
_CALLED, _CALLING = (1, 7), (1, 3)
"""Source and reason of refusals for the called and the calling AE title (PS3.8 Table 9-21)."""
_LIMITS = ((3, 1), (3, 2))
"""Source and reason of refusals for temporary congestion or a local limit (PS3.8 Table 9-21)."""
_NO_REASON = ((1, 1), (2, 1))
"""Source and reason of refusals without a reason (PS3.8 Table 9-21)."""
MAX_CLASSES = 2
"""SOP classes that a line names in which two calls differ; further ones are counted."""
MAX_IMPLEMENTATIONS = 3
"""Implementations that a line names; further ones are counted."""
MAX_WAITING = 100
"""Associations with one acceptor that waited for long for its answer, and are held against others."""
_NEAR = (50_000_000, 500_000_000)
"""ns before an answer within which the end of another association may be why it came, at least and at most."""
MAX_NAMED = 5
"""Associations that a line names; further ones are counted."""


@capture_rule(code="echo-was-answered", severity=Severity.NOTE)
def echo_answered(facts: CaptureFacts) -> Iterator[Hit]:
    """A C-ECHO between the same ends was answered.

    An association between the same addresses and AE titles had a successful C-ECHO, so that address, port and AE titles
    are in order for Verification. Where the acceptor itself refused or aborted the failed call, it did so for what it
    asks, or for who asks it: many archives answer everybody's C-ECHO and other services to known callers only. Else the
    network may still be at fault: the few bytes of a C-ECHO pass where an object does not.

    What to do: Look at which services the acceptor allows to this calling AE title, and at what the failed association
    proposes and asks.
    """
    echoed: dict[Ends, Neighbour] = {}
    for each in facts.neighbours:
        if "C-ECHO" in each.answered and not each.trouble:
            echoed.setdefault(each.ends, each)
    for group in _alike(each for each in facts.neighbours if each.trouble and "C-ECHO" not in each.asked):
        first = group[0]
        echo = echoed.get(first.ends)
        if echo is not None:
            calling, called = _titles(first)
            asked = ", ".join(first.asked) or "association"
            said = f"{called} answered a C-ECHO of {calling} (association {the_association(echo.association)})"
            spoke = all(each.ended_by_acceptor for each in group)
            sound = "the network is not at fault" if spoke else "address, port and AE titles are in order"
            yield _about(first, f"{said}, but not its {asked} ({listed(group)}): {sound}")


@capture_rule(code="worked-otherwise", severity=Severity.NOTE)
def worked_without(facts: CaptureFacts) -> Iterator[Hit]:
    """A call that differs in one thing was accepted.

    Two associations to the same acceptor differ in one thing, and one of them was accepted: that thing is the likeliest
    reason why the other one failed. Where a called AE title was refused, those that the acceptor took of others are
    told, and where others were accepted by that title.

    What to do: Leave it out, or configure it, and try again.
    """
    accepted: dict[tuple[str, str], list[Neighbour]] = {}
    titles: dict[str, dict[str, Neighbour]] = {}
    owners: dict[str, dict[str, Neighbour]] = {}
    callers: dict[tuple[str, str | None], Neighbour] = {}
    for each in facts.neighbours:
        if each.accepted and (each.answered or each.outcome == "released"):
            accepted.setdefault(each.ends[:2], []).append(each)
            callers.setdefault((each.ends.target, each.ends.calling), each)
            if each.ends.called:
                titles.setdefault(each.ends.target, {}).setdefault(each.ends.called, each)
                owners.setdefault(each.ends.called, {}).setdefault(each.ends.target, each)
    for group in _alike(each for each in facts.neighbours if each.trouble and not each.answered):
        first = group[0]
        for good in _nearest(first, accepted.get(first.ends[:2], [])):
            if said := _difference(first, good):
                yield _about(first, f"{said} (association {the_association(good.association)}), unlike {listed(group)}")
                break
        else:
            elsewhere = callers.get((first.ends.target, first.ends.calling))
            if first.refused == _CALLING and elsewhere is not None and elsewhere.ends.source != first.ends.source:
                said = f"{_titles(first)[0]} was accepted from {the_address(elsewhere.ends.source)}"
                where = f"{listed([elsewhere])}), but not from {the_address(first.ends.source)} ({listed(group)}"
                yield _about(first, f"{said} ({where}): the acceptor may know it by its address")
            known = titles.get(first.ends.target, {})
            if first.refused == _CALLED and known and first.ends.called not in known and not _is_told(first, known):
                taken = [f"{the_title(title)} ({listed([good])})" for title, good in known.items()]
                said = f"{the_address(first.ends.target)} accepted others by the AE title {some_of(taken, MAX_NAMED)}"
                swapped = first.ends.calling in known
                why = f" and itself {_titles(first)[0]}: the two titles are probably swapped" if swapped else ""
                yield _about(first, f"{said}; {listed(group)} called it {_titles(first)[1]}{why}")
            at = owners.get(first.ends.called or "", {})
            if first.refused == _CALLED and at and first.ends.target not in at:
                taken = [f"{the_address(target)} ({listed([good])})" for target, good in at.items()]
                said = f"{_titles(first)[1]} was accepted as called AE title at {some_of(taken, MAX_NAMED)}"
                where = f"not at {the_address(first.ends.target)} ({listed(group)})"
                yield _about(first, f"{said}, {where}: the caller may have another address for it")


def _is_told(bad: Neighbour, known: dict[str, Neighbour]) -> bool:
    """Whether a call that was refused is told by itself to have its titles swapped (`refusal_rules.py`)."""
    good = known.get(bad.ends.calling or "")
    return good is not None and good.was_closed_before(bad.start) and good.ends.source != bad.ends.source


def _nearest(bad: Neighbour, some: list[Neighbour]) -> list[Neighbour]:
    """Return those that differ in nothing, if there are any: no difference of the others is the reason, then."""
    like = [each for each in some if each.ends == bad.ends and each.extras == bad.extras]
    return [each for each in like if each.classes == bad.classes] or like or some


def _difference(bad: Neighbour, good: Neighbour) -> str:
    """Say what the call that worked had otherwise, where that is one thing only."""
    extra = bad.extras - good.extras
    same_titles = bad.ends == good.ends
    if bad.classes != good.classes:
        return _other_classes(bad, good) if same_titles and not bad.extras ^ good.extras else ""
    if same_titles and extra and not good.extras - bad.extras and (not bad.refused or _refused_for_no_reason(bad)):
        return f"the same call without {' and '.join(sorted(extra))} was accepted"
    if same_titles and good.extras - bad.extras == {USER_IDENTITY} and not extra and _refused_for_no_reason(bad):
        return f"the same call with {USER_IDENTITY} was accepted"
    if bad.extras != good.extras or bad.refused is None:
        return ""
    blamed = _TITLES.get(bad.refused, ())
    if same_titles:
        later = good.start - bad.start
        return f"the same call was accepted {duration(abs(later))} {'later' if later > 0 else 'earlier'}"
    if bad.ends.calling == good.ends.calling and "called" in blamed:
        return f"the same call to the AE title {_title(good.ends.called)} was accepted"
    if bad.ends.called == good.ends.called and "calling" in blamed:
        return f"the same call from the AE title {_title(good.ends.calling)} was accepted"
    return ""


def _other_classes(bad: Neighbour, good: Neighbour) -> str:
    """Say of a call that was refused without a reason which SOP classes the one between the same ends had instead."""
    if not _refused_for_no_reason(bad) or any(uid.startswith(CHECKSUM) for uid in bad.classes | good.classes):
        return ""
    lacks, has = (
        some_of(sorted(map(the_class, uids)), MAX_CLASSES)
        for uids in (bad.classes - good.classes, good.classes - bad.classes)
    )
    what = (f"{has} instead of {lacks}" if lacks else f"{has} as well") if has else f"no {lacks}"
    return f"a call between the same AE titles that proposes {what} was accepted"


def _refused_for_no_reason(bad: Neighbour) -> bool:
    """Whether a call was refused without a reason, and for good: what it proposes may be why."""
    return bad.refused in _NO_REASON and not bad.transient


@capture_rule(code="port-speaks-tls", severity=Severity.ERROR)
def speaks_tls(facts: CaptureFacts) -> Iterator[Hit]:
    """A port that speaks TLS is called without TLS.

    The acceptor answered others in TLS on this port, and gave no answer to an A-ASSOCIATE-RQ that came without: that it
    takes TLS only is the likeliest reason.

    What to do: Switch TLS on at the requestor, or call the port on which the acceptor takes DICOM without TLS.
    """
    served = {each.ends.target for each in facts.neighbours if each.over_tls}
    plain = {each.ends.target for each in facts.neighbours if each.accepted and not each.over_tls}
    called_in_vain = (each for each in facts.neighbours if each.ignored and each.trouble and not each.over_tls)
    for group in _alike(each for each in called_in_vain if each.ends.target not in plain):
        first = group[0]
        if first.ends.target in served or first.ends.target in facts.tls_servers:
            calling, _ = _titles(first)
            said = f"{the_address(first.ends.target)} answered others in TLS; {calling} called it without TLS"
            yield _about(first, f"{said} ({listed(group)}): the likely reason why it got no answer")


@capture_rule(code="limit-reached-by", severity=Severity.NOTE)
def still_open(facts: CaptureFacts) -> Iterator[Hit]:
    """Connections were open when the acceptor refused another one.

    An acceptor takes a limited number of associations. Connections that stay open after an abort or a release count
    against it until somebody closes them. Some acceptors that have reached their limit refuse without that reason, only
    for the time being; then only what the same caller had open is told.

    What to do: Let the requestor close its connections, shorten the acceptor's ARTIM timeout, or raise its limit.
    """
    refused = [each for each in facts.neighbours if each.refused in _LIMITS or _put_off(each)]
    by_target = _beside(facts, refused)
    for group in _alike(refused):
        first = group[0]
        when, limited = first.span.first_time, first.refused in _LIMITS
        beside = [
            each
            for each in by_target[first.ends.target]
            if each.start < when and (each.closed is None or each.closed > when) and each.refused is None
            and (limited or each.ends == first.ends)
        ]  # fmt: skip
        parts = []
        for outcome in ("aborted", "released"):
            idle = [each for each in beside if each.outcome == outcome and each.end < when]
            if idle:
                how = {"aborted": "their abort", "released": "their release"}[outcome]
                parts.append(f"{_connections(idle)} still open since {how} ({listed(idle)})")
            beside = [each for each in beside if each not in idle]
        if beside:
            parts.append(f"{_connections(beside)} in use ({listed(beside)})")
        if parts:
            called = _titles(first)[1]
            yield _about(first, f"when {called} rejected {listed(group)}, {' and '.join(parts)}")


@capture_rule(code="answered-after-another", severity=Severity.NOTE)
def one_by_one(facts: CaptureFacts) -> Iterator[Hit]:
    """An A-ASSOCIATE-RQ waits while the acceptor serves another association.

    The acceptor answered it just when the first of the associations that it had was over, or not at all while they went
    on, and took no further one meanwhile: it seems to serve so many at a time. That is judged by times only.

    What to do: Look at how many associations the acceptor takes at a time. Let requestors that are done release.
    """
    for beside in _beside(facts, [each for each in facts.neighbours if each.waited >= PATIENCE]).values():
        for each in islice((some for some in beside if some.waited >= PATIENCE), MAX_WAITING):
            until = each.start + each.waited_until
            since, near = until - each.waited, min(max(each.waited // 20, _NEAR[0]), _NEAR[1])
            others = (other for other in beside if other is not each and other.start <= since)
            served = [other for other in others if other.accepted or other.asked]
            answered = (other.start + other.waited_until for other in beside if other is not each and not other.ignored)
            if any(since < when < until - near for when in (*answered, *(other.over for other in served))):
                continue  # it took another one meanwhile, or might have: a place was free
            over = [other for other in served if until - near <= other.over <= until]
            going_on = [other for other in served if other.over > until]
            calling, called = _titles(each)
            if each.ignored and each.trouble and going_on:
                said = f"while {called} left {listed([each])} unanswered, {listed(going_on)} with it went on"
                yield _about(each, f"{said}: it may serve {_at_most(len(going_on))} at a time")
            elif not each.ignored and over:
                last = max(over, key=lambda other: other.over)
                later = duration(until - last.over)
                said = f"{called} answered {calling} ({listed([each])}) after {duration(each.waited)}, {later} after"
                most = _at_most(len(going_on) + len(over))
                yield _about(each, f"{said} {listed([last])} was over: it seems to serve {most} at a time")


def _beside(facts: CaptureFacts, some: list[Neighbour]) -> dict[str, list[Neighbour]]:
    """Return the associations with each acceptor that some are with, as they began, by its address and port."""
    by_target: dict[str, list[Neighbour]] = {each.ends.target: [] for each in some}
    for each in facts.neighbours if by_target else ():
        if (beside := by_target.get(each.ends.target)) is not None:
            beside.append(each)
    return by_target


def _at_most(number: int) -> str:
    return "one" if number == 1 else f"no more than {number}"


@capture_rule(code="slower-beside-another", severity=Severity.NOTE)
def slower_beside(facts: CaptureFacts) -> Iterator[Hit]:
    """An acceptor answers later while another association is open.

    C-STOREs were answered much later in a time that goes with that of another association with the same acceptor: it
    seems to share a disk, a database or a lock between them. That is judged by times only.

    What to do: Look at what the acceptor does with objects of several senders. Send one after the other, and compare.
    """
    for beside in _beside(facts, [each for each in facts.neighbours if each.slow_phase is not None]).values():
        for each in islice((some for some in beside if some.slow_phase is not None), MAX_WAITING):
            phase = each.slow_phase
            if phase is None:
                continue
            slack = max((phase.until - phase.since) // 4, phase.late)
            others = [
                other
                for other in beside
                if other is not each
                and other.asked
                and abs(other.start - phase.since) <= slack
                and abs(other.end - phase.until) <= slack
            ]
            if others:
                called, was = _titles(each)[1], "was" if len(others) == 1 else "were"
                text = f"{called} answered {counted(phase.answers, 'C-STORE')} of {listed([each])} after "
                text += f"{duration(phase.late)} (median) while {listed(others)} {was} open, and the others after "
                yield _about(each, f"{text}{duration(phase.usual)}")


def _put_off(neighbour: Neighbour) -> bool:
    """Whether a call was refused for the time being, without a reason."""
    return neighbour.transient and neighbour.refused in _NO_REASON


def _connections(some: list[Neighbour]) -> str:
    """`3 connections of STENTOR were`."""
    callers = {_titles(each)[0] for each in some}
    whose = f" of {callers.pop()}" if len(callers) == 1 else ""
    return f"{counted(len(some), 'connection')}{whose} {'was' if len(some) == 1 else 'were'}"


@capture_rule(code="acceptor-varies", severity=Severity.NOTE)
def acceptor_varies(facts: CaptureFacts) -> Iterator[Hit]:
    """An address answers as different programs, and one of them is in trouble.

    The acceptors name their implementation. With the same address, port and AE title, associations that went well were
    answered by another one than those in trouble: several programs share the address, as behind a load balancer, or one
    was replaced meanwhile.

    What to do: Look at what stands behind the address. Compare how these programs are configured.
    """
    by_place: dict[tuple[str, str | None], list[Neighbour]] = {}
    troubled = {each.ends.target for each in facts.neighbours if each.trouble and each.implementation}
    for each in facts.neighbours if troubled else ():
        if each.implementation and each.ends.target in troubled:
            by_place.setdefault((each.ends.target, each.ends.called), []).append(each)
    for beside in by_place.values():
        bad = [each for each in beside if each.trouble]
        good = [each for each in beside if not each.trouble]
        theirs, others = ({each.implementation for each in some} for some in (bad, good))
        if bad and others and not theirs & others:
            named_alike = Counter(name for _, name in filter(None, theirs | others))
            names = [_implementations(some, named_alike) for some in (good, bad)]
            text = f"{the_address(bad[0].ends.target)} answers as {names[0]}, and in trouble as {names[1]}"
            yield _about(bad[0], f"{text}: several programs share the address, or one took the other's place")


def _implementations(some: list[Neighbour], named_alike: Counter[str]) -> str:
    """`ONE_1 (associations 1 and 3) or TWO_2 (association 2)`; by UID where a name is missing or not the only one."""
    alike: dict[tuple[str, str], list[Neighbour]] = {}
    for each in some:
        alike.setdefault(each.implementation or ("", ""), []).append(each)
    said = [
        f"{the_uid(uid) if (uid and named_alike[name] > 1) or not name else name} ({listed(group)})"
        for (uid, name), group in alike.items()
    ]
    left = len(said) - MAX_IMPLEMENTATIONS
    return " or ".join(said[:MAX_IMPLEMENTATIONS] + [f"{left} more"] * (left > 0))


@capture_rule(code="tries-repeated", severity=Severity.NOTE)
def repeated(facts: CaptureFacts) -> Iterator[Hit]:
    """The same call is tried again and again.

    The same caller calls the same acceptor several times, and fails in the same way each time: a retry without a change
    does not help. Regular pauses point to a program's timer, irregular ones to a person.

    What to do: Look at the first of them.
    """
    for group in _alike(each for each in facts.neighbours if each.trouble):
        if len(group) < TRIES:
            continue
        first, last = group[0], group[-1]
        pauses = [later.start - earlier.start for earlier, later in pairwise(group)]
        even = min(pauses) > 0 and max(pauses) <= _EVEN * min(pauses)
        mean = (last.start - first.start) // len(pauses)
        when = f"every {duration(mean)}" if even else f"in {duration(last.start - first.start)}"
        calling, called = _titles(first)
        yield _about(first, f"{len(group)} tries of {calling} at {called}, {when}, none with success ({listed(group)})")


def _alike(some: Iterable[Neighbour]) -> list[list[Neighbour]]:
    """Return associations between the same ends with the same trouble, as groups."""
    groups: dict[tuple[Ends, str], list[Neighbour]] = {}
    for each in some:
        groups.setdefault((each.ends, each.trouble), []).append(each)
    return list(groups.values())


def _title(title: str | None) -> str:
    return the_title(title) if title else "(blank)"


def _titles(neighbour: Neighbour) -> tuple[str, str]:
    ends = neighbour.ends
    return (
        the_title(ends.calling) if ends.calling else the_address(ends.source),
        the_title(ends.called) if ends.called else the_address(ends.target),
    )


def listed(group: list[Neighbour]) -> str:
    """`associations 1, 2 and 3`."""
    numbers = [the_association(each.association) for each in group[:MAX_NAMED]]
    if more := len(group) - len(numbers):
        numbers.append(f"{more} more")
    if len(numbers) == 1:
        return f"association {numbers[0]}"
    return f"associations {', '.join(numbers[:-1])} and {numbers[-1]}"


def _about(neighbour: Neighbour, text: str) -> Hit:
    return Hit(text, neighbour.span, association=neighbour.association)
