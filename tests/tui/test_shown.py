"""Strings of any origin on the screen."""

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.shown import LONGEST, Shown, shortened


def test_text_is_escaped_wherever_it_is_put_in() -> None:
    text = Shown("a\x1b[2J", "bold").append("b\nc\r\x07").append(Shown("d\x9b")).append_line("e\u202e", "dim")
    assert text.plain == "a\\x1b[2Jb\\nc\\r\\x07d\\x9b\ne\\u202e"


def test_markup_is_text() -> None:
    console = Console(width=80)
    rendered = "".join(segment.text for segment in Shown("[red]A[/] [link=x]").render(console))
    assert rendered.strip() == "[red]A[/] [link=x]"


def test_very_long_text_says_how_much_is_left_out() -> None:
    assert shortened("x" * 300, 100) == "x" * 71 + " … 229 more characters"
    assert shortened("\x1b" * 60, 100) == "\\x1b" * 17 + " … 43 more characters", "of escapes, only whole ones"


@given(st.text(st.characters(codec=None), max_size=200), st.integers(40, 120))
def test_shortened_text_stays_as_it_is_when_it_is_shortened_again(text: str, longest: int) -> None:
    shown = shortened(text, longest)
    assert len(shown) <= longest
    assert shortened(shown, longest) == shown


def test_a_megabyte_of_control_characters_is_cut() -> None:
    row = FieldRow("n\0", "\x1b" * (1 << 20))
    assert row.name == "n\\x00"
    assert len(row.value) <= LONGEST
    assert row.value.endswith(" more characters")
