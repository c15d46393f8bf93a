"""When a capture is read again for the sake of what an Error Comment may tell."""

from pathlib import Path

import pytest

import build
from dicomsniff.comments import CommentReader
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate


@pytest.mark.parametrize(
    ("response", "again"),
    [
        (build.store_rsp(0x0902), False),
        (build.store_rsp(1, 0xA700, comment="of CTROOM9"), True),
        (build.store_rsp(0x0902, 0xA700, comment="of CTROOM9"), True),
    ],
    ids=["a Message ID like its tag", "a comment", "both"],
)
def test_only_a_comment_has_a_capture_read_again(
    response: bytes, *, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.server(build.message(1, response))
    path = tmp_path / "store.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    asked: list[Capture] = []
    monkeypatch.setattr(Capture, "again", lambda capture: asked.append(capture))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        CommentReader(capture, Gate()).take((association, entry) for entry in association.timeline)
    assert bool(asked) == again
