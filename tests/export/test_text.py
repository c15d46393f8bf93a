"""What `show` says, and the words it uses."""

from pathlib import Path

import pytest

from dicomsniff.findings.collector import Findings
from dicomsniff.library import Capture
from dicomsniff.quantities import byte_size, duration, time_of_day, timestamp
from unmarked import association_lines, summary_lines, verdict


@pytest.mark.parametrize(
    ("sample", "verdicts"),
    [
        ("c-echo.pcap", ["released: 1 C-ECHO, Success"]),
        ("c-store.pcap", ["released: 2 C-STORE, all Success"]),
        ("c-move.pcap", ["released: 1 C-MOVE, Success", "released: 3 C-STORE, all Success"]),
        (
            "c-get-pending.pcap",
            [
                "released: 1 C-GET, 3 C-STORE, all Success; 14 of 121 presentation contexts refused "
                "(Hardcopy Color Image Storage SOP Class: abstract syntax not supported, and 13 more)"
            ],
        ),
        (
            "no-answer.pcap",
            [
                "unfinished: ECHOSCU (10.20.0.1:59910) gave up after 2.01 s and closed the TCP connection: "
                "HANG (10.20.0.2:11112) gave no answer to A-ASSOCIATE-RQ",
                "aborted by the requestor: ECHOSCU (10.20.0.1:58400) gave up after 1.97 s without a message and "
                "aborted: SLOW (10.20.0.2:11113) had sent no response to C-ECHO-RQ 1",
            ],
        ),
        (
            "contexts-all-refused.pcap",
            [
                "unfinished: no presentation context was accepted "
                "(Ambulatory ECG Waveform Storage: abstract syntax not supported, and 127 more)",
                "aborted by the requestor: none of the 2 presentation contexts was accepted: abstract syntax not "
                "supported; proposed: CT Image Storage, MR Image Storage",
            ],
        ),
    ],
)
def test_the_verdict_says_how_an_association_went(samples: Path, sample: str, verdicts: list[str]) -> None:
    with Capture(str(samples / sample)) as capture:
        assert [verdict(association, capture.found.of(association)) for association in capture.associations][
            : len(verdicts)
        ] == verdicts


def test_each_kind_of_rejection_is_said_in_words(samples: Path) -> None:
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        said = {verdict(association, capture.found.of(association)) for association in capture.associations}
    assert 'rejected: called AE title not recognized ("NOTHERE" at 10.20.0.2:4242)' in said
    assert 'rejected: calling AE title not recognized ("ECHOSCU" from 10.20.0.1)' in said
    assert "rejected: temporary congestion; transient: it may work later" in said
    assert "rejected: protocol version not supported" in said


def test_show_tells_who_what_when_and_how_long(samples: Path) -> None:
    with Capture(str(samples / "c-echo.pcap")) as capture:
        lines = list(association_lines(capture.associations[0], Findings(), 6, contexts=True))
        summary = list(summary_lines(capture))
    assert lines[0] == "association 1: ECHOSCU (10.20.0.1:53408) -> STORESCP (10.20.0.2:104)"
    assert any("C-ECHO-RQ 1" in line and "-->" in line for line in lines)
    assert any("C-ECHO-RSP 1" in line and "<--" in line and "after the request" in line for line in lines)
    assert any("Verification SOP Class: Implicit VR Little Endian" in line for line in lines)
    assert summary == [
        "c-echo.pcap: 20 packets, 1 TCP connection, 1 association",
        "  the association went well; 1 C-ECHO",
    ]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 s"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (12_345_678, "12.3 ms"),
        (123_456_789, "123 ms"),
        (2_010_000_000, "2.01 s"),
        (125_000_000_000, "2 min 5 s"),
        (-1_500, "an unknown time"),
    ],
)
def test_durations_have_three_digits_and_a_fitting_unit(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (9_999, "9999 B"), (10_000, "10.0 kB"), (524_654, "525 kB"), (10**9, "1.0 GB")]
)
def test_sizes_have_a_fitting_unit(count: int, text: str) -> None:
    assert byte_size(count) == text


def test_times_keep_the_resolution_of_the_capture() -> None:
    time = 1_700_000_000_123_456_789
    assert timestamp(time, 6) == "2023-11-14T22:13:20.123456Z"
    assert timestamp(time, 9) == "2023-11-14T22:13:20.123456789Z"
    assert time_of_day(time, 3) == "22:13:20.123"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "1969-12-31T23:59:59.0Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.0Z"),
        (253_402_300_799, "9999-12-31T23:59:59.0Z"),
        (253_402_300_800, "253402300800s.0Z"),
    ],
)
def test_every_time_of_the_calendar_is_written_on_every_system(seconds: int, text: str) -> None:
    assert timestamp(seconds * 1_000_000_000, 1) == text


def test_a_time_beyond_the_calendar_is_still_written() -> None:
    assert timestamp(10**30, 6).endswith("s.000000Z")
