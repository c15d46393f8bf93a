"""Folding sections and items of the fields."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.folding import Folding
from tui.screens import SMALL, exchange, opened, press, screen_text

ROWS = [
    FieldRow("A", style="heading"),
    FieldRow("a1"),
    FieldRow("a11", depth=1),
    FieldRow("a111", depth=2),
    FieldRow("a2", folded=True),
    FieldRow("a21", depth=1),
    FieldRow("B", style="heading"),
    FieldRow("b1"),
]


def shown(folding: Folding) -> list[str]:
    return [ROWS[place].name for place in folding.shown()]


def test_folded_rows_hide_what_is_below_them() -> None:
    folding = Folding(ROWS)
    assert shown(folding) == ["A", "a1", "a11", "a111", "a2", "B", "b1"]
    assert folding.fold(1)
    assert shown(folding) == ["A", "a1", "a2", "B", "b1"]
    assert not folding.fold(1)
    assert not folding.fold(7), "nothing is below it"
    assert folding.reveal(3)
    assert folding.unfold(4)
    assert shown(folding) == [row.name for row in ROWS]


def test_all_is_folded_to_headings_and_unfolded() -> None:
    folding = Folding(ROWS)
    assert folding.toggle_all(3) == 0, "the cursor goes to what it was in"
    assert shown(folding) == ["A", "B"]
    folding.toggle_all(0)
    assert shown(folding) == [row.name for row in ROWS]


@given(inserted=st.integers(0, 7), place=st.integers(0, 7))
def test_the_same_rows_stay_folded_where_others_come(inserted: int, place: int) -> None:
    before = Folding(ROWS)
    before.fold(1)
    rows = [*ROWS[:inserted], FieldRow("new"), *ROWS[inserted:]]
    after = Folding(rows)
    now = after.keep(before, place)
    assert rows[now].name == ROWS[place].name
    assert after.is_folded(rows.index(ROWS[1])) is (1 in after.parents or inserted != 2)


async def test_left_and_right_fold_and_unfold(samples: Path) -> None:
    async with opened(samples / "c-get-pending.pcap", SMALL) as (app, pilot):
        fields = exchange(app).fields
        await press(pilot, "enter", "down", "enter")
        assert "▸" not in screen_text(app)
        await press(pilot, "left")
        assert fields.selected.name == "A-ASSOCIATE-AC"
        assert "▸ A-ASSOCIATE-AC" in screen_text(app)
        await press(pilot, "down")
        assert fields.selected.name == "Negotiated"
        await press(pilot, "up", "right", "down", "left")
        assert "▸note" in screen_text(app)
        await press(pilot, "left")
        assert fields.selected.name == "A-ASSOCIATE-AC", "from a row with nothing to fold, to what it is in"
        await press(pilot, "z")
        assert fields.count == 3
        await press(pilot, "z")
        assert fields.count > 500


async def test_many_contexts_are_folded_at_first_and_a_click_on_a_byte_unfolds(samples: Path) -> None:
    async with opened(samples / "c-get-pending.pcap") as (app, pilot):
        fields = exchange(app).fields
        await press(pilot, "enter", "enter")
        names = {fields.rows[place].name for place, _, _ in fields._lines}
        assert "Presentation Context (proposed)" in names
        assert "Abstract Syntax" not in names
        inner = next(row for row in fields.rows if row.name == "Abstract Syntax")
        fields.select_byte(inner.block, inner.end - 1)
        assert fields.selected is inner
