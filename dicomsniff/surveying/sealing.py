"""What a run keeps for a later one: records in files that nobody reads or makes but who has the secret.

What analyzers found names patients, and stands beside tables that are to be given away; and it is pickled, so that
who could forge it could run programs here. Hence each file is encrypted, and opened only where it is as it was written
(ChaCha20-Poly1305, RFC 8439), with a secret that stays with the user.
"""

import os
from collections.abc import Iterator
from hashlib import blake2b
from typing import IO

import click
import lz4.block
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from dicomsniff.output import OutputError, replaced

MAGIC = b"dicomsniff survey 1\n"
FRAME = 1 << 20
"""Bytes of records that are sealed together, at least."""
MAX_FRAME = 1 << 30
"""Bytes that are sealed together at most; one that announces more is none of ours."""
SECRET = 32
"""Bytes of a secret."""
_SALT = 16
_LAST, _MORE = b"last", b"more"


class SealError(Exception):
    """A file that is damaged, cut off, or was sealed with another secret."""


def secret_of_run() -> tuple[bytes, bool]:
    """Return the user's secret, made when it is asked for first, and whether it is kept: else it is for this run."""
    directory = click.get_app_dir("dicomsniff")
    path = os.path.join(directory, "survey.key")
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        if not os.path.exists(path):
            with replaced(path, ()) as new:
                new.write(os.urandom(SECRET))
        with open(path, "rb") as file:
            secret = file.read(SECRET)
    except (OSError, OutputError):
        secret = b""
    return (secret, True) if len(secret) == SECRET else (os.urandom(SECRET), False)


class SealedWriter:
    """Writes records to a file; it is whole once it is finished."""

    def __init__(self, file: IO[bytes], secret: bytes) -> None:
        self._file, self._frames = file, 0
        self._waiting = bytearray()
        salt = os.urandom(_SALT)
        self._cipher = _cipher(secret, salt)
        file.write(MAGIC + salt)

    def write(self, record: bytes) -> None:
        """Write a record."""
        self._waiting += len(record).to_bytes(8, "big")
        self._waiting += record
        if len(self._waiting) >= FRAME:
            self._seal(_MORE)

    def finish(self) -> None:
        """There are no more."""
        self._seal(_LAST)

    def _seal(self, which: bytes) -> None:
        packed = lz4.block.compress(bytes(self._waiting))
        sealed = self._cipher.encrypt(_nonce(self._frames), packed, which)
        self._file.write(len(sealed).to_bytes(8, "big") + which)
        self._file.write(sealed)
        self._frames += 1
        self._waiting.clear()


def unsealed(file: IO[bytes], secret: bytes) -> Iterator[bytes]:
    """Yield the records of a file; raises SealError where it is not as it was written."""
    head = file.read(len(MAGIC) + _SALT)
    if not head.startswith(MAGIC) or len(head) != len(MAGIC) + _SALT:
        raise SealError("it was not sealed here")
    cipher = _cipher(secret, head[len(MAGIC) :])
    frames, which = 0, _MORE
    while which == _MORE:
        announced = file.read(8 + len(_MORE))
        length, which = int.from_bytes(announced[:8], "big"), announced[8:]
        if which not in (_MORE, _LAST) or length > MAX_FRAME:
            raise SealError("it is cut off or damaged")
        sealed = file.read(length)
        if len(sealed) != length:
            raise SealError("it is cut off")
        try:
            opened = lz4.block.decompress(cipher.decrypt(_nonce(frames), sealed, which))
        except InvalidTag:
            raise SealError("it is damaged, or was sealed with another secret") from None
        frames += 1
        at = 0
        while at < len(opened):
            end = at + 8 + int.from_bytes(opened[at : at + 8], "big")
            yield opened[at + 8 : end]
            at = end


def _cipher(secret: bytes, salt: bytes) -> ChaCha20Poly1305:
    """Return a cipher of one file's own: its frames, counted, never use a nonce twice."""
    return ChaCha20Poly1305(blake2b(salt, key=secret, digest_size=32, person=b"dicomsniff").digest())


def _nonce(frame: int) -> bytes:
    return frame.to_bytes(12, "big")
