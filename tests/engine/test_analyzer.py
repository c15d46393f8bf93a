"""The whole pipeline: cuts and repeats do not matter, damage breaks nothing, memory stays bounded."""

import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Association
from dicomsniff.capture.packets import CaptureError
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.library import Capture
from dicomsniff.side import Side
from examples import examples
from pipeline import analyze, analyze_frames, batch, codes, findings_of, names, only, remember, split, tell

CT = build.CT_IMAGE_STORAGE
IMAGE = build.pixels(7680, bytes(range(256)) * 30)
TURNS = [
    (0, build.associate_rq(build.proposal(1), build.proposal(3, CT))),
    (1, build.associate_ac(build.answer(1), build.answer(3))),
    (0, build.message(3, build.store_rq(1), IMAGE, 2000) + build.message(1, build.echo_rq(2))),
    (1, build.message(3, build.store_rsp(1)) + build.message(1, build.echo_rsp(2))),
    (
        0,
        build.p_data(build.pdv(3, build.store_rq(3), command=True), build.pdv(3, IMAGE, last=False), build.pdv(3, b"")),
    ),
    (1, build.message(3, build.store_rsp(3, 0xA700))),
    (0, build.release_rq()),
    (1, build.release_rp()),
    (0, build.associate_rq(build.proposal(5, CT))),
    (1, build.associate_ac(build.answer(5))),
    (0, build.message(5, build.store_rq(1), build.pixels(98))),
    (1, build.abort(2, 2)),
]


def conversation(cuts: list[int]) -> build.Talk:
    talk = build.Talk(tick=1000).open()
    for side, data in TURNS:
        talk.pieces(side, split(data, cuts))
    return talk.close()


def told(found: Analyzer) -> list[object]:
    """All that a view shows of the associations, but where in the capture it was."""
    return [tell_association(association) for association in found.associations]


def tell_association(association: Association) -> tuple[object, ...]:
    return (
        association.outcome,
        names(association),
        [tell(message) for message in association.messages],
        [
            (finding.code, finding.message, finding.message_number)
            for finding in findings_of(association).all
            if finding.code != "segments-sent-again"
        ],
        {sender: dict(counts) for sender, counts in association.pdu_counts.items()},
        list(association.contexts.values()),
        association.missing_bytes,
    )


EXPECTED = told(analyze(conversation([]).packets))
CUTS = st.lists(st.integers(0, 20_000), max_size=40)


def test_the_measure_of_the_others_is_right():
    first, second = analyze(conversation([]).packets).associations
    assert [message.name for message in first.messages] == [
        "C-STORE-RQ",
        "C-ECHO-RQ",
        "C-STORE-RSP",
        "C-ECHO-RSP",
        "C-STORE-RQ",
        "C-STORE-RSP",
    ]
    assert codes(first) == ["pdv-empty", "status-failure", "operations-beyond-window"]
    assert (first.outcome, second.outcome) == ("released", "aborted")
    assert first.pdu_counts[Side.REQUESTOR]["P-DATA-TF"] == 1 + 4 + 1 + 1


@given(CUTS)
@settings(max_examples=examples(100))
@example(list(range(0, 20_000, 7)))
def test_cuts_into_segments_do_not_matter(cuts):
    assert told(analyze(conversation(cuts).packets)) == EXPECTED


@given(CUTS, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3)), max_size=20))
@settings(max_examples=examples(100))
def test_repeated_and_neighbouring_segments_do_not_matter(cuts, repeats):
    packets = conversation(cuts).packets
    for place, distance in repeats:
        index = place % len(packets)
        if packets[index].data:
            packets.insert(index + 1 + distance, packets[index])
    assert told(analyze(packets)) == EXPECTED


@given(CUTS, st.integers(0, 200))
@settings(max_examples=examples(60))
def test_batches_do_not_matter(cuts, size):
    records = build.frames(conversation(cuts).packets)
    analyzer, size = Analyzer(), size + 1
    for first in range(0, len(records), size):
        analyzer.feed(batch(records[first : first + size], first=first + 1))
    analyzer.close()
    remember(analyzer.associations, analyzer.found)
    assert told(analyzer) == EXPECTED


def test_collecting_data_sets_changes_nothing_else():
    found = analyze(conversation([]).packets, collect=True)
    for association, (_, _, messages, *_) in zip(found.associations, EXPECTED, strict=True):
        assert [tell(m)[:4] for m in association.messages] == [m[:4] for m in messages]
        for message in association.messages:
            if message.data_set is not None:
                message.data_set.content.close()


def test_the_same_capture_gives_the_same_twice():
    assert told(analyze(conversation([5, 50]).packets)) == told(analyze(conversation([5, 50]).packets))


# Damage


def run(path: str) -> None:
    """Analyze a file as the command line does; only CaptureError may come of it."""
    try:
        with Capture(path) as capture:
            for association in capture.associations:
                for message in association.messages:
                    capture.message_bytes(message)
    except CaptureError:
        return


CAPTURES = [
    build.pcap(build.frames(conversation([700]).packets)),
    build.pcapng(build.frames(conversation([700]).packets)),
]
PLACES = st.integers(0, max(len(capture) for capture in CAPTURES))
DAMAGE = st.lists(st.tuples(PLACES, st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=12)


@given(st.sampled_from(range(len(CAPTURES))), DAMAGE, st.none() | PLACES)
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_capture_raises_nothing_but_capture_error(tmp_path, capture, damage, end):
    data = bytearray(CAPTURES[capture])
    for place, length, other in damage:
        data[place : place + length] = other
    path = tmp_path / "damaged"
    path.write_bytes(data[:end])
    run(str(path))


@given(
    CUTS,
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["seq", "ack", "flags"]), st.integers(0, 31)), max_size=6),
    st.lists(st.integers(0, 200), max_size=6),
)
@settings(max_examples=examples(200))
def test_damaged_numbers_of_segments_are_survived(cuts, flips, lost):
    """Single bits of sequence numbers, acknowledgements and flags."""
    packets = conversation(cuts).packets
    for place, field, bit in flips:
        index = place % len(packets)
        value = getattr(packets[index], field) ^ (1 << (bit % 6 if field == "flags" else bit))
        packets[index] = packets[index]._replace(**{field: value})
    analyze([packet for index, packet in enumerate(packets) if index not in lost])


@given(DAMAGE, st.lists(st.integers(0, 1000), max_size=6), st.booleans())
@settings(max_examples=examples(200))
def test_damaged_dicom_in_sound_packets_is_survived(damage, lost, collect):
    """The frames are valid; what they carry is not, and some are missing."""
    talk = build.Talk().open()
    at = 0
    for side, data in TURNS:
        damaged = bytearray(data)
        for place, length, other in damage:
            if 0 <= place - at < len(data):
                damaged[place - at : place - at + length] = other
        at += len(data)
        (talk.server if side else talk.client)(bytes(damaged))
    packets = [packet for index, packet in enumerate(talk.packets) if index not in lost]
    found = analyze(packets, collect=collect)
    for association in found.associations:
        assert [message.number for message in association.messages] == list(range(1, len(association.messages) + 1))
        for message in association.messages:
            if message.data_set is not None and message.data_set.content is not None:
                message.data_set.content.close()


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=100)), max_size=30), st.booleans())
@settings(max_examples=examples(200))
def test_random_bytes_on_an_established_association_are_survived(turns, forced):
    talk = build.Talk().open()
    for side, data in TURNS[:2]:
        talk.pieces(side, [data])
    for side, data in turns:
        talk.pieces(int(side), [data])
    analyze(talk.packets, ports=[104] if forced else [])


@given(st.lists(st.binary(max_size=120), max_size=20), st.sampled_from([0, 1, 101, 113, 147]))
@settings(max_examples=examples(100))
def test_random_frames_are_counted(frames, link_type):
    found = analyze_frames(list(enumerate(frames)), link_type=link_type)
    assert found.packets == len(frames)


def test_a_flood_of_nonsense_makes_few_entries():
    """Wrong lengths followed by pixels must not make an event of every few bytes."""
    for fill in (bytes(1), b"\1\0", b"\4\0\0\0\0\0", b"\3\0\0\0\0\0", b"\0\0\0\1", b"\xff"):
        talk = build.Talk().open()
        for side, data in TURNS[:2]:
            talk.pieces(side, [data])
        nonsense = (fill * 600_000)[:600_000]
        talk.client(build.p_data(build.pdv(3, build.store_rq(), command=True)) + b"\4\0\0\0\0\x10" + nonsense)
        found = only(talk.packets)
        assert len(found.timeline) < 100, fill
        assert len(findings_of(found).causes) < 100, fill


# Memory


@pytest.mark.slow
def test_a_200_mb_association_needs_little_memory():
    """Batches are made as they are fed; nothing of the data sets is kept."""
    stores, fragment = 40, 5 << 20
    talk = build.Talk(tick=1000)
    analyzer = Analyzer()
    number = 1

    def feed() -> None:
        nonlocal number
        analyzer.feed(batch(build.frames(talk.packets), first=number))
        number += len(talk.packets)
        talk.packets.clear()

    talk.open()
    for side, data in TURNS[:2]:
        talk.pieces(side, [data])
    feed()
    pixels, head = bytes(250_000), build.pixels(fragment)[:8]
    tracemalloc.start()
    for store in range(1, stores + 1):
        talk.client(build.command_pdu(3, build.store_rq(store)))
        talk.client(b"\4\0" + (fragment + 6).to_bytes(4, "big") + (fragment + 2).to_bytes(4, "big") + b"\3\2")
        feed()
        talk.client(head)
        for at in range(len(head), fragment, len(pixels)):
            talk.client(pixels[: fragment - at], 64_000)
            feed()
        talk.server(build.message(3, build.store_rsp(store)))
        feed()
    analyzer.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (found,) = analyzer.associations
    assert len(found.messages) == 2 * stores
    assert sum(message.data_set.length for message in found.messages if message.data_set) == stores * fragment
    assert peak < 8 << 20
