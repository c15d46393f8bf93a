"""Whole captures through every output: the same promises for each, whatever the capture holds."""

import zlib
from collections.abc import Iterator

from fuzz.forms import CONVERSATION, capture_of, input_of, pieces_of
from fuzz.grammar import parse_script
from fuzz.outputs import CALLS, capture_file, check_call, check_details
from fuzz.pieces import Piece, render
from fuzz.seeds import Material, shrink
from fuzz.targets import Target

_OUTPUTS = len(CALLS) + 1


def check(data: bytes) -> None:
    """The first byte says through which output the capture goes, 0 through all; then comes a form (forms.py)."""
    if len(data) < 2:
        return
    chosen = range(_OUTPUTS) if data[0] == 0 else [data[0] % _OUTPUTS]
    with capture_file(capture_of(data[1:])) as path:
        for output in chosen:
            if output < len(CALLS):
                check_call(CALLS[output], path)
            else:
                check_details(path)


def seeds(material: Material) -> Iterator[bytes]:
    """The capture itself where it is short, and what its first connections sent, each through some of the outputs."""
    first = zlib.crc32(material.name.encode())
    chosen = [bytes([_OUTPUTS + (first + 3 * turn) % _OUTPUTS]) for turn in range(3)]
    if len(material.capture) <= 1 << 15:
        yield chosen[0] + input_of(material.capture)
    if material.pdus:
        script = render(shrink(parse_script(material.pdus)))
        yield from (output + bytes([CONVERSATION]) + script for output in chosen[1:])


def _parse(data: bytes) -> list[Piece]:
    return [Piece(data[:1]), *pieces_of(data[1:])]


TARGET = Target(check, seeds, _parse)
