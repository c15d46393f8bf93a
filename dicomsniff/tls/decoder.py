"""Both directions of a TLS connection: bytes come in, authenticated plaintext, alerts and problems out."""

from dicomsniff.tls.events import TlsEvent
from dicomsniff.tls.peer import Peer
from dicomsniff.tls.secrets import Secrets
from dicomsniff.tls.session import TlsSession


class TlsDecoder:
    """Reads the records of both sides (RFC 8446, RFC 5246 and before). No traffic makes it fail."""

    def __init__(self, secrets: Secrets) -> None:
        self.session = TlsSession()
        """What is known so far."""
        self._secrets = secrets

    @property
    def is_done(self) -> bool:
        """Whether nothing more can be read in either direction: further bytes need not be fed."""
        return False

    def feed(self, peer: Peer, data: bytes, start: int) -> list[TlsEvent]:  # noqa: ARG002
        """Take bytes of one side, in order; `start` is the offset of the first one in its TCP stream."""
        return []

    def skip(self, peer: Peer, start: int, length: int) -> list[TlsEvent]:  # noqa: ARG002
        """Take note that `length` bytes at `start` are not in the capture."""
        return []

    def close(self) -> list[TlsEvent]:
        """Tell of what was still waiting: nothing more will come."""
        return []
