"""Bytes that announce the length of what follows, inside each other: changed without making the lengths lie."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, NamedTuple

Havoc = Callable[[bytes], bytes]
"""Changes bytes blindly: libFuzzer's mutations in a fuzzer, simple ones in a test."""

MAX_COPIES = 300
"""Copies of a piece that are put in at once: more than most limits of what is listed."""
MAX_DEPTH = 100
"""Pieces inside each other from which on none is put inside another: they are rendered by recursion."""
UNDEFINED = 0xFFFFFFFF
_LIES = (-8, -2, -1, 1, 2, 8, 255, 1 << 16)


@dataclass(slots=True)
class Piece:
    """`head`, the length of the body in `width` bytes, `gap`, the body, `tail`; `body` is bytes, or pieces.

    The announced length is that of the body and `adds` more. `lie` is added to it, or replaces it where `announced`
    is given. Without a `width` no length is announced.
    """

    body: "bytes | list[Piece]"
    head: bytes = b""
    width: int = 0
    order: Literal["little", "big"] = "little"
    gap: bytes = b""
    tail: bytes = b""
    adds: int = 0
    announced: int | None = None
    lie: int = 0

    def render(self) -> bytes:
        """Return the bytes."""
        body = self.body if isinstance(self.body, bytes) else render(self.body)
        length = self.announced if self.announced is not None else len(body) + self.adds + self.lie
        size = (length % (1 << 8 * self.width)).to_bytes(self.width, self.order) if self.width else b""
        return self.head + size + self.gap + body + self.tail

    def copy(self) -> "Piece":
        """Return one that can be changed without changing this one."""
        body = self.body if isinstance(self.body, bytes) else [piece.copy() for piece in self.body]
        return replace(self, body=body)


def render(pieces: Iterable[Piece]) -> bytes:
    """Return the bytes of pieces, one after the other."""
    return b"".join(piece.render() for piece in pieces)


def walk(pieces: list[Piece]) -> Iterator[tuple[list[Piece], int]]:
    """Yield where every piece is, outer ones first: the list that holds it, and its index there."""
    for index, piece in enumerate(pieces):
        yield pieces, index
        if isinstance(piece.body, list):
            yield from walk(piece.body)


def depth(pieces: list[Piece]) -> int:
    """Return how many pieces stand inside each other at most."""
    levels, inner = 0, pieces
    while inner:
        levels += 1
        inner = [each for piece in inner if isinstance(piece.body, list) for each in piece.body]
    return levels


class _Place(NamedTuple):
    """Where something is changed: the piece, those beside it, and another one from anywhere."""

    siblings: list[Piece]
    index: int
    donor: Piece
    rng: Random
    havoc: Havoc

    @property
    def piece(self) -> Piece:
        return self.siblings[self.index]


def change(pieces: list[Piece], rng: Random, havoc: Havoc) -> None:
    """Change one piece somewhere, in one of the ways below."""
    places = list(walk(pieces))
    if places:
        siblings, index = rng.choice(places)
        donor, at = rng.choice(places)
        changes = _CHANGES if depth(pieces) < MAX_DEPTH else _LEVEL_CHANGES
        rng.choice(changes)(_Place(siblings, index, donor[at], rng, havoc))


def mix(pieces: list[Piece], others: list[Piece], rng: Random) -> None:
    """Put a piece of others somewhere among these, or in the place of one."""
    places, donors = list(walk(pieces)), list(walk(others))
    if places and donors:
        (siblings, index), (donor, at) = rng.choice(places), rng.choice(donors)
        siblings[index : index + rng.randrange(2)] = [donor[at].copy()]


def _havoc_body(place: _Place) -> None:
    body = place.piece.body
    if isinstance(body, bytes):
        place.piece.body = place.havoc(body)
    elif body:
        _havoc_body(place._replace(siblings=body, index=place.rng.randrange(len(body))))


def _havoc_head(place: _Place) -> None:
    head = place.piece.head
    if head:
        place.piece.head = place.havoc(head)[: len(head)].ljust(len(head), b"\0")


def _delete(place: _Place) -> None:
    del place.siblings[place.index]


def _repeat(place: _Place) -> None:
    copies = place.rng.choice((1, 1, 1, 2, 5, 70, MAX_COPIES))
    place.siblings[place.index : place.index] = [place.piece.copy() for _ in range(copies)]


def _swap(place: _Place) -> None:
    siblings, index, other = place.siblings, place.index, place.rng.randrange(len(place.siblings))
    siblings[index], siblings[other] = siblings[other], siblings[index]


def _put_in(place: _Place) -> None:
    place.siblings.insert(place.index, place.donor.copy())


def _put_inside(place: _Place) -> None:
    body = place.piece.body
    if isinstance(body, list):
        body.insert(place.rng.randint(0, len(body)), place.donor.copy())


def _put_instead(place: _Place) -> None:
    place.siblings[place.index] = place.donor.copy()


def _nest(place: _Place) -> None:
    """Put a piece inside copies of itself."""
    piece = place.piece
    if isinstance(piece.body, list):
        for _ in range(place.rng.choice((1, 1, 3, 70))):
            piece = replace(piece, body=[piece])
        place.siblings[place.index] = piece


def _lie(place: _Place) -> None:
    piece, rng = place.piece, place.rng
    if piece.width and rng.random() < 0.5:
        piece.announced, piece.lie = None, rng.choice(_LIES)
    elif piece.width:
        most = (1 << 8 * piece.width) - 1
        piece.announced = rng.choice((0, 1, most, most - 1, most // 2, rng.randint(0, most)))


def _end_as_another(place: _Place) -> None:
    """With a delimiter, or without one; with an undefined length, or without."""
    piece, donor = place.piece, place.donor
    piece.tail = donor.tail
    if piece.width:
        piece.announced = donor.announced if piece.width == donor.width else None


_CHANGES = (
    _havoc_body,
    _havoc_body,
    _havoc_body,
    _havoc_head,
    _delete,
    _repeat,
    _swap,
    _put_in,
    _put_inside,
    _put_instead,
    _nest,
    _lie,
    _end_as_another,
)
_LEVEL_CHANGES = tuple(each for each in _CHANGES if each not in (_put_inside, _nest))
