"""What a message lacks, of those that are not whole (PS3.7 §6.3, PS3.8 Annex E)."""

from enum import Enum

from msgspec import Struct


class Part(Enum):
    """The part of a message that is not there."""

    BEGINNING = "its command"
    COMMAND_SET = "bytes of its command set, or its end"
    DATA_SET = "bytes of its data set"
    UNPLACED = "bytes behind a hole of the capture, of which nobody knows whether they were in the one or the other"
    END = "the last fragment of its data set"
    MARK = "the mark of the last fragment, of a data set that itself is whole"
    INTERRUPTED = "that fragment, since another message began before it"


class Lack(Struct, frozen=True):
    """What a message lacks, and the same in words."""

    part: Part
    text: str
