"""The directory that extracted files go to."""

from pathlib import Path

import pytest

from dicomsniff.extraction import directory
from dicomsniff.extraction.directory import ObjectDirectory
from dicomsniff.interruption import UNFINISHED
from dicomsniff.output import OutputError


def put(files: ObjectDirectory, content: bytes, folders: tuple[str, ...] = (), stem: str = "1.2") -> int:
    passing, sink = files.begin()
    with sink:
        sink.write(content)
    return files.place(passing, folders, stem, ".dcm")


def names(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def test_files_of_one_name_are_numbered(tmp_path: Path) -> None:
    files = ObjectDirectory(str(tmp_path / "out"))
    assert [put(files, each) for each in (b"a", b"b", b"c")] == [1, 2, 3]
    assert names(tmp_path / "out") == ["1.2-2.dcm", "1.2-3.dcm", "1.2.dcm"]
    assert (tmp_path / "out" / "1.2-3.dcm").read_bytes() == b"c"


def test_numbers_go_on_where_the_latest_one_is_not_known_any_more(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(directory, "MAX_KNOWN", 1)
    files = ObjectDirectory(str(tmp_path / "out"))
    assert [put(files, b"", stem=stem) for stem in ("1", "2", "1", "2", "1")] == [1, 1, 2, 2, 3]


def test_a_directory_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.2.dcm").write_bytes(b"old")
    with pytest.raises(OutputError, match="--force"):
        ObjectDirectory(str(tmp_path))


def test_force_replaces_what_another_run_left_and_nothing_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "1.2.dcm").write_bytes(b"old")
    (tmp_path / "other").write_bytes(b"kept")
    files = ObjectDirectory(str(tmp_path), force=True)
    assert [put(files, b"new"), put(files, b"newer")] == [1, 2]
    assert {each: (tmp_path / each).read_bytes() for each in names(tmp_path)} == {
        "1.2.dcm": b"new",
        "1.2-2.dcm": b"newer",
        "other": b"kept",
    }


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="name a directory"):
        ObjectDirectory(str(tmp_path / "file"))


def test_files_and_directories_are_their_owners_only(tmp_path: Path) -> None:
    put(ObjectDirectory(str(tmp_path / "out")), b"", ("1", "2"))
    made = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert names(tmp_path) == ["out/1/2/1.2.dcm"]
    assert [each.stat().st_mode & 0o077 for each in made] == [0] * 4


def test_a_link_among_the_directories_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="no directory"):
        put(ObjectDirectory(str(tmp_path / "out"), force=True), b"", ("1",))
    assert names(tmp_path) == []
    assert not any(str(tmp_path) in each for each in UNFINISHED)


def test_what_gets_no_name_is_gone(tmp_path: Path) -> None:
    files = ObjectDirectory(str(tmp_path / "out"))
    passing, sink = files.begin()
    sink.close()
    assert str(tmp_path / "out" / passing) in UNFINISHED
    files.drop(passing)
    assert names(tmp_path) == []
    assert str(tmp_path / "out" / passing) not in UNFINISHED
