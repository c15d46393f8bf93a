"""How elements are encoded: with a VR in either byte order, or without one (PS3.5 §7.1, §7.3)."""

import struct
from enum import IntEnum

UNDEFINED_LENGTH = 0xFFFFFFFF
FIRST_DELIMITER = 0xFFFE0000
ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class Mode(IntEnum):
    """How elements are encoded; an index of the tables below."""

    EXPLICIT_LITTLE = 0
    EXPLICIT_BIG = 1
    IMPLICIT = 2


HEADERS = tuple(struct.Struct(layout).unpack_from for layout in ("<HH2sH", ">HH2sH", "<HHHH"))
"""Read group, element, VR and 2-byte length; without a VR, the lower half of the length is in its place."""
LENGTHS = tuple(struct.Struct(layout).unpack_from for layout in ("<L", ">L", "<L"))
"""Read a 4-byte length."""
TAGS = tuple(struct.Struct(layout).unpack_from for layout in ("<HHL", ">HHL", "<HHL"))
"""Read group, element and 4-byte length of an item or a delimiter, which never have a VR."""
