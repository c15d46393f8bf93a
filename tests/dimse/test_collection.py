"""Data sets that are collected come back as they were written, whether they stayed in memory or not."""

import hashlib
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.dimse import collection as module
from dicomsniff.dimse.collection import BLOCK, MAX_ALONE, MAX_TOGETHER, Collection
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from pipeline import batch

PIECE = bytes(range(256)) * 1024


@given(pieces=st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=40))))
def test_what_is_read_is_what_was_written_whoever_else_writes(pieces: list[tuple[int, bytes]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 16)
        patch.setattr(module, "MAX_ALONE", 24)
        patch.setattr(module, "MAX_TOGETHER", 32)
        collection = Collection()
        kept = [collection.begin() for _ in range(3)]
        expected = [b"", b"", b""]
        for which, data in pieces:
            kept[which].write(data)
            expected[which] += data
            assert collection.in_memory <= 32
        for each, whole in zip(kept, expected, strict=True):
            assert each.tell() == each.seek(0, os.SEEK_END) == len(whole)
            for at in (0, len(whole) // 2):
                each.seek(at)
                assert each.read() == whole[at:]
            each.close()
        assert (collection.in_memory, collection.blocks) == (0, 0)


def test_many_short_ones_leave_memory_together_through_one_descriptor() -> None:
    collection = Collection()
    open_before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else None
    kept = [collection.begin() for _ in range(3 * MAX_TOGETHER // len(PIECE))]
    for each in kept:
        each.write(PIECE)
        assert collection.in_memory <= MAX_TOGETHER
    if open_before is not None:
        assert len(os.listdir("/proc/self/fd")) <= open_before + 1
    for each in kept:
        each.seek(0)
        assert each.read() == PIECE
        each.close()


def test_blocks_of_what_was_taken_are_used_again() -> None:
    collection = Collection()
    with collection.begin() as first:
        first.write(bytes(MAX_ALONE + 1))
        for _ in range(5):
            with collection.begin() as data:
                data.write(bytes(MAX_ALONE + 1))
        assert os.fstat(collection.file.fileno()).st_size <= 2 * (MAX_ALONE + BLOCK)
    assert collection.blocks == 0


def test_what_nobody_takes_is_let_go_of_with_its_message() -> None:
    collection = Collection()
    data = collection.begin()
    data.write(PIECE)
    del data
    assert collection.in_memory == 0


def test_a_data_set_is_not_copied_and_its_collection_is_found_again() -> None:
    collection = Collection()
    assert pickle.loads(pickle.dumps(collection)) is collection
    with collection.begin() as data, pytest.raises(TypeError, match="cannot be copied"):
        pickle.dumps(data)


def test_all_stores_under_way_share_the_room_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOGETHER", 100_000)
    analyzer = Analyzer(collect=True, keep=Keep.OPEN)
    data_set = bytes(20_000)
    for each in range(20):
        talk = build.Talk(("10.0.0.1", 3000 + each), start=build.START + each).open()
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.store_rq(), data_set, 10_000)[:-1])
        analyzer.feed(batch(build.frames(talk.packets)))
    collection = analyzer._collection
    assert collection is not None
    assert 0 < collection.in_memory <= 100_000
    analyzer.close()
    messages = [each for association in analyzer.pop_closed() for each in association.messages]
    assert len(messages) == 20
    for message in messages:
        data = message.data_set
        assert data is not None
        assert data.content is not None
        with data.content as content:
            content.seek(0)
            assert hashlib.sha256(content.read()).hexdigest() == data.sha256
