"""Connections that leave memory come back as they were: what is told of a capture is the same."""

import io
from itertools import count
from pathlib import Path

import pytest

import build
from association.test_bounds import many
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.export.show import ShownText
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import write_view
from dicomsniff.library import Capture
from dicomsniff.tcp import connection as tracker
from dicomsniff.tcp import table
from dicomsniff.tcp.connection import Connection
from dicomsniff.tcp.shelf import Shelf
from pipeline import batch
from unmarked import ASKED

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap*"))


def told(path: Path) -> str:
    out = io.StringIO()
    for view in (ShownText, Transcript):
        with Capture(path, collect=view.collects) as capture:
            write_view(view, capture, out, ASKED)
    return out.getvalue()


SMALL = [path.name for path in SAMPLES if path.stat().st_size < 100_000]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_what_is_told_of_a_capture_is_the_same_where_its_connections_leave_memory(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 500)
    monkeypatch.setattr(tracker, "LINGER", 0)  # where memory is short, closed connections are not waited for
    path = SAMPLES[0].parent / name
    expected = told(path)
    shelved: list[int] = []
    put = Shelf.put

    def note(shelf: Shelf, connection: Connection) -> bool:
        done = put(shelf, connection)
        shelved.extend([connection.number] * done)
        return done

    monkeypatch.setattr(Shelf, "put", note)
    monkeypatch.setattr(table, "MAX_AWAKE", 0)
    assert told(path) == expected
    assert shelved


def talks(number: int) -> list[build.Talk]:
    opened = [build.Talk(("10.0.0.1", 3000 + each), start=build.START + each).open() for each in range(number)]
    for talk in opened:
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
    return opened


def test_connections_that_were_silent_longest_wait_on_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_AWAKE", 100)
    analyzer = Analyzer(keep=Keep.OPEN)
    opened = talks(50)
    for talk in opened:
        analyzer.feed(batch(build.frames(talk.packets)))
    followed = analyzer._tcp.table
    assert len(followed) == 50
    awake = list(followed)
    assert sum(connection.weight for connection in awake) == followed.weight <= 100 + table.BUSY
    assert [connection.number for connection in awake] == list(range(51 - len(awake), 51))
    seen = len(opened[0].packets)
    opened[0].client(build.message(1, build.echo_rq(1)))
    ((association, _),) = analyzer.feed(batch(build.frames(opened[0].packets[seen:])))
    assert association.id == 1
    assert 1 in [connection.number for connection in followed]


def test_all_end_in_the_order_in_which_they_were_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_AWAKE", 100)
    analyzer = Analyzer(keep=Keep.OPEN)
    for talk in talks(50):
        analyzer.feed(batch(build.frames(talk.packets)))
    while not analyzer.is_over:
        analyzer.close(7)
    assert [association.id for association in analyzer.pop_closed()] == list(range(1, 51))


def test_connections_stay_in_memory_where_others_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_AWAKE", 0)
    for keep in (Keep.ALL, Keep.LATEST):
        analyzer = Analyzer(keep=keep)
        for talk in talks(5):
            analyzer.feed(batch(build.frames(talk.packets)))
        held = analyzer.associations
        assert len(list(analyzer._tcp.table)) == 5
        analyzer.close()
        assert all(one is other for one, other in zip(held, analyzer.associations, strict=True))


def test_a_connection_that_cannot_leave_memory_is_given_up_at_last_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_AWAKE", 100)
    monkeypatch.setattr(Shelf, "put", lambda *_: False)
    analyzer = Analyzer(keep=Keep.OPEN)
    for talk in talks(50):
        analyzer.feed(batch(build.frames(talk.packets)))
    left = len(analyzer._tcp.table)
    assert left < 20
    assert analyzer.given_up == len(analyzer.pop_closed()) == 50 - left


def test_what_cannot_be_pickled_is_not_taken() -> None:
    analyzer = Analyzer()
    (talk,) = talks(1)
    analyzer.feed(batch(build.frames(talk.packets)))
    (connection,) = analyzer._tcp.table
    connection.consumer = (each for each in count())
    shelf = Shelf()
    assert (shelf.put(connection), len(shelf)) == (False, 0)


def test_a_connection_that_is_dropped_weighs_nothing_whatever_is_told_of_it_at_last() -> None:
    talk = build.Talk().open()
    opened = len(talk.packets)
    talk.pieces(0, [b"GET / HTTP/1.1", b"Host: pacs"])
    for packets in (many(3), talk.packets, talk.packets[:opened] + talk.packets[opened + 1 :]):
        analyzer = Analyzer(keep=Keep.OPEN)
        analyzer.feed(batch(build.frames(packets)))
        analyzer.close()
        assert (analyzer._tcp.table.weight, analyzer._tcp.table.held) == (0, 0)
