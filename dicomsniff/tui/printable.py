"""Text from the wire -> text that a terminal shows and does not obey."""

LONGEST = 4096
"""Characters shown of a value."""


def printable(text: str, longest: int = LONGEST) -> str:
    """Return the text with control and other invisible characters escaped, and cut if it is very long."""
    more = f" … {len(text) - longest} more characters" if len(text) > longest else ""
    text = text[:longest]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return text + more
