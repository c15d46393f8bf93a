"""What certificates say, and whatever else peers send in their place."""

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomsniff.tls.certificates import read_certificate
from dicomsniff.tls.der import OBJECT_IDENTIFIER, Element, elements, identifier
from tls_talk import CERTIFICATES

PACS, EXPIRED = (
    ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text("ascii")) for name in ("pacs", "expired")
)
YEAR_2020, YEAR_2120 = 1_577_836_800_000_000_000, 4_733_510_400_000_000_000


def test_a_certificate_says_who_by_whom_and_from_when_to_when():
    found = read_certificate(PACS)
    assert found is not None
    assert (found.subject, found.issuer) == ("CN=pacs.example", "CN=Made-up Authority")
    assert found.names == ("pacs.example", "*.archive.example", "10.0.0.2")
    assert (found.not_before, found.not_after) == (YEAR_2020, YEAR_2120)
    assert (found.key, found.is_self_signed) == ("RSA 2048", False)


def test_one_that_is_signed_with_its_own_key_is_self_signed():
    found = read_certificate(EXPIRED)
    assert found is not None
    assert found.is_self_signed


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("pacs.example", True),
        ("PACS.Example.", True),
        ("10.0.0.2", True),
        ("one.archive.example", True),
        ("two.one.archive.example", False),
        ("archive.example", False),
        (".archive.example", False),
        ("other.example", False),
        ("", False),
    ],
)
def test_a_wildcard_stands_for_one_label(name, covered):
    found = read_certificate(PACS)
    assert found is not None
    assert found.covers(name) is covered


@given(st.binary(max_size=100), st.integers(0, len(PACS)), st.integers(0, len(PACS)))
def test_what_is_no_certificate_is_none_and_never_fails(garbage, first, last):
    assert read_certificate(garbage) is None
    read_certificate(PACS[:first] + garbage + PACS[last:])


DAY = datetime(2026, 1, 31, 14, 30, 5, tzinfo=UTC)
KINDS = {
    "RSA 1024": lambda: rsa.generate_private_key(65537, 1024),
    "DSA 1024": lambda: dsa.generate_private_key(1024),
    "EC secp256r1": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EC secp521r1": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EC brainpoolP384r1": lambda: ec.generate_private_key(ec.BrainpoolP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
}
key_of = cache(lambda kind: KINDS[kind]())


def made(kind, subject, issuer, names=(), start=DAY, end=DAY + timedelta(days=1), signer=None, digest=None, **signing):
    builder = x509.CertificateBuilder(issuer, subject, key_of(kind).public_key(), 7, start, end)
    if names:
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if digest is None and not kind.startswith("Ed"):
        digest = hashes.SHA256()
    return builder.sign(signer or key_of(kind), digest, **signing)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


OIDS = st.sampled_from([
    x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME, x509.NameOID.DOMAIN_COMPONENT, x509.NameOID.TITLE,
    x509.NameOID.EMAIL_ADDRESS, x509.NameOID.STREET_ADDRESS, x509.NameOID.USER_ID,
])  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.sampled_from([" ", "#1", " a ", 'a"+,;<>\\'])
NAMES = st.lists(
    st.lists(st.tuples(OIDS, TEXT), min_size=1, max_size=2, unique_by=lambda each: each[0]), min_size=1, max_size=4
)


@settings(max_examples=25)
@given(NAMES, NAMES, st.dates(), st.lists(st.sampled_from(["10.0.0.2", "::1", "a.example", "*.b.example"]), max_size=3))
def test_certificates_are_read_as_the_cryptographic_library_reads_them(subject, issuer, day, names):
    subject, issuer = (
        x509.Name([
            x509.RelativeDistinguishedName([x509.NameAttribute(oid, text, _validate=False) for oid, text in each])
            for each in name
        ])
        for name in (subject, issuer)
    )  # fmt: skip
    end = datetime(max(1951, day.year), day.month, 1, tzinfo=UTC)
    general = [x509.DNSName(each) if each[-1] == "e" else x509.IPAddress(ip_address(each)) for each in names]
    certificate = made("EC secp256r1", subject, issuer, general, datetime(1950, 1, 1, tzinfo=UTC), end)
    found = read_certificate(der(certificate))
    assert found is not None
    assert (found.subject, found.issuer) == tuple(
        each.rfc4514_string()
        for each in (certificate.subject, certificate.issuer)  # in the order of DER
    )
    assert found.not_after == int(certificate.not_valid_after_utc.timestamp()) * 10**9
    common = tuple(each.value for each in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME))
    assert found.names == (tuple(sorted(names, key=lambda each: each[-1] != "e")) or common)
    assert found.is_self_signed is (subject == issuer)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_has_its_name_and_signs_its_own_certificate_or_does_not(kind):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pacs")])
    found = read_certificate(der(made(kind, name, name)))
    assert found is not None
    assert (found.key, found.modulus, found.is_self_signed) == (kind, 1024 * kind.endswith("1024"), True)
    bad = bytearray(der(made(kind, name, name)))
    bad[-1] ^= 1
    damaged = read_certificate(bytes(bad))
    assert damaged is None or not damaged.is_self_signed


def test_one_of_the_same_name_that_another_key_signed_is_not_self_signed():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pacs")])
    found = read_certificate(der(made("EC secp256r1", name, name, signer=key_of("EC secp521r1"))))
    assert found is not None
    assert not found.is_self_signed


def test_rsassa_pss_is_verified_too():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pacs")])
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    found = read_certificate(der(made("RSA 1024", name, name, rsa_padding=pss)))
    assert found is not None
    assert found.is_self_signed


def test_a_modulus_that_is_no_number_of_a_key_is_not_measured():
    place = PACS.index(bytes.fromhex("0282010100")) + 4
    assert read_certificate(PACS[:place] + b"\xff" + PACS[place + 1 :]) is None
    assert read_certificate(PACS[:place] + bytes(257) + PACS[place + 257 :]) is None


def test_an_object_identifier_that_is_hostile_is_not_worked_out():
    longer = b"\x81" * (1 << 20) + b"\1"  # the square of that would take minutes
    with pytest.raises(ValueError, match="no object identifier"):
        identifier(Element(OBJECT_IDENTIFIER, longer, b""))


def test_signatures_of_sha_3_are_verified_too():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pacs")])
    for kind in ("RSA 1024", "EC secp256r1"):
        found = read_certificate(der(made(kind, name, name, digest=hashes.SHA3_256())))
        assert found is not None
        assert found.is_self_signed


def tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


FIELDS = [each.raw for each in next(elements(PACS)).parts()[0].parts()]
"""Version, serial number, algorithm, issuer, validity, subject, key, extensions."""


def odd(**changed: bytes) -> bytes:
    """A certificate with lengths that are longer than DER has them, and some fields changed or left out."""
    names = ("version", "serial", "algorithm", "issuer", "validity", "subject", "key", "extensions")
    fields = [changed.get(name, field) for name, field in zip(names, FIELDS, strict=True)]
    _, *rest = next(elements(PACS)).parts()
    return tlv(0x30, tlv(0x30, b"".join(fields)) + b"".join(each.raw for each in rest)) + changed.get("behind", b"")


def called(tag: int, text: bytes) -> bytes:
    return tlv(0x30, tlv(0x31, tlv(0x30, b"\6\3\x55\4\3" + tlv(tag, text))))


def named(*names: bytes) -> bytes:
    return tlv(0xA3, tlv(0x30, tlv(0x30, b"\6\3\x55\x1d\x11" + tlv(4, tlv(0x30, b"".join(names))))))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"serial": b"\2\0"},
        {"serial": b"\2\3\0\0\1"},
        {"serial": b"\2\2\x80\1"},
        {"version": b""},
        {"version": b"\xa0\3\2\1\0"},
        {"version": b"\xa0\3\2\1\3"},
        {"behind": b"\0"},
        {"behind": b"junk"},
    ],
)
def test_what_old_devices_get_wrong_about_the_rest_costs_nothing_of_it(changed):
    assert read_certificate(odd(**changed)) == read_certificate(PACS)


@pytest.mark.parametrize(
    ("tag", "text", "said"),
    [
        (0x13, b"PACS_1@site", "PACS_1@site"),
        (0x13, b"R\xf6ntgen", "Röntgen"),
        (0x0C, b"R\xf6ntgen", "Röntgen"),
        (0x14, b"R\xf6ntgen", "Röntgen"),
        (0x1E, b"\0R\0\xf6", "Rö"),
        (0x0C, b"", ""),
    ],
)
def test_text_is_read_as_it_was_likely_meant(tag, text, said):
    found = read_certificate(odd(subject=called(tag, text), extensions=b""))
    assert found is not None
    assert (found.subject, found.names) == (f"CN={said}", (said,))


@pytest.mark.parametrize(
    ("tag", "text", "then"),
    [
        (0x17, b"200101000000Z", datetime(2020, 1, 1, tzinfo=UTC)),
        (0x17, b"2001010000Z", datetime(2020, 1, 1, tzinfo=UTC)),
        (0x17, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (0x17, b"200101013000+0130", datetime(2020, 1, 1, tzinfo=UTC)),
        (0x17, b"200101000000-0100", datetime(2020, 1, 1, 1, tzinfo=UTC)),
        (0x18, b"20200101000000", datetime(2020, 1, 1, tzinfo=UTC)),
        (0x18, b"20200101000000.5Z", datetime(2020, 1, 1, tzinfo=UTC)),
        (0x18, b"20200101235960Z", datetime(2020, 1, 1, 23, 59, 59, tzinfo=UTC)),
        (0x18, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, b"201301000000Z", None),
        (0x18, b"00000101000000Z", None),
        (0x17, b"20200101000000Z", None),
        (0x0C, b"200101000000Z", None),
        (0x17, b"", None),
    ],
)
def test_times_are_read_in_every_form_and_what_is_none_is_not_known(tag, text, then):
    found = read_certificate(odd(validity=tlv(0x30, tlv(tag, text) + tlv(0x17, b"360101000000Z"))))
    assert found is not None
    assert found.not_before == (None if then is None else int(then.timestamp()) * 10**9)
    assert (found.subject, found.not_after) == ("CN=pacs.example", 2_082_758_400_000_000_000)


@pytest.mark.parametrize(
    ("extensions", "names"),
    [
        (named(tlv(0x82, b"p\xe4cs"), tlv(0x87, b"12345")), ("p\\xe4cs", "3132333435")),
        (named(tlv(0x87, bytes(4))), ("0.0.0.0",)),
        (named(b"\x82\5ab"), ("pacs.example",)),
    ],
)
def test_names_that_are_none_are_shown_as_they_are_and_hide_no_others(extensions, names):
    found = read_certificate(odd(extensions=extensions))
    assert found is not None
    assert found.names == names


@pytest.mark.parametrize("cut", [1, 40, 200, len(PACS) - 1])
def test_one_that_is_cut_off_is_none(cut):
    assert read_certificate(PACS[:cut]) is None
