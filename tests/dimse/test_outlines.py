"""Data sets of messages in a capture -> outlines: the same however packets are cut, and nothing blamed for a loss."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from data_sets import EXPLICIT, IMPLICIT, JPEG, bare, codes, fragments, image, item, long, scan, sequence, short
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.dimse.scan.outline import Reference
from dicomsniff.engine.analyzer import Analyzer
from examples import examples
from pipeline import batch, only

CT = build.CT_IMAGE_STORAGE
SOP = short(0x00080016, "UI", CT.encode() + b"\0") + short(0x00080018, "UI", b"1.2.3\0")
REFERENCE = short(0x00081150, "UI", b"1.2.840\0") + short(0x00081155, "UI", b"1.2.3.9\0")
PIXELS = struct.pack("<H", 60) + bytes(3598)
GEOMETRY = (
    short(0x00280002, "US", b"\1\0")
    + short(0x00280010, "US", b"\x3c\0")
    + short(0x00280011, "US", b"\x3c\0")
    + short(0x00280100, "US", b"\x08\0")
)
FRAMES = fragments(*[b"\xff\xd8" + bytes(998)] * 5, table=range(0, 5040, 1008))
HEALTHY = {
    "native": (SOP + GEOMETRY + long(0x7FE00010, "OB", PIXELS) + long(0xFFFCFFFC, "OB", bytes(200)), EXPLICIT),
    "sequences": (SOP + sequence(0x00081140, *[item(REFERENCE, undefined=True)] * 60, undefined=True), EXPLICIT),
    "compressed": (SOP + GEOMETRY[:10] + short(0x00280008, "IS", b"5 ") + GEOMETRY[10:] + FRAMES, JPEG),
    "implicit": (
        bare(0x00080016, CT.encode() + b"\0") + bare(0x00080018, b"1.2.3\0") + bare(0x00420011, bytes(5000)),
        IMPLICIT,
    ),
    "long values": (SOP + b"".join(long(0x00091001 + number, "OB", bytes(900)) for number in range(9)), EXPLICIT),
}
DAMAGED = {
    "short pixels": (SOP + GEOMETRY + long(0x7FE00010, "OB", PIXELS[2:]), EXPLICIT),
    "cut off": (SOP + GEOMETRY + long(0x7FE00010, "OB", PIXELS)[:-7], EXPLICIT),
    "odd at the end": (SOP + GEOMETRY + long(0x7FE00010, "OB", PIXELS) + long(0xFFFCFFFC, "OB", b"abc"), EXPLICIT),
    "no delimiter": (SOP + GEOMETRY + FRAMES[:-8], JPEG),
    "wrong syntax": (HEALTHY["implicit"][0], EXPLICIT),
}


def stores(*sent: tuple[bytes, str], fragment: int = 1000, segment: int = 1448) -> build.Talk:
    """An association with a C-STORE of each data set, in a presentation context of its own."""
    talk = build.Talk(tick=1000).open()
    numbers = range(1, 2 * len(sent), 2)
    talk.client(build.associate_rq(*(build.proposal(n, CT, [each[1]]) for n, each in zip(numbers, sent, strict=True))))
    talk.server(build.associate_ac(*(build.answer(n, 0, each[1]) for n, each in zip(numbers, sent, strict=True))))
    for number, (data, _) in zip(numbers, sent, strict=True):
        talk.client(build.message(number, build.store_rq(number), data, fragment), segment)
        talk.server(build.message(number, build.store_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


def outlines(packets: list[build.Packet], *, careful: bool = False, collect: bool = False, size: int = 10**6):
    """The outline of every C-STORE-RQ; `careful` decodes every packet."""
    analyzer, records, file_offset = Analyzer(collect=collect), build.frames(packets), 0
    if careful:
        analyzer._decoder = SegmentDecoder()
    for at in range(0, len(records), size):
        block = batch(records[at : at + size], first=at + 1)._replace(file_offset=file_offset)
        analyzer.feed(block)
        file_offset += len(block.data)
    analyzer.close()
    found = []
    for message in (message for association in analyzer.associations for message in association.messages):
        if message.data_set is not None:
            found.append(message.data_set.outline)
            if message.data_set.content is not None:
                message.data_set.content.close()
    return found


ANY = st.sampled_from([*HEALTHY.values(), *DAMAGED.values()])


@pytest.mark.slow
@given(st.lists(ANY, min_size=1, max_size=3), st.integers(30, 6000), st.integers(30, 6000), st.integers(1, 9))
@settings(max_examples=examples(200))
def test_an_outline_does_not_depend_on_how_packets_are_cut_or_which_are_passed_over(sent, fragment, segment, size):
    packets = stores(*sent, fragment=fragment, segment=segment).packets
    expected = outlines(packets, careful=True)
    assert [codes(each) if each else [] for each in expected] == [codes(scan(*each)) for each in sent]
    assert outlines(packets, size=size) == expected
    assert outlines(packets, size=size, collect=True) == expected
    assert outlines(stores(*sent).packets) == expected


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(list(HEALTHY.values())), min_size=1, max_size=3),
    st.integers(30, 3000),
    st.integers(30, 3000),
    st.lists(st.integers(4, 500), min_size=1, max_size=4),
    st.booleans(),
)
@settings(max_examples=examples(400))
def test_packets_that_the_capture_lost_are_blamed_on_nobody(sent, fragment, segment, lost, collect):
    packets = stores(*sent, fragment=fragment, segment=segment).packets
    places = {place % len(packets) for place in lost if place % len(packets) > 4}
    left = [packet for place, packet in enumerate(packets) if place not in places]
    for outline in outlines(left, collect=collect):
        assert outline is None or (outline.problems, outline.guessed) == ((), False)


def test_a_loss_inside_a_value_hides_nothing():
    """One packet of the pixel data is lost; what follows the pixel data is examined all the same."""
    data, syntax = DAMAGED["odd at the end"]
    packets = stores((data, syntax), fragment=16000, segment=500).packets
    left = [packet for place, packet in enumerate(packets) if place != 8]
    (outline,) = outlines(left)
    assert codes(outline) == ["odd-length"]
    assert outline.unexamined == ""


@pytest.mark.parametrize("case", ["native", "sequences", "implicit", "long values"])
def test_a_sound_object_that_is_stored_leaves_no_outline(case):
    data, syntax = HEALTHY[case]
    association = only(stores((data, syntax)).packets)
    assert association.messages[0].data_set.outline is None


def test_a_compressed_object_leaves_what_is_known_of_its_fragments():
    (outline,) = outlines(stores(HEALTHY["compressed"]).packets)
    assert (outline.encapsulated.fragments, outline.encapsulated.offset_table_fits) == (5, True)
    assert (outline.values, outline.referenced) == ({}, ())


def test_an_object_that_is_not_the_announced_one_leaves_its_uids():
    data = SOP.replace(b"1.2.3\0", b"1.2.4\0") + GEOMETRY
    (outline,) = outlines(stores((data, EXPLICIT)).packets)
    assert outline.values[0x00080018] == "1.2.4"


def test_values_that_link_messages_are_kept_of_a_normalized_service():
    action = build.command_set(
        {
            0x0003: "1.2.840.10008.1.20.1",
            0x0100: 0x0130,
            0x0110: 1,
            0x0800: 1,
            0x1001: "1.2.840.10008.1.20.1.1",
            0x1008: 1,
        }
    )
    data = short(0x00081195, "UI", b"1.2.77") + sequence(0x00081199, item(REFERENCE), item(REFERENCE))
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, "1.2.840.10008.1.20.1", [EXPLICIT])))
    talk.server(build.associate_ac(build.answer(1, 0, EXPLICIT)))
    talk.client(build.message(1, action, data))
    (message,) = only(talk.packets).messages
    outline = message.data_set.outline
    assert outline.values == {0x00081195: "1.2.77"}
    assert outline.referenced == (Reference(0x00081199, "1.2.3.9"),) * 2
    assert outline.reference_counts == {0x00081199: 2}


def test_an_identifier_of_a_query_leaves_no_outline():
    find = build.command_set({0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1})
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND, [EXPLICIT])))
    talk.server(build.associate_ac(build.answer(1, 0, EXPLICIT)))
    talk.client(build.message(1, find, short(0x00080052, "CS", b"STUDY ")))
    assert only(talk.packets).messages[0].data_set.outline is None


def test_an_empty_data_set_leaves_no_outline():
    assert outlines(stores((b"", EXPLICIT)).packets) == [None]


def test_a_data_set_that_never_ends_is_judged_as_far_as_it_came():
    data = SOP.replace(b"1.2.3\0", b"1.02.3") + image()[14:] + long(0x7FE00010, "OB", bytes(16))
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, CT, [EXPLICIT])))
    talk.server(build.associate_ac(build.answer(1, 0, EXPLICIT)))
    talk.client(build.command_pdu(1, build.store_rq()) + build.p_data(build.pdv(1, data[:-9], last=False)))
    (message,) = only(talk.packets).messages
    assert codes(message.data_set.outline) == ["uid"]
