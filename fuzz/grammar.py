"""The layers' bytes -> pieces: PDUs and their items, PDVs, command sets, data sets, packet records, steps of a script.

Parsed as far as they make sense; the rest stays bytes, so that what is rendered is always what was parsed.
"""

import struct
from collections.abc import Callable
from typing import Literal

from fuzz.pieces import UNDEFINED, Piece

MAX_DEPTH = 40
"""Pieces inside each other that are told apart; what is deeper stays bytes."""
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA = 0x7FE00010
_RECORD = struct.Struct("<LLLL")
Order = Literal["little", "big"]
Parse = Callable[[bytes], list[Piece]]


def parse_script(data: bytes) -> list[Piece]:
    """Steps of a conversation (see conversation.py), each with the PDUs it sends."""
    steps, at = [], 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 4 + length]
        if len(body) < length:
            break
        steps.append(Piece(parse_pdus(body), data[at : at + 2], 2, "big"))
        at += 4 + length
    return [*steps, *_rest(data, at)]


def parse_pdus(data: bytes) -> list[Piece]:
    """PDUs (PS3.8 §9.3.1): of A-ASSOCIATE the items, of P-DATA-TF the PDVs."""
    pdus, at = [], 0
    while at + 6 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 6], "big")
        body = data[at + 6 : at + 6 + length]
        if len(body) < length or not 1 <= data[at] <= 7:
            break
        inside: bytes | list[Piece] = body
        if data[at] in (1, 2) and length >= 68:
            inside = [Piece(body[:68]), *_items(body[68:], 0)]
        elif data[at] == 4:
            inside = _pdvs(body)
        pdus.append(Piece(inside, data[at : at + 2], 4, "big"))
        at += 6 + length
    return [*pdus, *_rest(data, at)]


def _items(data: bytes, depth: int) -> list[Piece]:
    """Items of A-ASSOCIATE (PS3.8 §9.3.2), with those inside presentation contexts and user information."""
    items, at = [], 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 4 + length]
        if len(body) < length:
            break
        inside: bytes | list[Piece] = body
        if depth == 0 and data[at] in (0x20, 0x21) and length >= 4:
            inside = [Piece(body[:4]), *_items(body[4:], 1)]
        elif depth == 0 and data[at] == 0x50:
            inside = _items(body, 1)
        items.append(Piece(inside, data[at : at + 2], 2, "big"))
        at += 4 + length
    return [*items, *_rest(data, at)]


def _pdvs(data: bytes) -> list[Piece]:
    """PDVs (PS3.8 §9.3.5.1), with the elements of the command or data set that one holds whole."""
    pdvs, at = [], 0
    while at + 6 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 2 or at + 4 + length > len(data):
            break
        value = data[at + 6 : at + 4 + length]
        inside = parse_command(value) if data[at + 5] & 1 else parse_any_data_set(value)
        pdvs.append(Piece([Piece(data[at + 4 : at + 6]), *inside], b"", 4, "big"))
        at += 4 + length
    return [*pdvs, *_rest(data, at)]


def parse_command(data: bytes) -> list[Piece]:
    """A command set (PS3.7 §6.3.1)."""
    return parse_data_set(data, implicit=True, order="little")


def parse_any_data_set(data: bytes) -> list[Piece]:
    """A data set in explicit VR little endian where it looks so, else in implicit VR."""
    return parse_data_set(data, implicit=not (data[4:6].isalpha() and data[4:6].isupper()), order="little")


def parse_data_set(data: bytes, *, implicit: bool, order: Order) -> list[Piece]:
    """A data set (PS3.5 §7): elements, in sequences their items, in encapsulated pixel data its fragments."""
    return _Elements(data, implicit=implicit, order=order).read(0, len(data), MAX_DEPTH)[0]


class _Elements:
    """Reads elements of `data`; `read` returns pieces and where they end."""

    def __init__(self, data: bytes, *, implicit: bool, order: Order) -> None:
        self._data, self._implicit, self._order = data, implicit, order

    def read(self, at: int, end: int, depth: int, *, until: int = 0, flat: bool = False) -> tuple[list[Piece], int]:
        """Read up to `end`, or to a delimiter with the tag `until`; what cannot be read is a piece of its own.

        With `flat`, items are fragments, whose values are no elements.
        """
        data, pieces = self._data, []
        while at + 8 <= end and (not until or self._tag(at) != until):
            start, width, length = self._header(at)
            stop = start + (0 if length == UNDEFINED and width == 4 else length)
            if start > end or stop > end:
                break
            head, tag = data[at : start - width], self._tag(at)
            if length == UNDEFINED and width == 4:
                piece, stop = self._undefined(start, end, depth, head, tag)
                if piece is None:
                    break
            elif depth and not flat and (tag == _ITEM or self._is_sequence(at, start, stop)):
                inside, _ = self.read(start, stop, depth - 1)
                piece = Piece(inside, head, width, self._order)
            else:
                piece = Piece(data[start:stop], head, width, self._order)
            pieces.append(piece)
            at = stop
        if until and at + 8 <= end:
            return pieces, at
        return [*pieces, *_rest(data[:end], at)], end

    def _undefined(self, start: int, end: int, depth: int, head: bytes, tag: int) -> tuple[Piece | None, int]:
        until = _ITEM_END if tag == _ITEM else _SEQUENCE_END
        if not depth:
            return None, start
        inside, stop = self.read(start, end, depth - 1, until=until, flat=tag == _PIXEL_DATA)
        tail = self._data[stop : stop + 8] if stop < end else b""
        return Piece(inside, head, 4, self._order, tail=tail, announced=UNDEFINED), stop + len(tail)

    def _is_sequence(self, at: int, start: int, stop: int) -> bool:
        return self._data[at + 4 : at + 6] == b"SQ" or (stop - start >= 8 and self._tag(start) == _ITEM)

    def _tag(self, at: int) -> int:
        group = int.from_bytes(self._data[at : at + 2], self._order)
        return group << 16 | int.from_bytes(self._data[at + 2 : at + 4], self._order)

    def _header(self, at: int) -> tuple[int, int, int]:
        """Return where the value begins, and how many bytes its length has, and the length."""
        data = self._data
        if self._implicit or self._tag(at) >= 0xFFFE0000:
            start, width = at + 8, 4
        elif data[at + 4 : at + 6] in _LONG_VRS:
            start, width = at + 12, 4
        else:
            start, width = at + 8, 2
        return start, width, int.from_bytes(data[start - width : start], self._order)


def parse_pcap(data: bytes) -> list[Piece]:
    """Packet records behind a little endian pcap header without its magic number (20 bytes)."""
    records, at = [Piece(data[:20])], 20
    while at + _RECORD.size <= len(data):
        *_, captured, length = _RECORD.unpack_from(data, at)
        body = data[at + 16 : at + 16 + captured]
        if len(body) < captured:
            break
        gap = length.to_bytes(4, "little")
        frame = [Piece(body[:54]), Piece(parse_pdus(body[54:]))]
        records.append(Piece(frame, data[at : at + 8], 4, "little", gap))
        at += 16 + captured
    return [*records, *_rest(data, at)]


def parse_pcapng(data: bytes) -> list[Piece]:
    """Little endian pcapng blocks behind the first four bytes."""
    first = int.from_bytes(data[:4], "little") - 4
    blocks, at = [Piece(data[: max(first, 0)])], max(first, 0)
    while at + 12 <= len(data):
        total = int.from_bytes(data[at + 4 : at + 8], "little")
        if total < 12 or at + total > len(data):
            break
        # The length stands again at the end of a block: there it is bytes, so that the two may differ.
        body, tail = data[at + 8 : at + total - 4], data[at + total - 4 : at + total]
        blocks.append(Piece(body, data[at : at + 4], 4, "little", tail=tail, adds=12))
        at += total
    return [*blocks, *_rest(data, at)]


def _rest(data: bytes, at: int) -> list[Piece]:
    return [Piece(data[at:])] if at < len(data) else []
