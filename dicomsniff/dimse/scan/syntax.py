"""Transfer syntaxes: how each encodes a data set, and which one fits given bytes (PS3.5 §10, Annex A)."""

from typing import NamedTuple

from dicomsniff.dictionary.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    uid_text,
)
from dicomsniff.dimse.inflating import RAW_DEFLATE, WRAPPED, Inflater
from dicomsniff.dimse.scan.element_kinds import LONG_VRS, VRS
from dicomsniff.dimse.scan.modes import FIRST_DELIMITER, HEADERS, LENGTHS, UNDEFINED_LENGTH, Mode
from dicomsniff.dimse.scan.pixels import codec_problem

HEAD = 1024
"""Bytes looked at where the first element leaves doubt."""


class Encoding(NamedTuple):
    """How a transfer syntax encodes; `encapsulated` tells how pixel data is sent, None where that is not known."""

    implicit: bool = False
    little: bool = True
    deflated: bool = False
    encapsulated: bool | None = False

    @property
    def mode(self) -> Mode:
        """How elements are encoded."""
        if self.implicit:
            return Mode.IMPLICIT
        return Mode.EXPLICIT_LITTLE if self.little else Mode.EXPLICIT_BIG


_ENCODINGS = {
    IMPLICIT_VR_LITTLE_ENDIAN: Encoding(implicit=True),
    "1.2.840.10008.1.20": Encoding(implicit=True),  # Papyrus 3
    EXPLICIT_VR_LITTLE_ENDIAN: Encoding(),
    EXPLICIT_VR_BIG_ENDIAN: Encoding(little=False),
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Encoding(deflated=True),
    "1.2.840.10008.1.2.1.98": Encoding(encapsulated=True),
    "1.2.840.10008.1.2.4.94": Encoding(encapsulated=None),  # JPIP: the pixels are elsewhere
    "1.2.840.10008.1.2.4.95": Encoding(deflated=True, encapsulated=None),
    "1.2.840.10008.1.2.4.204": Encoding(encapsulated=None),
    "1.2.840.10008.1.2.4.205": Encoding(deflated=True, encapsulated=None),
    "1.2.840.10008.1.2.5": Encoding(encapsulated=True),
    "1.2.840.10008.1.2.8.1": Encoding(encapsulated=True),
}
_COMPRESSED = "1.2.840.10008.1.2.4."
_PLAIN = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)


def find_encoding(uid: str | None) -> Encoding | None:
    """Return how a transfer syntax encodes; None where that is not known, as of a private one."""
    if uid is None:
        return None
    if uid.startswith(_COMPRESSED) and uid not in _ENCODINGS:
        return Encoding(encapsulated=True)  # all of them are explicit VR little endian (PS3.5 §A.4)
    return _ENCODINGS.get(uid)


class Decision(NamedTuple):
    """Which transfer syntax fits: None where none does. `problem` says how the bytes contradict the negotiated one."""

    syntax: str | None
    encoding: Encoding
    guessed: bool = False
    why: str = ""
    problem: str = ""
    window: int = RAW_DEFLATE
    """Of a deflate stream: zlib's `wbits`."""


def decide_syntax(head: bytes, negotiated: str | None, *, final: bool, whole: bool = True) -> Decision | None:
    """Say which transfer syntax the bytes at the start of a data set fit, None where more of them must come.

    No more than HEAD bytes are needed. `final` says that no more come; without `whole` the data set is longer.
    """
    encoding = find_encoding(negotiated)
    if encoding is not None and not encoding.deflated:
        if len(head) >= 8 and _fits_at_once(head, encoding):
            return Decision(negotiated, encoding)
        if not head and final:
            return Decision(negotiated, encoding)
    if len(head) < HEAD and not final:
        return None
    head = head[:HEAD]
    whole = whole and final and len(head) < HEAD
    if encoding is None:
        return _guess(head, negotiated, whole=whole)
    if encoding.deflated:
        return _decide_deflated(head, negotiated, encoding, whole=whole)
    own = next(index for index, syntax in enumerate(_PLAIN) if _ENCODINGS[syntax].mode is encoding.mode)
    trials = _trials(head, whole=whole)
    best = max(range(3), key=lambda index: (trials[index], index == own))
    if best == own or trials[best][1] < max(1, trials[own][1]):
        if not trials[own][1] and (window := _inflates(head)):
            found = Encoding(deflated=True, encapsulated=None)
            return _contradicted(negotiated, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, found, window)
        return Decision(negotiated, encoding)
    return _contradicted(negotiated, _PLAIN[best], _ENCODINGS[_PLAIN[best]])


def _fits_at_once(head: bytes, encoding: Encoding) -> bool:
    """Whether the first element leaves no doubt. File meta information and a preamble do."""
    little, big = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    if encoding.implicit:
        length = LENGTHS[Mode.IMPLICIT](head, 4)[0]
        return 2 < little <= big and head[4:6] not in VRS and length < 1 << 16
    own, other = (little, big) if encoding.little else (big, little)
    return head[4:6] in VRS and 2 < own <= other and own != 0xFFFE


def _contradicted(negotiated: str | None, found: str, encoding: Encoding, window: int = RAW_DEFLATE) -> Decision:
    why = f"the first bytes are {uid_text(found)}"
    problem = f"{uid_text(negotiated)} was agreed, but {why}"
    return Decision(found, encoding._replace(encapsulated=None), guessed=True, why=why, problem=problem, window=window)


def _guess(head: bytes, negotiated: str | None, *, whole: bool) -> Decision:
    known = f"the transfer syntax {negotiated} is not known" if negotiated else "the transfer syntax was not seen"
    trials = _trials(head, whole=whole)
    best = max(range(3), key=lambda index: (trials[index], -index))
    if trials[best][1]:
        why = f"{known}; the first bytes fit {uid_text(_PLAIN[best])}"
        return Decision(_PLAIN[best], _ENCODINGS[_PLAIN[best]]._replace(encapsulated=None), guessed=True, why=why)
    if window := _inflates(head):
        found = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        why = f"{known}; the first bytes inflate"
        return Decision(found, Encoding(deflated=True, encapsulated=None), guessed=True, why=why, window=window)
    return Decision(None, Encoding(encapsulated=None), guessed=True, why=f"{known}, and the first bytes fit none")


def _decide_deflated(head: bytes, negotiated: str | None, encoding: Encoding, *, whole: bool) -> Decision:
    window = _inflates(head)
    if window == RAW_DEFLATE or not head:
        return Decision(negotiated, encoding)
    trials = _trials(head, whole=whole)
    best = max(range(3), key=lambda index: (trials[index], -index))
    if trials[best][0] and trials[best][1]:
        return _contradicted(negotiated, _PLAIN[best], _ENCODINGS[_PLAIN[best]])
    return Decision(negotiated, encoding, window=window or RAW_DEFLATE)


def _inflates(head: bytes) -> int:
    """Return zlib's `wbits` with which bytes inflate to the start of a data set, else 0."""
    for window in (RAW_DEFLATE, *WRAPPED):
        inflater = Inflater(window, HEAD)
        inflated = b"".join(inflater.feed(head) + inflater.finish())
        if _try(inflated, Mode.EXPLICIT_LITTLE, whole=False)[1]:
            return window
    return 0


def _trials(head: bytes, *, whole: bool) -> list[tuple[bool, int]]:
    return [_try(head, _ENCODINGS[syntax].mode, whole=whole) for syntax in _PLAIN]


def _try(head: bytes, mode: Mode, *, whole: bool) -> tuple[bool, int]:
    """Read elements as far as `head` goes: whether nothing contradicted the encoding, and how many bear it out."""
    at, last, count, size, implicit = 0, -1, 0, len(head), mode is Mode.IMPLICIT
    while at + 8 <= size:
        group, number, vr, length = HEADERS[mode](head, at)
        if implicit:
            length = length << 16 | vr
            known, stop = head[at + 4 : at + 6] not in VRS, at + 8 + length
        else:
            known, stop = vr in VRS, at + 8 + length
            if vr in LONG_VRS:
                if at + 12 > size:
                    break
                length = LENGTHS[mode](head, at + 8)[0]
                stop = at + 12 + length
        tag = group << 16 | number
        if not last < tag < FIRST_DELIMITER or (not implicit and not known):
            return False, count
        last = tag
        if length == UNDEFINED_LENGTH:  # what is inside is not looked at
            return True, count + (not implicit)
        if stop > size:
            # Without a VR, a length that goes beyond what is seen proves nothing.
            return not whole and known, count + (not implicit)
        count += known if not implicit else _goes_on(head, stop, tag, whole=whole)
        at = stop
    return at == size or not whole, count


def _goes_on(head: bytes, at: int, last: int, *, whole: bool) -> bool:
    """Whether a higher tag, or the data set's end, follows an element without a VR."""
    if at + 4 > len(head):
        return whole and at == len(head)
    return last < int.from_bytes(head[at : at + 2], "little") << 16 | int.from_bytes(head[at + 2 : at + 4], "little")


def fitting_syntax(
    decision: Decision,
    negotiated: str | None,
    departure: str,
    *,
    codec: str,
    codec_syntax: str,
    encapsulated: bool,
    native: bool,
) -> tuple[str | None, str]:
    """Return the transfer syntax that fits all that was seen of a data set, and why it is not the negotiated one.

    `departure` says where elements are encoded otherwise than at the start, `codec` and `codec_syntax` what the first
    fragment looks like; `encapsulated` and `native` whether there is such Pixel Data at top level.
    """
    why, encoding = decision.why or departure, decision.encoding
    if codec_syntax and not encoding.implicit and (not encoding.encapsulated or codec_problem(codec, negotiated)):
        seen = f"its pixel data is encapsulated, and {codec}"
        return codec_syntax, f"{why}; {seen}" if why else seen
    if native and encoding.encapsulated:
        return EXPLICIT_VR_LITTLE_ENDIAN, "its pixel data is native"
    if encapsulated and encoding.encapsulated is False:
        return decision.syntax, "its pixel data is encapsulated, in what is not recognized"
    return decision.syntax, why
