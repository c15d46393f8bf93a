"""Every view of samples of every kind: whatever a capture holds, no handler may fail."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.dialog import Dialog
from tui.screens import LARGE, SMALL, opened, press, settle

NAMES = ("c-move", "c-find-cancel", "mpps", "missing-segment", "mal-data-before-command")
SAMPLES = [Path(__file__).parent.parent.parent / "samples" / f"{name}.pcap" for name in NAMES]
ENTRIES, ASSOCIATIONS = 2, 1
"""Entries and associations that are looked at, from both ends."""


def both_ends(count: int, most: int) -> list[int]:
    return sorted({*range(min(count, most)), *range(max(0, count - most), count)})


async def walk(app: DicomsniffApp, pilot: Pilot[None]) -> int:
    """Look at everything; return how many entries were seen."""
    seen = 0
    panes = app.panes
    for place in both_ends(len(panes.table.listed), ASSOCIATIONS):
        panes.go_to(panes.table)
        panes.table.move_to(place, by_user=True)
        await settle(pilot)
        for key in "fcil":
            await press(pilot, key, "end", "home", "pagedown", "enter")
            if isinstance(app.screen, Dialog):
                await press(pilot, "escape")
        association = panes.table.listed[place]
        for index in both_ends(len(association.timeline), ENTRIES):
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


@pytest.mark.parametrize(
    ("sample", "size"),
    [(sample, (SMALL, LARGE)[number % 2]) for number, sample in enumerate(SAMPLES)],
    ids=[path.stem for path in SAMPLES],
)
async def test_every_view_can_be_shown(sample: Path, size: tuple[int, int]) -> None:
    async with opened(sample, size) as (app, pilot):
        assert await walk(app, pilot) > 0
        assert len(app.screen_stack) == 1, "every dialog was left"
