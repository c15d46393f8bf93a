"""Captures to write reports of, and what a format makes of them."""

import io
from collections.abc import Iterable
from pathlib import Path

import build
from comparing.exchanges import exchanged, stored
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import Capture
from findings.traffic import CT

NAMED = build.element(0x00100010, b"Doe^Jane") + build.element(0x00100020, b"4711")


def written(form: str, path: Path | str, **asked: object) -> str:
    """What `export` writes of a capture in a format."""
    view, out, asking = find_view("export", form), io.StringIO(), Asked(**asked)
    with Capture(str(path), collect=view.collect(asking), heads=view.heads(asking)) as capture:
        write_view(view, capture, out, asking)
    return out.getvalue()


def captured(path: Path, packets: Iterable[build.Packet]) -> Path:
    path.write_bytes(build.pcap(build.frames(packets)))
    return path


def hostile(called: str, calling: str, comment: str, version: str = "") -> list[build.Packet]:
    """An exchange whose every text is what somebody who means harm would send."""
    more = [build.item(0x55, version.encode())] if version else []
    proposed = build.associate_rq(
        build.proposal(1), build.proposal(3, CT), user=build.user_information(16384, *more), called=called,
        calling=calling,
    )  # fmt: skip
    answered = build.associate_ac(build.answer(1), build.answer(3), called=called, calling=calling)
    data = build.element(0x00081030, comment.encode().ljust(len(comment) + len(comment) % 2)) + NAMED
    return exchanged(stored(1, 0xA700, data=data, comment=comment), proposed=proposed, answered=answered)
