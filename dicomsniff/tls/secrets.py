"""The secrets of sessions: lines of NSS key logs and RSA private keys come in, secrets by session out (RFC 9850)."""

import re
from collections import OrderedDict
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MAX_SESSIONS = 1 << 16
"""Sessions whose secrets are kept, a few hundred bytes each; the oldest are forgotten first."""
MAX_LINE = 1 << 12
"""Bytes of a key log's line: a few hundred in fact."""
MAX_RSA_KEYS = 64
_LINE = re.compile(rb"([A-Z0-9_]+) +([0-9A-Fa-f]+) +([0-9A-Fa-f]+)")
_BY_SESSION_ID = re.compile(rb"RSA +Session-ID:([0-9A-Fa-f]+) +Master-Key:([0-9A-Fa-f]+)")
_MASTER, _RANDOM = 48, 32


class Origin(Enum):
    """Where secrets came from."""

    KEY_LOG = "key log"
    CAPTURE = "secrets in the capture"
    RSA_KEY = "RSA key"


class Secret(bytes):
    """Bytes that must not be shown, nor written where an object is pickled."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<secret of {len(self)} bytes>"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a secret is not to be written")


class Found(NamedTuple):
    """A secret, and where it came from."""

    secret: Secret
    origin: Origin


class Label(Enum):
    """What a secret is for (RFC 9850 §2); the last four are names of our own or of other programs' lines."""

    EARLY = b"CLIENT_EARLY_TRAFFIC_SECRET"
    CLIENT_HANDSHAKE = b"CLIENT_HANDSHAKE_TRAFFIC_SECRET"
    SERVER_HANDSHAKE = b"SERVER_HANDSHAKE_TRAFFIC_SECRET"
    CLIENT_TRAFFIC = b"CLIENT_TRAFFIC_SECRET_0"
    SERVER_TRAFFIC = b"SERVER_TRAFFIC_SECRET_0"
    MASTER = b"CLIENT_RANDOM"
    PREMASTER = b"PMS_CLIENT_RANDOM"
    RSA_PREMASTER = b"RSA"
    SESSION_ID = b"Session-ID"
    TICKET = b"ticket"

    __hash__ = object.__hash__


_LABELS = {label.value: label for label in Label if label not in (Label.SESSION_ID, Label.TICKET)}
_LENGTHS: dict[Label, frozenset[int]] = {
    Label.MASTER: frozenset([_MASTER]),
    Label.PREMASTER: frozenset(range(1, 1 << 10)),
    Label.RSA_PREMASTER: frozenset([_MASTER]),
}
_TRAFFIC_LENGTHS = frozenset([32, 48])
"""A traffic secret is as long as its suite's hash."""


class Secrets:
    """All secrets that are known, for any number of connections. Nothing shows them: not `repr`, not a message."""

    __slots__ = (
        "_found",
        "_has_lines",
        "_rests",
        "_rsa_keys",
        "bad_lines",
        "forgotten",
        "is_complete",
        "lines",
        "now",
        "version",
    )

    def __init__(self) -> None:
        self.version = 0
        """Changes whenever something was added: what had none may look again."""
        self.is_complete = False
        """Whether nothing more will be added, so that a session without secrets need not be waited for."""
        self.now = 0
        """What the clock says (ns), where secrets may come at any time; else always 0, so that nothing hangs on it."""
        self.lines = 0
        """Lines of key logs that were understood, those with labels that are of no use here among them."""
        self.bad_lines = 0
        """Lines of key logs that were not."""
        self.forgotten = 0
        """Sessions forgotten because there were more than `MAX_SESSIONS`."""
        self._found: OrderedDict[bytes, dict[Label, Found]] = OrderedDict()
        self._rests: dict[Origin, bytes] = {}
        self._has_lines = False
        self._rsa_keys: list[RSAPrivateKey] = []

    def __repr__(self) -> str:
        return f"<secrets of {len(self._found)} sessions, {len(self._rsa_keys)} RSA keys>"

    def __len__(self) -> int:
        """The number of sessions that secrets are known of, and of RSA keys."""
        return len(self._found) + len(self._rsa_keys)

    @property
    def has_rsa_keys(self) -> bool:
        """Whether there is any RSA key."""
        return bool(self._rsa_keys)

    @property
    def has_sessions(self) -> bool:
        """Whether secrets of any session came in a key log or in a capture."""
        return self._has_lines

    def add_keylog(self, text: bytes) -> None:
        """Take a key log, or what was appended to it since; lines that are none are counted."""
        text = self._rests.pop(Origin.KEY_LOG, b"") + text
        whole, newline, rest = text.rpartition(b"\n")
        self._add_lines(whole if newline else b"", Origin.KEY_LOG)
        # The last line may be without its end for good, or still being written: it is read now and again then.
        self._rests[Origin.KEY_LOG] = rest[: MAX_LINE + 1]
        if rest and len(rest) <= MAX_LINE:
            self._add_line(rest, Origin.KEY_LOG)
        self.version += 1

    def add_capture_secrets(self, text: bytes) -> None:
        """Take the key log that a Decryption Secrets Block of a capture holds."""
        self._add_lines(text, Origin.CAPTURE)
        self.version += 1

    def add_rsa_key(self, pem: bytes) -> None:
        """Take the RSA private key of a server; ValueError where it is none that can be used."""
        from dicomsniff.tls.rsa_keys import load_rsa_key

        key = load_rsa_key(pem)
        if len(self._rsa_keys) >= MAX_RSA_KEYS:
            raise ValueError(f"more than {MAX_RSA_KEYS} RSA keys")
        self._rsa_keys.append(key)
        self.version += 1

    def find(self, label: Label, name: bytes) -> Found | None:
        """Return the secret of a session: by client random, by session id, by ticket or by encrypted premaster."""
        return self._found.get(name, {}).get(label)

    def labels(self, name: bytes) -> list[str]:
        """Return what the secrets are for that are known of a session, as key logs name it."""
        return sorted(label.value.decode() for label in self._found.get(name, {}))

    def last_sessions(self, count: int) -> list[bytes]:
        """Return the client randoms of the sessions that were added last, up to `count`, the last one first."""
        return list(islice(reversed(self._found), count))

    def remember(self, label: Label, name: bytes, found: Found) -> None:
        """Keep a secret that a session was found to have, for sessions that resume it."""
        of_session = self._found.setdefault(name, {})
        of_session[label] = found
        if len(self._found) > MAX_SESSIONS:
            self._found.popitem(last=False)
            self.forgotten += 1

    def decrypt_premaster(self, encrypted: bytes) -> list[Found]:
        """Return what each RSA key makes of an encrypted premaster secret (RFC 5246 §7.4.7.1)."""
        if not self._rsa_keys:
            return []
        from dicomsniff.tls.rsa_keys import decrypt

        decrypted = (decrypt(key, encrypted) for key in self._rsa_keys)
        return [
            Found(Secret(premaster), Origin.RSA_KEY)
            for premaster in decrypted
            if premaster and len(premaster) == _MASTER
        ]

    def _add_lines(self, text: bytes, origin: Origin) -> None:
        for line in text.split(b"\n"):
            line = line.strip()
            if line and not line.startswith(b"#"):
                understood = self._add_line(line, origin)
                self.lines += understood
                self.bad_lines += not understood

    def _add_line(self, line: bytes, origin: Origin) -> bool:
        if len(line) > MAX_LINE:
            return False
        if match := _BY_SESSION_ID.fullmatch(line):
            label, name, secret = Label.SESSION_ID, match[1], match[2]
        elif match := _LINE.fullmatch(line.strip()):
            if match[1] not in _LABELS:
                return True
            label, name, secret = _LABELS[match[1]], match[2], match[3]
        else:
            return False
        if len(name) % 2 or len(secret) % 2 or len(secret) // 2 not in _LENGTHS.get(label, _TRAFFIC_LENGTHS):
            return False
        self._has_lines = True
        self.remember(label, bytes.fromhex(name.decode()), Found(Secret(bytes.fromhex(secret.decode())), origin))
        return True
