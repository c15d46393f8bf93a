"""The styles of what rows say, once for all lists: Textual works each of them out anew wherever the focus goes."""

from typing import ClassVar

from textual.widget import Widget


class Palette(Widget):
    """Has no place on the screen; its ground is that of the lists."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row--header",
        "row--dim",
        "row--strong",
        "row--requestor",
        "row--acceptor",
        "row--name",
        "row--error",
        "row--warning",
        "row--note",
        "row--highlight",
        "row--gap",
    }
