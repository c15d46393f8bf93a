"""Every view of samples of every kind: whatever a capture holds, no handler may fail.

`mpps` is walked through in `poison/test_model.py`, and all services in `poison/test_wire.py`.
"""

from pathlib import Path

import pytest

from tui.screens import LARGE, SMALL, opened, walk

pytestmark = pytest.mark.slow

NAMES = ("c-move", "missing-segment")
SAMPLES = [Path(__file__).parent.parent.parent / "samples" / f"{name}.pcap" for name in NAMES]


@pytest.mark.parametrize(
    ("sample", "size"),
    [(sample, (SMALL, LARGE)[number % 2]) for number, sample in enumerate(SAMPLES)],
    ids=[path.stem for path in SAMPLES],
)
async def test_every_view_can_be_shown(sample: Path, size: tuple[int, int]) -> None:
    async with opened(sample, size) as (app, pilot):
        assert await walk(app, pilot) > 0
        assert len(app.screen_stack) == 1, "every dialog was left"
