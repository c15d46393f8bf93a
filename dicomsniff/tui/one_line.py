"""An input of one line, which leaves the keys for up and down to what it is in."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input


class OneLine(Input, inherit_bindings=False):
    """It has the keys of an input, but not those by which widgets of many lines are scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = Input.BINDINGS
