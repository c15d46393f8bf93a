"""For every rule on data sets an object that raises it when it is stored, and one that just does not."""

import zlib
from collections.abc import Callable
from functools import partial

import build
from data_sets import DEFLATED, EXPLICIT, ITEM_END, UNDEFINED, bare, fragments, item, long, sequence, short
from findings.traffic import CT, IDENTIFIER, match, released, searched

IMAGE = 0x00081140
"""Referenced Image Sequence."""
SOUND = (short(0x00080016, "UI", CT.encode() + b"\0"), short(0x00080018, "UI", b"1.2.3\0"))
DAY = short(0x00080020, "DA", b"20240131")
NAME = short(0x00100010, "PN", "Müller".encode("latin-1"))
PIXELS = (
    short(0x00280002, "US", b"\1\0"),
    short(0x00280010, "US", b"\2\0"),
    short(0x00280011, "US", b"\2\0"),
    short(0x00280100, "US", b"\x08\0"),
)


def sent(*elements: bytes, syntax: str = EXPLICIT) -> list[build.Packet]:
    """A C-STORE of what the elements make, in a transfer syntax."""
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, CT, (syntax,))))
    talk.server(build.associate_ac(build.answer(1, 0, syntax)))
    talk.client(build.message(1, build.store_rq(), b"".join(elements)))
    talk.server(build.message(1, build.store_rsp()))
    return released(talk)


def deflated(wrapped: bool) -> list[build.Packet]:
    """An object in a zlib stream, as many libraries write by mistake, or in a bare deflate stream (PS3.5 §A.5)."""
    stream = zlib.compressobj(wbits=15 if wrapped else -15)
    data = stream.compress(b"".join((*SOUND, DAY))) + stream.flush()
    return sent(data, bytes(len(data) % 2), syntax=DEFLATED)


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = sequence(IMAGE, item(content))
    return content


def both(*elements: bytes, but: tuple[bytes, ...]) -> tuple[Callable[[], list[build.Packet]], ...]:
    """A sound object with these elements, and one with others in their place."""
    return partial(sent, *SOUND, *elements), partial(sent, *SOUND, *but)


def found(number: bytes) -> list[build.Packet]:
    """A C-FIND that matches, with an accession number."""
    return searched(match(0xFF00, data=build.element(0x00080050, number) + IDENTIFIER), match(0))


IMPLICIT_OBJECT = (bare(0x00080016, CT.encode() + b"\0"), bare(0x00080018, b"1.2.3\0"), bare(0x00080020, b"20240131"))
META = bytes(128) + b"DICM" + short(0x00020000, "UL", b"\0\0\0\0")
CASES: dict[str, tuple[Callable[[], list[build.Packet]], ...]] = {
    "data-set-wrong-syntax": (partial(sent, *IMPLICIT_OBJECT), partial(sent, *SOUND, DAY)),
    "data-set-file-meta": (partial(sent, META, *SOUND), partial(sent, *SOUND)),
    "data-set-command-element": (
        lambda: sent(build.command_set({0x0002: CT}), *IMPLICIT_OBJECT, syntax=build.IMPLICIT),
        lambda: sent(*IMPLICIT_OBJECT, syntax=build.IMPLICIT),
    ),
    "data-set-deflate": (lambda: deflated(True), lambda: deflated(False)),
    "data-set-truncated-element": both(short(0x00080020, "DA", b"2024", length=8), but=(DAY,)),
    "data-set-overrun": both(
        sequence(IMAGE, item(short(0x00081150, "UI", b"1.2\0", length=40))), DAY, but=(sequence(IMAGE, item(DAY)),)
    ),
    "data-set-undelimited": both(
        long(IMAGE, "SQ", item(DAY), length=UNDEFINED), but=(sequence(IMAGE, item(DAY), undefined=True),)
    ),
    "data-set-stray-delimiter": both(DAY, ITEM_END, but=(sequence(IMAGE, item(DAY, undefined=True)),)),
    "data-set-item": both(sequence(IMAGE, DAY), but=(sequence(IMAGE, item(DAY)),)),
    "data-set-bad-vr": both(short(0x00080020, "zz", b"20240131"), but=(DAY,)),
    "data-set-too-deep": both(nested(300), but=(nested(3),)),
    "data-set-order": both(short(0x00080060, "CS", b"CT"), DAY, but=(DAY, short(0x00080060, "CS", b"CT"))),
    "data-set-odd-length": both(short(0x00080050, "SH", b"123"), but=(short(0x00080050, "SH", b"123 "),)),
    "data-set-uid": both(short(0x0020000D, "UI", b"1.02.3"), but=(short(0x0020000D, "UI", b"1.20.3"),)),
    "data-set-value": both(short(0x00080020, "DA", b"31.1.24 "), but=(DAY,)),
    "data-set-announced-otherwise": (
        lambda: sent(SOUND[0], short(0x00080018, "UI", b"1.2.4\0")),
        partial(sent, *SOUND),
    ),
    "data-set-minor-value": (lambda: found(b"A" * 18), lambda: found(b"A" * 16)),
    "data-set-charset": both(NAME, but=(short(0x00080005, "CS", b"ISO_IR 100"), NAME)),
    "data-set-pixel-length": both(
        *PIXELS, long(0x7FE00010, "OB", bytes(6)), but=(*PIXELS, long(0x7FE00010, "OB", bytes(4)))
    ),
    "data-set-pixel-mismatch": both(*PIXELS, fragments(bytes(4)), but=(*PIXELS, long(0x7FE00010, "OB", bytes(4)))),
}
