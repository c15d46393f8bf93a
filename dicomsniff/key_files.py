"""Files that hold what opens TLS connections, named by the user: key logs, which may grow, and RSA private keys."""

import os
from collections.abc import Iterable
from typing import BinaryIO

from dicomsniff.tls.vault import Vault

MAX_KEY = 1 << 20
"""Bytes of a file that is read as a private key."""
AT_A_TIME = 1 << 20
"""Bytes of a key log read in one go."""

Path = str | os.PathLike[str]


class KeyFileError(ValueError):
    """A file that holds no keys, or cannot be read; the message names it, and nothing of what is in it."""


class KeyFiles:
    """Reads key logs (NSS format, as SSLKEYLOGFILE makes them) and private keys (PEM) into a vault.

    Raises KeyFileError. A key log without secrets is one of handshakes that failed, or that are still to come: with
    `growing`, `look` reads what was appended since.
    """

    def __init__(self, key_logs: Iterable[Path] = (), keys: Iterable[Path] = (), *, growing: bool = False) -> None:
        key_logs, keys = list(key_logs), list(keys)
        self.paths = tuple([os.fspath(path) for path in key_logs]), tuple([os.fspath(path) for path in keys])
        """The files, for another process to read: key logs, and private keys."""
        self.vault = Vault()
        """Has all that was read, for the analyzer."""
        self._key_logs: list[BinaryIO] = []
        try:
            for path in keys:
                self._add_key(os.fspath(path))
            for path in key_logs:
                self._add_key_log(os.fspath(path), growing=growing)
        except KeyFileError:
            self.close()
            raise
        if not growing:
            self.close()

    @property
    def may_grow(self) -> bool:
        """Whether more may be appended to a key log."""
        return bool(self._key_logs)

    def look(self) -> None:
        """Read what was appended to the key logs since the last time."""
        for file in self._key_logs:
            self._read(file)

    def close(self) -> None:
        """Let go of the files."""
        for file in self._key_logs:
            file.close()
        self._key_logs.clear()

    def _add_key(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                self.vault.secrets.add_rsa_key(file.read(MAX_KEY))
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise KeyFileError(f"{path}: {error}") from None

    def _add_key_log(self, path: str, *, growing: bool) -> None:
        secrets = self.vault.secrets
        before = secrets.lines, secrets.bad_lines
        try:
            file = open(path, "rb")  # noqa: SIM115  it is read on as long as it grows
            self._key_logs.append(file)
            self._read(file)
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from None
        if not growing:
            secrets.add_keylog(b"\n")  # nothing comes that could end its last line
        if secrets.lines == before[0] and secrets.bad_lines > before[1] and not growing:
            raise KeyFileError(
                f"{path}: no line of a TLS key log in it; such lines begin with CLIENT_RANDOM or the like"
            )

    def _read(self, file: BinaryIO) -> None:
        while text := file.read(AT_A_TIME):
            self.vault.secrets.add_keylog(text)
