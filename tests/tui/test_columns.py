"""How wide columns are, and what of a row is seen where there is little room."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tui.columns import GAP, Column, fitting


def column(title: str, minimum: int, widest: int = 0, share: int = 0, leaves: int = 0) -> Column[str]:
    return Column(title, lambda row: row, minimum, widest, share, leaves)


LANE, SIZE, TEXT = column("lane", 20, 52, 4), column("size", 7, leaves=2), column("text", 20, share=10)


def widths(room: int) -> dict[str, int]:
    return {each.title: cells for each, cells in fitting((LANE, SIZE, TEXT), room)}


def test_where_there_is_little_room_a_dispensable_column_is_left_out() -> None:
    assert widths(49) == {"lane": 20, "size": 7, "text": 20}
    assert widths(48) == {"lane": 22, "text": 25}


def test_the_text_grows_before_the_lane() -> None:
    assert widths(80) == {"lane": 29, "size": 7, "text": 42}


def test_a_column_takes_no_more_than_it_can_use() -> None:
    assert widths(400) == {"lane": 52, "size": 7, "text": 339}


def test_columns_that_stay_do_so_in_a_terminal_too_narrow_for_them() -> None:
    assert widths(10) == {"lane": 20, "text": 20}


@given(
    st.lists(
        st.builds(column, st.just(""), st.integers(1, 30), st.integers(0, 60), st.integers(0, 9), st.integers(0, 3)),
        max_size=8,
    ),
    st.integers(0, 300),
)
def test_columns_never_take_more_than_the_room_unless_those_that_stay_do(columns: list[Column[str]], room: int) -> None:
    found = fitting(columns, room)
    taken = sum(cells for _, cells in found) + GAP * max(0, len(found) - 1)
    assert taken <= room or not any(each.leaves for each, _ in found)
    assert all(cells >= each.minimum for each, cells in found)


def test_a_text_that_is_cut_can_be_moved_sideways() -> None:
    assert TEXT.cell("0123456789", 5).plain == "0123…"
    assert TEXT.cell("0123456789", 5, shift=4).plain == "4567…"
    assert TEXT.cell("0123456789", 5, shift=5).plain == "56789"
    assert TEXT.cell("012", 5, shift=4).plain == "012  ", "what is not cut stays"


def test_wide_characters_are_counted_as_two_cells() -> None:
    cell = TEXT.cell("山田太郎", 7)
    assert (cell.plain, cell.cell_len) == ("山田太…", 7)


def test_numbers_are_aligned_to_the_right() -> None:
    assert Column("n", str, 5, to_right=True).cell(12, 5).plain == "   12"
