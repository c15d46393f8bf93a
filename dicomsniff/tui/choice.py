"""One of several things to choose from, or one of the parts of a row."""

from typing import NamedTuple


class Choice(NamedTuple):
    """What it is called, and what it says."""

    what: str
    says: str
