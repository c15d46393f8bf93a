"""Live capture as a source of packets: what it tells while nothing comes."""

import pytest

from dicomsniff.capture import silence
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.source import LiveSource
from sniffers import needs_sniffing


@pytest.mark.slow
@needs_sniffing
def test_what_may_be_the_reason_of_a_silence_is_told_once(monkeypatch):
    monkeypatch.setattr(silence, "PATIENCE", 0.0)
    source = LiveSource(Plan(("lo",), bpf="tcp port 1", capturer="builtin"))
    said: list[str] = []
    batches = source.batches()
    while not any("no packet" in line for line in said):
        next(batches)
        said += source.pop_notices()
    for _ in range(3):
        next(batches)
    source.close()
    said += source.pop_notices()
    (told,) = [line for line in said if "no packet" in line]
    assert told.endswith(
        "from lo; is there traffic, and is it the right interface (`dicomsniff interfaces`), and does -f fit?"
    )
