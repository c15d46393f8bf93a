"""What certificates say, and whatever else peers send in their place."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tls.certificates import read_certificate
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
