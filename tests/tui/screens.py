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

from dicomsniff.association.association import Association
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.views.exchange import Exchange
from dicomsniff.tui.views.overview import Overview
from dicomsniff.tui.views.registry import VIEWS
from unmarked import KEPT

SMALL, MIDDLE, LARGE = (80, 24), (120, 35), (160, 45)
both_sizes = pytest.mark.parametrize(
    "size", [SMALL, pytest.param(LARGE, marks=pytest.mark.slow)], ids=["80x24", "160x45"]
)
"""Runs a test in both; the quick loop leaves the larger one out."""
every_size = pytest.mark.parametrize(
    "size",
    [SMALL, *(pytest.param(size, marks=pytest.mark.slow) for size in (MIDDLE, LARGE))],
    ids=["80x24", "120x35", "160x45"],
)
"""Runs a test in all three sizes; the quick loop leaves the larger ones out."""
TURNS, CALM = 4, 3
"""Turns of the loop between two looks at whether an app is at rest, and looks that must find it so."""
PATIENCE = 60
"""Seconds after which what is awaited will not come, however busy the machine is."""


def chooses(asked: AssociationFilter, association: Association) -> bool:
    """Whether a filter chooses an association: it is asked until it knows."""
    judging = asked.judging(association, lambda each: each)
    while True:
        try:
            next(judging)
        except StopIteration as said:
            return bool(said.value)


def is_drawn(app: App[object]) -> bool:
    """Whether the screen shows what there is to show."""
    screen = app.screen
    undrawn = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
    return not (screen._compositor.root is None or undrawn or screen._recompose_required or screen._callbacks)


def is_quiet(app: App[object]) -> bool:
    """Whether no message waits for a widget."""
    nodes = (app, *app.screen.walk_children(with_self=True))
    return not any(node.message_queue_size or node._next_callbacks for node in nodes)


def is_working(app: App[object]) -> bool:
    """Whether something goes on in the background."""
    return any(not worker.is_finished for worker in app.workers)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything asked for was read and is shown.

    Not `pilot.pause()`: that takes an app for idle that merely got no processor time, waits for each time for one that
    is, and draws whatever is still on its way.
    """
    app, calm = pilot.app, 0
    async with asyncio.timeout(PATIENCE):
        while calm < CALM:  # what comes to rest may be what wakes another widget
            if is_working(app):
                await app.workers.wait_for_complete()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if is_working(app) or not is_quiet(app):
                calm = 0
            elif is_drawn(app):
                calm += 1
            else:
                app.screen._on_timer_update()
                calm = 0


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


def overview(app: DicomsniffApp) -> Overview:
    """The view of the associations."""
    view = app.workspace.views["overview"]
    assert isinstance(view, Overview)
    return view


def exchange(app: DicomsniffApp) -> Exchange:
    """The view of one association's messages."""
    view = app.workspace.views["exchange"]
    assert isinstance(view, Exchange)
    return view


@asynccontextmanager
async def opened(
    source: object, size: tuple[int, int] = LARGE, privacy: Privacy = KEPT, *, touched: bool = True, tells: bool = False
) -> AsyncIterator[tuple[DicomsniffApp, Pilot[None]]]:
    """The app on a capture, or on the path of one, read to its end.

    With `tells`, what the app tells for a moment is on the screen.
    Where the user has not `touched` anything meanwhile, what is worst is in sight, else the first association.
    """
    with source if isinstance(source, Capture) else Capture(str(source)) as capture:
        app = DicomsniffApp(capture, privacy)
        app.session.touched = touched
        async with app.run_test(size=size, notifications=tells) as pilot:
            await settle(pilot)
            yield app, pilot
        app.stop()


def both_ends(count: int, most: int) -> list[int]:
    return sorted({*range(min(count, most)), *range(max(0, count - most), count)})


async def walk(app: DicomsniffApp, pilot: Pilot[None], *, associations: int = 1, entries: int = 2) -> int:
    """Look at everything of some associations and entries, from both ends; return how many entries were seen."""
    seen = 0
    session, view = app.session, exchange(app)
    for place in both_ends(len(session.listing.listed), associations):
        association = session.listing.listed[place]
        for kind in VIEWS:
            session.show("overview")
            session.select(association)
            await press(pilot, kind.key, "end", "home", "pagedown", "tab", "end", "enter")
            if isinstance(app.screen, Dialog):
                await press(pilot, "escape")
        await press(pilot, "l", "end", "home", "pagedown", "enter")
        if isinstance(app.screen, Dialog):
            await press(pilot, "escape")
        for index in both_ends(len(association.timeline), entries):
            session.select(association)
            session.show("exchange")
            await settle(pilot)
            session.select_entry(session.entries[index])
            await settle(pilot)
            assert view.fields.detail is not None
            view.go_to(view.fields)
            await press(pilot, "end", "left", "left", "right", "z", "z", "home", "tab", "end", "enter", "escape")
            for key in ("r", "o", "b", "b"):
                await press(pilot, key)
                if isinstance(app.screen, Dialog):
                    await press(pilot, "down", "enter")
            seen += 1
    return seen
