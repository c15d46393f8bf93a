"""Numbers for numbers, one to one and told by a secret: what same-length placeholders are made of."""

import os
from functools import lru_cache
from hashlib import blake2b
from math import isqrt

_ROUNDS = 8
_CACHED = 1 << 14
"""Permuted numbers that are remembered: the same few values come again and again."""


class Permutation:
    """Replaces numbers below a size by others, each by one of its own: a Feistel network, walked until it fits.

    Without a key of the user's nobody can find out later which number stood for which.
    """

    def __init__(self, key: bytes | None = None) -> None:
        secret = os.urandom(32) if key is None else key
        self._key = blake2b(secret, digest_size=32, person=b"substitute").digest()
        self.of = lru_cache(_CACHED)(self._of)

    def _of(self, number: int, size: int) -> int:
        """Return what stands for a number below `size`."""
        root = isqrt(size - 1) + 1
        kind = blake2b(size.to_bytes(size.bit_length() // 8 + 1, "big"), digest_size=15, key=self._key).digest()
        while True:
            left, right = divmod(number, root)
            for turn in range(_ROUNDS):
                said = right.to_bytes(right.bit_length() // 8 + 1, "big")
                mixed = blake2b(said, key=self._key, salt=bytes([turn]) + kind).digest()
                left, right = right, (left + int.from_bytes(mixed, "big")) % root
            number = left * root + right
            if number < size:
                return number
