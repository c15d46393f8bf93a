"""Values of expressions: what is read of them, and what they are true of."""

import pytest

from dicomsniff.filter.values import address_test, duration, size


@pytest.mark.parametrize(
    ("operator", "address", "holds"),
    [
        ("==", "10.1.2.3", True),
        ("in", "10.1.2.3", True),
        ("!=", "10.1.2.3", False),
        ("==", "10.2.0.1", False),
        ("!=", "10.2.0.1", True),
        ("in", "fe80::1", False),
        ("!=", "fe80::1", True),
    ],
)
def test_an_address_is_in_a_network_or_is_not(operator: str, address: str, holds: bool) -> None:
    assert address_test(operator, "10.1.0.0/16")(address) is holds


def test_the_zone_of_an_address_does_not_count() -> None:
    assert address_test("in", "fe80::/10")("fe80::1%eth0")


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("1.25s", 1_250_000_000), ("0.05 ms", 50_000), ("2min", 120 * 10**9)]
)
def test_a_fraction_counts_by_its_places(text: str, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds


@pytest.mark.parametrize(("text", "count"), [("0.25kB", 250), ("1.5 MB", 1_500_000), ("64KiB", 65536)])
def test_a_size_may_have_a_fraction(text: str, count: int) -> None:
    assert size(text) == count
