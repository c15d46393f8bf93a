"""Going back to the capture for an association's details: they are what they were."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import astuple

import build
from association.test_bounds import many
from dicomsniff.association.association import Association
from dicomsniff.capture.packets import CaptureError
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine import reopened
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.library import Capture
from dicomsniff.words.entries import entry_detail, entry_name
from replayed import echo, rejected


def told(association: Association) -> list[tuple[str, str, object]]:
    return [
        (entry_name(each), entry_detail(association, each), astuple(each.span)[:5]) for each in association.timeline
    ]


def save(path: Path, packets: list[build.Packet]) -> str:
    path.write_bytes(build.pcap(build.frames(packets)))
    return str(path)


@pytest.fixture
def watched() -> Iterator[Callable[..., Capture]]:
    """Reads captures through, as a view does that watches, and closes them at the end."""
    with ExitStack() as stack:

        def read(path: str, *, watches: bool = False) -> Capture:
            capture = stack.enter_context(Capture(path))
            capture.analyzer = Analyzer(watches=watches)
            for _ in capture.updates():
                pass
            return capture

        yield read


def test_details_are_the_same_again_among_packets_of_others(tmp_path: Path, watched: Callable[..., Capture]) -> None:
    packets = sorted(many(5) + rejected(client=39_000).packets, key=lambda packet: packet.time)
    capture = watched(save(tmp_path / "all.pcap", packets))
    for association in capture.analyzer.associations:
        before, count = told(association), association.message_counts.messages
        findings = capture.found.of(association).all
        association.condense()
        again = capture.reopen(association)
        assert told(again) == before
        assert (again.id, again.outcome, again.message_counts.messages) == (association.id, association.outcome, count)
        assert capture.found.of(again).all == findings
        assert all(message.association_id == again.id for message in again.messages)


def test_of_several_associations_on_a_connection_each_is_found_again(
    tmp_path: Path, watched: Callable[..., Capture]
) -> None:
    talk = build.Talk().open()
    for _ in range(2):
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        talk.client(build.release_rq())
        talk.server(build.release_rp())
    capture = watched(save(tmp_path / "two.pcap", talk.close().packets))
    first, second = capture.analyzer.associations
    before = told(second)
    second.condense()
    again = capture.reopen(second)
    assert (again.id, again.follows, told(again)) == (second.id, first.id, before)


def test_what_lies_too_far_apart_is_not_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: Callable[..., Capture]
) -> None:
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 100)
    capture = watched(save(tmp_path / "long.pcap", echo().packets))
    (association,) = capture.analyzer.associations
    association.condense()
    monkeypatch.setattr(reopened, "MAX_READ", 100)
    with pytest.raises(CaptureError, match="association 1 was not found again"):
        capture.reopen(association)


def test_where_there_is_no_end_details_are_soon_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: Callable[..., Capture]
) -> None:
    monkeypatch.setattr(kept_module, "LATEST_ENTRIES", 20)
    monkeypatch.setattr(kept_module, "LATEST_ASSOCIATIONS", 5)
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)
    capture = watched(save(tmp_path / "many.pcap", many(20)), watches=True)
    kept = capture.analyzer.associations
    assert len(kept) <= 5
    assert sum(len(association.timeline) for association in kept) <= 20
