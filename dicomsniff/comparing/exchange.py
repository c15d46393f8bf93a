"""What two associations exchange differently: their operations, aligned as sequences and compared step by step."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from msgspec import Struct, field

from dicomsniff.comparing.difference import Difference, Kind, Numbers, Weight, both, limit
from dicomsniff.comparing.elements import compare_elements
from dicomsniff.comparing.subject import Subject
from dicomsniff.comparing.times import compare_latencies
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import type_name
from dicomsniff.dictionary.statuses import DONE, find_status, status_text
from dicomsniff.dimse.message import number_of
from dicomsniff.dimse.operations import Operation
from dicomsniff.findings.overview import Fate
from dicomsniff.findings.parts import the_class, the_comment
from dicomsniff.quantities import counted, of_all
from dicomsniff.side import Side

MAX_STEPS = 1000
"""Steps of an association that are aligned; a run of alike operations is one."""
MAX_STATUSES = 3
"""Statuses of a step that are told; further ones are counted."""
_ERROR_COMMENT = 0x00000902

_Key = tuple[str, Side, str, str]
"""Service, who invokes it, SOP class and action or event type: what alike operations have in common."""


class Step(Struct):
    """Operations in a row that are alike: how many there are differs every time, and is not compared."""

    key: _Key
    operations: list[Operation] = field(default_factory=list)

    @property
    def name(self) -> str:
        """`C-STORE`, `N-ACTION (Claim) of Unified Procedure Step - Push`."""
        service, side, uid, type_of = self.key
        typed = f" ({type_of})" if type_of else ""
        by = "" if side is Side.REQUESTOR else " by the acceptor"
        return f"{service}{typed}{f' of {the_class(uid)}' if uid else ''}{by}"

    def by_class(self) -> dict[str, list[Operation]]:
        """Return its operations by SOP class."""
        found: dict[str, list[Operation]] = {}
        for each in self.operations:
            found.setdefault(each.request.sop_class_uid or "", []).append(each)
        return found


def compare_exchanges(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield what differs in the operations."""
    steps = _steps(good), _steps(bad)
    for name, found in zip(("GOOD", "BAD"), steps, strict=True):
        if len(found) > MAX_STEPS:
            yield limit(f"operations of {name}", f"the first {MAX_STEPS} runs of alike ones are compared")
    first, second = (found[:MAX_STEPS] for found in steps)
    pairs, only_good, only_bad = align([each.key for each in first], [each.key for each in second])
    for here, there in pairs:
        yield from _compare_step(first[here], second[there], good, bad)
    moved = Counter(second[there].key for there in only_bad)
    for here in only_good:
        step = first[here]
        if moved[step.key]:
            moved[step.key] -= 1
            there = next(each for each in only_bad if second[each].key == step.key)
            only_bad.remove(there)
            yield _moved(first, second, here, there)
            yield from _compare_step(step, second[there], good, bad)
        else:
            yield _missing(step.name, step.operations, bad, absent_in_bad=True)
    for there in only_bad:
        yield _missing(second[there].name, second[there].operations, bad, absent_in_bad=False)


def align(first: Sequence[_Key], second: Sequence[_Key]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Align two sequences; return the places that belong together, and those that only the one or the other has."""
    pairs: list[tuple[int, int]] = []
    only_first: list[int] = []
    only_second: list[int] = []
    for how, start, end, from_, to in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if how == "equal":
            pairs += zip(range(start, end), range(from_, to), strict=True)
        else:
            only_first += range(start, end)
            only_second += range(from_, to)
    return pairs, only_first, only_second


def _steps(subject: Subject) -> list[Step]:
    """Put operations that are alike and follow each other together: composite ones, which repeat per instance."""
    steps: list[Step] = []
    for operation in subject.operations:
        key = _key(operation)
        if not steps or steps[-1].key != key or not operation.name.startswith("C-"):
            steps.append(Step(key))
        steps[-1].operations.append(operation)
    return steps


def _key(operation: Operation) -> _Key:
    command, name = operation.request.command, operation.name
    uid = "" if name == "C-STORE" else operation.request.sop_class_uid or ""  # a study's images are of several classes
    number = command.uint(ACTION_TYPE_ID if name == "N-ACTION" else EVENT_TYPE_ID)
    named = "" if number is None else type_name(name, uid, number) or str(number)
    return name, operation.side, uid, named


def _compare_step(good: Step, bad: Step, good_side: Subject, bad_side: Subject) -> Iterator[Difference]:
    yield from compare_latencies(good.name, good.operations, bad.operations)
    good_classes, bad_classes = good.by_class(), bad.by_class()
    several = len(good_classes) > 1 or len(bad_classes) > 1 or good.key[0] == "C-STORE"
    for uid, operations in good_classes.items():
        name = f"{good.name} of {the_class(uid)}" if several and uid else good.name
        if uid not in bad_classes:
            yield _missing(name, operations, bad_side, absent_in_bad=True)
            continue
        others = bad_classes[uid]
        yield from _results(name, operations, others)
        yield from compare_elements(name, operations, others, good_side, bad_side)
    for uid, operations in bad_classes.items():
        if uid not in good_classes:
            yield _missing(f"{bad.name} of {the_class(uid)}", operations, bad_side, absent_in_bad=False)


def _missing(name: str, operations: list[Operation], bad: Subject, *, absent_in_bad: bool) -> Difference:
    there, number = counted(len(operations), "request"), number_of(operations[0].request)
    if absent_in_bad:
        weight = Weight.TELLING if bad.fate is Fate.WELL and bad.operations else Weight.DECISIVE
        return Difference(Kind.MISSING_OPERATION, weight, name, there, "none", messages=(number, None))
    return Difference(Kind.MISSING_OPERATION, Weight.SLIGHT, name, "none", there, messages=(None, number))


def _moved(good: list[Step], bad: list[Step], here: int, there: int) -> Difference:
    def place(steps: list[Step], at: int) -> str:
        return f"after {steps[at - 1].name}" if at else "first"

    numbers = number_of(good[here].operations[0].request), number_of(bad[there].operations[0].request)
    said = place(good, here), place(bad, there)
    if said[0] == said[1]:
        said = f"before {good[here + 1].name}" if here + 1 < len(good) else "last", said[1]
    return Difference(Kind.ORDER, Weight.TELLING, f"order of {good[here].name}", *said, messages=numbers)


def _results(name: str, good: list[Operation], bad: list[Operation]) -> Iterator[Difference]:
    """Compare what operations came to: statuses, answers that never came, matches, sub-operations, cancellations."""
    sides = good, bad
    yield from _statuses(name, good, bad)
    yield from _unanswered(name, good, bad)
    if all(each.name == "C-FIND" for each in (*good, *bad)):
        said = both(lambda operations: "matches" if any(each.pending for each in operations) else "no match", sides)
        if said[0] != said[1]:
            weight = Weight.TELLING if said[0] == "matches" else Weight.SLIGHT
            yield Difference(Kind.RESULT, weight, name, *said, messages=_numbers(good, bad))
    failing = both(lambda operations: next((each for each in operations if each.counters.get("failed")), None), sides)
    if (failing[0] is None) != (failing[1] is None):
        said = both(_failed_text, failing)
        weight = Weight.TELLING if failing[1] is not None else Weight.SLIGHT
        yield Difference(Kind.RESULT, weight, name, *said, messages=_numbers(good, bad, *failing))
    said = both(lambda operations: "cancelled" if any(each.cancel for each in operations) else "not cancelled", sides)
    if said[0] != said[1]:
        yield Difference(Kind.RESULT, Weight.TELLING, name, *said, messages=_numbers(good, bad))


def _statuses(name: str, good: list[Operation], bad: list[Operation]) -> Iterator[Difference]:
    """Compare final statuses: those that are new where it went wrong."""
    seen = {each.status for each in good}
    fresh = [each for each in bad if each.final is not None and each.status not in seen]
    if fresh:
        harmed = any(each.category not in DONE for each in fresh)
        weight = Weight.DECISIVE if harmed else Weight.TELLING
        if all(each.status == 0 for each in fresh):
            weight = Weight.SLIGHT
        said = _statuses_text(good), _statuses_text(bad)
        yield Difference(Kind.STATUS, weight, f"status of {name}", *said, messages=_numbers(good, bad, None, fresh[0]))


def _statuses_text(operations: list[Operation]) -> str:
    statuses: Counter[tuple[str, str | None, int]] = Counter()
    comments: dict[tuple[str, str | None, int], str] = {}
    for each in operations:
        if each.final is not None and each.status is not None:
            key = each.name, each.request.sop_class_uid, each.status
            statuses[key] += 1
            comments.setdefault(key, each.final.command.text(_ERROR_COMMENT) or "")
    if not statuses:
        return "no final response"
    said = []
    ordered = sorted(statuses, key=lambda key: (find_status(*key).category in DONE, -statuses[key]))
    for key in ordered[:MAX_STATUSES]:
        often = f" ({statuses[key]} of {len(operations)})" if statuses[key] < len(operations) else ""
        comment = f', "{the_comment(comments[key])}"' if comments[key] else ""
        said.append(status_text(*key) + comment + often)
    more = [f"{len(ordered) - MAX_STATUSES} others"] if len(ordered) > MAX_STATUSES else []
    return ", ".join([*said, *more])


def _unanswered(name: str, good: list[Operation], bad: list[Operation]) -> Iterator[Difference]:
    waiting = both(lambda operations: [each for each in operations if each.final is None], (good, bad))
    if bool(waiting[0]) != bool(waiting[1]):
        said = _answered_text(len(waiting[0]), len(good)), _answered_text(len(waiting[1]), len(bad))
        weight = Weight.DECISIVE if waiting[1] else Weight.SLIGHT
        first = both(lambda lacking: lacking[0] if lacking else None, waiting)
        numbers = _numbers(good, bad, *first)
        yield Difference(Kind.MISSING_RESPONSE, weight, f"final response to {name}", *said, messages=numbers)


def _answered_text(lacking: int, count: int) -> str:
    return f"none for {of_all(lacking, count, 'request')}" if lacking else "for every request"


def _failed_text(operation: Operation | None) -> str:
    return f"failed sub-operations: {operation.counters['failed'] if operation is not None else 'none'}"


def _numbers(
    good: list[Operation], bad: list[Operation], at_good: Operation | None = None, at_bad: Operation | None = None
) -> Numbers:
    """Return where to look: at these operations, or the first ones."""
    places = at_good or good[0], at_bad or bad[0]
    return both(lambda operation: number_of(operation.final or operation.request), places)
