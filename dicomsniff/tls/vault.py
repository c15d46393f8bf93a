"""Where secrets stay, for the decoders of all connections. Pickled it is a name, never what is in it.

A connection may leave memory (tcp/shelf.py), and what was found of it may go from one process to another (merging.py).
Secrets do neither: they stay where they are, and so do decoders, which have keys. A pickled vault is found again by
its name where it was pickled; anywhere else there is an empty one, with which nothing is read.
"""

from collections.abc import Sequence
from os import urandom
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet, WeakValueDictionary

if TYPE_CHECKING:
    from dicomsniff.tls.decoder import TlsDecoder
    from dicomsniff.tls.secrets import Secrets


MAX_NOTICES = 100
"""Servers of which it is said what their connections wait for."""


class Waiting(Protocol):
    """Reads a connection of which something waits for secrets."""

    @property
    def connection(self) -> Any:
        """The connection."""

    @property
    def associations(self) -> Sequence[Any]:
        """What was recognized on it so far."""

    def pass_time(self, number: int) -> list[Any]:
        """Read what has waited for long enough; `number` is that of the next association."""


class Vault:
    """Holds the secrets, and the decoders of connections that are out of memory."""

    __slots__ = ("__weakref__", "_is_complete", "_kept", "_name", "_noted", "_notices", "_secrets", "now", "waiting")

    def __init__(self) -> None:
        self._name = urandom(16)  # as a UUID would be, whose module takes a hundredth of the time to start
        self._secrets: Secrets | None = None
        self._is_complete = True
        self._kept: dict[int, TlsDecoder] = {}
        self.now = 0
        """What the clock says (ns), where secrets may come at any time; else always 0."""
        self.waiting: WeakSet[Waiting] = WeakSet()
        """Connections of which something waits for secrets that may come at any time."""
        self._notices: list[str] = []
        self._noted: set[str] = set()
        _VAULTS[self._name] = self

    def __repr__(self) -> str:
        return f"<vault: {self._secrets or 'no secrets'}>"

    def __reduce__(self) -> tuple[object, ...]:
        return find_vault, (self._name,)

    @property
    def secrets(self) -> "Secrets":
        """All secrets that are known."""
        if self._secrets is None:
            from dicomsniff.tls.secrets import Secrets  # it loads a library that captures without TLS do not need

            self._secrets = Secrets()
            self._secrets.is_complete = self._is_complete
            self._secrets.now = self.now
        return self._secrets

    @property
    def is_complete(self) -> bool:
        """Whether no more secrets will come, so that nothing has to wait for them."""
        return self._is_complete

    @is_complete.setter
    def is_complete(self, is_complete: bool) -> None:
        self._is_complete = is_complete
        if self._secrets is not None:
            self._secrets.is_complete = is_complete

    def pass_time(self, now: int) -> None:
        """It is `now` (ns, by any clock), and secrets may come at any time."""
        self.now = now
        if self._secrets is not None:
            self._secrets.now = now

    def note_waiting(self, about: str, notice: str) -> None:
        """Say what something waits for, once `about` each, to whoever pops notices."""
        if about not in self._noted and len(self._noted) < MAX_NOTICES:
            self._noted.add(about)
            self._notices.append(notice)

    def pop_notices(self) -> list[str]:
        """Hand over what was said since the last time."""
        notices, self._notices = self._notices, []
        return notices

    @property
    def may_read(self) -> bool:
        """Whether there are secrets, or some may still come."""
        return not self._is_complete or bool(self._secrets)

    def keep(self, decoder: "TlsDecoder") -> int:
        """Keep a decoder for a connection that leaves memory; return what it is given back for."""
        self._kept[id(decoder)] = decoder
        return id(decoder)

    def give_back(self, number: int) -> "TlsDecoder | None":
        """Give a decoder back; None where it is not kept here."""
        return self._kept.pop(number, None)


_VAULTS: WeakValueDictionary[bytes, Vault] = WeakValueDictionary()


def find_vault(name: bytes) -> Vault:
    """Return the vault of a name; an empty one where it is not in this process, or not any more."""
    found = _VAULTS.get(name)
    return found if found is not None else Vault()
