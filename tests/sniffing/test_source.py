"""Live capture as a source of packets: what it tells while nothing comes."""

import pytest

from dicomsniff.capture import silence
from dicomsniff.capture.notices import Notices
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.process import CapturerProcess
from dicomsniff.sniffing.source import LiveSource
from sniffers import needs_sniffing


def test_as_long_as_an_interface_is_away_it_is_known() -> None:
    process = object.__new__(CapturerProcess)  # no process is begun
    process._notices, process.away = Notices(), ""
    process._take({"is": "gone", "text": "eth0 is down"})
    assert process.away == "eth0 is down: nothing is captured"
    process._take({"is": "resumed", "seconds": 3.0, "back": ["eth0"], "missing": ["eth1"]})
    assert process.away == "eth1 away"
    process._take({"is": "resumed", "seconds": 1.0, "back": ["eth1"], "missing": []})
    assert process.away == ""
    assert len(process.pop_notices()) == 3


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
