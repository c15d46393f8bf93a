"""The form of a value without the value: enough to see a wrong date, a lower-case code or a space at the end."""

MAX_SHAPE = 64
"""Characters of a value whose form is told; that of a longer one says nothing that its length does not."""
_KEPT = frozenset("*?^=\\-.:/+ ,_()")
"""Characters that stand for themselves: delimiters of values, and wildcards and ranges of keys."""


def shape(text: str) -> str:
    """Return a text with every letter and digit replaced: `Xxxxx^Xxxx`, `99999999-`, `Xx*`.

    `o` stands for letters that are neither upper nor lower case, `#` for any other character.
    """
    if len(text) > MAX_SHAPE:
        return ""
    return "".join(map(sort, text))


def sort(character: str) -> str:
    """Return what stands for a character in a shape."""
    if character in _KEPT:
        return character
    if character.isdigit():
        return "9"
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    return "o" if character.isalpha() else "#"
