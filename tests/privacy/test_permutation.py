"""Numbers that stand for numbers."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.privacy.permutation import Permutation


@given(st.integers(1, 600), st.binary(min_size=8, max_size=40))
def test_each_number_has_one_of_its_own_below_the_size(size: int, key: bytes) -> None:
    permuted = Permutation(key).of
    assert sorted(permuted(number, size) for number in range(size)) == list(range(size))


@given(st.integers(2, 1 << 900), st.data())
def test_numbers_of_any_size_stay_below_it(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    assert 0 <= Permutation(b"a secret").of(number, size) < size


def test_the_key_tells_which_and_without_one_it_differs_in_every_run() -> None:
    size = 1 << 200
    assert Permutation(b"one secret").of(7, size) == Permutation(b"one secret").of(7, size)
    assert Permutation(b"one secret").of(7, size) != Permutation(b"another one").of(7, size)
    assert Permutation().of(7, size) != Permutation().of(7, size)


def test_the_size_matters() -> None:
    permuted = Permutation(b"a secret").of
    assert [permuted(number, 1000) for number in range(100)] != [permuted(number, 1001) for number in range(100)]
