"""Run the terminal UI on a capture until the user quits or a signal ends it; the terminal is left as it was."""

import asyncio
import sys

from dicomsniff.filter.selection import EVERYTHING, Selection
from dicomsniff.interruption import INTERRUPTED, leave_at_once, taken_over
from dicomsniff.library import Capture
from dicomsniff.output import has_terminal
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.settings import load_settings
from dicomsniff.tui.turns import SWITCH, attentive_loop


def run(capture: Capture, privacy: Privacy, selection: Selection = EVERYTHING) -> bool:
    """Show what is chosen of a capture, then close it; return whether a signal ended that."""
    app = DicomsniffApp(capture, privacy, AssociationFilter(capture.found, selection), load_settings())
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        with asyncio.Runner(loop_factory=attentive_loop) as runner:
            runner.run(_show(app))
    finally:
        sys.setswitchinterval(before)
        app.stop()
        capture.close()
    return app.return_code == INTERRUPTED


async def _show(app: DicomsniffApp) -> None:
    loop = asyncio.get_running_loop()

    def leave() -> None:
        if has_terminal():
            loop.call_soon_threadsafe(app.exit, None, INTERRUPTED)
        else:
            # It has gone, as when a connection drops: nothing is to be restored, and Textual would wait for ever.
            leave_at_once()

    with taken_over(leave):
        await app.run_async()
