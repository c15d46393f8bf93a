"""Names that stand for withheld values: the same for the same value, so that a reader sees who is the same."""

MAX_VALUES = 100_000
"""Different values told apart in a run without a key; those that come later share one name for each attribute."""
LATEST_VALUES = 20_000
"""Different values remembered where there is no end: one that is forgotten has a new name when it comes again."""
_FEW = 16
"""Bytes of values that are remembered as they are: most names and numbers need no digest, and no OpenSSL."""
_DIGITS = 12
"""Hexadecimal digits of a name that a key makes: of a million values no two are likely to share one."""


class Placeholders:
    """Gives each value a name: `PatientName-2`, the second name of a patient that came.

    With a key the name is the same in every run, and in every capture: `PatientName-5d41402abc4b`. Without the key
    nobody can tell from it whether a value that they guess is the right one.
    """

    def __init__(self, key: bytes | None = None, *, watches: bool = False) -> None:
        self._key, self._watches = key, watches
        self._numbers: dict[bytes, int] = {}
        self._given: dict[str, int] = {}
        self.asked = 0
        """How often a name was asked for that hangs on which values came before."""

    def name(self, kind: str, value: str | bytes) -> str:
        """Return what stands for a value of an attribute or kind."""
        said = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        if self._key is not None:
            import hmac
            from hashlib import sha256

            keyed = hmac.new(self._key, kind.encode() + b"\0" + said, sha256)
            return f"{kind}-{keyed.hexdigest()[:_DIGITS]}"
        self.asked += 1
        digest = _digest(kind.encode(), said)
        number = self._numbers.get(digest)
        if number is None:
            if self._watches and len(self._numbers) >= LATEST_VALUES:
                del self._numbers[next(iter(self._numbers))]
            elif len(self._numbers) >= MAX_VALUES:
                return f"{kind}-more"
            number = self._numbers[digest] = self._given[kind] = self._given.get(kind, 0) + 1
        elif self._watches:  # those that have not come for longest are forgotten first
            self._numbers[digest] = self._numbers.pop(digest)
        return f"{kind}-{number}"


def _digest(kind: bytes, value: bytes) -> bytes:
    """Return what tells a value of a kind from others, in few bytes; itself where it has few."""
    if len(value) <= _FEW:
        return kind + b"\0" + value
    from hashlib import blake2b

    return b"\0" + blake2b(value, digest_size=16, person=blake2b(kind, digest_size=16).digest()).digest()
