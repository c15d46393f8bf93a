"""How the records of one side are protected: a record comes in, what it holds comes out if it authenticates."""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import Camellia, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from dicomsniff.dictionary.tls import RECORD_HEADER, TLS_1_0, TLS_1_3
from dicomsniff.tls.schedule import Keys
from dicomsniff.tls.suites import Suite

TAIL = 64
"""Bytes before a record that decrypting it may need: a block of the record before, and that one's MAC."""
Bytes = bytes | memoryview
"""A body, or a view of one that is not kept: a copy of each takes a fortieth of the time to read a large capture."""
_Aead = AESGCM | AESCCM | ChaCha20Poly1305
_AEADS: dict[str, Callable[[bytes], _Aead]] = {
    "GCM": AESGCM,
    "CCM": partial(AESCCM, tag_length=16),
    "CCM_8": partial(AESCCM, tag_length=8),
    "POLY1305": ChaCha20Poly1305,
}
_BLOCK_CIPHERS: dict[str, Callable[[bytes], CipherAlgorithm]] = {"AES": AES, "CAMELLIA": Camellia, "3DES": TripleDES}


class Protection(ABC):
    """Opens records. Nothing that does not authenticate leaves it."""

    __slots__ = ()

    smallest: int
    """The least bytes of a record's body."""
    overhead: int | None = None
    """How many bytes longer than its plaintext a record is, with its header; None where that varies."""
    is_chained = False
    """Whether what comes out is right only if the record before was, too: nothing else vouches for the IV."""

    @abstractmethod
    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:
        """Return content type and content of a record; None where it does not authenticate.

        `before` is the end, up to `TAIL` bytes, of what lay before the record in its stream.
        """


class _Tls13(Protection):
    """RFC 8446 §5.2."""

    __slots__ = ("_decrypt", "_iv", "overhead", "smallest")

    def __init__(self, aead: _Aead, iv: bytes, tag: int) -> None:
        self._decrypt = aead.decrypt
        self._iv = int.from_bytes(iv, "big")
        self.smallest = tag + 1
        self.overhead = RECORD_HEADER + tag + 1

    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002
        try:
            inner = self._decrypt((self._iv ^ sequence).to_bytes(12, "big"), body, header)
        except (InvalidTag, ValueError):
            return None
        inner = inner.rstrip(b"\0")
        return (inner[-1], inner[:-1]) if inner else None


class _Tls12Aead(Protection):
    """RFC 5246 §6.2.3.3; with an explicit part of the nonce in the record, or with none (RFC 7905 §2)."""

    __slots__ = ("_decrypt", "_explicit", "_iv", "_overhead", "_salt", "overhead", "smallest")

    def __init__(self, aead: _Aead, iv: bytes, tag: int) -> None:
        self._decrypt = aead.decrypt
        self._salt = bytes(iv)
        self._iv = int.from_bytes(iv, "big")
        self._explicit = 12 - len(iv)
        self._overhead = self._explicit + tag
        self.smallest = self._overhead
        self.overhead = RECORD_HEADER + self._overhead

    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002
        length = len(body) - self._overhead
        if length < 0:
            return None
        covered = sequence.to_bytes(8, "big") + header[:3] + length.to_bytes(2, "big")
        if explicit := self._explicit:
            nonce, body = self._salt + body[:explicit], body[explicit:]
        else:
            nonce = (self._iv ^ sequence).to_bytes(12, "big")
        try:
            return header[0], self._decrypt(nonce, body, covered)
        except (InvalidTag, ValueError):
            return None


class _Mac(Protection):
    """Authentication without encryption (RFC 5246 §6.2.3.1)."""

    __slots__ = ("_digest", "_key", "_size", "smallest")

    def __init__(self, key: bytes, digest: str) -> None:
        self._key, self._digest = key, digest
        self._size = self.smallest = len(key)

    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002
        content = self._checked(sequence, header, body)
        return None if content is None else (header[0], content)

    def _checked(self, sequence: int, header: bytes, body: Bytes) -> bytes | None:
        """Return what is before the MAC, if that is right."""
        length = len(body) - self._size
        if length < 0:
            return None
        content = bytes(body[:length])
        covered = sequence.to_bytes(8, "big") + header[:3] + length.to_bytes(2, "big") + content
        if not hmac.compare_digest(hmac.digest(self._key, covered, self._digest), body[length:]):
            return None
        return content


class _Cbc(_Mac):
    """RFC 5246 §6.2.3.2, and of TLS 1.0 with the last block before as IV (RFC 2246 §6.2.3.2)."""

    __slots__ = ("_block", "_cipher", "_iv")

    def __init__(self, keys: Keys, suite: Suite, version: int) -> None:
        super().__init__(keys.mac, suite.hash)
        self._cipher = _BLOCK_CIPHERS[suite.algorithm](keys.key)
        self._block = suite.block
        self._iv: bytes | None = keys.iv if version == TLS_1_0 else None
        self.smallest = self._size + self._block

    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:
        padded = self._decrypt(sequence, body, before, 0)
        if padded is None or len(padded) <= padded[-1]:
            return None
        return super().open(sequence, header, padded[: -padded[-1] - 1], before) if _is_padded(padded) else None

    def _decrypt(self, sequence: int, body: Bytes, before: bytes, mac: int) -> bytes | None:
        """Decrypt a body; `mac` is the length of the MAC after the encrypted bytes."""
        block = self._block
        if self._iv is None:
            iv, body = bytes(body[:block]), body[block:]
        elif sequence == 0:
            iv = self._iv
        else:
            iv = before[: len(before) - mac][-block:]
        if len(iv) != block or not body or len(body) % block:
            return None
        decryptor = Cipher(self._cipher, CBC(iv)).decryptor()
        return decryptor.update(body) + decryptor.finalize()


class _CbcThenMac(_Cbc):
    """Encrypt-then-MAC (RFC 7366)."""

    __slots__ = ("is_chained",)

    def __init__(self, keys: Keys, suite: Suite, version: int) -> None:
        super().__init__(keys, suite, version)
        self.is_chained = version == TLS_1_0

    def open(self, sequence: int, header: bytes, body: Bytes, before: bytes) -> tuple[int, bytes] | None:
        encrypted = self._checked(sequence, header, body)
        if encrypted is None:
            return None
        padded = self._decrypt(sequence, encrypted, before, self._size)
        if padded is None or not _is_padded(padded):
            return None
        return header[0], padded[: -padded[-1] - 1]


def _is_padded(padded: bytes) -> bool:
    count = padded[-1] + 1
    return padded.endswith(padded[-1:] * count)


def protection(keys: Keys, suite: Suite, version: int, *, encrypt_then_mac: bool = False) -> Protection | None:
    """Return what opens the records of one side; None where the cryptographic library cannot."""
    try:
        if suite.is_aead:
            aead = _AEADS[suite.mode](keys.key)
            tag = 8 if suite.mode == "CCM_8" else 16
            return (_Tls13 if version == TLS_1_3 else _Tls12Aead)(aead, keys.iv, tag)
        if not suite.mode:
            return _Mac(keys.mac, suite.hash)
        return (_CbcThenMac if encrypt_then_mac else _Cbc)(keys, suite, version)
    except UnsupportedAlgorithm:
        return None
