"""Goes back to the capture for associations whose details were given up to bound memory."""

from collections import OrderedDict
from typing import TypeVar

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import CaptureError
from dicomsniff.library import Capture
from dicomsniff.tui.shelf import Shelf

T = TypeVar("T")

MAX_REOPENED = 20
"""Associations that were gone back for and are kept: those that were opened last."""


class Reopening:
    """Knows which associations were gone back for, and for which that was in vain."""

    def __init__(self, capture: Capture, shelf: Shelf) -> None:
        self._capture = capture
        self._shelf = shelf
        self._found: OrderedDict[int, Association] = OrderedDict()
        self._problems: OrderedDict[int, str] = OrderedDict()

    def shown(self, association: Association | None) -> Association | None:
        """Return what is shown of an association: itself, or with its details if they were gone back for."""
        if association is None or not association.condensed:
            return association
        found = self._found.get(association.id) or self._shelf.load(association)
        if found is None:
            return association
        self._keep(self._found, association.id, found)
        return found

    def pass_by(self, association: Association) -> Association:
        """Return the same, not to be kept: many are looked through, in whichever thread."""
        if not association.condensed:
            return association
        return self._found.get(association.id) or self._shelf.load(association) or association

    def is_due(self, association: Association | None) -> bool:
        """Whether an association has no details and was not gone back for."""
        if association is None or not association.condensed:
            return False
        if association.id in self._found or association.id in self._problems:
            return False
        return self.shown(association) is association

    def said(self, association: Association | None) -> str:
        """Say why there are no details; empty where there are."""
        if association is None or not association.condensed or self.shown(association) is not association:
            return ""
        problem = self._problems.get(association.id)
        return f"its details were given up to bound memory: {problem}" if problem else "going back for its details…"

    def load(self, association: Association) -> None:
        """Go back for an association's details; it takes a while."""
        if self._capture.is_pipe:
            self._keep(self._problems, association.id, "the capture came through a pipe, which cannot be read again")
            return
        try:
            self._keep(self._found, association.id, self._capture.reopen(association))
        except (CaptureError, OSError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self._keep(self._problems, association.id, why)

    @staticmethod
    def _keep(kept: OrderedDict[int, T], number: int, thing: T) -> None:
        kept[number] = thing
        if len(kept) > MAX_REOPENED:
            kept.popitem(last=False)
