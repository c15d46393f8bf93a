"""Where a survey keeps what it found in each part, sealed, for itself and for later runs."""

import os
import pickle
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from dicomsniff.output import replaced
from dicomsniff.surveying.head import Head, decoded, encoded
from dicomsniff.surveying.sealing import SealedWriter, SealError, unsealed

if TYPE_CHECKING:
    from dicomsniff.surveying.part import Body, Sums

STATE = ".state"
"""The directory, in that of the tables."""


class Store:
    """The parts of a survey, by their labels. It may be used in any process that can reach the directory."""

    def __init__(self, directory: str, secret: bytes) -> None:
        self.directory, self._secret = os.path.join(directory, STATE), secret

    @contextmanager
    def spool(self, label: str) -> Iterator[Callable[[Head, "Body"], None]]:
        """Yield what takes what came of each connection."""
        with self._written(label, "heads") as heads, self._written(label, "spool") as bodies:

            def take(head: Head, body: "Body") -> None:
                heads.write(encoded(head))
                bodies.write(pickle.dumps(body, pickle.HIGHEST_PROTOCOL))

            yield take

    def put_sums(self, label: str, sums: "Sums") -> None:
        """Keep what else is known of a part, which is done thereby."""
        with self._written(label, "sums") as writer:
            writer.write(pickle.dumps(sums, pickle.HIGHEST_PROTOCOL))

    def sums(self, label: str) -> "Sums | None":
        """Return what else is known of a part; None where it is not done, or not to be trusted."""
        try:
            with open(self._path(label, "sums"), "rb") as file:
                (pickled,) = unsealed(file, self._secret)
            if not all(os.path.exists(self._path(label, kind)) for kind in ("heads", "spool")):
                return None
        except (OSError, SealError):
            return None
        return cast("Sums", pickle.loads(pickled))

    def heads(self, label: str) -> Iterator[Head]:
        """Yield what has to be known of each connection."""
        yield from map(decoded, self._records(label, "heads"))

    def connections(self, label: str) -> "Iterator[tuple[Head, Pickled]]":
        """Yield the same, each with what came of it."""
        bodies = self._records(label, "spool")
        yield from zip(self.heads(label), map(Pickled, bodies), strict=True)

    def keep_only(self, labels: Collection[str]) -> None:
        """Let go of other parts."""
        for name in os.listdir(self.directory):
            if name.partition(".")[0] not in labels:
                with suppress(OSError):
                    os.unlink(os.path.join(self.directory, name))

    def _records(self, label: str, kind: str) -> Iterator[bytes]:
        with open(self._path(label, kind), "rb") as file:
            yield from unsealed(file, self._secret)

    @contextmanager
    def _written(self, label: str, kind: str) -> Iterator[SealedWriter]:
        with replaced(self._path(label, kind), (), force=True) as file:
            writer = SealedWriter(file, self._secret)
            yield writer
            writer.finish()

    def _path(self, label: str, kind: str) -> str:
        return os.path.join(self.directory, f"{label}.{kind}")


class Pickled:
    """What came of a connection, until somebody asks."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def load(self) -> "Body":
        """Return it; each time another copy."""
        return cast("Body", pickle.loads(self._body))
