"""Makes the certificates here anew. Run by hand: `python tests/certificates/make.py`."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HERE = Path(__file__).parent


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def make(
    file: str, common: str, first: int, last: int, signer: rsa.RSAPrivateKey | None = None, bits: int = 2048
) -> None:
    """Valid from one year to another; self-signed, or by the `signer` of an authority."""
    key = rsa.generate_private_key(65537, bits)
    names = [x509.DNSName(common), x509.DNSName("*.archive.example"), x509.IPAddress(ip_address("10.0.0.2"))]
    made = x509.CertificateBuilder(
        issuer_name=name("Made-up Authority" if signer else common),
        subject_name=name(common),
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=datetime(first, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(last, 1, 1, tzinfo=UTC),
        extensions=[x509.Extension(x509.SubjectAlternativeName.oid, False, x509.SubjectAlternativeName(names))],
    ).sign(signer or key, hashes.SHA256())
    (HERE / f"{file}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL
    (HERE / f"{file}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


if __name__ == "__main__":
    make("pacs", "pacs.example", 2020, 2120, rsa.generate_private_key(65537, 2048))
    make("expired", "expired.example", 2010, 2015)
    make("short", "pacs.example", 2020, 2120, rsa.generate_private_key(65537, 2048), 1024)
