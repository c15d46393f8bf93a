"""The dialog that asks where to write something."""

import os
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.one_line import OneLine
from dicomsniff.tui.shown import Shown


class Obstacle(NamedTuple):
    """What stands in the way of writing to a path, and whether whoever says so twice may write all the same."""

    says: str
    yields: bool


def obstacle(path: str, *, to_directory: bool) -> Obstacle | None:
    """Return what stands in the way of writing a file, or files to a directory; None where nothing does."""
    if path in ("", "-"):
        return Obstacle("name a directory" if to_directory else "name a file", yields=False)
    if not os.path.lexists(path):
        return None
    if os.path.isdir(path):
        if not to_directory:
            return Obstacle("that is a directory: name a file", yields=False)
        try:
            holds = bool(os.listdir(path))
        except OSError as error:
            return Obstacle(error.strerror or str(error), yields=False)
        again = "it holds files: Enter again writes to it, over those of the same names"
        return Obstacle(again, yields=True) if holds else None
    if to_directory or not os.path.isfile(path):
        return Obstacle(f"that is no {'directory' if to_directory else 'file'}: choose another name", yields=False)
    return Obstacle("it is there already: Enter again writes over it", yields=True)


class PathPrompt(Dialog[str]):
    """A path to change or take; gives it once nothing stands in its way, or it was said twice."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PROMPT)

    def __init__(self, title: str, suggested: str, *, to_directory: bool = False) -> None:
        super().__init__()
        self._title, self._to_directory = title, to_directory
        self._warned = ""
        """The path whose obstacle was told."""
        self.input = OneLine(suggested, compact=True, select_on_focus=False)
        self.problem = Label(id="problem", markup=False)
        self.problem.display = False

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = Shown(self._title)
            box.border_subtitle = Shown("Enter writes, Esc does not")
            yield Label(
                f"to a {'directory' if self._to_directory else 'file'}, from {Shown(os.getcwd())}", markup=False
            )
            yield self.input
            yield self.problem

    @on(Input.Changed)
    def forget(self, event: Input.Changed) -> None:
        """Another path has other obstacles."""
        event.stop()
        self._say("")

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Take the path, or say what stands in its way."""
        event.stop()
        path = os.path.expanduser(event.value.strip())
        found = obstacle(path, to_directory=self._to_directory)
        if found is None or (found.yields and self._warned == path):
            self.dismiss(path)
            return
        self._say(found.says)
        self._warned = path

    def _say(self, problem: str) -> None:
        self._warned = ""
        self.problem.update(problem)
        self.problem.display = bool(problem)
