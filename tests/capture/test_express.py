"""Segments that only continue a data set are passed over -> the same messages as when all are decoded."""

from random import Random
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.pdu.framing import FOREVER
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import Pdv, PdvBytes, PdvRun
from examples import examples
from pipeline import batch, split

CT = build.CT_IMAGE_STORAGE
HEADERS = bytes.fromhex("04 00 00 00 00 1a 00 00 00 16 03 00 ") * 40
"""What PDU headers look like, in the data."""


def told(analyzer: Analyzer) -> list[object]:
    """All of an analysis that does not depend on data sets being collected."""
    found: list[object] = [analyzer.packets, dict(analyzer.undecoded)]
    for association in analyzer.associations:
        for message in association.messages:
            data = message.data_set
            if data is not None and data.content is not None:
                data.content.close()
            found.append(
                (
                    message.name,
                    message.command.raw,
                    message.command_fragments,
                    (data.length, data.fragments, data.missing, data.outline) if data is not None else None,
                    message.complete,
                    message.problem,
                    message.span,
                )
            )
        found.append([(entry.event.name, entry.span) for entry in association.timeline])
        found.append({sender: dict(counts) for sender, counts in association.pdu_counts.items()})
        found.append((association.outcome, association.end_time, association.missing_bytes))
    return found


def analyze(
    packets: list[build.Packet], *, careful: bool = False, collect: bool = False, sizes: tuple[int, ...] = (10**6,)
) -> Analyzer:
    """Analyze packets in batches of the given sizes, over and over; `careful` passes over nothing."""
    analyzer, records, at, turn = Analyzer(collect=collect), build.frames(packets), 0, 0
    file_offset = 0
    if careful:
        analyzer._decoder = SegmentDecoder()  # one that follows no flow
    while at < len(records):
        size = sizes[turn % len(sizes)]
        block = batch(records[at : at + size], first=at + 1)._replace(file_offset=file_offset)
        analyzer.feed(block)
        file_offset += len(block.data)
        at, turn = at + size, turn + 1
    analyzer.close()
    return analyzer


def conversation(messages: list[tuple[int, int, int]], cuts: list[int], segment: int) -> build.Talk:
    """Store data sets of (bytes, fragment length, filling) over segments cut at `cuts`, or `segment` bytes each."""
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    for number, (length, fragment, filling) in enumerate(messages, start=1):
        data = (HEADERS if filling else Random(number).randbytes(4000)) * (length // 480 + 1)
        whole = build.message(3, build.store_rq(number), data[:length], fragment)
        pieces = split(whole, cuts) if cuts else [whole]
        talk.pieces(0, [piece[at : at + segment] for piece in pieces for at in range(0, len(piece), segment)])
        talk.server(build.message(3, build.store_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


MESSAGES = st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 3000), st.integers(0, 1)), min_size=1, max_size=3)
CUTS = st.lists(st.integers(0, 12_000), max_size=30)


@pytest.mark.slow
@given(MESSAGES, CUTS, st.integers(20, 3000), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=examples(250))
def test_data_sets_passed_over_are_counted_as_if_they_had_been_decoded(messages, cuts, segment, sizes):
    messages = [(length if fragment > 40 else min(length, 1500), fragment, fill) for length, fragment, fill in messages]
    packets = conversation(messages, cuts, segment).packets
    expected = told(analyze(packets, careful=True))
    for collect in (False, True):
        assert told(analyze(packets, collect=collect, sizes=tuple(sizes))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("fragment", [1, 2, 5, 11, 12, 13, 26, 100, 357, 358, 1448, 1460, 5000, 16372])
@pytest.mark.parametrize("segment", [50, 370, 1448, 1460, 9000, 65_000])
def test_every_fragment_length_against_every_segment_length(fragment, segment):
    length = 40_000 if fragment > 99 else 3_000
    packets = conversation([(length, fragment, 0), (length // fragment * fragment, fragment, 1)], [], segment).packets
    found = analyze(packets, collect=False)
    assert told(found) == told(analyze(packets, careful=True))
    assert [message.complete for message in found.associations[0].messages] == [True] * 4


def test_most_of_a_large_data_set_is_passed_over():
    packets = conversation([(2_000_000, 16_372, 0)], [], 1448).packets
    passing_over = Analyzer()
    seen: list[int] = []
    original = SegmentDecoder.segments

    def counted(self, batch):
        for segment in original(self, batch):
            seen.append(segment[0])
            yield segment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SegmentDecoder, "segments", counted)
        passing_over.feed(batch(build.frames(packets)))
        passing_over.close()
    assert len(seen) < len(packets) / 20
    assert passing_over.associations[0].messages[0].data_set.length == 2_000_000


class Curious(PduStream):
    """Wants to see `wanted` ranges (first, length) of every data set; what it saw of them is in `seen`."""

    wanted: ClassVar[list[tuple[int, int]]] = []
    seen: ClassVar[list[dict[int, int]]] = []

    def __init__(self, source, **options):
        super().__init__(source, **options | {"examine": True})
        self.done = self.reached = 0
        self.data = {}

    def feed(self, *arguments):
        return self.look(super().feed(*arguments))

    def look(self, events):
        for event in events:
            if isinstance(event, PdvBytes):
                first = self.done + event.at
                self.reached = first + len(event.data)
                self.data.update(zip(range(first, self.reached), event.data, strict=True))
            elif isinstance(event, PdvRun):
                self.done = self.reached = self.done + event.fragments * event.length
            elif isinstance(event, Pdv) and not event.is_command:
                self.done = self.reached = self.done + event.received
                if event.is_last:
                    self.seen.append(self.data)
                    self.done, self.reached, self.data = 0, 0, {}
        return events

    def skip(self, unneeded=FOREVER):
        needed = [first for first, length in self.wanted if first + length > self.reached]
        return super().skip(min(unneeded, max(0, min(needed) - self.reached)) if needed else unneeded)


@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(41, 3000), st.just(0)), min_size=1, max_size=3),
    st.integers(20, 3000),
    st.lists(st.tuples(st.integers(0, 9500), st.integers(1, 500)), max_size=4),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
@settings(max_examples=examples(150))
def test_the_parts_of_a_data_set_that_somebody_wants_are_not_passed_over(messages, segment, wanted, sizes):
    packets = conversation(messages, [], segment).packets
    expected = told(analyze(packets, careful=True))
    Curious.wanted, Curious.seen = wanted, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dicomsniff.association.conversation.PduStream", Curious)
        assert told(analyze(packets, sizes=tuple(sizes))) == expected
    assert len(Curious.seen) == len(messages)
    for number, (seen, (length, _, _)) in enumerate(zip(Curious.seen, messages, strict=True), start=1):
        data = (Random(number).randbytes(4000) * (length // 480 + 1))[:length]
        places = [place for first, long in wanted for place in range(first, min(first + long, length))]
        assert [seen.get(place) for place in places] == [data[place] for place in places]


def test_the_part_that_nobody_wants_is_passed_over_all_the_same():
    """2 MB of which somebody wants 100 bytes in the middle, and 100 towards the end: few segments are decoded."""
    packets = conversation([(2_000_000, 16_372, 0)], [], 1448).packets
    Curious.wanted, Curious.seen = [(1_000_000, 100), (1_999_000, 100)], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dicomsniff.association.conversation.PduStream", Curious)
        analyze(packets)
    (seen,) = Curious.seen
    assert set(range(1_000_000, 1_000_100)) | set(range(1_999_000, 1_999_100)) <= set(seen)
    assert len(seen) < 2_000_000 / 20


CHANGES = ["lose", "repeat", "swap", "cut off", "damage"]


@given(
    MESSAGES,
    st.integers(100, 2000),
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(5, 200)), min_size=1, max_size=3),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
)
@settings(max_examples=examples(250))
def test_whatever_befalls_the_packets_the_messages_are_the_same(messages, segment, changes, sizes):
    messages = [(length, max(fragment, 50), fill) for length, fragment, fill in messages]
    packets = list(conversation(messages, [], segment).packets)
    for change, place in changes:
        at = 5 + place % (len(packets) - 6)
        if change == "lose":
            del packets[at]
        elif change == "repeat":
            packets.insert(at, packets[at])
        elif change == "swap":
            packets[at], packets[at + 1] = packets[at + 1], packets[at]
        elif change == "cut off":
            packets[at] = packets[at]._replace(cut=len(packets[at].data) // 2)
        else:
            data = bytearray(packets[at].data)
            data[:6] = b"\xff" * min(6, len(data))
            packets[at] = packets[at]._replace(data=bytes(data))
        if len(packets) < 8:
            break
    one, other = analyze(packets, collect=False, sizes=tuple(sizes)), analyze(packets, careful=True)
    assert [said(association) for association in one.associations] == [said(each) for each in other.associations]
    told(one), told(other)


def said(association):
    """What the messages and PDUs of an association are, wherever they were captured."""
    messages = [
        (
            m.name,
            m.command.raw,
            m.data_set and (m.data_set.length, m.data_set.fragments, m.data_set.missing),
            m.complete,
        )
        for m in association.messages
    ]
    return messages, {sender: dict(counts) for sender, counts in association.pdu_counts.items()}, association.outcome


@pytest.mark.parametrize("fragments", [3, 4, 50])
def test_a_transfer_that_ends_with_a_fragment_that_was_passed_over_ends_in_its_packet(fragments):
    """Every packet begins 100 bytes into a fragment; only the last ends with one, and nothing follows it."""
    pdus = build.message(3, build.store_rq(1), build.pixels(200_000), 1448)
    begun = len(build.command_pdu(3, build.store_rq(1))) + 12 + 100
    rest = [1460] * (fragments - 1) + [1348]
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    talk.client(pdus[:begun])
    for number, size in enumerate(rest):
        talk.client(pdus[begun + 1460 * number :][:size])
    (association,) = analyze(talk.packets).associations
    (message,) = association.messages
    assert (message.span.last_packet, message.span.last_time) == (len(talk.packets), talk.packets[-1].time)
    assert (message.data_set.length, message.data_set.fragments) == (fragments * 1448, fragments)


def test_a_transfer_that_the_capture_ends_in_is_counted_up_to_its_last_packet():
    """The last packets are passed over: their number and time are told all the same."""
    packets = conversation([(200_000, 16_372, 0)], [], 1448).packets[:100]
    for size in (10**6, 7):
        (found,) = analyze(packets, collect=False, sizes=(size,)).associations
        (message,) = found.messages
        assert (message.span.last_packet, message.span.last_time) == (100, packets[99].time)
