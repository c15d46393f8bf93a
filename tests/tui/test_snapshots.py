"""The screens themselves, in both sizes. Look at every change before accepting it with --snapshot-update."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from tui.screens import both_sizes, press, settle
from unmarked import KEPT

SCREENS = {
    "first": ("c-echo", ()),
    "multi-pdv-ladder": ("c-store-multi-pdv", ("enter", "G")),
    "command-fields": ("c-find-cancel", ("enter", "down", "down", "enter", "pagedown")),
    "c-get-last": ("c-get-pending", ("enter", "end", "p")),
    "filtered": ("association-rejected", ("slash", *"local", "enter")),
    "stray-fragment": ("mal-data-before-command", ("n", "enter")),
    "findings": ("mal-pdu-length-too-short", ("f", "down")),
    "missing-bytes": ("missing-segment", ("n",)),
    "keys": ("c-echo", ("question_mark",)),
    "c-move-details": ("c-move", ("enter", "down", "down", "enter")),
    "links": ("c-move", ("l", "down")),
    "procedure-step-links": ("mpps", ("enter", "down", "down", "r")),
    "delivery": ("c-move", ("enter", "down", "down", "r", "enter")),
    "association": ("no-answer", ("i",)),
    "capture": ("no-answer", ("c", "down", "down")),
    "folded": ("c-get-pending", ("enter", "down", "enter", "z", "down", "right")),
    "many-contexts": ("c-get-pending", ("enter", "down", "enter", *["pagedown"] * 3)),
}


@both_sizes
@pytest.mark.parametrize("name", SCREENS)
def test_screen(snap_compare: Callable[..., bool], samples: Path, name: str, size: tuple[int, int]) -> None:
    sample, keys = SCREENS[name]

    async def walk(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    with Capture(str(samples / f"{sample}.pcap")) as capture:
        assert snap_compare(DicomsniffApp(capture, KEPT), terminal_size=size, run_before=walk)
