"""What the first byte of an input chooses: what is put before the rest, or how a capture is made of it."""

from collections.abc import Callable
from typing import NamedTuple

from fuzz.conversation import make_capture
from fuzz.grammar import Parse, parse_pcap, parse_pcapng, parse_script
from fuzz.pieces import Piece


class Form(NamedTuple):
    """How a capture is made of an input's bytes, and how these are told apart to change them."""

    name: str
    make: Callable[[bytes], bytes]
    parse: Parse
    prefix: bytes | None = None
    """What captures of this form begin with, where they are the input's bytes behind it."""


def _behind(name: str, prefix: bytes, parse: Parse = lambda data: [Piece(data)]) -> Form:
    return Form(name, lambda body: prefix + body, parse, prefix)


FORMS = (
    _behind("pcap", b"\xd4\xc3\xb2\xa1", parse_pcap),
    _behind("pcapng", b"\x0a\x0d\x0d\x0a", parse_pcapng),
    _behind("snoop", b"snoop\0\0\0"),
    Form("conversation", make_capture, parse_script),
    _behind("pcap, big endian", b"\xa1\xb2\xc3\xd4"),
    _behind("pcap, long records", b"\x34\xcd\xb2\xa1"),
    _behind("pcap, nanoseconds", b"\x4d\x3c\xb2\xa1", parse_pcap),
    _behind("gzip", b"\x1f\x8b\x08"),
    _behind("zstandard", b"\x28\xb5\x2f\xfd"),
    _behind("lz4", b"\x04\x22\x4d\x18"),
    _behind("anything", b""),
)
CONVERSATION = 3


def capture_of(data: bytes) -> bytes:
    """Return the capture that an input stands for."""
    return FORMS[data[0] % len(FORMS)].make(data[1:])


def pieces_of(data: bytes) -> list[Piece]:
    """Tell an input's bytes apart; its first byte stands by itself."""
    return [Piece(data[:1]), *FORMS[data[0] % len(FORMS)].parse(data[1:])] if data else []


def input_of(capture: bytes) -> bytes:
    """Return the input that stands for a capture."""
    for index, form in enumerate(FORMS):
        if form.prefix is not None and capture.startswith(form.prefix):
            return bytes([index]) + capture[len(form.prefix) :]
    raise ValueError("no form takes everything")
