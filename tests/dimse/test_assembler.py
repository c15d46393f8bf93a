"""Fragments of one direction -> messages: whole, interleaved, incomplete, stray."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.dimse.assembler import MAX_COMMAND_SET, Assembler, StrayFragment
from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.lack import Part
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.types import MissingBytes, Pdv, PdvBytes
from dicomsniff.side import Side
from examples import examples
from pipeline import decode, split, tell

HEAD = build.release_rp()


def assemble(*pieces: bytes | int, collect: bool = False):
    """Messages and stray fragments of a stream; a number is a gap."""
    assembler, found = Assembler(None, side=Side.REQUESTOR, collection=Collection() if collect else None), []
    for event in decode([HEAD, *pieces], collect=collect):
        if isinstance(event, MissingBytes):
            assembler.lost(event)
        elif isinstance(event, Pdv | PdvBytes):
            found += assembler.feed(event)
    return found + assembler.close()


def content(message: Message) -> bytes:
    message.data_set.content.seek(0)
    data = message.data_set.content.read()
    message.data_set.content.close()
    return data


def test_a_message_without_a_data_set_is_whole_with_its_command():
    (message,) = assemble(build.message(1, build.echo_rq(5)))
    assert (message.name, message.command.message_id, message.data_set) == ("C-ECHO-RQ", 5, None)
    assert (message.complete, message.ended, message.problem) == (True, True, "")


def test_a_data_set_is_counted_over_all_its_fragments():
    (message,) = assemble(build.message(3, build.store_rq(), bytes(1000), 300))
    assert (message.data_set.length, message.data_set.fragments) == (1000, 4)
    assert (message.data_set.sha256, message.data_set.content) == (None, None)


def test_a_collected_data_set_brings_its_bytes_and_digest():
    data = bytes(range(256)) * 10
    (message,) = assemble(build.message(3, build.store_rq(), data, 300), collect=True)
    assert message.data_set.sha256 == hashlib.sha256(data).hexdigest()
    assert content(message) == data


@pytest.mark.parametrize("collect", [False, True])
def test_an_empty_data_set_is_there(collect):
    (message,) = assemble(build.message(3, build.store_rq(), b""), collect=collect)
    assert (message.data_set.length, message.data_set.fragments) == (0, 1)
    assert message.data_set.sha256 == (hashlib.sha256().hexdigest() if collect else None)


def test_an_empty_last_fragment_ends_the_data_set():
    pdvs = build.pdv(1, b"data", last=False), build.pdv(1, b"", last=True)
    (message,) = assemble(build.command_pdu(1, build.store_rq()), build.p_data(*pdvs))
    assert (message.complete, message.data_set.length, message.data_set.fragments) == (True, 4, 2)


@given(st.lists(st.integers(0, 200), max_size=8), st.lists(st.integers(0, 3000), max_size=8), st.booleans())
@settings(max_examples=examples(150))
def test_how_the_sender_fragments_does_not_matter(command_cuts, data_cuts, one_pdu):
    command, data = build.store_rq(), bytes(range(250)) * 12
    parts = split(command, command_cuts)
    pieces = split(data, data_cuts)
    pdvs = [
        *(build.pdv(3, part, command=True, last=number == len(parts)) for number, part in enumerate(parts, start=1)),
        *(build.pdv(3, piece, last=number == len(pieces)) for number, piece in enumerate(pieces, start=1)),
    ]
    pdus = [build.p_data(*pdvs)] if one_pdu else [build.p_data(pdv) for pdv in pdvs]
    (message,) = assemble(*pdus, collect=True)
    assert message.command.raw == command
    assert (message.command_fragments, message.data_set.fragments) == (len(parts), len(pieces))
    assert content(message) == data


def test_messages_interleaved_on_two_contexts_are_kept_apart():
    found = assemble(
        build.command_pdu(1, build.store_rq(1)),
        build.command_pdu(3, build.store_rq(2)),
        build.p_data(build.pdv(1, b"one ", last=False)),
        build.p_data(build.pdv(3, b"two")),
        build.p_data(build.pdv(1, b"one")),
        collect=True,
    )
    assert [(message.command.message_id, content(message)) for message in found] == [(2, b"two"), (1, b"one one")]


# What is not whole


def test_a_data_set_without_a_command_is_stray():
    (stray,) = assemble(build.p_data(build.pdv(1, b"12345")))
    assert isinstance(stray, StrayFragment)
    assert (stray.context_id, stray.length) == (1, 5)


def test_a_data_set_that_was_not_announced_is_stray():
    message, stray = assemble(build.message(1, build.echo_rq(), b"data"))
    assert message.complete
    assert isinstance(stray, StrayFragment)


def test_a_command_before_the_last_fragment_ends_the_message_before_it():
    first, second = assemble(
        build.command_pdu(1, build.store_rq(1)),
        build.p_data(build.pdv(1, b"data", last=False)),
        build.message(1, build.echo_rq(2)),
    )
    assert (first.ended, first.problem) == (False, "the next command came before the last fragment of its data set")
    assert first.data_set.length == 4
    assert second.complete


def test_a_message_under_way_at_the_end_is_incomplete():
    (message,) = assemble(build.command_pdu(1, build.store_rq()))
    assert (message.ended, message.complete, message.data_set) == (False, False, None)
    assert message.problem == "the last fragment of its data set never came"


def test_a_command_under_way_at_the_end_is_stray():
    (stray,) = assemble(build.p_data(build.pdv(1, build.store_rq()[:20], command=True, last=False)))
    assert isinstance(stray, StrayFragment)
    assert stray.lack.text == "the last fragment of its command set never came"


def test_a_hole_in_a_data_set_is_counted_and_the_message_ends():
    data = build.data_pdus(1, bytes(range(100)))
    (message,) = assemble(build.command_pdu(1, build.store_rq()), data[:40], 30, data[70:], collect=True)
    info = message.data_set
    assert (info.length, info.missing, info.whole) == (70, 30, 28)
    assert (message.ended, message.complete) == (True, False)
    assert message.problem == "30 bytes of its data set are missing from the capture"
    assert content(message) == bytes(range(28)) + bytes(range(58, 100))


def test_a_hole_over_fragments_is_said_of_the_message_under_way():
    data = build.data_pdus(1, bytes(1000), 100)
    lost = 3 * 112
    (message,) = assemble(build.command_pdu(1, build.store_rq()), data[:112], lost, data[112 + lost :])
    assert message.ended
    assert message.data_set.length == 700
    assert message.problem == f"up to {lost} bytes of it are missing from the capture"


def test_a_hole_in_a_command_joins_nothing_across_it():
    pdu = build.command_pdu(1, build.echo_rq())
    (message,) = assemble(pdu[:50], 5, pdu[55:])
    assert message.command.raw == build.echo_rq()[:38]
    assert message.problem == "5 bytes of its command set are missing"
    command = build.echo_rq()
    first = build.p_data(build.pdv(1, command[:40], command=True, last=False))
    second = build.p_data(build.pdv(1, command[40:], command=True))
    (message,) = assemble(first[:30], 4, first[34:], second)
    assert message.command.raw == command[:18]


def test_a_command_set_without_end_is_cut_and_says_so():
    piece = bytes(60_000)
    pdus = [build.p_data(build.pdv(1, piece, command=True, last=False)) for _ in range(20)]
    (message,) = assemble(*pdus, build.p_data(build.pdv(1, b"", command=True)))
    assert len(message.command.raw) == MAX_COMMAND_SET
    assert message.problem == f"{1_200_000 - MAX_COMMAND_SET} bytes of its command set are beyond what is kept"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 3]), st.integers(0, 3), st.sampled_from([b"", build.echo_rq(), build.store_rq()])
        ),
        max_size=25,
    )
)
@settings(max_examples=examples(200))
def test_any_sequence_of_fragments_is_accounted_for(rows):
    """Every data byte ends up in a message or in a stray fragment; nothing is left behind."""
    pdus = [
        build.p_data(build.pdv(context, data, command=header & 1, last=header >> 1)) for context, header, data in rows
    ]
    found = assemble(*pdus)
    sent = sum(len(data) for _, header, data in rows if not header & 1)
    counted = sum(each.data_set.length for each in found if isinstance(each, Message) and each.data_set is not None)
    stray = sum(each.length for each in found if isinstance(each, StrayFragment) and each.lack.part is Part.BEGINNING)
    assert counted <= sent <= counted + stray
    assert [tell(each) for each in found if isinstance(each, Message)] == [
        tell(each) for each in assemble(b"".join(pdus)) if isinstance(each, Message)
    ]
