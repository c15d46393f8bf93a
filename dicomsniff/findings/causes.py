"""One cause, one finding: hang what merely follows from another finding under it."""

from collections.abc import Iterable
from functools import lru_cache

from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.codes import NOT_CAPTURED
from dicomsniff.findings.finding import SEVERITIES, Finding, Severity

ByCode = dict[str, list[Finding]]


def add_findings(roots: list[Finding], found: Iterable[Finding], codes: set[str]) -> None:
    """Take findings as they come: each becomes a root, or hangs under the root it follows from.

    `codes` are those of all findings so far: most have no cause among them, and need not look for it.
    """
    for finding in found:
        possible = not _causes_of(finding.code).isdisjoint(codes)
        cause = _find_cause(finding, roots) if possible else None
        (roots if cause is None else cause.followers).append(finding)


def arrange(found: list[Finding]) -> list[Finding]:
    """Return the causes among all findings of an association that is over, followers under each.

    What an error came of goes first, then the other warnings, then mere notes: a breach that the peer lived with is not
    to stand before the failure that somebody asks about. Of each kind they are in the order of their packets; and where
    something went wrong on the wire, what the capture lacks is behind that.
    """
    found = sorted(found, key=_order)
    roots: list[Finding] = []
    for finding in found:
        finding.followers.clear()
    by_code: ByCode = {}
    for finding in found:
        by_code.setdefault(finding.code, []).append(finding)
    chosen = {id(finding): _choose(finding, by_code) for finding in found}
    for finding in found:
        root = _root(finding, chosen)
        (roots if root is finding else root.followers).append(finding)
    wrong = any(root.worst is Severity.ERROR for root in roots)
    return sorted(roots, key=lambda root: (_rank(root, wrong=wrong), root.packet))


def _rank(root: Finding, *, wrong: bool) -> tuple[int, bool]:
    return SEVERITIES.index(root.worst), wrong and root.code in NOT_CAPTURED and root.worst is not Severity.ERROR


@lru_cache(maxsize=1024)
def _causes_of(code: str) -> frozenset[str]:
    """The codes of which a code's findings may be consequences."""
    rule = find_rule(code)
    return frozenset(each.rpartition(":")[2] for each in rule.follows) if rule is not None else frozenset()


def _root(finding: Finding, chosen: dict[int, Finding | None]) -> Finding:
    """Follow causes to the first one; where two name each other, the one whose cause could come last gets none."""
    path = [finding]
    while (cause := chosen[id(path[-1])]) is not None:
        at = next((place for place, each in enumerate(path) if each is cause), None)
        if at is not None:
            root = min(path[at:], key=lambda each: (each.latest_cause, each.span.first_packet))
            chosen[id(root)] = None
            return root
        path.append(cause)
    return path[-1]


def _find_cause(finding: Finding, roots: list[Finding]) -> Finding | None:
    """Return the root under which a new finding belongs."""
    rule = find_rule(finding.code)
    if rule is None or not rule.follows:
        return None
    owners = {id(each): root for root in roots for each in root.all()}
    by_code: ByCode = {}
    for root in roots:
        for each in root.all():
            by_code.setdefault(each.code, []).append(each)
    chosen = _choose(finding, by_code)
    return owners[id(chosen)] if chosen is not None else None


def _choose(finding: Finding, by_code: ByCode) -> Finding | None:
    """Return the nearest finding that may have caused this one: the same side's first, then the latest before it."""
    rule = find_rule(finding.code)
    best, best_rank = None, (False, -1)
    for each in rule.follows if rule is not None else ():
        whose, _, code = each.rpartition(":")
        if finding.only and code not in finding.only:
            continue
        for cause in by_code.get(code, ()):
            if (
                cause is finding
                or cause.span.first_packet > finding.latest_cause
                or cause.span.last_packet < finding.earliest_cause
            ):
                continue
            unsure = finding.side is None or cause.side is None
            own = unsure or cause.side is finding.side
            other = unsure or cause.side is not finding.side
            if (whose == "own" and not own) or (whose == "peer" and not other):
                continue
            rank = (own or whose == "peer", cause.span.first_packet)
            if rank > best_rank:
                best, best_rank = cause, rank
    return best


def _order(finding: Finding) -> tuple[int, int]:
    return finding.packet, SEVERITIES.index(finding.severity)
