"""What has to be known of every connection of every part: little, as it is gone through several times."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from dicomsniff.association.totals import Recognized
from dicomsniff.span import PacketMark


class Head(Struct, frozen=True, array_like=True):
    """What has to be known of a connection to find out where it goes on, and what its associations are numbered."""

    flow: bytes
    first_mark: PacketMark
    last_mark: PacketMark
    recognized: Sequence[Recognized]
    """When each of its associations was."""
    begins: bool
    is_guest: bool
    is_awaited: bool
    """Whether rules may ask about its associations before they are over."""


encoded: Callable[[Head], bytes] = Encoder().encode
"""Returns it in few bytes."""
decoded: Callable[[bytes], Head] = Decoder(Head).decode
