"""What is chosen is what every format shows, and what is left out is said."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import build
from association.test_bounds import many
from dicomsniff.engine import kept
from dicomsniff.export import drafts
from dicomsniff.export.formats import FORMATS, find_view
from dicomsniff.export.pieces import Pieces
from dicomsniff.export.view import Asked, write_view
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import Selection
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture, open_source


def written(command: str, form: str, path: Path, selection: Selection, **asked: Any) -> tuple[str, bool]:
    view = find_view(command, form)
    with Capture(path, collect=view.collects) as capture:
        given = Asked(selection=selection, names=(path.name,), **asked)
        failed = write_view(view, capture, out := io.StringIO(), given)
    return out.getvalue(), failed


def exported(path: Path, expression: str | None) -> dict[str, Any]:
    selection = Selection(Filter(expression)) if expression is not None else Selection()
    found: dict[str, Any] = json.loads(written("export", "json", path, selection)[0])
    return found


STORES = "command == C-STORE-RSP and message > 2"


def test_a_transcript_holds_the_messages_that_are_chosen_as_they_are_in_a_whole_one(samples: Path) -> None:
    path = samples / "c-move.pcap"
    whole, part = exported(path, None), exported(path, STORES)
    assert [each["id"] for each in part["associations"]] == [2]
    (association,) = part["associations"]
    assert association["messages"] == [whole["associations"][1]["messages"][index] for index in (3, 5)]
    assert association["selection"] == {"shown": 2, "total": 6, "not_asked": 0}
    assert part["selection"] == {"shown": 1, "total": 2}
    assert "selection" not in whole


def test_lines_hold_the_same(samples: Path) -> None:
    text, _ = written("export", "jsonl", samples / "c-move.pcap", Selection(Filter(STORES)))
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["number"] for line in lines if line["kind"] == "message"] == [4, 6]
    assert {line["association"] for line in lines if line["kind"] == "event"} == {2}
    assert lines[-1] == {"kind": "selection", "shown": 1, "total": 2}


@pytest.mark.parametrize(("command", "form"), [("show", "text"), ("live", "text")])
def test_text_says_what_was_left_out(samples: Path, command: str, form: str) -> None:
    text, _ = written(command, form, samples / "c-move.pcap", Selection(Filter(STORES)))
    assert text.count("<-- C-STORE-RSP") == 2
    assert "C-STORE-RQ" not in text
    assert "C-MOVE-RQ" not in text
    assert "2 of 6 messages shown" in text
    assert "1 of 2 associations shown" in text


def test_what_waits_in_the_file_comes_back_in_order(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples / "association-rejected.pcap"
    for selection in (Selection(Filter("finding.severity == error")), Selection(associations=[2, 9])):
        for form in ("json", "jsonl"):
            expected = written("export", form, path, selection)
            with monkeypatch.context() as patched:
                patched.setattr(drafts, "IN_MEMORY", 0)
                assert written("export", form, path, selection) == expected


def test_the_file_does_not_grow_with_what_was_shown_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "IN_MEMORY", 0)
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)
    sizes: list[list[int]] = []
    add = Pieces.add
    monkeypatch.setattr(Pieces, "add", lambda pieces, *piece: sizes[-1].append(pieces.size) or add(pieces, *piece))
    for count in (10, 100):
        path = tmp_path / f"{count}.pcap"
        path.write_bytes(build.pcap(build.frames(many(count))))
        sizes.append([])
        written("live", "text", path, Selection(Filter("command == C-ECHO")))
    assert 0 < max(sizes[1]) < 3 * max(sizes[0])


@pytest.mark.parametrize("name", ["no-answer", "mal-data-before-command", "missing-segment", "c-find-cancel"])
def test_a_selection_of_all_there_is_leaves_associations_as_they_are(samples: Path, name: str) -> None:
    path = samples / f"{name}.pcap"
    assert exported(path, "association > 0")["associations"] == exported(path, None)["associations"]


def test_check_fails_only_for_what_is_chosen(samples: Path) -> None:
    path = samples / "association-rejected.pcap"
    for form in [each.name for each in FORMATS if "check" in each.commands]:
        assert written("check", form, path, Selection(associations=[3]), fail_on=Severity.ERROR)[1]
        text, failed = written("check", form, path, Selection(associations=[30]), fail_on=Severity.NOTE)
        assert not failed
        assert "association-rejected (" not in text


def test_check_says_how_much_it_looked_at(samples: Path) -> None:
    text, _ = written("check", "text", samples / "association-rejected.pcap", Selection(associations=[3, 4]))
    assert "2 of 10 associations shown" in text
    assert "2 errors in both associations" in text


def test_what_could_not_be_asked_about_is_said(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_OPEN_ENTRIES", 4)
    path = samples / "c-move.pcap"
    late = Selection(Filter("command == C-STORE and message == 6"))
    text, _ = written("show", "text", path, late)
    assert "none of 2 associations shown; 2 of the others had more messages than were kept to be asked about" in text
    found = json.loads(written("export", "json", path, late)[0])
    assert found["selection"] == {"shown": 0, "total": 2, "not_asked": 2}
    text, _ = written("show", "text", path, Selection(Filter("command == C-STORE and message == 1")))
    assert "could not be asked about: too many were open to keep them" in text


def ids(text: str) -> list[int]:
    return [int(line.split()[1].rstrip(":")) for line in text.splitlines() if line.startswith("association ")]


def test_a_summary_has_a_line_for_each_association(samples: Path) -> None:
    text, _ = written("show", "text", samples / "c-move.pcap", Selection(), summary=True)
    assert text.splitlines()[-2:] == [
        "association 1: MOVER (10.20.0.1:36183) -> QRSCP (10.20.0.2:4242): released: 1 C-MOVE, Success",
        "association 2: QRSCP (10.20.0.2:43527) -> MOVEDEST (10.20.0.1:11113): released: 3 C-STORE, all Success",
    ]
    assert "both associations went well" in text


def test_associations_are_sorted(samples: Path) -> None:
    path = samples / "c-move.pcap"
    for sort, expected in (("duration", [1, 2]), ("start", [1, 2])):
        assert ids(written("show", "text", path, Selection(), sort=sort)[0]) == expected
    path = samples / "association-rejected.pcap"
    with Capture(path) as capture:
        longest = sorted(capture.associations, key=lambda each: each.start_time - each.end_time)
    assert ids(written("show", "text", path, Selection(), sort="duration")[0]) == [each.id for each in longest]
    in_full = written("show", "text", path, Selection())[0].split("\n\n")
    by_length = written("show", "text", path, Selection(), sort="duration")[0].split("\n\n")
    assert sorted(in_full) == sorted(by_length)


def test_the_worst_comes_first(samples: Path, tmp_path: Path) -> None:
    paths = [str(samples / name) for name in ("c-echo.pcap", "association-rejected.pcap")]
    view = find_view("show", "text")
    with Capture(open_source(paths)) as capture:
        write_view(view, capture, out := io.StringIO(), Asked(sort="worst"))
    order = ids(out.getvalue())
    with Capture(open_source(paths)) as capture:
        well = [each.id for each in capture.associations if each.outcome == "released"]
    assert order[-len(well) :] == well
    assert sorted(order) == list(range(1, len(order) + 1))
