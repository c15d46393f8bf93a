"""Elements that requests of the one side have and those of the other lack, in command sets and data sets."""

from collections.abc import Iterator
from contextlib import suppress

from dicomsniff.capture.packets import CaptureError
from dicomsniff.comparing.difference import Difference, Kind, Numbers, Weight, both
from dicomsniff.comparing.subject import Subject
from dicomsniff.dictionary.attributes import find_keyword
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.dataset_element import Element
from dicomsniff.dimse.message import Message, number_of
from dicomsniff.dimse.operations import Operation
from dicomsniff.quantities import some_of

MAX_DATA_SETS = 10
"""Data sets of a step, on either side, that are read again to be compared."""
FEW = 3
"""Elements up to which they are a likely reason of a failure; two systems that differ in more are of two makes."""
MAX_NAMED = 6
"""Elements that are named; further ones are counted."""

_THERE = {"absent": "present", "empty": "with a value"}
Path = tuple[int, ...]
"""The tags of an element and of the sequences it is in, the outermost first."""


def compare_elements(
    name: str, good: list[Operation], bad: list[Operation], good_side: Subject, bad_side: Subject
) -> Iterator[Difference]:
    """Yield which elements all requests of one side have, and none of the other; and those that are empty there."""
    weight = (
        Weight.DECISIVE if any(each.category == "Failure" or each.final is None for each in bad) else Weight.TELLING
    )
    numbers = number_of(good[0].request), number_of(bad[0].request)
    yield from _compare(f"command of {name}", *both(_commands, (good, bad)), weight, numbers)
    requests = both(lambda operations: [each.request for each in operations], (good, bad))
    sets = _data_sets(good_side, requests[0]), _data_sets(bad_side, requests[1])
    yield from _compare(f"data set of {name}", *sets, weight, numbers)
    matches = both(
        lambda found: [each.first_response for each in found if each.first_response and each.pending], (good, bad)
    )
    sets = _data_sets(good_side, matches[0]), _data_sets(bad_side, matches[1])
    yield from _compare(f"matches of {name}", *sets, Weight.TELLING, numbers)


def _commands(operations: list[Operation]) -> list[dict[Path, bool]]:
    return [{(tag,): bool(value) for tag, value in each.request.command.elements.items()} for each in operations]


def _data_sets(side: Subject, messages: list[Message]) -> list[dict[Path, bool]]:
    """Return the elements of the first data sets, each with whether it has a value."""
    found = []
    for message in messages[:MAX_DATA_SETS]:
        if message.data_set is None or not message.complete or side.read is None:
            continue
        with suppress(OSError, CaptureError):  # bytes that cannot be read again, as of a pipe, are not compared
            decoded = side.read(side.association, message)
            if decoded is not None:
                found.append(dict(_paths(decoded.elements)))
    return found


def _paths(elements: list[Element]) -> Iterator[tuple[Path, bool]]:
    path: list[int] = []
    for element in elements:
        del path[element.depth :]
        path.append(element.tag)
        yield tuple(path), bool(element.text or element.items or element.length or element.length is None)


def _compare(
    about: str, good: list[dict[Path, bool]], bad: list[dict[Path, bool]], weight: Weight, messages: Numbers
) -> Iterator[Difference]:
    if not good or not bad:
        return
    for paths, how in _lacking(good, bad):
        told = weight if len(paths) <= FEW else Weight.TELLING
        yield Difference(Kind.ELEMENT, told, _names(paths, about), _THERE[how], how, messages=messages)
    for paths, how in _lacking(bad, good):
        yield Difference(Kind.ELEMENT, Weight.SLIGHT, _names(paths, about), how, _THERE[how], messages=messages)


def _lacking(one: list[dict[Path, bool]], other: list[dict[Path, bool]]) -> Iterator[tuple[list[Path], str]]:
    """Yield what each data set of one side has: what all of the other lack, and what is empty in all of them."""
    everywhere = set(one[0]).intersection(*one[1:])
    absent = {path for path in everywhere if not any(path in each for each in other)}
    empty = [path for path in everywhere
             if all(each[path] for each in one) and all(path in each and not each[path] for each in other)]  # fmt: skip
    # What stands in a sequence is absent with it.
    for paths, how in (([path for path in absent if path[:-1] not in absent], "absent"), (empty, "empty")):
        if paths:
            yield sorted(paths), how


def _names(paths: list[Path], about: str) -> str:
    return f"{some_of(paths, MAX_NAMED, _name)} in the {about}"


def _name(path: Path) -> str:
    return " > ".join(f"{tag_text(tag)} {find_keyword(tag)}".rstrip() for tag in path)
