"""The two sides of an association."""

import pickle

import pytest

from dicomsniff.side import SIDES, Side


def test_each_side_is_the_other_one_s_other():
    assert [side.other for side in SIDES] == [Side.ACCEPTOR, Side.REQUESTOR]


@pytest.mark.parametrize("side", SIDES)
def test_what_is_kept_by_side_is_found_by_a_side_that_was_pickled(side):
    kept = {Side.REQUESTOR: 1, Side.ACCEPTOR: 2, (side, 5): 3}
    again = pickle.loads(pickle.dumps((side, kept)))
    assert again[0] is side
    assert again[1] == kept
    assert kept[again[0], 5] == 3
