"""One loop drives every view, of a file or of what still comes: both write the same lines of the same packets."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import PacketBatch, PacketSource
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.dimse.message import Message
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import View, write_view
from dicomsniff.library import Capture
from unmarked import ASKED

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap*"))


class OneByOne:
    """Hands on a capture's packets one at a time, with nothing between them, as an interface does."""

    is_live, is_file, size = True, True, None

    def __init__(self, path: str) -> None:
        self._reader = CaptureReader(path)

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    def batches(self) -> Iterator[PacketBatch]:
        for batch in self._reader.batches():
            for index, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True)):
                yield batch._replace(first_number=batch.first_number + index, starts=[start], ends=[end])
                yield batch._replace(starts=[], ends=[])


def written(view: type[View], path: str, reader: Callable[[str], PacketSource] = CaptureReader) -> list[str]:
    with Capture(reader(path), collect=view.collects) as capture:
        write_view(view, capture, out := io.StringIO(), ASKED)
    return out.getvalue().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_is_followed_as_json_lines_is_what_is_exported(path: Path) -> None:
    exported = written(find_view("export", "jsonl"), str(path))
    followed = written(find_view("live", "jsonl"), str(path), OneByOne)
    assert Counter(followed) == Counter(exported)
    assert exported[0] == followed[0]


def test_what_belongs_together_and_what_the_whole_shows_is_followed_too(samples: Path) -> None:
    path = str(samples / "c-move-destination-refuses.pcap")
    lines = [json.loads(line) for line in written(find_view("live", "jsonl"), path, OneByOne)]
    assert [line["relation"] for line in lines if line["kind"] == "link"] == ["C-MOVE"]
    text = written(find_view("live", "text"), path, OneByOne)
    assert any(line.startswith("  C-MOVE 1 of association") for line in text[text.index("what belongs together:") :])


def test_a_finding_is_followed_as_soon_as_it_is_there(samples: Path) -> None:
    lines = written(find_view("live", "jsonl"), str(samples / "mal-pdu-length-too-short.pcap"), OneByOne)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds.index("found") < kinds.index("association") < kinds.index("finding")


@pytest.mark.parametrize(
    ("command", "name"), [("show", "text"), ("check", "text"), ("export", "json"), ("export", "md")]
)
def test_messages_of_what_was_written_are_in_no_cycle(command: str, name: str, samples: Path) -> None:
    with Capture(str(samples / "c-move-destination-refuses.pcap")) as capture:
        messages: list[Message] = []
        pop = capture.analyzer.pop_closed

        def popped() -> list[Association]:
            closed = pop()
            messages.extend(message for association in closed for message in association.messages)
            return closed

        capture.analyzer.pop_closed = popped  # type: ignore[method-assign]
        write_view(find_view(command, name), capture, io.StringIO())
    assert messages
    assert all(message.operation is None for message in messages)
