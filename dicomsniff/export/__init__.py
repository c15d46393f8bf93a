"""Views made from the model: text, JSON, SARIF, JUnit."""

from typing import Any

from dicomsniff.side import Side

Json = dict[str, Any]
"""A JSON object."""


def direction(side: Side) -> str:
    """Name the direction in which a side sends."""
    return f"{side.value}-to-{side.other.value}"
