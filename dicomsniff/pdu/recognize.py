"""Tell DICOM from other traffic by its bytes, and find the next PDU after a hole (PS3.8 §9.3)."""

import re
import struct
from enum import Enum

MAX_CONTROL_PDU = 1 << 20
"""Bytes: no PDU but P-DATA-TF is kept beyond this length. 128 contexts with 100 syntaxes each stay below it."""
MAX_PLAUSIBLE_PDATA = 1 << 28
"""Bytes: a P-DATA-TF header that announces more is not taken as a place to start from."""
ENOUGH = 78
"""Bytes of a stream that suffice to tell: they reach the first item of an A-ASSOCIATE PDU."""

_VERSION_1, _APPLICATION_CONTEXT = b"\0\1\0\0", 0x10
"""Protocol version and reserved bytes of an A-ASSOCIATE PDU, and the type of its first item (PS3.8 §9.3.2)."""
_PDATA = struct.Struct(">BxLLBB").unpack_from
_SHORT_PDUS = (3, 5, 6, 7)
CANDIDATE = re.compile(
    rb"\x04\x00[\x00-\x0f]...[\x00-\x0f]...[\x01-\xff][\x00-\x03]"
    rb"|[\x03\x05\x06\x07]\x00\x00\x00\x00\x04\x00[\x00-\x02][\x00-\x03][\x00-\x07]"
    rb"|[\x01\x02]\x00\x00[\x00-\x0f]..\x00\x01",
    re.DOTALL,
)
"""What every PDU header looks like that a place is found again by, and other bytes rarely do."""
_COMMAND_START = b"\0\0\0\0\x04\0\0\0"
"""(0000,0000) with its length of 4: where every command set begins (PS3.7 §6.3.1)."""


class Verdict(Enum):
    """What the first bytes of a stream say."""

    DICOM = "DICOM"
    OTHER = "other"
    WAIT = "more bytes needed"


def judge_start(data: bytes | bytearray) -> Verdict:
    """Judge the first bytes of a stream: whether a PDU begins there."""
    have = len(data)
    if have == 0:
        return Verdict.WAIT
    kind = data[0]
    if kind not in (1, 2, 3, 4, 5, 6, 7):
        return Verdict.OTHER
    if have < 10:
        return Verdict.WAIT
    length = int.from_bytes(data[2:6], "big")
    if kind in (1, 2):
        possible = 68 <= length <= MAX_CONTROL_PDU
        if data[1] or (not possible and data[6:10] != _VERSION_1):
            return Verdict.OTHER
        if have < ENOUGH:
            return Verdict.WAIT
        if not possible:  # whatever length a broken sender announces: nothing else has all of this
            return Verdict.DICOM if _has_title(data) and data[74] == _APPLICATION_CONTEXT else Verdict.OTHER
        # The first item is the application context; peers in trouble may send another.
        return Verdict.DICOM if data[74] in (0x10, 0x20, 0x21, 0x50) or length == 68 else Verdict.OTHER
    if kind in _SHORT_PDUS:
        return Verdict.DICOM if plausible_header(data, 0) else Verdict.OTHER
    if have < 20 and have < 6 + length:
        return Verdict.WAIT
    if not plausible_header(data, 0):
        return Verdict.OTHER
    return Verdict.DICOM if _is_usual_pdata(data, 0) else Verdict.OTHER


def judge_cut_off(data: bytes | bytearray) -> Verdict:
    """Judge the first bytes of a stream that ended, or has a hole, before there were enough to be sure."""
    # A short snaplen leaves little more than the called AE title of an A-ASSOCIATE PDU.
    header = data[0:4] in (b"\1\0\0\0", b"\2\0\0\0") and data[6:10] == _VERSION_1
    return Verdict.DICOM if header and _has_title(data) else Verdict.OTHER


def _has_title(data: bytes | bytearray) -> bool:
    """Whether the called AE title of an A-ASSOCIATE PDU is there, and reads as one."""
    title = data[10:26]
    return bool(len(title) == 16 and title.strip() and title.isascii() and title.decode("ascii").isprintable())


def plausible_header(data: bytes | bytearray, at: int) -> bool:
    """Whether a PDU may begin at `at`; needs 12 bytes there for a P-DATA-TF, 10 for any other."""
    kind = data[at]
    if kind == 4:
        if len(data) < at + 12:
            return False
        _, length, pdv_length, context, header = _PDATA(data, at)
        fits = 2 <= pdv_length <= length - 4 and length <= MAX_PLAUSIBLE_PDATA
        return bool(fits and context & 1 and header <= 3 and data[at + 1] == 0)
    if kind in _SHORT_PDUS:
        if data[at + 1 : at + 6] != b"\0\0\0\0\x04" or data[at + 6]:
            return False
        first, source, reason = data[at + 7 : at + 10]
        if kind == 3:
            return 1 <= first <= 2 and 1 <= source <= 3 and 1 <= reason <= 10
        if kind == 7:
            return first == 0 and source <= 2 and reason <= 6
        return first == source == reason == 0
    length = int.from_bytes(data[at + 2 : at + 6], "big")
    return kind in (1, 2) and data[at + 1] == 0 and 68 <= length <= MAX_CONTROL_PDU


def find_header(data: bytes | bytearray, at: int) -> int:
    """Return where the next plausible PDU header begins at or after `at`; -1 where there is none."""
    match = CANDIDATE.search(data, at)
    while match is not None:
        start = match.start()
        if plausible_header(data, start) and (data[start] != 4 or _is_usual_pdata(data, start)):
            return start
        match = CANDIDATE.search(data, start + 1)
    return -1


def _is_usual_pdata(data: bytes | bytearray, at: int) -> bool:
    """Whether a P-DATA-TF has a single PDV or begins with a command set; pixels often look like any other one."""
    _, length, pdv_length, _, _ = _PDATA(data, at)
    return bool(pdv_length == length - 4 or data[at + 12 : at + 20] == _COMMAND_START)


SEARCH_OVERLAP = 19
"""Bytes at the end of a searched piece that may begin a header whose rest is still to come."""


def find_message_start(data: bytes | bytearray) -> int:
    """Return where a P-DATA-TF that begins a command set stands, the surest sign of DICOM mid-stream; -1 if nowhere."""
    at = data.find(_COMMAND_START)
    while at >= 0:
        if at >= 12 and plausible_header(data, at - 12) and data[at - 12] == 4 and data[at - 1] & 1:
            return at - 12
        at = data.find(_COMMAND_START, at + 1)
    return -1
