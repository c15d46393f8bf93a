"""Lines wait until their association is over, wherever there is room for them."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.export import drafts
from dicomsniff.export.drafts import Drafts


@given(st.lists(st.tuples(st.integers(1, 4), st.text(max_size=30)), max_size=60), st.integers(0, 200))
def test_lines_come_back_in_their_order_whatever_leaves_memory(lines, in_memory):
    before, drafts.IN_MEMORY = drafts.IN_MEMORY, in_memory
    waiting = Drafts[str]()
    try:
        for association, line in lines:
            waiting.add(association, line, len(line))
        for association in range(1, 5):
            assert list(waiting.take(association)) == [line for each, line in lines if each == association]
            assert list(waiting.take(association)) == []
    finally:
        drafts.IN_MEMORY = before
        waiting.close()
