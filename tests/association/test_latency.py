"""Latencies: exact while there are few, near enough when there are many, in memory that does not grow."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.association.latency import EXACT, Latency
from dicomsniff.association.timing import MAX_SERVICES, Timing

TIMES = st.integers(0, 10**13)


def counted(times: list[int]) -> Latency:
    latency = Latency()
    for number, time in enumerate(times, start=1):
        latency.add(time, number)
    return latency


@given(st.lists(TIMES, min_size=1, max_size=100))
def test_the_median_of_few_is_exact(times):
    latency = counted(times)
    assert latency.median == sorted(times)[(len(times) - 1) // 2]
    assert (latency.count, latency.worst) == (len(times), max(times))
    assert times[latency.worst_message - 1] == max(times)


@pytest.mark.parametrize("scale", [1, 1000, 37_000_000])
def test_the_median_of_many_is_at_most_a_sixteenth_too_low(scale):
    times = [(number * 7919 % 5003 + 100) * scale for number in range(5 * EXACT)]
    exact = sorted(times)[(len(times) - 1) // 2]
    assert exact * 15 / 16 <= counted(times).median <= exact


@pytest.mark.parametrize("count", [3, 3 * EXACT])
def test_a_latency_of_any_length_is_counted(count):
    latency = counted([10**30] * count)
    assert (latency.count, latency.worst) == (count, 10**30)
    assert latency.median > 500 * 365 * 86_400 * 10**9


def test_no_more_is_kept_of_a_million_than_of_some():
    latency = counted(list(range(2 * EXACT)))
    tracemalloc.start()
    for number in range(100_000):
        latency.add(number * 997, number)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 1000


@pytest.mark.parametrize("final", [True, False])
def test_a_peer_that_invents_services_fills_no_memory(final):
    timing = Timing(0)
    for number in range(10 * MAX_SERVICES):
        timing.add_latency(f"service {number}", 5, number, final=final)
    latencies = timing.latencies if final else timing.first_latencies
    assert len(latencies) == MAX_SERVICES + 1
    assert latencies[""].count == 9 * MAX_SERVICES


@given(st.lists(TIMES, min_size=1, max_size=100), st.integers(1, 100))
def test_so_many_percent_take_no_longer(times, percent):
    limit = counted(times).percentile(percent)
    assert limit in times
    assert 100 * sum(time <= limit for time in times) >= percent * len(times)
    assert 100 * sum(time < limit for time in times) < percent * len(times)
