"""The screens themselves, in every size. Look at every change before accepting it with --snapshot-update."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from tui.screens import LARGE, MIDDLE, SMALL, both_sizes, every_size, opened, press, settle
from unmarked import KEPT

VIEWS = {
    "overview": "1",
    "exchange": "2",
    "negotiation": "3",
    "objects": "4",
    "times": "5",
    "findings": "6",
    "compare": "7",
}
CAPTURES = {"healthy": "c-move", "rejected": "association-rejected", "refused": "contexts-all-refused"}
SCREENS = {
    "multi-pdv-ladder": ("c-store-multi-pdv", ("2", "G")),
    "command-fields": ("c-find-cancel", ("2", "down", "down", "enter", "pagedown")),
    "c-get-last": ("c-get-pending", ("2", "end", "p")),
    "filtered": ("association-rejected", ("1", "slash", *"local", "enter")),
    "sorted": ("association-rejected", ("1", "s", "s", "s")),
    "stray-fragment": ("mal-data-before-command", ("1", "n", "enter")),
    "finding": ("mal-pdu-length-too-short", ("down",)),
    "missing-bytes": ("missing-segment", ("n",)),
    "keys": ("c-echo", ("question_mark",)),
    "c-move-details": ("c-move", ("2", "down", "down", "enter")),
    "links": ("c-move", ("l", "down")),
    "procedure-step-links": ("mpps", ("2", "down", "down", "r")),
    "delivery": ("c-move", ("2", "down", "down", "r", "enter")),
    "time": ("no-answer", ("1", "tab", "end")),
    "folded": ("c-get-pending", ("2", "down", "enter", "z", "down", "right")),
    "many-contexts": ("c-get-pending", ("3",)),
    "zoomed": ("c-echo", ("2", "tab", "tab", "Z")),
    "gap": ("no-answer", ("2",)),
}
BEHAVIOUR = {
    "whole-row": ("association-rejected", ("1", "w")),
    "export": ("association-rejected", ("1", "e")),
    "filter-wrong": ("c-move", ("1", "slash", *"colour==1")),
    "filter-messages": ("c-move", ("2", "slash", *"command==C-MOVE-RSP", "enter")),
    "find": ("c-move", ("2", "asterisk", *"version", "enter")),
    "completion": ("c-move", ("1", "slash", *"called == ")),
    "columns": ("association-rejected", ("1", "C", "down", "enter")),
    "tls": ("tls", ("3", "tab")),
}


def compare(snap_compare: Callable[..., bool], path: Path, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    """Press keys, and compare the screen with its picture."""

    async def walk(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)
        pilot.app.clear_notifications()
        for line in pilot.app.screen.query(Input):
            line.cursor_blink = False  # whether the cursor is in sight hangs on the clock
        await settle(pilot)

    with Capture(str(path)) as capture:
        assert snap_compare(DicomsniffApp(capture, KEPT), terminal_size=size, run_before=walk)


@every_size
@pytest.mark.parametrize("name", CAPTURES)
def test_on_opening_what_is_worst_is_in_sight(
    snap_compare: Callable[..., bool], samples: Path, name: str, size: tuple[int, int]
) -> None:
    compare(snap_compare, samples / f"{CAPTURES[name]}.pcap", size, ())


@every_size
@pytest.mark.parametrize("name", CAPTURES)
async def test_views(snapshot: SnapshotAssertion, samples: Path, name: str, size: tuple[int, int]) -> None:
    async with opened(samples / f"{CAPTURES[name]}.pcap", size) as (app, pilot):
        await each_view(app, pilot, snapshot.use_extension(SVGImageExtension))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80x24", "120x35", "160x45"])
async def test_views_without_colours(
    snapshot: SnapshotAssertion, samples: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(samples / f"{CAPTURES['refused']}.pcap", size) as (app, pilot):
        await each_view(app, pilot, snapshot.use_extension(SVGImageExtension))


async def each_view(app: DicomsniffApp, pilot: Pilot[None], pictures: SnapshotAssertion) -> None:
    """Compare every view with its picture, in one run of the app."""
    for view, key in VIEWS.items():
        await press(pilot, key)
        assert pictures(name=view) == app.export_screenshot()


@both_sizes
@pytest.mark.parametrize("name", SCREENS)
def test_screen(snap_compare: Callable[..., bool], samples: Path, name: str, size: tuple[int, int]) -> None:
    sample, keys = SCREENS[name]
    compare(snap_compare, samples / f"{sample}.pcap", size, keys)


@every_size
@pytest.mark.parametrize("name", BEHAVIOUR)
def test_behaviour(snap_compare: Callable[..., bool], samples: Path, name: str, size: tuple[int, int]) -> None:
    sample, keys = BEHAVIOUR[name]
    compare(snap_compare, samples / f"{sample}.pcap", size, keys)
