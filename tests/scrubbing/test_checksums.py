"""The checksum of the Internet where bytes under it change."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.scrubbing.checksums import adjusted, is_right, word_sum


def checksum(data: bytes) -> int:
    """RFC 1071 §4.1, word by word."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_an_example_of_the_standard():
    assert word_sum(bytes.fromhex("0001 f203 f4f5 f6f7")) == 0xDDF2


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_sums_of_parts_make_the_sum_of_the_whole(first: bytes, second: bytes) -> None:
    whole = word_sum(first + second)
    assert (word_sum(first) + word_sum(second, len(first))) % 0xFFFF == whole


@given(st.binary(min_size=2, max_size=50), st.data())
def test_a_checksum_that_was_right_is_right_again(before: bytes, data: st.DataObject) -> None:
    after = data.draw(st.binary(min_size=len(before), max_size=len(before)).filter(any))
    fixed = adjusted(checksum(before), word_sum(before), word_sum(after))
    assert is_right(fixed + word_sum(after))
    assert fixed == checksum(after) or not any(before)
