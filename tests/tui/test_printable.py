"""Text from the wire on a terminal."""

from dicomsniff.tui.printable import printable


def test_controls_are_escaped() -> None:
    assert printable("a\x1b[31mb\x9bc\r\n\0") == "a\\x1b[31mb\\x9bc\\r\\n\\x00"


def test_marks_that_turn_text_around_are_escaped() -> None:
    assert printable("abc\u202edef") == "abc\\u202edef"


def test_letters_of_every_script_stay() -> None:
    assert printable("Yamada^Tarou=山田^太郎 Äneas قباني") == "Yamada^Tarou=山田^太郎 Äneas قباني"


def test_very_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 30, 10) == "x" * 10 + " … 20 more characters"
