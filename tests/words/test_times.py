"""Captures of exchanges that something was known to slow down say what it was, and for how long."""

import json
from pathlib import Path

import pytest

import build
from dicomsniff.association.association import Association
from dicomsniff.association.timing import Part
from dicomsniff.export.time_json import timing_json
from dicomsniff.findings.slowness import slow_because
from dicomsniff.library import open_capture
from dicomsniff.side import Side
from dicomsniff.words.times import nearest_side, time_text
from pipeline import only

SLOW = Path(__file__).parents[1] / "slow"
TRUTH = json.loads((SLOW / "truth.json").read_text(encoding="utf-8"))["captures"]
SECOND, MILLISECOND = 1_000_000_000, 1_000_000


def read(name: str) -> Association:
    with open_capture(str(SLOW / f"{name}.pcap.gz")) as capture:
        (association,) = capture.associations
    return association


@pytest.mark.parametrize("name", TRUTH)
def test_what_was_injected_is_what_took_the_time(name):
    truth, association = TRUTH[name], read(name)
    timing = association.timing
    sides = [Side(truth["side"])] if "side" in truth else []
    if "transfer" in truth:
        found = timing.transfer_time(*sides)
    elif "part" in truth:
        found = timing.part(Part(truth["part"]), *sides)
    else:
        assert timing.total < 0.1 * SECOND
        return
    assert found / SECOND == pytest.approx(truth["seconds"], rel=0.05)
    if "pauses" in truth:
        assert timing.count(Part(truth["part"]), *sides) == truth["pauses"]
    if "near" in truth:
        assert nearest_side(association) == truth["near"]


@pytest.mark.parametrize("name", TRUTH)
def test_it_is_said_in_words_and_healthy_exchanges_say_nothing(name):
    association = read(name)
    said = TRUTH[name]["says"]
    assert slow_because(association) == (f"slow because {said}" if said else "")
    assert timing_json(association)["slow_because"] == said


@pytest.mark.parametrize("name", TRUTH)
def test_the_parts_add_up_to_the_whole(name):
    association = read(name)
    said = timing_json(association)
    ways = [said.pop("requestor-to-acceptor"), said.pop("acceptor-to-requestor")]
    parts = ("handshake", "negotiation", "requestor_thinking", "acceptor_thinking", "network", "idle")
    moving = ("transfer", "retransmission", "window", "delayed_acknowledgement", "round_trip", "pause")
    spent = sum(said[part] for part in (*parts, "release", "after"))
    spent += sum(way[part] for way in ways for part in moving)
    assert spent == pytest.approx(said["total"], abs=1e-6)
    assert said["total"] == pytest.approx((association.end_time - association.start_time) / SECOND, abs=1e-6)


def exchange(think: int) -> build.Talk:
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq(7)))
    talk.wait(think)
    talk.server(build.message(1, build.echo_rsp(7)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


def test_a_short_exchange_has_nothing_to_say():
    association = only(exchange(20 * MILLISECOND).packets)
    assert (time_text(association), slow_because(association)) == ("", "")


def test_from_a_tenth_of_a_second_the_time_is_broken_down():
    association = only(exchange(150 * MILLISECOND).packets)
    assert time_text(association) == "acceptor thinking 150 ms"
    assert slow_because(association) == ""


def test_below_a_tenth_of_a_second_the_time_is_not_broken_down():
    assert time_text(only(exchange(95 * MILLISECOND).packets)) == ""


@pytest.mark.parametrize(
    ("there", "back", "sides"),
    [
        (5 * MILLISECOND, MILLISECOND, {"between"}),
        (5 * MILLISECOND + 1, MILLISECOND, {"requestor", "acceptor"}),
        (199_000, 999, {""}),
        (199_001, 999, {"requestor", "acceptor"}),
        (None, MILLISECOND, {""}),
    ],
)
def test_a_capture_is_near_a_side_where_the_other_is_more_than_five_times_as_far(there, back, sides):
    association = only(exchange(0).packets)
    found = set()
    for trips in ((there, back), (back, there)):
        for health, trip in zip(association.tcp.values(), trips, strict=True):
            health.round_trip_time = trip
        found.add(nearest_side(association))
    assert found == sides


def test_two_answers_of_a_service_have_a_median_and_a_worst():
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    for number, think in ((1, 100), (2, 300)):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.wait(think * MILLISECOND)
        talk.server(build.message(1, build.echo_rsp(number)))
    said = time_text(only(talk.packets))
    assert said == "acceptor thinking 400 ms; C-ECHO answered in 100 ms (median of 2), at worst 300 ms (message 4)"


def test_who_is_not_in_the_capture_is_not_blamed():
    """Only the requestor's packets were captured: the acceptor may have answered at once."""
    talk = exchange(3 * SECOND)
    seen = [packet for packet in talk.packets if packet.flow == talk.packets[0].flow]
    assert (
        slow_because(only(talk.packets))
        == "slow because the acceptor took 3.0 of 3.0 s to answer C-ECHO-RQ 7 (message 1)"
    )
    assert slow_because(only(seen)) == ""


def test_a_capture_that_misses_bytes_blames_nobody():
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.lose(1, 500)
    talk.wait(3 * SECOND)
    for number in range(1, 6):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    association = only(talk.packets)
    assert association.missing_bytes == 500
    assert slow_because(association) == ""


def test_idling_is_no_delay_but_what_it_leaves_may_be():
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq(1)))
    talk.wait(2 * SECOND)
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.wait(60 * SECOND)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    association = only(talk.packets)
    assert association.timing.part(Part.IDLE) == 60 * SECOND + 1000
    assert slow_because(association) == "slow because the acceptor took 2.0 of 2.0 s to answer C-ECHO-RQ 1 (message 1)"
