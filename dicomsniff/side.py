"""The two sides of an association; what one of them sent, did or has is kept by side."""

from enum import Enum


class Side(Enum):
    """Who sends: the requestor, which asked for the association, or the acceptor, which was asked (PS3.8 §7.1).

    Where each packet or message asks for a member, a module keeps it under a name of its own: that is found much
    faster than an Enum's member.
    """

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"

    other: "Side"
    """The side that it talks to."""

    # Enum hashes a member's name in Python each time. There is one object per member, unpickled ones included.
    __hash__ = object.__hash__


Side.REQUESTOR.other, Side.ACCEPTOR.other = Side.ACCEPTOR, Side.REQUESTOR

SIDES = tuple(Side)
"""Both; to go through them takes much less time than to go through the Enum."""
