"""The picture of the terminal UI: a sample -> docs/assets/terminal-ui.svg, drawn by Textual."""

import asyncio
import re
import sys
from pathlib import Path
from unittest.mock import patch

from textual import constants

from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from docs.console import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from tui.screens import settle

PICTURE = Path(__file__).parent / "assets" / "terminal-ui.svg"
SAMPLE = ROOT / "samples" / "c-move-destination-refuses.pcap"
SIZE = (132, 34)
KEYS = ("enter",)
"""What is pressed before the picture is taken."""
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: (?:Fira Code|arial)[^;]*;")


async def drawn() -> str:
    """Return the picture as SVG, which asks nobody for fonts."""
    with Capture(SAMPLE) as capture:
        with patch.object(constants, "COLOR_SYSTEM", "truecolor"):  # whatever the terminal here can show
            app = DicomsniffApp(capture)
        async with app.run_test(size=SIZE) as pilot:
            await settle(pilot)
            await pilot.press(*KEYS)
            await settle(pilot)
            svg = app.export_screenshot(title="dicomsniff samples/c-move-destination-refuses.pcap")
    return _FAMILY.sub("font-family: monospace;", _FONTS.sub("", svg))


def draw() -> None:
    """Draw it anew."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(asyncio.run(drawn()), encoding="utf-8")


if __name__ == "__main__":
    draw()
