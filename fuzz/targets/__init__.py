"""The targets: each a module with a TARGET that says what is fuzzed, from which seeds, and what must hold."""

from collections.abc import Callable, Iterator
from importlib import import_module
from random import Random
from typing import NamedTuple

from fuzz.pieces import Havoc, Piece, change, mix, render
from fuzz.seeds import Material

NAMES = ("reader", "tcp", "pdus", "commands", "data_sets", "character_sets", "inflating", "tls", "captures")
"""Modules of this package; another target is another module and its name here."""
_BLIND = 0.2
"""How often an input is changed without regard to its structure, so that lengths lie."""


class Target(NamedTuple):
    """`check` raises where an input shows a defect; `seeds` makes inputs of a capture; `parse` tells inputs apart."""

    check: Callable[[bytes], None]
    seeds: Callable[[Material], Iterator[bytes]]
    parse: Callable[[bytes], list[Piece]]
    max_length: int = 1 << 16
    """Bytes of an input."""

    def mutate(self, data: bytes, rng: Random, havoc: Havoc) -> bytes:
        """Change an input here and there, mostly so that lengths stay true."""
        if rng.random() < _BLIND:
            return havoc(data)
        pieces = self.parse(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            change(pieces, rng, havoc)
        return render(pieces)[: self.max_length]

    def cross(self, data: bytes, other: bytes, rng: Random) -> bytes:
        """Change an input by a part of another one."""
        pieces = self.parse(data)
        mix(pieces, self.parse(other), rng)
        return render(pieces)[: self.max_length]


def load(name: str) -> Target:
    """Return the target of a name."""
    target: Target = import_module(f"fuzz.targets.{name}").TARGET
    return target
