"""Drives the app as a user does, and reads what is on the screen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.dialog import Dialog
from unmarked import KEPT

SMALL, LARGE = (80, 24), (160, 45)
both_sizes = pytest.mark.parametrize(
    "size", [SMALL, pytest.param(LARGE, marks=pytest.mark.slow)], ids=["80x24", "160x45"]
)
"""Runs a test in both; the quick loop leaves the larger one out."""
PATIENCE = 60
"""Seconds after which what is awaited will not come, however busy the machine is."""


def is_at_rest(app: App[object]) -> bool:
    """Whether nothing is on its way: being read, waiting for a widget, or not drawn yet."""
    screen = app.screen
    undrawn = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
    if screen._compositor.root is None or undrawn or screen._recompose_required or screen._callbacks:
        return False
    nodes = (app, *screen.walk_children(with_self=True))
    return not any(node.message_queue_size or node._next_callbacks for node in nodes)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything asked for was read and is shown.

    Not `pilot.pause()`: that takes an app for idle that merely got no processor time, and waits for each time for one
    that is.
    """
    calm = 0
    async with asyncio.timeout(PATIENCE):
        while calm < 2:  # what comes to rest may be what wakes another widget
            if any(not worker.is_finished for worker in pilot.app.workers):
                await pilot.app.workers.wait_for_complete()
            await pilot.pause(0)
            calm = calm + 1 if is_at_rest(pilot.app) else 0


async def until(pilot: Pilot[None], condition: object) -> None:
    """Wait for a condition, where the app never comes to rest."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, waiting for what each of them brings; keys that stay in one place go out together."""
    for key, following in pairwise((*keys, "")):
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        typing = isinstance(pilot.app.focused, Input) and len(key) == len(following) == 1
        if not (typing or key == following):
            await settle(pilot)


def screen_text(app: DicomsniffApp) -> str:
    """What the terminal shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def notices(app: DicomsniffApp) -> str:
    """What the app has told beside the screen."""
    return "\n".join(notice.message for notice in app._notifications)


@asynccontextmanager
async def opened(
    source: object, size: tuple[int, int] = LARGE, privacy: Privacy = KEPT
) -> AsyncIterator[tuple[DicomsniffApp, Pilot[None]]]:
    """The app on a capture, or on the path of one, read to its end."""
    with source if isinstance(source, Capture) else Capture(str(source)) as capture:
        app = DicomsniffApp(capture, privacy)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            yield app, pilot
        app.stop()


def both_ends(count: int, most: int) -> list[int]:
    return sorted({*range(min(count, most)), *range(max(0, count - most), count)})


async def walk(app: DicomsniffApp, pilot: Pilot[None], *, associations: int = 1, entries: int = 2) -> int:
    """Look at everything of some associations and entries, from both ends; return how many entries were seen."""
    seen = 0
    panes = app.panes
    for place in both_ends(len(panes.table.listed), associations):
        panes.go_to(panes.table)
        panes.table.move_to(place, by_user=True)
        await settle(pilot)
        for key in "fcil":
            await press(pilot, key, "end", "home", "pagedown", "enter")
            if isinstance(app.screen, Dialog):
                await press(pilot, "escape")
        association = panes.table.listed[place]
        for index in both_ends(len(association.timeline), entries):
            panes.table.select(association)
            await settle(pilot)
            panes.ladder.move_to(index, by_user=True)
            await settle(pilot)
            assert panes.fields.detail is not None
            panes.go_to(panes.fields)
            await press(pilot, "end", "left", "left", "right", "z", "z", "home", "tab", "end", "enter", "escape")
            for key in ("r", "o", "b", "b"):
                await press(pilot, key)
                if isinstance(app.screen, Dialog):
                    await press(pilot, "down", "enter")
            seen += 1
    return seen
