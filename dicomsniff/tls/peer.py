"""The two ends of a TLS connection: a requestor is seldom, but may be, its server."""

from enum import Enum


class Peer(Enum):
    """Who sends: the client, which says hello first, or the server (RFC 8446 §1.1)."""

    CLIENT = "client"
    SERVER = "server"

    other: "Peer"
    """The one that it talks to."""

    # Enum hashes a member's name in Python each time. There is one object per member, unpickled ones included.
    __hash__ = object.__hash__


CLIENT, SERVER = Peer.CLIENT, Peer.SERVER
CLIENT.other, SERVER.other = SERVER, CLIENT
