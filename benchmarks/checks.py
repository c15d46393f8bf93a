"""What dicomsniff said -> whether it found all that the capture holds."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectation import Expectation, read_expectation

_MESSAGE = re.compile(r" +[\d.]+  (?:-->|<--) [CN]-[A-Z-]+-(?:RQ|RSP) ")
_UNLISTED = re.compile(r" +… (\d+) further entries are not listed")
_SUMMARY = re.compile(r": \d+ packets, .*?(\d+) associations?\n?$")


@dataclass(frozen=True)
class Check:
    """One comparison."""

    passed: bool
    text: str


def check_capture(expectation: str | Path, work: Path, exported: int, *, whole: bool) -> list[Check]:
    """Compare the outputs in `work` with an expectation; the export is of the first `exported` bytes, or of all."""
    expected = read_expectation(expectation)
    checks = [_check_index(expected, work / "index.json"), _check_show(expected, work / "show.txt")]
    if expected.objects:
        checks.append(_check_export(expected, work / "export.json", exported, whole=whole))
    return checks


def _check_index(expected: Expectation, path: Path) -> Check:
    found = json.loads(path.read_text())
    return _counts("index", expected, found["associations"], found["messages"], found["stored"])


def _check_show(expected: Expectation, path: Path) -> Check:
    associations = messages = stored = unlisted = 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            if _MESSAGE.match(line):
                messages += 1
                stored += "C-STORE-RSP" in line and "  Success" in line
            elif more := _UNLISTED.match(line):
                unlisted += int(more[1])
            elif summary := _SUMMARY.search(line):
                associations = int(summary[1])
    if unlisted and associations == expected.associations and messages <= expected.messages <= messages + unlisted:
        return Check(
            True, f"show: {associations} associations, {messages} messages, {unlisted} entries said not listed"
        )
    return _counts("show", expected, associations, messages, stored)


def _counts(name: str, expected: Expectation, associations: int, messages: int, stored: int) -> Check:
    wanted = (expected.associations, expected.messages, expected.stored)
    text = f"{name}: {associations} associations, {messages} messages, {stored} stored with Success"
    if (associations, messages, stored) == wanted:
        return Check(True, text)
    return Check(False, f"{text}; expected {wanted[0]}, {wanted[1]}, {wanted[2]}")


def _check_export(expected: Expectation, path: Path, exported: int, *, whole: bool) -> Check:
    """Compare lengths and digests of the data sets that are whole in the exported part."""
    wanted = {each.sop_instance: each for each in expected.objects}
    right, wrong = set(), set()
    for message in _store_requests(json.loads(path.read_text(encoding="utf-8"))):
        if not message["complete"]:
            continue
        name, data = message["affected_sop_instance_uid"], message["data_set"]
        known = wanted.get(name)
        same = known is not None and (data["length"], data["sha256"]) == (known.length, known.sha256)
        (right if same else wrong).add(name)
    if whole:
        due = set(wanted)
    else:
        due = {each.sop_instance for each in expected.objects if each.end is not None and each.end <= exported}
    text = f"export json: {len(right)} data sets of the right length and SHA-256"
    lost = len(due - right)
    if wrong or lost:
        return Check(False, f"{text}; {len(wrong)} wrong, {lost} of {len(due)} not found")
    if not due:
        return Check(bool(right), f"{text}; how many this part holds is not known")
    return Check(True, f"{text}, all that it holds")


def _store_requests(transcript: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for association in transcript["associations"]:
        for message in association["messages"]:
            if message["command"] == "C-STORE-RQ":
                yield message
