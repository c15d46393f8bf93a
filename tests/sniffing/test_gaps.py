"""For how long not all was captured: of interfaces that are away at the same time, that time counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.sniffing import gaps
from dicomsniff.sniffing.gaps import Gaps


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=12))
def test_each_second_counts_once_however_many_interfaces_are_away(times: list[tuple[int, int]]) -> None:
    found = Gaps()
    for start, length in times:
        found.add(start, start + length)
    assert found.seconds == len({second for start, length in times for second in range(start, start + length)})


def test_an_interface_that_comes_and_goes_for_a_month_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "MAX_APART", 3)
    found = Gaps()
    for start in range(0, 100, 10):
        found.add(start, start + 1)
    assert found.seconds == 10
    assert len(found._apart) == 3
