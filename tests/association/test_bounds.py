"""However much is exchanged, what is kept of it is bounded; what is not kept is counted and said."""

import io

import pytest

import build
from dicomsniff.capture.packets import IncompleteError
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep, fair_share
from dicomsniff.export.show import ShownText
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import write_view
from dicomsniff.library import Capture
from dicomsniff.tcp import connection
from pipeline import analyze, batch, only
from unmarked import ASKED, verdict


def echoes(count: int, port: int = 40001, start: int = build.START) -> build.Talk:
    talk = build.Talk(("10.0.0.1", port), start=start).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    for number in range(count):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


def many(count: int) -> list[build.Packet]:
    packets: list[build.Packet] = []
    for number in range(count):
        packets += echoes(2, 2000 + number, start=build.START + number * 10_000_000_000).packets
    return packets


def test_messages_beyond_the_limit_are_counted_and_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_LISTED", 10)
    analyzer = Analyzer(keep=Keep.LATEST)
    updates = analyzer.feed(batch(build.frames(echoes(50).packets))) + analyzer.close()
    (association,) = analyzer.associations
    assert len(association.timeline) == len(association.messages) == 10
    assert association.message_counts.messages == 100
    assert association.unlisted == len(updates) - 10
    assert verdict(association, analyzer.found.of(association)) == "released: 50 C-ECHO, all Success"
    assert "entries-not-listed" in analyzer.found.of(association).codes


def test_associations_that_ended_first_lose_their_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_ENTRIES", 40)
    analyzer = Analyzer(keep=Keep.LATEST)
    for record in build.frames(many(20)):
        analyzer.feed(batch([record]))
    analyzer.close()
    kept = [association for association in analyzer.associations if not association.condensed]
    assert 0 < len(kept) < 10
    assert sum(len(association.timeline) for association in kept) <= 80
    assert [verdict(each, analyzer.found.of(each)) for each in analyzer.associations] == [
        "released: 2 C-ECHO, all Success"
    ] * 20


def test_no_more_associations_lose_their_details_than_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 13 with 10 entries each, of which 120 may be kept, those that ended first go until half of that is left."""
    monkeypatch.setattr(kept_module, "MAX_ENTRIES", 120)
    for number, condensed in ((12, 0), (13, 7)):
        analyzer = Analyzer(keep=Keep.LATEST)
        analyzer.feed(batch(build.frames(many(number))))
        found = [association.condensed for association in analyzer.associations[:number]]
        assert found == [True] * condensed + [False] * (number - condensed)
    assert {len(association.timeline) for association in analyzer.associations[7:]} == {10}


def test_associations_beyond_the_limit_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_ASSOCIATIONS", 5)
    analyzer = Analyzer(keep=Keep.LATEST)
    for record in build.frames(many(20)):
        analyzer.feed(batch([record]))
    analyzer.close()
    assert len(analyzer.associations) <= 6
    assert analyzer.association_count == 20


def test_text_and_transcript_keep_nothing_they_have_written(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)
    path = tmp_path / "many.pcap"
    path.write_bytes(build.pcap(build.frames(many(20))))
    for view in (ShownText, Transcript):
        out = io.StringIO()
        with Capture(str(path), collect=view.collects) as capture:
            write_view(view, capture, out, ASKED)
            assert capture.analyzer.associations == []
        assert out.getvalue().count("C-ECHO-RSP") >= 40


def test_connections_given_up_are_said(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 3)
    talks = [build.Talk(("10.0.0.1", 3000 + number)).open() for number in range(5)]
    path = tmp_path / "open.pcap"
    path.write_bytes(build.pcap(build.frames([packet for talk in talks for packet in talk.packets])))
    out = io.StringIO()
    with Capture(str(path)) as capture:
        write_view(ShownText, capture, out, ASKED)
    assert "2 TCP connections given up" in out.getvalue()


def test_a_closed_connection_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CLOSED", 2)
    analyzer = Analyzer()
    for number in range(10):
        analyzer.feed(batch(build.frames(echoes(1, 5000 + number).packets)))
    assert len(analyzer.pop_closed()) >= 7


def test_a_condensed_association_still_says_that_nothing_was_accepted() -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac(build.answer(1, 3), build.answer(3, 3)))
    association = only(talk.close().packets)
    association.condense()
    assert verdict(association) == "unfinished: no presentation context was accepted"


def test_analyzing_again_gives_the_same_counts() -> None:
    assert analyze(many(3)).association_count == 3


def test_a_list_of_all_associations_is_whole_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, most in (("MAX_ENTRIES", 40), ("MAX_ASSOCIATIONS", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(kept_module, limit, most)
            with pytest.raises(IncompleteError, match=rf"more than {most} .*\({limit}\).*in capture.closed\(\)"):
                Analyzer().feed(batch(build.frames(many(20))))


def test_where_associations_are_handed_over_lists_of_those_under_way_share_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_module, "MAX_OPEN_ENTRIES", 100)
    monkeypatch.setattr(kept_module, "SHORT", 10)
    analyzer = Analyzer(keep=Keep.OPEN)
    talks = [echoes(count, 3000 + count) for count in (4, 60, 80)]
    for talk in talks:
        analyzer.feed(batch(build.frames(talk.packets[:-6])))
    for talk in talks:
        analyzer.feed(batch(build.frames(talk.packets[-6:])))
    analyzer.close()
    short, *long = sorted(analyzer.pop_closed(), key=lambda each: each.id)
    assert (len(short.messages), short.unlisted) == (8, 0)
    assert sum(len(each.timeline) for each in long) <= 100
    assert [verdict(each, analyzer.found.of(each)) for each in long] == [
        f"released: {n} C-ECHO, all Success" for n in (60, 80)
    ]


def test_equal_shares_are_given_to_long_lists_only() -> None:
    assert fair_share([10, 200, 300], 210) == 100
    assert fair_share([10, 20], 100) == 100
    assert fair_share([], 5) == 5
