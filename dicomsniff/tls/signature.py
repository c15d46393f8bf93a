"""Whether a certificate is signed with its own key. What that takes is loaded only where issuer and subject are one."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dicomsniff.tls.der import Element, identifier

_PSS = "1.2.840.113549.1.1.10"
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    **{f"1.2.840.113549.1.1.{last}": each for last, each in (
        (4, hashes.MD5), (5, hashes.SHA1), (14, hashes.SHA224), (11, hashes.SHA256), (12, hashes.SHA384),
        (13, hashes.SHA512),
    )},
    **{f"1.2.840.10045.4.{last}": each for last, each in (
        ("1", hashes.SHA1), ("3.1", hashes.SHA224), ("3.2", hashes.SHA256), ("3.3", hashes.SHA384),
        ("3.4", hashes.SHA512),
    )},
    "1.2.840.10040.4.3": hashes.SHA1,
    **{f"2.16.840.1.101.3.4.3.{last}": each for last, each in (
        (9, hashes.SHA3_224), (10, hashes.SHA3_256), (11, hashes.SHA3_384), (12, hashes.SHA3_512),
        (13, hashes.SHA3_224), (14, hashes.SHA3_256), (15, hashes.SHA3_384), (16, hashes.SHA3_512),
    )},
    "2.16.840.1.101.3.4.3.1": hashes.SHA224,
    "2.16.840.1.101.3.4.3.2": hashes.SHA256,
    **{f"2.16.840.1.101.3.4.2.{last}": each for last, each in (
        (1, hashes.SHA256), (2, hashes.SHA384), (3, hashes.SHA512), (4, hashes.SHA224),
    )},
}  # fmt: skip
"""What is signed, by the algorithm of the signature or, the last four, by that of RSASSA-PSS's hash (RFC 4055 §3.1)."""


def is_signed_by(key: bytes, signed: bytes, signature: bytes, algorithm: Element) -> bool:
    """Whether a signature over bytes was made with the key whose public part is `key` (SubjectPublicKeyInfo)."""
    try:
        name, *parameters = algorithm.parts()
        public, kind = load_der_public_key(key), identifier(name)
        if isinstance(public, rsa.RSAPublicKey):
            digest = _pss_hash(parameters) if kind == _PSS else _HASHES[kind]()
            pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
            public.verify(signature, signed, pss if kind == _PSS else padding.PKCS1v15(), digest)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, signed, ec.ECDSA(_HASHES[kind]()))
        elif isinstance(public, dsa.DSAPublicKey):
            public.verify(signature, signed, _HASHES[kind]())
        else:
            public.verify(signature, signed)  # type: ignore[union-attr]  # fails where it is no key to sign with
    except Exception:  # noqa: BLE001  an algorithm that is not supported, or a signature that is wrong
        return False
    return True


def _pss_hash(parameters: list[Element]) -> hashes.HashAlgorithm:
    stated = [each for each in parameters[0].parts() if each.tag == 0xA0] if parameters else []
    if not stated:
        return hashes.SHA1()
    return _HASHES[identifier(stated[0].parts()[0].parts()[0])]()
