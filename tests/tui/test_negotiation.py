"""The view of a negotiation: what its heading says of it."""

from pathlib import Path

import pytest

from tui.screens import SMALL, opened, press


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("association-rejected.pcap", "1  1 context, none answered"),
        ("tls.pcap", "1  no contexts"),
        ("contexts-all-refused.pcap", "1  all 128 contexts refused"),
    ],
)
async def test_the_heading_says_how_many_contexts_were_refused_if_any_was_answered(
    samples: Path, name: str, said: str
) -> None:
    async with opened(samples / name, SMALL) as (app, pilot):
        await press(pilot, "3")
        title = str(app.workspace.current.pane.border_title)
        assert title.startswith(said)
        assert ("max PDU" in title) is (name != "tls.pcap")
