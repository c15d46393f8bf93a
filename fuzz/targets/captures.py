"""Whole captures through every output: the same promises for each, whatever the capture holds."""

from collections.abc import Iterator

from fuzz.forms import CONVERSATION, capture_of, input_of, pieces_of
from fuzz.grammar import parse_script
from fuzz.outputs import CALLS, capture_file, check_call, check_details
from fuzz.pieces import render
from fuzz.seeds import Material, shrink
from fuzz.targets import Target


def check(data: bytes) -> None:
    """The first byte chooses the form (forms.py); the capture goes through all that the program can say of it."""
    if not data:
        return
    with capture_file(capture_of(data)) as path:
        for call in CALLS:
            check_call(call, path)
        check_details(path)


def seeds(material: Material) -> Iterator[bytes]:
    """The capture itself where it is short, and what its first connections sent."""
    if len(material.capture) <= 1 << 15:
        yield input_of(material.capture)
    if material.pdus:
        yield bytes([CONVERSATION]) + render(shrink(parse_script(material.pdus)))


TARGET = Target(check, seeds, pieces_of)
