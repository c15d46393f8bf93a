"""Data sets that become far more than was sent, made to any size, and captures full of them."""

from collections.abc import Callable, Iterable

import build
from data_sets import EXPLICIT, IMPLICIT, ITEM_END, JPEG, SEQUENCE_END, UNDEFINED, bare, item, long, short

UID = short(0x00080018, "UI", b"1.2.3\0")
JAPANESE = short(0x00080005, "CS", b"\\ISO 2022 IR 87\\ISO 2022 IR 159 ")
SEQUENCE = 0x00081140


Maker = Callable[[int], bytes]
"""Makes a data set of about so many bytes."""


def _elements(make: Callable[[int], bytes], head: bytes = UID) -> Maker:
    """Elements in ascending order, from (0011,1000) on."""

    def data_set(size: int) -> bytes:
        parts, length, number = [head], 0, 0
        while length < size:
            group, place = divmod(number, 0xE000)
            parts.append(make((0x11 + 2 * group) << 16 | 0x1000 + place))
            length += len(parts[-1])
            number += 1
        return b"".join(parts)

    return data_set


def _values(vr: str, value: bytes, head: bytes = UID) -> Maker:
    """The same value again and again."""
    form = long if vr in ("UT", "OB") else short
    return _elements(lambda tag: form(tag, vr, value), head)


def _repeated(piece: bytes, head: bytes = UID) -> Maker:
    return lambda size: head + piece * (size // len(piece))


def _in(tag: int, vr: str, piece: bytes) -> Maker:
    """A piece again and again, in an element of undefined length."""
    return lambda size: UID + long(tag, vr, piece * (size // len(piece)), length=UNDEFINED) + SEQUENCE_END


def _nested(*, ended: bool) -> Maker:
    opening = long(SEQUENCE, "SQ", b"", length=UNDEFINED) + bare(0xFFFEE000, b"", length=UNDEFINED)
    closing = ITEM_END + SEQUENCE_END if ended else b""
    return lambda size: UID + opening * (size // len(opening + closing)) + closing * (size // len(opening + closing))


def _creators(size: int) -> bytes:
    return UID + b"".join(short(0x00110010 + at, "LO", b"%05d" % at * 12000) for at in range(size // 60000 + 1))


BARE_UID = bare(0x00080018, b"1.2.3\0")
REFERENCE = short(0x00081155, "UI", b"1.2.3.9\0")
CHARACTER_SETS = short(0x00080005, "CS", b"\\" * 1000) + short(0x00080080, "LO", b"\xff\x1b")

BOMBS: dict[str, tuple[str, Maker]] = {
    "empty elements": (EXPLICIT, _values("LO", b"")),
    "numbers in words": (EXPLICIT, _values("IS", b"12")),
    "tiny names": (EXPLICIT, _values("PN", b"a^")),
    "odd lengths": (EXPLICIT, _values("LO", b"1")),
    "empty elements without VR": (IMPLICIT, _repeated(bare(0x00080020, b""), BARE_UID)),
    "undefined VRs": (EXPLICIT, _elements(lambda tag: short(tag, "ZZ", b"12") + short(tag + 1, "LO", b""))),
    "empty items": (EXPLICIT, _in(SEQUENCE, "SQ", item())),
    "empty sequences": (EXPLICIT, _elements(lambda tag: long(tag, "SQ", b""))),
    "nested and ended": (EXPLICIT, _nested(ended=True)),
    "nested without end": (EXPLICIT, _nested(ended=False)),
    "names": (EXPLICIT, _values("PN", b"\\" * 65534)),
    "short lists of names": (EXPLICIT, _values("PN", b"\\" * 60)),
    "components": (EXPLICIT, _values("PN", b"=^" * 32000)),
    "decimal strings": (EXPLICIT, _values("DS", b"1\\" * 32766 + b"1 ")),
    "integer strings": (EXPLICIT, _values("IS", b"1\\" * 32766 + b"1 ")),
    "digits": (EXPLICIT, _values("IS", b"7" * 65534)),
    "powers of ten": (EXPLICIT, _values("DS", b"1e999999\\" * 7000 + b"1")),
    "UIDs": (EXPLICIT, _values("UI", b"1\\" * 500)),
    "no UIDs": (EXPLICIT, _values("UI", b"\\" * 1000)),
    "words": (EXPLICIT, _values("US", bytes(65534))),
    "floats": (EXPLICIT, _values("FL", b"\0\0\x80\x7f" * 16000)),
    "tags": (EXPLICIT, _values("AT", bytes(65532))),
    "bytes": (EXPLICIT, _values("OB", bytes(64))),
    "one long list": (IMPLICIT, lambda size: BARE_UID + bare(0x00186020, b"\\" * size)),
    "one long text": (EXPLICIT, lambda size: JAPANESE + UID + long(0x0040A160, "UT", b"\x1b" * size)),
    "escapes": (EXPLICIT, _values("PN", b"\x1b" * 1000, JAPANESE + UID)),
    "escapes in long values": (EXPLICIT, _values("LO", b"\x1b$B0!\x1b(B" * 8000, JAPANESE + UID)),
    "unknown escapes": (EXPLICIT, _values("UT", b"\x1b$Z" * 300, JAPANESE + UID)),
    "character sets": (EXPLICIT, _repeated(CHARACTER_SETS)),
    "creators": (EXPLICIT, _creators),
    "references": (EXPLICIT, _elements(lambda tag: long(tag, "SQ", item(REFERENCE)))),
    "fragments": (JPEG, _in(0x7FE00010, "OB", item())),
    "an offset table": (JPEG, lambda size: _in(0x7FE00010, "OB", bare(0xFFFEE000, bytes(size // 4 * 4)))(size + 8)),
}
"""Names, with the transfer syntax and what makes such a data set."""


def capture(data_sets: Iterable[bytes], syntax: str, *, fragment: int = 16372) -> bytes:
    """A capture of one association that stores data sets."""
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, (syntax,))))
    talk.server(build.associate_ac(build.answer(1, transfer=syntax)))
    stream = b"".join(
        build.message(1, build.store_rq(number % 0xFFFF + 1), data, fragment) for number, data in enumerate(data_sets)
    )
    talk.client(stream)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return build.pcap(build.frames(talk.close().packets))
