"""Poison before every string of an analyzed capture, whatever class holds it: fields are found, not listed."""

import dataclasses
import sys
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import force_setattr

from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.library import Block, Capture
from poison.outputs import POISON

PACKAGE = "dicomsniff."
OURS = {
    ("Finding", "code"): "a rule's code, by which its row of the catalogue is found",
    ("Finding", "reference"): "a rule's clause",
    ("DataSetProblem", "code"): "the code of the rule that tells it",
    ("MalformedPdu", "code"): "the code of the rule that tells it",
}
"""Strings that are never a peer's or a user's, and that the program would stumble over."""


class PoisonedCapture(Capture):
    """A capture that is read as any other, but for its strings: each begins with poison."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.poisoner = Poisoner()

    def _next_block(self) -> Block | None:
        """Give the whole capture as one block, when it is read and poisoned."""
        blocks = list(iter(super()._next_block, None))
        if not blocks:
            return None
        updates = [update for block in blocks for update in block.updates]
        closed = [association for block in blocks for association in block.closed]
        for root in (updates, closed, self.analyzer):
            self.poisoner.poison(root)
        self.reader.name, self.reader.truncated = f"{POISON}{self.reader.name}", f"{POISON}cut"
        return Block(updates, closed)

    def close(self) -> None:
        """Let nobody else have what was poisoned: decoders remember it."""
        super().close()
        for each in _named():
            if callable(clear := getattr(each, "cache_clear", None)):
                clear()


class Poisoner:
    """Walks objects of the package and containers; remembers in `fields` which fields of which classes it changed."""

    def __init__(self) -> None:
        self.fields: set[tuple[str, str]] = set()
        self._done: dict[int, tuple[Any, Any]] = {id(each): (each, each) for each in _tables()}

    def poison(self, value: Any) -> Any:
        """Return a value with poison before each of its strings; what can be changed is changed in its place."""
        if type(value) is str:
            return value if value.startswith(POISON) else POISON + value
        if isinstance(value, Enum | type | int | float | bytes | bytearray) or value is None or callable(value):
            return value
        if id(value) in self._done:
            return self._done[id(value)][1]
        self._done[id(value)] = (value, value)  # kept, so that its id is nobody else's
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, dict):
            items = [(self.poison(key), self.poison(each)) for key, each in value.items()]
            value.clear()
            dict.update(value, items)  # a Counter's own would count them
        elif isinstance(value, WeakKeyDictionary):  # of findings, by what they are about
            for each in value.values():
                self.poison(each)
        elif isinstance(value, list | deque):
            value_items = [self.poison(each) for each in value]
            value.clear()
            value.extend(value_items)
        elif isinstance(value, set):
            items = [self.poison(each) for each in value]
            value.clear()
            value.update(items)
        elif isinstance(value, tuple):
            parts = [self._field(value, name, each) for name, each in zip(_names(value), value, strict=True)]
            changed = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
            self._done[id(value)] = (value, changed)
            return changed
        elif type(value).__module__.startswith(PACKAGE):
            for name in _attributes(value):
                changed = self._field(value, name, getattr(value, name))
                force = force_setattr if isinstance(value, Struct) else object.__setattr__
                force(value, name, changed)  # whether it may be changed or not
        return value

    def _field(self, owner: Any, name: str, value: Any) -> Any:
        key = (type(owner).__name__, name)
        if key in OURS:
            return value
        changed = self.poison(value)
        if type(value) is str:
            self.fields.add(key)
        return changed


def poison_data_set(decoded: DecodedDataSet) -> DecodedDataSet:
    """A decoded data set, poisoned."""
    return Poisoner().poison(decoded)


def _tables() -> Iterator[Any]:
    """What modules of the package hold for every capture alike: poisoned, it would poison whatever is read later."""
    waiting, seen = list(_named()), set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or not isinstance(each, dict | list | set | tuple | Struct):
            continue
        seen.add(id(each))
        if isinstance(each, Struct):
            waiting += [getattr(each, name) for name in each.__struct_fields__]
        else:
            waiting += each.values() if isinstance(each, dict) else each
        yield each


def _named() -> Iterator[Any]:
    """What the names of the package's modules stand for."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE):
            yield from list(vars(module).values())


def _names(value: tuple[Any, ...]) -> tuple[str, ...]:
    return getattr(value, "_fields", tuple(map(str, range(len(value)))))


def _attributes(value: Any) -> list[str]:
    """What an object holds, whatever way its class says so."""
    names = [each.name for each in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    names += getattr(type(value), "__struct_fields__", ())
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    names += getattr(value, "__dict__", ())
    return [name for name in dict.fromkeys(names) if not name.startswith("__") and hasattr(value, name)]
