"""Text that a terminal shows and does not obey."""

import io
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.printable import MAX_MARKS, PrintableStream, printable, printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;title\x07b", "a\\x1b]0;title\\x07b"),
        ("a\x9b31mb\x7f", "a\\x9b31mb\\x7f"),
        ("one\r\ntwo\ttabs\0", "one\\r\\ntwo\\ttabs\\x00"),
        ("abc\u202edef\u2066ghi\u061c\u200f", "abc\\u202edef\\u2066ghi\\u061c\\u200f"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("zero\u200bwidth\u200d\ufeffsoft\xadhyphen", "zero\\u200bwidth\\u200d\\ufeffsoft\\xadhyphen"),
        ("private \ue0b0, tag \U000e0041, none \ufffe", "private \\ue0b0, tag \\U000e0041, none \\ufffe"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_names_in_any_writing_stay_as_they_are() -> None:
    for name in (
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "山田　太郎",
        "Äneas\xa0Müller",
        "قباني^لنزار",
        "Hồ^Đức",
        "김희중",
    ):
        assert printable(name) == name


def test_bytes_of_a_file_name_that_is_no_text_are_shown_as_bytes() -> None:
    assert printable(b"caf\xe9\xff.pcap".decode("utf-8", "surrogateescape")) == "caf\\xe9\\xff.pcap"
    assert printable("\ud83d") == "\\ud83d"


def test_a_flood_of_combining_marks_is_dammed() -> None:
    assert printable("e\u0301" * 50) == "e\u0301" * 50, "marks on many characters are no flood"
    flood = "a" + "\u0301" * 1000 + "b"
    assert printable(flood) == "a" + "\u0301" * MAX_MARKS + "\\u0301" * (1000 - MAX_MARKS) + "b"


@given(st.text(st.characters(codec=None)))
def test_printed_text_has_nothing_to_obey(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in shown)
    assert printable(shown) == shown
    shown.encode()


@given(st.lists(st.text(st.characters(codec=None))))
def test_a_line_stays_one_line_whatever_is_in_it(lines: list[str]) -> None:
    assert "".join(printed(lines)).splitlines() == [printable(line) for line in lines]


def test_a_printable_stream_passes_newlines_and_escapes_the_rest() -> None:
    buffer = io.BytesIO()
    stream = PrintableStream(buffer, encoding="utf-8", newline="\n")
    assert stream.write("title \x1b]0;x\x07\r\nsecond 山田　\udcff\n") == 26
    stream.writelines(["third \x9b\n"])
    stream.flush()
    assert buffer.getvalue().decode() == "title \\x1b]0;x\\x07\\r\nsecond 山田　\\xff\nthird \\x9b\n"


def test_every_line_that_anybody_writes_to_standard_streams_is_printable() -> None:
    script = (
        "import sys, warnings, logging; from dicomsniff.output import prepare_standard_streams\n"
        "prepare_standard_streams()\n"
        "print('out \\x1b[31m'); print('err \\x9b', file=sys.stderr)\n"
        "warnings.warn('warned \\x1b\\x07'); logging.warning('logged \\x1b')\n"
        "raise SystemExit('exit \\x1b')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert done.stdout == b"out \\x1b[31m\n"
    for said in (b"err \\x9b", b"warned \\x1b\\x07", b"logged \\x1b", b"exit \\x1b"):
        assert said in done.stderr
    assert b"\x1b" not in done.stderr
