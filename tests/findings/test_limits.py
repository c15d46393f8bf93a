"""What is said where a limit is reached: the true counts, and what of it is listed."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import build
from association.test_bounds import echoes, many
from dicomsniff.association import links, moves, normalized_links
from dicomsniff.dimse.command import LONGEST_KNOWN, Command, read_command
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.kept import Keep
from dicomsniff.export.formats import find_view
from dicomsniff.export.show import ShownText
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import Asked, write_view
from dicomsniff.findings import collector, engine, overview
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from findings.link_traffic import asked_to_move, committed, got, report
from findings.traffic import established, released
from network import ARCHIVE, CLIENT, CT, VIEWER, Network, move_rq, move_rsp, release, store
from pipeline import analyze, codes, findings_of, only
from unmarked import ASKED, association_json, association_lines, verdict

LISTED, FOUND = 20, 10
"""Limits that a test can reach."""


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MAX_OPEN_ENTRIES", LISTED)
    monkeypatch.setattr(kept_module, "MAX_LISTED", LISTED)
    monkeypatch.setattr(collector, "MAX_FINDINGS", FOUND)


def saved(path: Path, packets: list[build.Packet]) -> str:
    path.write_bytes(build.pcap(build.frames(packets)))
    return str(path)


def transcript(path: str) -> dict[str, Any]:
    out = io.StringIO()
    with Capture(path, collect=True) as capture:
        write_view(Transcript, capture, out, ASKED)
    return json.loads(out.getvalue())


def shown(path: str) -> str:
    out = io.StringIO()
    with Capture(path) as capture:
        write_view(ShownText, capture, out, ASKED)
    return out.getvalue()


def checked(path: str, form: str = "text", fail_on: Severity = Severity.ERROR) -> tuple[bool, str]:
    out = io.StringIO()
    with Capture(path) as capture:
        return write_view(find_view("check", form), capture, out, Asked(fail_on=fail_on, names=(path,))), out.getvalue()


def warned(count: int, *, failed: int = 0) -> list[build.Packet]:
    """Objects that are stored with a warning, then C-ECHOs that fail."""
    talk = established()
    for number in range(count):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number, 0x0107)))
    for number in range(failed):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number, 0x0122)))
    return released(talk)


def test_the_note_on_entries_is_true_where_every_message_is_written(tmp_path: Path) -> None:
    path = saved(tmp_path / "long.pcap", echoes(50).packets)
    (association,) = transcript(path)["associations"]
    assert len(association["messages"]) == 100
    (note,) = association["findings"]
    assert note["code"] == "entries-not-listed"
    assert note["message"] == "`show` and the terminal UI list the first 20 of 106 entries; all are counted"
    text = shown(path)
    assert text.count("C-ECHO-R") == 18
    assert "… not listed: 86 further entries" in text


def test_operations_beyond_the_limit_are_counted_in_the_transcript(tmp_path: Path) -> None:
    (association,) = transcript(saved(tmp_path / "long.pcap", echoes(50).packets))["associations"]
    assert len(association["operations"]) + association["operations_not_listed"] == 50
    (association,) = transcript(saved(tmp_path / "short.pcap", echoes(7).packets))["associations"]
    assert "operations_not_listed" not in association


def test_findings_beyond_the_limit_are_counted_by_severity_everywhere(tmp_path: Path) -> None:
    path = saved(tmp_path / "warned.pcap", warned(500))
    association = only(warned(500), keep=Keep.LATEST)
    notes = ["association-slow", "entries-not-listed", "findings-not-listed"]
    assert Counter(codes(association)) == Counter([*["status-warning"] * FOUND, *notes])
    assert findings_of(association).unlisted == {"warning": 490}
    assert "further findings are counted, not listed: 490 warnings" in shown(path)
    assert "; 500 warnings" in shown(path)
    assert transcript(path)["associations"][0]["findings_not_listed"] == {"warning": 490}
    assert "500 warnings, 4 notes in 1 association; passes at error" in checked(path)[1]
    assert json.loads(checked(path, "json")[1])["counts"] == {"error": 0, "warning": 500, "note": 4}


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "junit"])
def test_a_flood_of_warnings_does_not_hide_an_error(tmp_path: Path, form: str) -> None:
    """Of each code the first finding is listed, whatever came before; the exit status counts all."""
    path = saved(tmp_path / "hidden.pcap", warned(50, failed=30))
    failed, said = checked(path, form)
    assert failed
    assert "status-failure" in said
    assert "29 errors" in said, "those that are not listed"
    assert "40 warnings" in said


def test_a_capture_with_a_failure_beyond_the_limit_is_in_trouble(tmp_path: Path) -> None:
    association = only(warned(50, failed=1))
    assert verdict(association).startswith("released: 1 of 51 C-ECHO failed")
    assert "the association is in trouble" in shown(saved(tmp_path / "one.pcap", warned(50, failed=1)))


def test_a_long_association_costs_no_other_its_timeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that are counted only fill no memory, and what ended is handed on before anything of it is given up."""
    monkeypatch.setattr(kept_module, "MAX_ENTRIES", 60)
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)
    packets = [*echoes(100, port=1999, start=build.START - 10**12).packets, *many(5)]
    path = saved(tmp_path / "several.pcap", packets)
    assert shown(path).count("A-RELEASE-RQ") == 5
    long, *others = transcript(path)["associations"]
    assert len(long["operations"]) + long["operations_not_listed"] == 100
    assert [len(each["operations"]) for each in others] == [2] * 5


def test_a_timeline_that_was_given_up_is_said_to_be(tmp_path: Path) -> None:
    association = only(echoes(2).packets)
    association.condense()
    assert "    its timeline was given up to bound memory" in list(association_lines(association, Findings(), 6))
    assert association_json(association, Findings(), 6)["condensed"] is True


def test_reasons_beyond_the_limit_are_not_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MAX_REASONS", 2)
    taken = overview.Overview()
    monkeypatch.setattr(overview, "reason", lambda association, found: association.requestor.ae_title)
    monkeypatch.setattr(overview, "fate", lambda association, found: overview.Fate.TROUBLED)
    (association,) = analyze(echoes(1).packets).associations
    for title in ("A", "B", "C", "C", "C", "D"):
        association.requestor.ae_title = title
        taken.feed(association, Findings())
    assert (taken.reasons[overview.Fate.TROUBLED].counts, taken.other_reasons) == ({"A": 1, "B": 1}, 4)
    assert "in trouble: A (and more than 1 other reason)" in taken.text([], [])
    assert list(taken.worst())[-1] == "and 4 associations in trouble for other reasons"


def test_every_status_is_counted_where_only_some_are_named() -> None:
    talk = established()
    for number, status in enumerate((0, 0, 0, 0, 0xB000, 0xB000, 0xB007, 0xB006, 0xB006)):
        talk.client(build.message(1, build.store_rq(number), build.pixels(16)))
        talk.server(build.message(1, build.store_rsp(number, status)))
    said = verdict(only(released(talk)))
    assert said.startswith("released: 9 C-STORE: 4 Success, 2 Warning 0x")
    assert said.endswith(", 1 with 1 other status")


def test_problems_of_a_data_set_beyond_the_limit_are_counted() -> None:
    odd = build.explicit_data_set(*((0x00091000 + number, b"LO", b"a") for number in range(101)))
    talk = established()
    talk.client(build.message(1, build.store_rq(1), odd))
    talk.server(build.message(1, build.store_rsp(1)))
    (finding,) = [each for each in findings_of(only(released(talk))).all if each.code == "data-set-odd-length"]
    assert finding.message.endswith("; 100 more like it")


# What belongs together


def told(packets: list[build.Packet]) -> list[str]:
    return [finding.message for finding in analyze(packets).findings if finding.code == "links-not-listed"]


@pytest.mark.parametrize(
    ("packets", "module", "limit", "said"),
    [
        (asked_to_move(move_rsp(0, completed=0)), moves, "MAX_MOVES", "1 C-MOVE"),
        (got(1, 0, 0), links, "MAX_GETS", "1 C-GET"),
        (committed(report(0)), normalized_links, "MAX_WORKFLOWS", "2 normalized operations"),
        (released(established()), links, "MAX_PAIRS", "1 association"),
    ],
    ids=["C-MOVE", "C-GET", "normalized", "pairs"],
)
def test_what_is_not_followed_across_associations_is_counted(
    monkeypatch: pytest.MonkeyPatch, packets: list[build.Packet], module: object, limit: str, said: str
) -> None:
    assert told(packets) == []
    monkeypatch.setattr(module, limit, 0)
    assert told(packets) == [f"what belongs together is told without {said}: more than is remembered"]


def deliveries(*, after: int) -> Network:
    """A C-MOVE of one object that is delivered, then other associations that store objects."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.STUDY_ROOT_MOVE)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    store(delivery, "CLIENT")
    release(delivery)
    asking.wait(10**9)
    asking.server(move_rsp(0xA700, completed=1, failed=0, warning=0))
    release(asking)
    for number in range(after):
        talk = network.associate(ARCHIVE, VIEWER, "OTHER", "VIEWER", CT, after=5000 + 1000 * number)
        store(talk, "OTHER", 9)
        release(talk)
    return network


def test_a_delivery_that_was_forgotten_is_not_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "MAX_DELIVERIES", 2)
    for after, partial in ((1, False), (5, True)):
        analyzer = deliveries(after=after).analyze()
        (move,) = analyzer.links.moves()
        assert (move.partial, len(move.deliveries)) == (partial, 1 - partial)
        said = "\n".join(finding.message for finding in analyzer.findings) + analyzer.verdict
        assert "none is seen" not in said
        assert "is in the capture" not in said


# Associations that got no answer


def test_an_association_without_the_other_side_is_never_said_to_be_sound(tmp_path: Path) -> None:
    packets = []
    for number in range(4):
        talk = build.Talk(("10.0.0.1", 4000 + number), start=build.START + number * 10**9)
        talk.client(build.associate_rq())
        packets += talk.packets
    path = saved(tmp_path / "lone.pcap", packets)
    failed, said = checked(path, fail_on=Severity.WARNING)
    assert failed
    assert (
        said.count("  unfinished: one direction only: nothing sent by STORESCP (10.0.0.2:104) is in the capture") == 4
    )
    assert "4 warnings in all 4 associations; fails at warning" in said
    assert "got no answer" not in said


@pytest.mark.parametrize(
    ("side", "sent"),
    [
        (0, build.associate_rq()),
        (1, build.associate_ac()),
        (0, build.message(1, build.echo_rq())),
        (1, build.message(1, build.echo_rsp())),
        (0, build.release_rq()),
    ],
)
def test_a_single_pdu_of_either_side_tells_that_the_other_was_not_captured(side: int, sent: bytes) -> None:
    talk = build.Talk()
    talk.pieces(side, [sent])
    association = only(talk.packets)
    (cause,) = findings_of(association).causes
    silent = ("STORESCU", "STORESCP")[1 - side] if b"STORESCU" in sent else ("10.0.0.1", "10.0.0.2")[1 - side]
    assert cause.code == "one-direction"
    assert cause.message.startswith(f"one direction only: nothing sent by {silent}")
    assert verdict(association).startswith(f"unfinished: {cause.message}")


def test_a_side_that_was_heard_is_not_said_to_be_missing() -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.acknowledge(1)
    assert codes(only(talk.packets)) == ["capture-ends-early"]


@pytest.mark.parametrize(("length", "times"), [(LONGEST_KNOWN, 1), (LONGEST_KNOWN + 1, 2)])
def test_no_long_command_set_is_remembered(length: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Command] = []
    monkeypatch.setattr(engine, "_BY_FORM", {asked.append: []})
    monkeypatch.setattr(engine, "_KNOWN_FORMS", {})
    identified = build.element(0x0110, b"\1\0")
    command = read_command(identified + build.element(0x0902, b"x" * (length - len(identified) - 8)))
    for _ in range(2):
        engine._rules_by_form(command)
    assert asked == [command] * times
