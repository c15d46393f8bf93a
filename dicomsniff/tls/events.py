"""What the TLS stage hands on. Offsets are those of TCP: `start` and `end` enclose the records that it came from."""

from enum import Enum

from msgspec import Struct

from dicomsniff.tls.peer import Peer


class Plaintext(Struct, frozen=True, gc=False):
    """Application data of one record, authenticated."""

    peer: Peer
    data: bytes
    start: int
    end: int


class Alert(Struct, frozen=True):
    """An alert, sent in clear or authenticated (RFC 8446 §6)."""

    peer: Peer
    level: int
    description: int
    start: int
    end: int
    is_plain: bool
    """Whether it was sent in clear."""


class Problem(Enum):
    """What can go wrong between records and plaintext."""

    DAMAGED = "record does not authenticate"
    WRONG_SECRETS = "no record authenticates with the secrets given"
    NO_SECRETS = "no secrets"
    UNSUPPORTED = "not decoded"
    LOST = "place lost"
    NOT_TLS = "no TLS record"
    MALFORMED = "handshake message malformed"
    TOO_MUCH = "limit reached"


class TlsProblem(Struct, frozen=True):
    """Bytes from `start` to `end` that gave no plaintext, and why: `text` is empty where it is as said before.

    Where `is_gap`, application data may have been among them: the next `Plaintext` of this peer need not continue
    the last one. `records` says how many there are, where that is known. The problem with which a decoder gives a side
    up is that side's last event: what comes behind `end` is not read either.
    """

    peer: Peer
    problem: Problem
    text: str
    start: int
    end: int
    is_gap: bool
    records: int | None = None


TlsEvent = Plaintext | Alert | TlsProblem
