"""Views made from the model: text, JSON; and the words they and the terminal UI share."""

from typing import Any

Json = dict[str, Any]
"""A JSON object."""
