"""Text that waits comes back as it was, whether in memory or in a file, whole or in parts."""

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.export import waiting
from dicomsniff.export.waiting import WaitingText


@given(st.lists(st.text(max_size=9), max_size=9), st.integers(0, 40), st.integers(1, 7))
def test_what_waited_is_copied_as_it_was_written(texts, in_memory, at_once):
    before, waiting.AT_ONCE = waiting.AT_ONCE, at_once
    body = WaitingText(in_memory)
    try:
        places = [(body.size, body.write(text), text) for text in texts]
        parts, whole = [StringIO() for _ in texts], StringIO()
        for part, (place, length, _) in zip(parts, places, strict=True):
            body.copy(part, place, length)
        body.copy(whole)
    finally:
        waiting.AT_ONCE = before
        body.close()
    assert [part.getvalue() for part in parts] == [text for *_, text in places]
    assert whole.getvalue() == "".join(texts)


def test_what_no_encoding_has_is_escaped():
    body, out = WaitingText(100), StringIO()
    body.write("a\udc80b")
    body.copy(out)
    assert out.getvalue() == "a\\udc80b"
    body.close()
