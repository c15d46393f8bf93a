"""JSON that every reader takes, and that no terminal obeys."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.export.json_text import indented_json_text, json_text
from dicomsniff.printable import printable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('plain "text" \\', '"plain \\"text\\" \\\\"'),
        ("\x1b]0;x\x07\n\0", '"\\u001b]0;x\\u0007\\n\\u0000"'),
        ("\x7f\x9b\x85\u2028\u2029", '"\\u007f\\u009b\\u0085\\u2028\\u2029"'),
        ("\u202e\u2066\u200b\ufeff\xad", '"\\u202e\\u2066\\u200b\\ufeff\\u00ad"'),
        ("\U000e0001", '"\\udb40\\udc01"'),
        ("山田　太郎 Äµ", '"山田　太郎 Äµ"'),
    ],
)
def test_visible_characters_stand_as_they_are_and_all_others_are_escaped(text: str, said: str) -> None:
    assert json_text(text) == said
    assert json.loads(said) == text


def test_what_json_cannot_hold_is_told_in_words() -> None:
    name = b"caf\xe9.pcap".decode("utf-8", "surrogateescape")
    assert json.loads(json_text({name: name})) == {"caf\\xe9.pcap": "caf\\xe9.pcap"}
    assert json.loads(json_text("\ud83d")) == "\\ud83d"
    assert json_text([float("nan"), {"low": float("-inf")}, (1.5,)]) == '["nan", {"low": "-inf"}, [1.5]]'


@given(VALUES)
def test_json_reads_as_what_was_written(value: object) -> None:
    for text in (json_text(value), indented_json_text(value)):
        assert json.loads(text) == value
        assert not any(
            unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text.replace("\n", "")
        )
    assert printable(json_text(value)) == json_text(value), "JSON passes the gate for text as it is"
    assert "\n" not in json_text(value)
