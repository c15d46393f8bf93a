"""What the terminal UI shows of an association that came over TLS: what it came over, and decrypted bytes."""

from pathlib import Path

from dicomsniff.key_files import KeyFiles
from dicomsniff.library import Capture
from dicomsniff.tui.association_facts import association_facts
from dicomsniff.tui.detail import load_detail
from dicomsniff.tui.link_book import LinkBook
from tui.screens import LARGE, both_sizes, opened, press, screen_text

SAMPLES = Path(__file__).parents[2] / "samples"


def test_an_association_says_what_it_came_over_and_shows_decrypted_bytes() -> None:
    keys = KeyFiles([SAMPLES / "tls.keylog"])
    with Capture(str(SAMPLES / "tls.pcap"), keys=keys) as capture:
        (association,) = capture.associations
        book = LinkBook.of(capture.analyzer)
        rows = association_facts(association, capture.found.of(association), book, 6, 0)
        facts = {row.name: row.value for row in rows}
        assert facts["transport"] == "over TLS 1.3, TLS_AES_256_GCM_SHA384 (0x1302); read with the key log"
        request = association.timeline[0]
        detail = load_detail(capture, association, request, book)
        assert not detail.problem
        assert detail.blocks[0].data[:2] == b"\x01\0"
        assert b"PYSCU" in detail.blocks[0].data


async def test_overview_and_negotiation_tell_of_the_handshake_and_how_it_was_read() -> None:
    async with opened(Capture(str(SAMPLES / "tls.pcap"), keys=KeyFiles([SAMPLES / "tls.keylog"])), LARGE) as (
        app,
        pilot,
    ):
        for view in ("1", "3"):
            await press(pilot, view, "tab", "end")
            shown = screen_text(app)
            assert "read with the key log" in shown
            assert "the client offers TLS 1.3" in shown
            assert "certificate of the server: " in shown


@both_sizes
async def test_what_cannot_be_read_says_why_and_how_to_read_it(size: tuple[int, int]) -> None:
    async with opened(SAMPLES / "tls.pcap", size) as (app, pilot):
        await press(pilot, "3")
        assert "the negotiation is encrypted" in screen_text(app)
        await press(pilot, "tab")
        shown = screen_text(app)
        assert "not read: " in shown
        assert "--tls-keylog FILE" in shown
        assert "the client offers " in shown
