"""The clock of a capture that goes on: the latest packet's time, and what went by since; and how fast packets come."""

from dicomsniff.tui.packet_clock import PacketClock, PacketRate


def test_it_goes_on_from_the_latest_packet() -> None:
    seconds = iter([0.0, 5.0, 5.0, 7.5, 8.0, 8.0])
    clock = PacketClock(lambda: next(seconds))
    assert clock.now(1_000) == 1_000
    assert clock.now(1_000) == 2_500_001_000
    assert clock.now(9_000) == 9_000


def test_before_the_first_packet_there_is_no_time() -> None:
    assert PacketClock(lambda: 3.0).now(None) == 0


def test_the_rate_is_that_since_the_last_look() -> None:
    seconds = iter([0.0, 2.0, 3.0, 4.0])
    rate = PacketRate(lambda: next(seconds))
    assert [rate.take(packets) for packets in (10, 40, 40)] == [5, 30, 0]
