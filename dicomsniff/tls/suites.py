"""What a cipher suite is made of, read from its name."""

import re
from functools import lru_cache
from typing import NamedTuple

from dicomsniff.dictionary.tls_suites import SUITES

READ_CIPHERS = "AES, ChaCha20, 3DES and Camellia-CBC"
"""The ciphers of the suites that are decoded."""
_NAME = re.compile(
    r"TLS_(?:(?P<exchange>\w+)_WITH_)?(?P<cipher>NULL|3DES_EDE_CBC|CHACHA20_POLY1305|[A-Z]+_(?:128|256)_\w+?)"
    r"(?:_(?P<hash>MD5|SHA|SHA256|SHA384))?"
)
_BLOCKS = {"AES": 16, "CAMELLIA": 16, "3DES": 8}
_HASHES = {"MD5": "md5", "SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384"}


class Suite(NamedTuple):
    """A cipher suite that can be decoded (RFC 5246 §6.2.3, RFC 8446 §B.4)."""

    exchange: str | None
    """How keys are exchanged: "RSA", "ECDHE_ECDSA" …; None in TLS 1.3, where the suite does not say."""
    algorithm: str
    """ "AES", "CHACHA20", "3DES", "CAMELLIA", "NULL"."""
    mode: str
    """ "GCM", "CCM", "CCM_8", "POLY1305", "CBC" or "" for none."""
    key_length: int
    block: int
    """Bytes of a block of a CBC cipher."""
    hash: str
    """Of the HMAC of records, where it has one, as `hashlib` names it."""
    prf: str
    """Hash of key derivation, from TLS 1.2 on."""

    @property
    def is_aead(self) -> bool:
        """Whether the cipher itself authenticates."""
        return self.mode not in ("CBC", "")


@lru_cache(maxsize=64)
def find_suite(code: int) -> Suite | None:
    """Return what a suite is made of; None for those that are not decoded."""
    match = _NAME.fullmatch(SUITES.get(code, ""))
    if match is None:
        return None
    cipher, digest = match["cipher"], _HASHES[match["hash"] or "SHA256"]  # RFC 6655 §3: CCM suites have SHA-256
    prf = digest if digest in ("sha256", "sha384") else "sha256"
    algorithm, _, rest = cipher.partition("_")
    if algorithm == "NULL":
        return Suite(match["exchange"], algorithm, "", 0, 0, digest, prf)
    if algorithm == "CHACHA20":
        return Suite(match["exchange"], algorithm, rest, 32, 0, digest, prf)
    bits, _, mode = rest.partition("_")
    if algorithm not in _BLOCKS or (mode not in ("GCM", "CCM", "CCM_8", "CBC")):
        return None
    if algorithm == "CAMELLIA" and mode != "CBC":
        return None
    key_length = 24 if algorithm == "3DES" else int(bits) // 8
    return Suite(match["exchange"], algorithm, mode, key_length, _BLOCKS[algorithm], digest, prf)
