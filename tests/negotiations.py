"""Associations that only negotiate, and the items with which each side does."""

import struct

import build
from dicomsniff.association.association import Association
from pipeline import only


def role(uid: str, scu: int, scp: int) -> bytes:
    return build.item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes([scu, scp]))


def window(invoked: int, performed: int) -> bytes:
    return build.item(0x53, struct.pack(">HH", invoked, performed))


def extended(uid: str, information: bytes) -> bytes:
    return build.item(0x56, struct.pack(">H", len(uid)) + uid.encode() + information)


def negotiate(
    proposals: list[bytes],
    answers: list[bytes] | None,
    asked: tuple[bytes, ...] = (),
    said: tuple[bytes, ...] = (),
    lengths: tuple[int, int] = (16384, 16384),
) -> Association:
    """An association whose A-ASSOCIATE-AC is missing where `answers` are None."""
    talk = build.Talk().open()
    talk.client(build.associate(1, proposals, build.user_information(lengths[0], *asked), "B", "A"))
    if answers is not None:
        talk.server(build.associate(2, answers, build.user_information(lengths[1], *said), "B", "A"))
    return only(talk.packets)
