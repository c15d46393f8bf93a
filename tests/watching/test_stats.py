"""Statistics: a line each period, of what came in it."""

import io
import json

import pytest

import build
from dicomsniff.library import Capture
from dicomsniff.watching.stats import Stats
from replayed import echo, rejected, replay


def lines(capture: Capture, form: str, times: list[float]) -> list[str]:
    """Watch a capture to its end by a clock that shows these times; return the lines written."""
    shown = iter(times)
    out = io.StringIO()
    capture.add_watcher(Stats(capture, out, 60, form, lambda: next(shown)))
    for _ in capture.blocks():
        pass
    capture.end_watchers()
    return out.getvalue().splitlines()


def test_a_period_is_said_in_numbers() -> None:
    capture = replay(echo().packets, echo(0x0122, client=40003).packets, rejected().packets, lost=7)
    (line,) = lines(capture, "jsonl", [0, 10, 20, 30, 40, 50, 50])
    assert json.loads(line) == {
        "kind": "stats",
        "seconds": 50.0,
        "associations": {"opened": 3, "ended": {"rejected": 1, "released": 2}, "open": 0},
        "operations": [
            {"service": "C-ECHO", "status": "Failure", "count": 1},
            {"service": "C-ECHO", "status": "Success", "count": 1},
        ],
        "latency": {"C-ECHO": {"count": 2, "median": 0.001, "worst": 0.001}},
        "findings": {"error": 2, "warning": 0, "note": json.loads(line)["findings"]["note"]},
        "packets": 32,
        "packets_per_second": 0.6,
        "lost": 7,
    }


def test_the_same_is_said_in_words() -> None:
    (line,) = lines(replay(echo().packets, rejected().packets, lost=1), "text", [0, 10, 20, 30, 36, 36])
    assert line.startswith("-- in 36 s: 2 associations opened, 2 ended (1 rejected, 1 released), 0 open; ")
    assert "1 C-ECHO Success; C-ECHO latency median 1.00 ms, worst 1.00 ms; 1 error" in line
    assert line.endswith("0.6 packets/s; 1 packet lost")


def test_each_period_is_counted_anew() -> None:
    capture = replay(echo().packets, echo(client=40003).packets)
    first, *_, last = lines(capture, "jsonl", [0, 61, 61, 61, 122, 122, 122, 123, 124, 125])
    assert json.loads(first)["associations"] == {"opened": 1, "ended": {"released": 1}, "open": 0}
    assert json.loads(last)["packets"] == 0


def test_who_has_said_the_last_word_is_not_open_although_the_connection_is() -> None:
    capture = replay(echo().packets[:-3])
    (line, *_) = lines(capture, "jsonl", [0, 61, 61, 61, 62, 63, 64])
    assert json.loads(line)["associations"] == {"opened": 1, "ended": {"released": 1}, "open": 0}


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_nothing_is_said_as_well(form: str) -> None:
    (line,) = lines(replay(), form, [0, 1, 2, 2, 2])
    assert "0" in line


def test_a_response_before_its_request_took_no_time_that_could_be_told() -> None:
    """The clock of whoever captures was set back between the two."""
    packets = echo().packets
    late = next(at for at, packet in enumerate(packets) if packet.data == build.message(1, build.echo_rsp()))
    back = [packet._replace(time=packet.time - 3_600_000_000_000 * (at >= late)) for at, packet in enumerate(packets)]
    (line,) = lines(replay(back), "jsonl", [0, 10, 10, 20, 20, 20])
    assert json.loads(line)["operations"] == [{"service": "C-ECHO", "status": "Success", "count": 1}]
    assert json.loads(line)["latency"] == {}
