"""The pictures of the terminal UI: samples -> docs/assets/terminal-ui….svg, drawn by Textual."""

import asyncio
import re
import sys
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from textual import constants

from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from docs.console import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from tui.screens import settle

ASSETS = Path(__file__).parent / "assets"
SIZE = (132, 34)


class Picture(NamedTuple):
    """What a picture shows: a sample, and the keys that are pressed before it is taken."""

    sample: str
    keys: tuple[str, ...]


PICTURES = {
    "terminal-ui.svg": Picture("c-move-destination-refuses.pcap", ("enter",)),
    "terminal-ui-findings.svg": Picture("association-rejected.pcap", ()),
    "terminal-ui-negotiation.svg": Picture("c-move-context-refused.pcap", ("1", "end", "3")),
    "terminal-ui-time.svg": Picture("slow-archive.pcap", ("5",)),
}
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: (?:Fira Code|arial)[^;]*;")


async def drawn(picture: Picture) -> str:
    """Return a picture as SVG, which asks nobody for fonts."""
    with Capture(ROOT / "samples" / picture.sample) as capture:
        with patch.object(constants, "COLOR_SYSTEM", "truecolor"):  # whatever the terminal here can show
            app = DicomsniffApp(capture)
        async with app.run_test(size=SIZE) as pilot:
            await settle(pilot)
            for key in picture.keys:
                await pilot.press(key)
                await settle(pilot)
            svg = app.export_screenshot(title=f"dicomsniff samples/{picture.sample}")
    return _FAMILY.sub("font-family: monospace;", _FONTS.sub("", svg))


def draw() -> None:
    """Draw them anew."""
    ASSETS.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        (ASSETS / name).write_text(asyncio.run(drawn(picture)), encoding="utf-8")


if __name__ == "__main__":
    draw()
