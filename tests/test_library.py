"""What who uses the library gets of a capture: all of it, or an error that says why not."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

import build
from association.test_bounds import many
from dicomsniff import open_capture
from dicomsniff.capture.packets import CaptureError, IncompleteError
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.library import Capture
from findings.traffic import echoed, established, released
from replayed import Replayed, echo


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomsniff.capture.reader.BLOCK", 4000)


@pytest.fixture
def twenty(tmp_path: Path) -> Path:
    path = tmp_path / "twenty.pcap"
    path.write_bytes(build.pcap(build.frames(many(20))))
    return path


def test_associations_are_handed_over_as_they_end_and_not_kept(twenty: Path) -> None:
    with open_capture(twenty) as capture:
        for number, association in enumerate(capture.closed(), 1):
            assert (association.id, len(association.messages)) == (number, 4)
            assert capture.analyzer.associations == []
        assert number == 20


def test_a_second_loop_goes_on_where_the_first_one_stopped(twenty: Path) -> None:
    with open_capture(twenty) as capture:
        first = [association.id for association, _ in zip(capture.closed(), range(3), strict=False)]
        rest = [association.id for association in capture.closed()]
    assert (first, rest) == ([1, 2, 3], list(range(5, 21))), "zip takes the fourth and drops it"


def test_the_list_of_associations_is_the_whole_capture_after_a_loop_that_stopped(twenty: Path) -> None:
    with open_capture(twenty) as capture:
        for _ in capture.updates():
            break
        assert len(capture.associations) == 20
        assert all(len(association.messages) == 4 for association in capture.associations)


@pytest.mark.parametrize("limit", ["MAX_ENTRIES", "MAX_ASSOCIATIONS"])
def test_a_list_that_would_not_be_whole_is_an_error_that_names_the_way_around(
    twenty: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(kept_module, limit, 10)
    with open_capture(twenty) as capture:
        for _ in range(2):
            with pytest.raises(IncompleteError, match=rf"more than 10 .*{limit}.*capture.closed\(\)"):
                _ = capture.associations
    with open_capture(twenty) as capture:
        assert sum(len(association.messages) for association in capture.closed()) == 80


def test_what_was_handed_over_is_not_listed_afterwards(twenty: Path) -> None:
    with open_capture(twenty) as capture:
        assert len(list(capture.closed())) == 20
        with pytest.raises(IncompleteError, match="open it again"):
            _ = capture.associations


def failing(path: Path, error: BaseException) -> Capture:
    class Reader(CaptureReader):
        def batches(self) -> Iterator[object]:
            for number, each in enumerate(super().batches()):
                if number == 3:
                    raise error
                yield each

    return Capture(Reader(str(path)))


def test_a_capture_that_failed_halfway_never_passes_for_a_whole_one(twenty: Path) -> None:
    for error, said in ((CaptureError("no disk"), "no disk"), (KeyError("x"), "broken off by KeyError")):
        with failing(twenty, error) as capture:
            with pytest.raises(type(error)):
                list(capture.closed())
            for ask in (lambda: capture.associations, lambda: list(capture.closed()), lambda: list(capture.updates())):
                with pytest.raises(CaptureError, match=said):
                    ask()


def test_a_capture_that_was_closed_halfway_says_so(twenty: Path) -> None:
    with open_capture(twenty) as capture:
        for _ in capture.updates():
            break
    with pytest.raises(IncompleteError, match="closed before it was read to its end"):
        _ = capture.associations


def test_a_file_that_is_cut_off_is_said_to_be(twenty: Path) -> None:
    twenty.write_bytes(twenty.read_bytes()[:-10])
    with open_capture(twenty) as capture:
        assert len(capture.associations) == 20
        assert capture.truncated


@pytest.mark.parametrize("options", [{"ports": 104}, {"ports": [104, 11112]}, {"collect": True}, {"findings": False}])
def test_options_are_taken_by_the_front_door(samples: Path, options: dict[str, object]) -> None:
    with open_capture(samples / "c-store.pcap", **options) as capture:
        (association,) = capture.associations
    data_sets = [message.data_set for message in association.messages if message.data_set is not None]
    assert data_sets
    for each in data_sets:
        assert (each.content is not None) is bool(options.get("collect"))
        if each.content is not None:
            with each.content as content:
                assert content.seek(0, io.SEEK_END) == each.length


def test_a_path_a_name_an_open_file_and_a_pipe_are_read_alike(samples: Path) -> None:
    path = samples / "c-find-worklist.pcap"
    with open_capture(str(path)) as capture:
        expected = [len(association.messages) for association in capture.associations]
    with path.open("rb") as file, io.BytesIO(path.read_bytes()) as memory:
        for source in (path, file, memory):
            with open_capture(source) as capture:
                assert [len(association.messages) for association in capture.associations] == expected
        assert not file.closed
    script = "import sys, dicomsniff; print(len(dicomsniff.open_capture(sys.stdin.buffer).associations))"
    with path.open("rb") as file:
        done = subprocess.run([sys.executable, "-c", script], stdin=file, capture_output=True, check=True)
    assert int(done.stdout) == len(expected)


def test_a_data_set_is_reread_from_an_open_file_that_is_at_another_place(samples: Path) -> None:
    with (samples / "c-store.pcap").open("rb") as file, open_capture(file) as capture:
        (association,) = capture.associations
        file.seek(3)
        message = next(each for each in association.messages if each.name == "C-STORE-RQ")
        decoded = capture.data_set(association, message)
        assert decoded is not None
        assert decoded.elements


def test_a_capture_within_an_open_file_begins_where_the_file_stands(samples: Path) -> None:
    with io.BytesIO(b"something else" + (samples / "c-echo.pcap").read_bytes()) as file:
        file.seek(len("something else"))
        with open_capture(file) as capture:
            assert len(capture.associations) == 1


def test_a_file_opened_as_text_is_refused(samples: Path) -> None:
    with (samples / "c-echo.pcap").open(encoding="latin-1") as file, pytest.raises(TypeError, match="binary mode"):
        open_capture(file)


def test_what_is_printed_of_objects_is_short_and_tells_something(samples: Path) -> None:
    with open_capture(samples / "c-echo.pcap") as capture:
        assert repr(capture).endswith("c-echo.pcap: not read yet, 0 associations so far>")
        (association,) = capture.associations
        assert repr(capture).endswith("c-echo.pcap: read, 1 association so far>")
    assert repr(association).startswith("<Association 1: ")
    assert repr(association).endswith(", released, 2 messages>")
    assert repr(association.messages[0]).startswith("<C-ECHO-RQ, message 1, packets ")
    assert repr(association.operations.operations) == "[<C-ECHO of message 1: Success>]"


def test_what_was_found_about_an_association_is_told_by_the_capture(samples: Path) -> None:
    with open_capture(samples / "association-rejected.pcap") as capture:
        found = [(finding.code, finding.message) for each in capture.closed() for finding in capture.findings_of(each)]
    assert {code for code, _ in found} == {"association-rejected"}
    assert "rejects the association" in found[0][1]


def test_a_data_set_is_pydicoms_and_can_be_saved_as_it_was_sent(tmp_path: Path, samples: Path):
    with open_capture(samples / "c-store.pcap") as capture:
        (association,) = capture.associations
        message = next(each for each in association.messages if each.data_set is not None)
        assert (message.association_id, message.transfer_syntax) == (1, association.transfer_syntax(message.context_id))
        sent = capture.message_bytes(message).data_set.read()
        dataset = capture.dataset(message)
        assert dataset.SOPInstanceUID == message.command.affected_sop_instance_uid
        capture.save(message, tmp_path / "one.dcm")
        saved = (tmp_path / "one.dcm").read_bytes()
        assert saved.endswith(sent)
        assert saved[128:132] == b"DICM"
        meta = dcmread(tmp_path / "one.dcm").file_meta
        assert meta.MediaStorageSOPInstanceUID == message.command.affected_sop_instance_uid
        assert meta.TransferSyntaxUID == message.transfer_syntax
        assert dcmread(tmp_path / "one.dcm").PatientName == dataset.PatientName
        assert (tmp_path / "one.dcm").stat().st_mode & 0o077 == 0
        with pytest.raises(FileExistsError):
            capture.save(message, tmp_path / "one.dcm")
        response = next(each for each in association.messages if each.data_set is None)
        assert capture.dataset(response) is None
        with pytest.raises(IncompleteError):
            capture.save(response, tmp_path / "two.dcm")


def test_a_data_set_with_a_hole_is_not_passed_off_as_whole(tmp_path: Path, samples: Path):
    with open_capture(samples / "missing-segment.pcap") as capture:
        cut = next(each for one in capture.associations for each in one.messages if not each.complete)
        with pytest.raises(IncompleteError, match="does not have all"):
            capture.save(cut, tmp_path / "cut.dcm")
        assert not (tmp_path / "cut.dcm").exists()


def test_packets_of_any_origin_can_be_fed():
    analyzer = Analyzer()
    records = build.frames(released(echoed(established())))
    updates = [each for record in records for each in analyzer.feed_packets([(record[0], record[1])])]
    updates += analyzer.close()
    (association,) = analyzer.associations
    assert [message.name for message in association.messages] == ["C-ECHO-RQ", "C-ECHO-RSP"]
    assert association.outcome == "released"
    assert analyzer.packets == len(records)
    assert len(updates) == len(association.timeline)


def test_what_is_sniffed_is_over_although_nothing_comes_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds after its connection closed, and two for which the capturer may keep packets back."""
    now = [0]
    monkeypatch.setattr("dicomsniff.library.time.monotonic_ns", lambda: now[0])

    def blocks() -> Iterator[list[build.Packet]]:
        yield echo().packets
        for seconds in (6, 8):
            now[0] = seconds * 1_000_000_000
            yield []

    capture = Capture(Replayed(blocks()))
    over = [[association.id for association in block.closed] for block in capture.blocks()]
    assert over[:3] == [[], [], [1]]
