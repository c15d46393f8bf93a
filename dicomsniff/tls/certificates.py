"""Certificates in DER -> who, by whom, from when to when (RFC 5280). Never fails: what cannot be read is None."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

MAX_NAMES = 100
"""Names of a certificate that are kept."""
MAX_REMEMBERED = 256
"""Certificates that are remembered, as most connections show the same ones."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Certificate(NamedTuple):
    """What a certificate says of its owner. Times are in ns since 1970."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """Host names and addresses that it is for; its common name where it lists none."""
    not_before: int
    not_after: int
    key: str
    """The kind of its key and its length in bits: `RSA 2048`."""
    is_self_signed: bool

    def covers(self, name: str) -> bool:
        """Whether it is for a host name or address (RFC 9525 §6.3)."""
        wanted = name.rstrip(".").casefold()
        first, _, rest = wanted.partition(".")
        return any(each == wanted or (each == f"*.{rest}" and first and rest) for each in map(str.casefold, self.names))


@lru_cache(MAX_REMEMBERED)
def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate; None where it is broken."""
    try:
        found = x509.load_der_x509_certificate(der)
        public = found.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            key = f"EC {public.curve.name}"
        elif isinstance(public, rsa.RSAPublicKey | dsa.DSAPublicKey):
            key = f"{'RSA' if isinstance(public, rsa.RSAPublicKey) else 'DSA'} {public.key_size}"
        else:
            key = type(public).__name__.strip("_").removesuffix("PublicKey")
        return Certificate(
            found.subject.rfc4514_string(),
            found.issuer.rfc4514_string(),
            _names(found),
            _since_epoch(found.not_valid_before_utc),
            _since_epoch(found.not_valid_after_utc),
            key,
            _is_self_signed(found),
        )
    except Exception:  # noqa: BLE001  whatever a peer sent as a certificate, the connection goes on
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*listed.get_values_for_type(x509.DNSName), *map(str, listed.get_values_for_type(x509.IPAddress))]
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(each.value) for each in common]
    return tuple(names[:MAX_NAMES])


def _is_self_signed(certificate: x509.Certificate) -> bool:
    if certificate.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # noqa: BLE001  an algorithm that is not supported, or a signature that is wrong
        return False
    return True


def _since_epoch(time: datetime) -> int:
    return int((time - _EPOCH).total_seconds()) * 1_000_000_000
