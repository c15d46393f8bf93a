"""Scrubs captures for tests, and reads what tshark and the program say of them."""

import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import Asked, write_view
from dicomsniff.filter.selection import EVERYTHING, Selection
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.scrubbing.scrubbing import Scrubbing

PLAIN = Privacy(key=b"the same in every run")
"""Stand-ins that are the same whenever a test runs."""
_NUMBERS = frozenset(["AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"])


def scrub(source: Path, target: Path, privacy: Privacy = PLAIN, selection: Selection = EVERYTHING) -> list[str]:
    """Write a scrubbed copy; return what is said of it."""
    with (
        closing(Scrubbing(privacy, selection)) as scrubbing,
        target.open("wb") as out,
        Capture(str(source), collect=True, watcher=scrubbing.watcher) as capture,
    ):
        scrubbing.run(capture, out)
        return scrubbing.said


def transcript(path: Path) -> dict[str, Any]:
    out = io.StringIO()
    with Capture(str(path), collect=True) as capture:
        write_view(Transcript, capture, out, Asked())
    read: dict[str, Any] = json.loads(out.getvalue())
    return read


def exchange(path: Path) -> dict[Any, Any]:
    """Return what a transcript says of an exchange, without what must differ: digests, names, values that are zeros."""
    said = transcript(path)
    found: dict[Any, Any] = {"findings": [(each["code"], each["severity"]) for each in said["findings"]]}
    for each in said["associations"]:
        number = each["id"]
        found[number] = {
            name: each[name]
            for name in ("start_time", "end_time", "outcome", "pdu_counts", "presentation_contexts", "requestor")
        }
        found[number]["findings"] = [
            (one["code"], one["severity"], one.get("message_number"), one["cause"]) for one in each["findings"]
        ]
        for message in each["messages"]:
            data = message["data_set"] or {}
            command = message["command_set"]
            found[number, message["number"]] = (
                *(message[name] for name in ("command", "status", "time", "direction", "first_packet", "complete")),
                (command["length"], command["fragments"]),
                *(data.get(name) for name in ("length", "fragments", "transfer_syntax", "problem")),
                {tag: _told(element) for tag, element in data.get("elements", {}).items()},
            )
    return found


def _told(element: dict[str, Any]) -> tuple[Any, ...]:
    vr = element.get("vr")
    value = element.get("Value")
    if vr == "SQ":
        value = [{tag: _told(each) for tag, each in one.items()} for one in value or []]
    return vr, element.get("length"), None if vr in _NUMBERS else element.get("shape"), value
