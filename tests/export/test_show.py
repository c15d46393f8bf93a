"""The order in which `show` tells: the whole first, then each association with its verdict, findings and timeline."""

from io import StringIO
from pathlib import Path

import build
from dicomsniff.association.links import Link, Series
from dicomsniff.export.show import ShownText
from dicomsniff.export.text import FOLDED
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import Capture
from findings.traffic import match, searched, talked
from pipeline import findings_of, only
from unmarked import association_lines, context_lines, link_section


def shown(path: Path, **options: bool) -> list[str]:
    with Capture(str(path)) as capture:
        write_view(ShownText, capture, out := StringIO(), Asked(**options))
    return out.getvalue().splitlines()


def place(lines: list[str], beginning: str) -> int:
    return next(at for at, line in enumerate(lines) if line.lstrip().startswith(beginning))


def test_a_file_begins_with_the_verdict_on_the_whole_and_what_belongs_together(samples):
    lines = shown(samples / "c-move-destination-refuses.pcap")
    assert lines[0].startswith("capture-1.pcap: ")
    assert "in trouble" in lines[1]
    assert place(lines, "association 1 (") < place(lines, "what belongs together:") < place(lines, "association 1:")


def test_what_is_read_from_a_pipe_is_told_as_it_ends(samples, monkeypatch):
    monkeypatch.setattr("dicomsniff.capture.reader.CaptureReader.size", None)
    lines = shown(samples / "c-move-destination-refuses.pcap")
    assert lines[0].startswith("association 1:")
    assert place(lines, "association 2:") < place(lines, "what belongs together:")
    assert lines[place(lines, "what belongs together:") :][-1] != ""


def test_both_orders_say_the_same(samples, monkeypatch):
    path = samples / "c-move.pcap"
    whole_first = shown(path, contexts=True)
    monkeypatch.setattr("dicomsniff.capture.reader.CaptureReader.size", None)
    assert sorted(filter(None, shown(path, contexts=True))) == sorted(filter(None, whole_first))


def test_findings_come_behind_the_verdict_then_contexts_then_the_timeline(samples):
    lines = shown(samples / "contexts-all-refused.pcap", contexts=True)
    association = lines[place(lines, "association 1:") :]
    assert association[1].startswith("  unfinished")
    order = ("error: ", "128 contexts, 1 to 255: ", "so: ", "0.0")
    assert [place(association, each) for each in order] == sorted(place(association, each) for each in order)


def test_contexts_that_were_answered_alike_share_a_line():
    proposals = [build.proposal(number, f"1.2.{number}") for number in range(1, 21, 2)]
    answers = [build.answer(number, 3 if number > 3 else 0) for number in range(1, 21, 2)]
    lines = list(context_lines(only(talked((0, build.associate_rq(*proposals)), (1, build.associate_ac(*answers)),
                                           talk=build.Talk().open()).packets)))  # fmt: skip
    assert [line for line in lines if line.startswith("  context") or "contexts," in line] == [
        "  context   1: 1.2.1: Implicit VR Little Endian",
        "  context   3: 1.2.3: Implicit VR Little Endian",
        "  8 contexts, 5 to 19: 1.2.5, 1.2.7, 1.2.9 and 5 more: abstract-syntax-not-supported (provider rejection)",
    ]


def test_what_follows_for_many_sop_classes_is_said_once(samples):
    lines = shown(samples / "c-get-pending.pcap", contexts=True)
    assert sum(line.startswith("  so: ") for line in lines) <= 4


def test_pending_responses_in_a_row_share_a_line():
    found = match(0xFF00, data=build.element(0x00080052, b"STUDY "))
    for count in (FOLDED - 1, FOLDED, 37):
        association = only(searched(*[found] * count, match(0)))
        lines = list(association_lines(association, findings_of(association), 6))
        pending = [line for line in lines if "Pending" in line]
        assert len(pending) == (count if count < FOLDED else 1)
        if count >= FOLDED:
            assert f"; {count - 1} more like it until 0.0" in pending[0]


def test_of_many_pairs_of_ends_those_with_the_most_associations_are_listed():
    def link(peer: int, associations: int) -> Link:
        about = Series(f"10.0.0.{peer}", "10.0.1.1:104", f"PEER{peer}", "ARCHIVE", peer, peer, 0, 0, associations)
        return Link("associations between the same ends", about, peer, 0)

    *lines, last, empty = link_section([link(peer, 2 + peer % 5) for peer in range(1, 31)])
    assert lines[0] == "what belongs together:"
    assert [line.split()[0] for line in lines[1:]] == ["5", "6", "5", "6", "5", "6", "5", "6", "6", "6"]
    assert (last, empty) == ("  and 20 more pairs of ends with several associations", "")
