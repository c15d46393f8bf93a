"""Several captures -> one, in time order, whatever order they are named in; going back to any place in it."""

import random
from itertools import pairwise, permutations

import pytest
from msgspec.structs import astuple

import build
from dicomsniff.capture import merge
from dicomsniff.capture import reader as reading
from dicomsniff.capture.merge import MergedReader
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.library import open_capture, open_source
from pipeline import findings_of, packets_of, remember, tell

CT = build.CT_IMAGE_STORAGE
PIXELS = random.Random(1).randbytes(60_000)


def conversation() -> list[build.Packet]:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    for number in range(1, 4):
        talk.client(build.message(3, build.store_rq(number), build.pixels(50_000 + 2 * number, PIXELS), 5000))
        talk.server(build.message(3, build.store_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


PACKETS = conversation()
RECORDS = build.frames(PACKETS)


def write(folder, *parts: list[build.Frame], make=build.pcap) -> list[str]:
    paths = []
    for number, records in enumerate(parts):
        path = folder / f"part{number}.pcap"
        path.write_bytes(make(records) if callable(make) else make[number](records))
        paths.append(str(path))
    return paths


def read(paths):
    source = open_source(paths)
    found = [packet for batch in source.batches() for packet in packets_of(batch)]
    source.close()
    return found


def cut(*places: int) -> list[list[build.Frame]]:
    bounds = [0, *places, len(RECORDS)]
    return [RECORDS[first:last] for first, last in pairwise(bounds)]


def dealt(hands: int, seed: int = 1) -> list[list[build.Frame]]:
    """The records at random to captures that overlap, each in time order."""
    rng = random.Random(seed)
    parts: list[list[build.Frame]] = [[] for _ in range(hands)]
    for record in RECORDS:
        parts[rng.randrange(hands)].append(record)
    return parts


WAYS = {"one after the other": cut(20, 60), "overlapping": dealt(3), "one of them empty": [*cut(50), []]}
every_way = pytest.mark.parametrize("parts", WAYS.values(), ids=WAYS)


@every_way
def test_captures_in_any_order_of_arguments_are_one_in_time_order(tmp_path, parts):
    for paths in permutations(write(tmp_path, *parts)):
        found = read(paths)
        assert [(time, frame) for _, time, _, frame in found] == RECORDS
        assert [number for number, *_ in found] == list(range(1, len(RECORDS) + 1))


def test_captures_of_different_formats_are_merged(tmp_path):
    nano = lambda records: build.pcap(records, nanoseconds=True)  # noqa: E731
    paths = write(tmp_path, *dealt(4), make=[build.pcap, build.pcapng, build.snoop, nano])
    source = open_source(paths)
    assert [time for batch in source.batches() for _, time, _, _ in packets_of(batch)] == [time for time, _ in RECORDS]
    assert (source.format, source.resolution_digits) == ("pcap, pcapng, snoop", 9)
    assert (
        source.position == source.size == sum((tmp_path / f"part{number}.pcap").stat().st_size for number in range(4))
    )
    source.close()


@every_way
def test_an_association_that_spans_captures_is_one(tmp_path, parts):
    (whole,) = write(tmp_path, RECORDS)
    with open_capture(whole) as capture:
        (expected,) = capture.associations
        remember([expected], capture.found)
    for paths in permutations(write(tmp_path, *parts)):
        with open_capture(*paths) as capture:
            (found,) = capture.associations
            remember([found], capture.found)
        assert (found.outcome, found.missing_bytes) == ("released", 0)
        assert [tell(message) for message in found.messages] == [tell(message) for message in expected.messages]
        assert [astuple(m.span)[:4] for m in found.messages] == [astuple(m.span)[:4] for m in expected.messages]
        told = [(each.code, each.message, astuple(each.span)[:4]) for each in findings_of(found).all]
        assert told == [(each.code, each.message, astuple(each.span)[:4]) for each in findings_of(expected).all]


@every_way
@pytest.mark.parametrize("checkpoint", [1, 2, 7, 64])
def test_a_message_is_reread_from_merged_captures(tmp_path, monkeypatch, parts, checkpoint):
    monkeypatch.setattr(merge, "CHECKPOINT", checkpoint)
    monkeypatch.setattr(reading, "BLOCK", 3000)
    for paths in permutations(write(tmp_path, *parts)):
        with open_capture(*paths) as capture:
            (association,) = capture.associations
            stored = [message for message in association.messages if message.name == "C-STORE-RQ"]
            for number, message in reversed(list(enumerate(stored, start=1))):
                found = capture.message_bytes(message)
                assert found.data_set.read() == build.pixels(50_000 + 2 * number, PIXELS)
                assert found.command == build.store_rq(number)


def ties(seed: int) -> list[list[build.Frame]]:
    """Captures with equal times, and times that go back."""
    rng = random.Random(seed)
    return [
        [(rng.randrange(8) * 1000 + index // 4 * 1000, bytes([hand, index])) for index in range(60)]
        for hand in range(3)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("checkpoint", [1, 3, 10])
def test_rereading_gives_the_same_numbers_where_times_are_equal_or_go_back(tmp_path, monkeypatch, seed, checkpoint):
    monkeypatch.setattr(merge, "CHECKPOINT", checkpoint)
    monkeypatch.setattr(reading, "BLOCK", 101)
    monkeypatch.setattr(reading, "SEAMS", (8,))
    source = open_source(write(tmp_path, *ties(seed)))
    found = [packet for batch in source.batches() for packet in packets_of(batch)]
    assert [number for number, *_ in found] == list(range(1, 181))
    for number in range(1, 181, 13):
        place = found[number - 1][2]
        again = [packet for batch in source.batches_from(place, number) for packet in packets_of(batch)]
        assert again == found[number - 1 :]
    source.close()


@pytest.mark.parametrize("room", [1, 12, 30])
def test_however_often_captures_take_turns_few_places_are_remembered_and_every_packet_is_found_again(
    tmp_path, monkeypatch, room
):
    monkeypatch.setattr(merge, "CHECKPOINT", 1)
    monkeypatch.setattr(merge, "MAX_REMEMBERED", room)
    source = open_source(write(tmp_path, *ties(1)))
    assert isinstance(source, MergedReader)
    found = [packet for batch in source.batches() for packet in packets_of(batch)]
    assert len(source._checkpoints) <= max(room // 3, 1)
    for number, _, place, _ in found[::7]:
        again = [packet for batch in source.batches_from(place, number) for packet in packets_of(batch)]
        assert again == found[number - 1 :]
    source.close()


@pytest.mark.parametrize("seed", range(5))
def test_the_order_does_not_depend_on_blocks(tmp_path, monkeypatch, seed):
    paths = write(tmp_path, *ties(seed))
    whole = read(paths)
    monkeypatch.setattr(reading, "BLOCK", 64)
    monkeypatch.setattr(reading, "SEAMS", (5,))
    assert read(paths) == whole


def test_packets_of_one_capture_keep_their_order(tmp_path):
    found = [frame for *_, frame in read(write(tmp_path, *ties(1)))]
    for hand in range(3):
        assert [frame for frame in found if frame[0] == hand] == [bytes([hand, index]) for index in range(60)]


def test_a_capture_that_is_cut_off_is_named(tmp_path):
    paths = write(tmp_path, *cut(20, 60))
    middle = tmp_path / "part1.pcap"
    middle.write_bytes(middle.read_bytes()[:-7])
    source = open_source(paths)
    found = [packet for batch in source.batches() for packet in packets_of(batch)]
    source.close()
    assert len(found) == len(RECORDS) - 1
    assert source.truncated.startswith("capture 2 of 3: the file ends")


def test_one_that_is_no_capture_closes_the_others_and_is_named(tmp_path):
    (tmp_path / "notes").write_bytes(b"not a capture at all")
    with pytest.raises(CaptureError, match="notes: not a capture"):
        open_source([*write(tmp_path, RECORDS), str(tmp_path / "notes")])


def test_many_captures_are_named_by_the_first_and_last(tmp_path):
    paths = write(tmp_path, *cut(10, 20, 30))
    sources = [CaptureReader(path) for path in paths]
    assert MergedReader(sources[:2]).name == "part0.pcap, part1.pcap"
    assert MergedReader(sources).name == "part0.pcap … part3.pcap (4 captures)"
    MergedReader(sources).close()


def test_memory_for_going_back_does_not_grow_with_every_packet(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "CHECKPOINT", 10)
    source = open_source(write(tmp_path, *dealt(2)))
    turns = sum(1 for _ in source.batches())
    source.close()
    assert turns > 5 * merge.CHECKPOINT
    assert len(source._checkpoints) <= turns // merge.CHECKPOINT + 1
