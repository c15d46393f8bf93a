"""An app of Textual's, with a last gate before the terminal for whatever its widgets draw."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import App
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message
from textual.notifications import SeverityLevel

from dicomsniff.printable import escape
from dicomsniff.tui.shown import shortened
from dicomsniff.tui.turns import KEYS, fair_turns


class GuardedApp(App[None]):
    """Every line of every widget passes a `Blotter`; notifications are plain text."""

    def __init__(self) -> None:
        super().__init__()
        self._blotter = Blotter()

    def get_driver_class(self) -> type[Driver]:
        """Return what writes to the terminal: while its thread takes a frame, every thread has its turns.

        It tells when a key comes, before anybody else knows of it, and when something is drawn.
        """

        class FairDriver(super().get_driver_class()):  # type: ignore[misc]
            def process_message(self, message: Message) -> None:
                if isinstance(message, events.InputEvent) and not isinstance(message, events.MouseMove):
                    KEYS.press()
                super().process_message(message)

            def write(self, data: str) -> None:
                with fair_turns():
                    super().write(data)
                KEYS.draw()

        return FairDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through."""
        return [*super().get_line_filters(), self._blotter]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = 3,
        markup: bool = False,
    ) -> None:
        """Tell something for a moment, instead of what was told before; nothing in it is markup."""
        self.clear_notifications()
        message, title = shortened(message), shortened(title)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)


class Blotter(LineFilter):
    """Blots out what a terminal would obey: it may have been typed or pasted, where no view of ours escapes it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  as Textual calls it
        """Return the segments of a line; none becomes wider or narrower."""
        return [Segment(escape(text, _blot), style, control) for text, style, control in segments]


def _blot(char: str) -> str:
    return "·" * cell_len(char)
