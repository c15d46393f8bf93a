"""The first line of the screen: what it has no room for is left out word by word."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.session import Session
from dicomsniff.tui.status_line import status

VERDICT = "the association is in trouble: 12 of 40 C-STORE refused: abstract syntax not supported; 1 中村健 more"


@pytest.mark.parametrize("lines", [1, 2])
def test_no_word_is_cut(samples: Path, lines: int) -> None:
    with Capture(str(samples / "c-echo.pcap")) as capture:
        session = Session(capture, Gate())
        session.reading, session.book.verdict = False, VERDICT
        for width in range(40, 160):
            said = status(session, width, lines)
            shown = said.text.plain.split("\n")
            assert all(cell_len(line) <= width for line in shown)
            words = " ".join(shown).replace(" P hidden ", " ").replace(" patient data hidden (P) ", " ").split()
            left_out = words.index("…") if "…" in words else len(words)
            assert words[: min(left_out, len(VERDICT.split()))] == VERDICT.split()[:left_out], width
            assert said.is_cut == ("…" in words)
    assert not said.is_cut
