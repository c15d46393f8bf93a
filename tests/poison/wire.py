"""Captures in which whatever a peer says as text is poison: the fields are those the decoders themselves know."""

import struct
from collections.abc import Iterable, Iterator

import build
from data_sets import bare, item, long, sequence, short
from dicomsniff.association.normalized_links import FAILED, REFERENCED, SOP_CLASSES
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, COMMAND_FIELDS, RESPONSE_BIT
from dicomsniff.dimse.scan.element_kinds import KEPT_ELEMENTS, LONG_VRS, VRS
from dicomsniff.pdu.decode import list_fields
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.items import SUB_ITEMS
from poison.outputs import FORGED

BYTES = b"\x1b]0;T\x07\x9b1m\x7f\nX\0Y\x85\xe2\x80\xae" + FORGED.encode() + b"\r\n" + FORGED.encode() + b"\x1b[2J"
"""Poison as bytes; the first 16 fit an AE title."""
CHARACTER_SETS = ("", "ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87", "GB18030", BYTES.decode("latin-1"))
UTF8 = "\u202e\u2028\x9b\x85\u200b\ufeff\U000e0041[red]\n".encode() + BYTES


def filled(length: int) -> bytes:
    """Poison of a length; it does not end in what is taken for padding."""
    return (BYTES * (length // len(BYTES) + 1))[:length].rstrip(b"\0 ").ljust(length, b"\x1b")


def poisoned(pdu: bytes) -> bytes:
    """A PDU with every text in it replaced: whatever its decoder reads as text."""
    head, body = pdu[:6], bytearray(pdu[6:])
    for field in list_fields(pdu[0], pdu[6:]):
        sent = bytes(body[field.start : field.end])
        if len(sent) > 2 and field.value and field.value == plain_text(sent):
            body[field.start : field.end] = filled(len(sent))
    return head + bytes(body)


def user_information() -> bytes:
    """Every sub-item there is."""
    uid = b"1.2.840.10008.5.1.4.1.1.2.1.2.3.4.5"
    named = struct.pack(">H", len(uid)) + uid
    items = {
        0x51: struct.pack(">L", 16384),
        0x52: uid,
        0x53: struct.pack(">HH", 1, 1),
        0x54: named + b"\1\1",
        0x55: b"VERSION_NAME_1.0",
        0x56: named + b"\1\1\1",
        0x57: named + named + struct.pack(">H", len(named)) + named,
        0x58: b"\2\1" + struct.pack(">H", len(BYTES)) + BYTES + struct.pack(">H", len(BYTES)) + BYTES,
        0x59: struct.pack(">H", len(BYTES)) + BYTES,
        0x5F: BYTES,
    }
    assert set(SUB_ITEMS) <= set(items), "a sub-item that the decoder knows is not poisoned"
    return build.item(0x50, b"".join(build.item(kind, body) for kind, body in items.items()))


def negotiation() -> tuple[bytes, bytes]:
    """A-ASSOCIATE-RQ and -AC in which every text is poison."""
    long_uid = "1.2.840.10008.5.1.4.1.1.2.1.2.3.4.5.6.7.8"
    asked = build.associate_rq(
        build.proposal(1, long_uid, [long_uid, long_uid]), build.item(0x2F, BYTES), user=user_information()
    )
    answered = build.associate_ac(
        build.answer(1, transfer=long_uid), build.answer(3, 2, long_uid), build.answer(5, 9), user=user_information()
    )
    return poisoned(asked), poisoned(answered)


def command(field: int, number: int, status: int, *, sop_class: str, data: bool) -> bytes:
    """A command set with every element there is; each text is poison, but for the SOP class that leads on."""
    values: dict[int, int | str | bytes] = {}
    for tag, element in COMMAND_ELEMENTS.items():
        if element.vr in ("US", "UL"):
            values[tag] = 1
        elif element.vr == "AT":
            values[tag] = filled(8)
        else:
            values[tag] = filled(64 if element.vr in ("LO", "LT") else 34)
    answered = 0x0120 if field & RESPONSE_BIT or field == 0x0FFF else 0x0110
    values |= {0x0100: field, answered: number, 0x0800: 1 if data else 0x0101, 0x0900: status, 0x1031: 7}
    del values[0x0000], values[0x0001], values[0x0110 + 0x0120 - answered]
    if not field & RESPONSE_BIT:
        del values[0x0900]
    if sop_class:
        values |= {0x0002: sop_class, 0x0003: sop_class}
    return build.command_set(values)


def identifier() -> bytes:
    """Every value of a data set that is kept, and the instances that sequences refer to: all of them poison."""
    return _sorted(_kept(BYTES))


def data_set(character_set: str) -> bytes:
    """A value of every VR, every value that is kept, nested and private ones: all of them poison."""
    text = UTF8 if character_set == "ISO_IR 192" else BYTES
    text += b"\x1b" * (len(text) % 2)
    parts = [*_kept(text), _value(0x00090010, "LO", text)]
    parts += [short(0x00080005, "CS", character_set.encode("latin-1"))] if character_set else []
    parts += [_value(0x00091000 + place, vr.decode(), text) for place, vr in enumerate(sorted(VRS)) if vr != b"SQ"]
    parts.append(sequence(0x00091100, item(_value(0x00100010, "PN", text), _value(0x00104000, "LT", text))))
    parts += [_value(0x00100010, "PN", text), _value(0x00104000, "LT", text), long(0x7FE00010, "OW", text)]
    return _sorted(parts)


def _kept(text: bytes) -> list[bytes]:
    uid = text[:64]
    referenced = item(_value(0x00081150, "UI", uid), _value(0x00081155, "UI", uid))
    parts = [sequence(FAILED, referenced), sequence(REFERENCED, referenced, referenced)]
    return parts + [_value(tag, _vr(tag), uid) for tag in KEPT_ELEMENTS if tag not in (0x00080005, 0x00020010)]


def _sorted(parts: list[bytes]) -> bytes:
    return b"".join(sorted(parts, key=lambda part: struct.unpack_from("<HH", part)))


def file_meta() -> bytes:
    """A Part 10 header where none belongs, its texts poison, too."""
    return bytes(128) + b"DICM" + short(0x00020010, "UI", filled(34)) + short(0x00020013, "SH", filled(16))


def _vr(tag: int) -> str:
    return {0x00280008: "IS", 0x00280004: "CS", 0x00080052: "CS", 0x00400252: "CS", 0x00741000: "CS"}.get(
        tag, "US" if tag >> 16 == 0x0028 else "UI"
    )


def _value(tag: int, vr: str, value: bytes) -> bytes:
    return (long if vr.encode() in LONG_VRS else short)(tag, vr, value)


def talks() -> Iterator[build.Talk]:
    """Connections with everything a peer can say."""
    yield from negotiations()
    yield from services()
    yield from data_sets()
    yield damaged()


def _open(number: int) -> build.Talk:
    return build.Talk(("10.0.0.1", 20000 + number), start=build.START + number * 10**9).open()


def negotiations() -> Iterator[build.Talk]:
    asked, answered = negotiation()
    accepted = _open(1)
    accepted.client(asked)
    accepted.server(answered)
    accepted.client(build.message(1, build.store_rq(), data_set("ISO_IR 192")))
    accepted.client(build.abort(2, 9))
    yield accepted
    for number, reply in enumerate((build.associate_rj(), build.abort(), b"", asked), start=2):
        talk = _open(number)
        talk.client(asked)
        talk.server(reply)
        yield talk.close()


def services() -> Iterator[build.Talk]:
    """Every command of every service, answered well and badly, with a SOP class that is known, and with poison."""
    for number, sop_class in enumerate((*SOP_CLASSES, build.CT_IMAGE_STORAGE, build.STUDY_ROOT_MOVE, ""), start=10):
        talk = _open(number)
        known = sop_class or build.CT_IMAGE_STORAGE
        talk.client(build.associate_rq(build.proposal(1, known, [build.EXPLICIT])))
        talk.server(build.associate_ac(build.answer(1, transfer=build.EXPLICIT)))
        requests = [field for field in COMMAND_FIELDS if not field & RESPONSE_BIT]
        for message, field in enumerate(requests, start=1):
            status = (0x0000, 0xA700, 0xB000)[message % 3]
            ask, reply = (talk.client, talk.server)[:: -1 if field == 0x0100 else 1]
            ask(build.message(1, command(field, message, 0, sop_class=sop_class, data=True), identifier()))
            if field | RESPONSE_BIT in COMMAND_FIELDS:
                reply(build.message(1, command(field | RESPONSE_BIT, message, status, sop_class="", data=False)))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        yield talk.close()


def data_sets() -> Iterator[build.Talk]:
    """Data sets in every syntax and character set, and some that are not what they say."""
    bodies = [data_set(character_set) for character_set in CHARACTER_SETS]
    bodies += [file_meta() + bodies[0], bodies[2][:-7], b"\x10\0\x10\0\x1b\x07" + BYTES]
    implicit = b"".join(bare(tag, UTF8) for tag in (0x00080018, 0x00081195, 0x00090010, 0x00100010, 0x00400252))
    for number, syntax in enumerate((build.EXPLICIT, build.IMPLICIT, ""), start=60):
        talk = _open(number)
        asked = build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, [syntax or build.EXPLICIT]))
        talk.client(asked if syntax else poisoned(asked))
        talk.server(build.associate_ac(build.answer(1, transfer=syntax)))
        for message, body in enumerate((*bodies, implicit), start=1):
            talk.client(build.message(1, build.store_rq(message), body))
            talk.server(build.message(1, build.store_rsp(message, 0xC000)))
        yield talk.close()


def damaged() -> build.Talk:
    """Bytes that are no PDU, and PDUs that are none of ours."""
    talk = _open(90)
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.pdu(0x1B, BYTES))
    talk.client(build.p_data(build.pdv(1, BYTES, command=True)))
    talk.server(build.pdu(3, BYTES))
    talk.server(BYTES * 3)
    return talk


def capture(of: Iterable[build.Talk]) -> bytes:
    """Connections in one capture."""
    return build.pcap(build.frames(packet for talk in of for packet in talk.packets))
