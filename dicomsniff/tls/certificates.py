"""Certificates in DER -> who, by whom, from when to when (RFC 5280). Never fails: what cannot be read is None.

`cryptography.x509` refuses what old devices show (`_` in a PrintableString, Latin-1, times without seconds, padded
serial numbers, versions and lengths that DER does not have: of 39 odd certificates it reads 14, and this module 36),
where whoever looks for a fault wants to see as much as there is. Loading it takes 25 to 33 ms and up to 14 MB, a
quarter of what `show` takes for a small capture, and this 0.5 ms; tests/tls/test_certificates.py holds both against
one another.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from dicomsniff.tls.der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    bits,
    elements,
    identifier,
    sole,
    time,
)

MAX_NAMES = 100
"""Names of a certificate that are kept."""
MAX_REMEMBERED = 256
"""Certificates that are remembered, as most connections show the same ones."""
_RSA, _DSA, _EC = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"), "1.2.840.10040.4.1", "1.2.840.10045.2.1"
_OTHER_KEYS = {"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448", "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
               "2.16.840.1.101.3.4.3.18": "ML-DSA-65", "2.16.840.1.101.3.4.3.19": "ML-DSA-87"}  # fmt: skip
_CURVES = {"1.2.840.10045.3.1.7": "secp256r1", "1.3.132.0.10": "secp256k1", "1.3.132.0.33": "secp224r1",
           "1.2.840.10045.3.1.1": "secp192r1", "1.3.132.0.34": "secp384r1", "1.3.132.0.35": "secp521r1",
           "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
           "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1"}  # fmt: skip
_COMMON_NAME, _ALTERNATIVE_NAME = "2.5.4.3", "2.5.29.17"
_ATTRIBUTES = {_COMMON_NAME: "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C",
               "2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID"}  # fmt: skip
"""RFC 4514 §3."""
_TEXTS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
"""How text is encoded that is not UTF-8, by tag: TeletexString, UniversalString, BMPString."""
_VERSION, _EXTENSIONS, _HOST, _ADDRESS = 0xA0, 0xA3, 0x82, 0x87


class Certificate(NamedTuple):
    """What a certificate says of its owner. Times are in ns since 1970."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """Host names and addresses that it is for; its common name where it lists none."""
    not_before: int | None
    """None where it is no time."""
    not_after: int | None
    key: str
    """The kind of its key and its length in bits, or its curve: `RSA 2048`, `EC secp256r1`."""
    is_self_signed: bool
    modulus: int = 0
    """The length in bits of a key of RSA or DSA."""

    def covers(self, name: str) -> bool:
        """Whether it is for a host name or address (RFC 9525 §6.3)."""
        wanted = name.rstrip(".").casefold()
        first, _, rest = wanted.partition(".")
        return any(each == wanted or (each == f"*.{rest}" and first and rest) for each in map(str.casefold, self.names))


@lru_cache(MAX_REMEMBERED)
def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate; None where it is broken."""
    try:
        return _read(next(elements(der)))  # whatever is behind it
    except (ValueError, IndexError, OverflowError, StopIteration):
        return None


def read_key(der: bytes) -> str:
    """Name the kind of a public key (SubjectPublicKeyInfo), as `Certificate.key` does; empty where it is broken."""
    try:
        return _key(sole(der))[0]
    except (ValueError, IndexError, OverflowError):
        return ""


def _read(certificate: Element) -> Certificate:
    signed, algorithm, signature = certificate.parts()
    fields = signed.parts()
    if fields[0].tag == _VERSION:
        del fields[0]
    _, _, issuer, validity, subject, public, *others = fields
    not_before, not_after = validity.parts()
    key, modulus = _key(public)
    is_own = subject.raw == issuer.raw
    if is_own:
        from dicomsniff.tls.signature import is_signed_by

        is_own = is_signed_by(public.raw, signed.raw, bits(signature), algorithm)
    return Certificate(
        _name(subject), _name(issuer), _names(subject, others), time(not_before), time(not_after), key, is_own, modulus
    )


def _key(public: Element) -> tuple[str, int]:
    """Name a key (SubjectPublicKeyInfo), and return the bits of its modulus, where it has one."""
    algorithm, value = public.parts()
    name, *parameters = algorithm.parts()
    kind = identifier(name)
    if kind == _EC:
        curve = identifier(parameters[0])
        return f"EC {_CURVES.get(curve, curve)}", 0
    if kind not in (*_RSA, _DSA):
        return _OTHER_KEYS.get(kind, kind), 0
    numbers = parameters[0] if kind == _DSA else sole(bits(value))
    modulus = _number(numbers.parts()[0])
    if modulus <= 0:
        raise ValueError("no modulus")
    length = modulus.bit_length()
    return f"{'DSA' if kind == _DSA else 'RSA'} {length}", length


def _number(element: Element) -> int:
    if element.tag != INTEGER:
        raise ValueError("no number")
    return int.from_bytes(element.content, "big", signed=True)


def _attributes(name: Element) -> Iterator[list[tuple[str, str | bytes]]]:
    """Yield the attributes of a name, those that go together as one."""
    for each in name.parts():
        if each.tag != SET:
            raise ValueError("no set of attributes")
        yield [(identifier(kind), _text(value)) for kind, value in (pair.parts() for pair in each.parts())]


def _text(value: Element) -> str | bytes:
    if value.tag == BIT_STRING:
        return value.content
    try:
        return value.content.decode(_TEXTS.get(value.tag, "utf-8"))
    except UnicodeDecodeError:
        return value.content.decode("latin-1")  # which whoever writes no UTF-8 most likely means


def _name(name: Element) -> str:
    """Return a name in words (RFC 4514), its last part first."""
    parts = [
        "+".join(f"{_ATTRIBUTES.get(kind, kind)}={_escaped(value)}" for kind, value in each)
        for each in _attributes(name)
    ]
    return ",".join(reversed(parts))


def _escaped(value: str | bytes) -> str:
    """Return a value as it stands in a name (RFC 4514 §2.4)."""
    if isinstance(value, bytes):
        return f"#{value.hex()}"
    text = "".join(f"\\{each}" if each in '\\"+,;<>' else "\\00" if each == "\0" else each for each in value)
    if text.endswith(" ") and len(text) > 1:
        text = f"{text[:-1]}\\ "
    return f"\\{text}" if text[:1] in ("#", " ") else text


def _names(subject: Element, others: list[Element]) -> tuple[str, ...]:
    listed = _listed(others)
    if listed is None:
        named = [value for each in _attributes(subject) for kind, value in each if kind == _COMMON_NAME]
        return tuple(str(value) for value in named[:MAX_NAMES])
    hosts = [each.content.decode("ascii", "backslashreplace") for each in listed if each.tag == _HOST]
    return (*hosts, *(_address(each.content) for each in listed if each.tag == _ADDRESS))[:MAX_NAMES]


def _listed(others: list[Element]) -> list[Element] | None:
    """Return the names that the extension for them lists; None where there is none that can be read."""
    try:
        found = next((each for each in _extensions(others) if each[0] == _ALTERNATIVE_NAME), None)
        return None if found is None else sole(found[1]).parts()
    except ValueError:
        return None


def _address(content: bytes) -> str:
    from ipaddress import ip_address

    try:
        return str(ip_address(content))
    except ValueError:
        return content.hex()


def _extensions(fields: list[Element]) -> Iterator[tuple[str, bytes]]:
    """Yield extensions: what they are, and what they hold."""
    for field in fields:
        if field.tag == _EXTENSIONS:
            for each in sole(field.content).parts():
                parts = list(elements(each.content))
                if each.tag == SEQUENCE and parts[-1].tag == OCTET_STRING:
                    yield identifier(parts[0]), parts[-1].content
