"""From secrets to keys: the key schedule of TLS 1.3 and the pseudorandom functions of the versions before."""

import hashlib
import hmac
import struct
from typing import NamedTuple

from dicomsniff.dictionary.tls import TLS_1_2
from dicomsniff.tls.secrets import Secret
from dicomsniff.tls.suites import Suite

_MASTER = 48
_IMPLICIT = {"GCM": 4, "CCM": 4, "CCM_8": 4, "POLY1305": 12}
"""Bytes of an AEAD's nonce that come from the keys, before TLS 1.3 (RFC 5288 §3, RFC 6655 §3, RFC 7905 §2)."""
_DIGESTS = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48}


class Keys(NamedTuple):
    """What protects the records of one side."""

    key: Secret
    iv: Secret
    """Of AEAD the fixed part of nonces, of CBC the first record's IV (TLS 1.0 only)."""
    mac: Secret

    def __repr__(self) -> str:
        return "<keys>"


def expand_label(secret: bytes, label: bytes, length: int, digest: str) -> Secret:
    """HKDF-Expand-Label with an empty context (RFC 8446 §7.1)."""
    full = b"tls13 " + label
    info = struct.pack(f"!HB{len(full)}sB", length, len(full), full, 0)
    return Secret(_expand(secret, info, length, digest))


def traffic_keys(secret: bytes, suite: Suite) -> Keys:
    """Return the keys of a traffic secret (RFC 8446 §7.3)."""
    key = expand_label(secret, b"key", suite.key_length, suite.prf)
    return Keys(key, expand_label(secret, b"iv", 12, suite.prf), Secret())


def next_traffic_secret(secret: bytes, suite: Suite) -> Secret:
    """Return the traffic secret after a KeyUpdate (RFC 8446 §7.2)."""
    return expand_label(secret, b"traffic upd", len(secret), suite.prf)


def master_secret(premaster: bytes, randoms: bytes, version: int, suite: Suite) -> Secret:
    """Return the master secret; `randoms` are the client's and the server's (RFC 5246 §8.1)."""
    return _prf(premaster, b"master secret" + randoms, _MASTER, version, suite)


def extended_master_secret(premaster: bytes, transcript: bytes, version: int, suite: Suite) -> Secret:
    """Return the master secret that is bound to the messages up to ClientKeyExchange (RFC 7627 §4)."""
    digests = (suite.prf,) if version >= TLS_1_2 else ("md5", "sha1")
    session = b"".join(hashlib.new(digest, transcript, usedforsecurity=False).digest() for digest in digests)
    return _prf(premaster, b"extended master secret" + session, _MASTER, version, suite)


def key_block(master: bytes, randoms: bytes, version: int, suite: Suite) -> tuple[Keys, Keys]:
    """Return the keys of the client and of the server; `randoms` are the server's and the client's (RFC 5246 §6.3)."""
    mac = 0 if suite.is_aead else _DIGESTS[suite.hash]
    iv = _IMPLICIT[suite.mode] if suite.is_aead else suite.block
    lengths = (mac, mac, suite.key_length, suite.key_length, iv, iv)
    block = _prf(master, b"key expansion" + randoms, sum(lengths), version, suite)
    at, parts = 0, []
    for length in lengths:
        parts.append(Secret(block[at : at + length]))
        at += length
    return Keys(parts[2], parts[4], parts[0]), Keys(parts[3], parts[5], parts[1])


def _expand(secret: bytes, info: bytes, length: int, digest: str) -> bytes:
    """HKDF-Expand (RFC 5869 §2.3)."""
    made, last, count = b"", b"", 1
    while len(made) < length:
        last = hmac.digest(secret, last + info + bytes([count]), digest)
        made += last
        count += 1
    return made[:length]


def _prf(secret: bytes, seed: bytes, length: int, version: int, suite: Suite) -> Secret:
    """Return bytes of the pseudorandom function of a version (RFC 5246 §5, RFC 4346 §5); `seed` has the label in it."""
    if version >= TLS_1_2:
        return Secret(_p_hash(secret, seed, length, suite.prf))
    half = (len(secret) + 1) // 2
    first, second = _p_hash(secret[:half], seed, length, "md5"), _p_hash(secret[-half:], seed, length, "sha1")
    return Secret(a ^ b for a, b in zip(first, second, strict=True))


def _p_hash(secret: bytes, seed: bytes, length: int, digest: str) -> bytes:
    made, turn = b"", seed
    while len(made) < length:
        turn = hmac.digest(secret, turn, digest)
        made += hmac.digest(secret, turn + seed, digest)
    return made[:length]
