"""What stands for a deflated data set: a deflate stream that is as long, and holds nothing but UIDs and padding.

Values of what is deflated are in no place of their own. Zeros in place of all of it would be a broken stream, which
nobody sent. So there is a stream of stored blocks (RFC 1951 §3.2.4), which inflates to the two UIDs that the command
names, and Data Set Trailing Padding (PS3.10 §7.2).
"""

import struct
from collections.abc import Iterator

_BLOCK_HEADER, _MAX_STORED = 5, 0xFFFF
_PADDING_HEADER = 12
_SOP_CLASS_UID, _SOP_INSTANCE_UID, _PADDING = (0x0008, 0x0016), (0x0008, 0x0018), (0xFFFC, 0xFFFC)


def stand_in_stream(size: int, sop_class: bytes, sop_instance: bytes) -> list[tuple[int, bytes]]:
    """Return the bytes of a stream of `size` bytes that are not zero, each with its offset; none where it is too short.

    The UIDs are given as they are sent.
    """
    blocks = -(-size // (_BLOCK_HEADER + _MAX_STORED))
    length = size - blocks * _BLOCK_HEADER
    length -= length & 1  # behind the stream there may be one NUL (PS3.5 §A.5)
    elements = _uid(_SOP_CLASS_UID, sop_class) + _uid(_SOP_INSTANCE_UID, sop_instance)
    left = length - len(elements) - _PADDING_HEADER
    if left < 0:
        return []
    head = elements + struct.pack("<HH2sHL", *_PADDING, b"OB", 0, left)
    return list(_stored(head, length))


def _stored(head: bytes, length: int) -> Iterator[tuple[int, bytes]]:
    """Yield the headers of stored blocks of `length` bytes together, and the first of those bytes behind the first."""
    at = 0
    for begin in range(0, length, _MAX_STORED):
        count = min(_MAX_STORED, length - begin)
        is_last = begin + count == length
        yield at, struct.pack("<BHH", is_last, count, count ^ _MAX_STORED) + (b"" if begin else head)
        at += _BLOCK_HEADER + count


def _uid(tag: tuple[int, int], uid: bytes) -> bytes:
    padded = uid + bytes(len(uid) & 1)
    return struct.pack("<HH2sH", *tag, b"UI", len(padded)) + padded if uid else b""
