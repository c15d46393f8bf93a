"""`--data-sets` says of which messages a transcript has digests and elements; all else of it stays the same."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import build
from data_sets import EXPLICIT, short
from dicomsniff.export.formats import DataSets, find_view
from dicomsniff.export.view import write_view
from dicomsniff.library import Capture
from unmarked import ASKED

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap*"))
HAVE_IDENTIFIERS = {f"{service}-{kind}" for service in ("C-FIND", "C-MOVE", "C-GET") for kind in ("RQ", "RSP")}


def transcript(path: Path, form: str, depth: DataSets) -> list[Any]:
    view, asked = find_view("export", form), ASKED._replace(data_sets=depth)
    with Capture(str(path), collect=view.collect(asked)) as capture:
        write_view(view, capture, out := io.StringIO(), asked)
    return (
        [json.loads(out.getvalue())]
        if form == "json"
        else [json.loads(line) for line in out.getvalue().split("\n")[:-1]]
    )


def without(said: Any, commands: set[str] | None) -> Any:
    """A transcript without digest and elements of data sets, other than those of some commands."""
    if isinstance(said, list):
        return [without(each, commands) for each in said]
    if not isinstance(said, dict):
        return said
    said = {key: without(value, commands) for key, value in said.items()}
    if said.get("data_set") and said["command"] not in (commands or ()):
        counted = {key: value for key, value in said["data_set"].items() if key in ("length", "fragments", "missing")}
        said["data_set"] = counted | {"sha256": None, "elements": {}}
    return said


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_less_of_data_sets_changes_nothing_else(path: Path, form: str) -> None:
    whole = transcript(path, form, DataSets.ALL)
    assert transcript(path, form, DataSets.NONE) == without(whole, None)
    assert transcript(path, form, DataSets.IDENTIFIERS) == without(whole, HAVE_IDENTIFIERS)


@pytest.mark.parametrize("fragment", [90, 16_000])
def test_identifiers_between_large_objects_are_written_whole(tmp_path: Path, fragment: int) -> None:
    path = tmp_path / "mixed.pcap"
    key = short(0x00080052, "CS", b"STUDY ") + short(0x00100020, "LO", b"7 " * 500)
    talk = build.Talk().open()
    classes = [build.STUDY_ROOT_FIND, build.CT_IMAGE_STORAGE]
    talk.client(build.associate_rq(*(build.proposal(2 * at + 1, uid, [EXPLICIT]) for at, uid in enumerate(classes))))
    talk.server(build.associate_ac(*(build.answer(2 * at + 1, transfer=EXPLICIT) for at in range(2))))
    for number in range(3):
        asked = {0x0002: classes[0], 0x0100: 0x20, 0x0110: number, 0x0700: 0, 0x0800: 1}
        talk.client(build.message(1, build.command_set(asked), key, fragment))
        talk.client(build.message(3, build.store_rq(number), build.pixels(300_000), fragment))
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    whole = transcript(path, "json", DataSets.ALL)
    assert transcript(path, "json", DataSets.IDENTIFIERS) == without(whole, HAVE_IDENTIFIERS)
    assert [len(each["data_set"]["elements"]) for each in whole[0]["associations"][0]["messages"][::2]] == [2, 2, 2]
