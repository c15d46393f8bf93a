"""What is wrong with an expression, and where."""


class FilterError(ValueError):
    """An expression that cannot be understood: what is wrong, and at which character (from 0) of `expression`."""

    def __init__(self, problem: str, expression: str, at: int) -> None:
        super().__init__(f"{problem}, at character {at + 1} of {expression!r}" if expression else problem)
        self.problem, self.expression, self.at = problem, expression, at


def nearest(word: str, known: list[str]) -> str:
    """Return a question that names the known word nearest to one, or nothing where none is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""
