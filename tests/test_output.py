"""Files that results are written to: whole or as they were, for their owner only, links and devices respected."""

import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from dicomsniff.interruption import UNFINISHED
from dicomsniff.output import OutputError, create, prepare_standard_streams, say_error, written

needs_permissions = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def without_nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system on which every file has a name from the beginning."""
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@needs_permissions
@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without names are Linux's")
def test_a_new_file_has_no_name_until_it_is_whole(tmp_path: Path) -> None:
    with written(str(tmp_path / "new"), []) as out:
        out.write("text")
        out.flush()
        assert list(tmp_path.iterdir()) == []
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("new", "text")]
    assert mode(tmp_path / "new") == 0o600


@needs_permissions
@pytest.mark.usefixtures("without_nameless")
def test_a_new_file_is_readable_by_its_owner_only_from_the_beginning(tmp_path: Path) -> None:
    with written(str(tmp_path / "new"), []) as out:
        out.write("text")
        out.flush()
        assert [mode(path) for path in tmp_path.iterdir()] == [0o600]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert mode(tmp_path / "new") == 0o600


@needs_permissions
@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o644])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    old = tmp_path / "old"
    old.write_text("what was there")
    old.chmod(permissions)
    with written(str(old), []) as out:
        out.write("text")
        assert old.read_text() == "what was there"
    assert (old.read_text(), mode(old)) == ("text", permissions)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may give files away")
def test_a_file_that_is_there_keeps_its_owner(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("what was there")
    os.chown(old, 12345, 54321)
    with written(str(old), []) as out:
        out.write("text")
    assert (old.stat().st_uid, old.stat().st_gid) == (12345, 54321)


@needs_permissions
def test_where_the_owner_cannot_be_kept_nobody_else_may_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.write_text("what was there")
    old.chmod(0o664)

    def refuse(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with written(str(old), []) as out:
        out.write("text")
    assert mode(old) == 0o600


def test_a_file_that_may_not_be_written_is_not_replaced_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old"
    old.write_text("what was there")
    monkeypatch.setattr(os, "access", lambda path, how: False)  # root may write to any file
    with pytest.raises(OutputError, match="Permission denied"), written(str(old), []):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_goes_wrong_the_old_file_stays_and_no_other(tmp_path: Path, error: type[BaseException]) -> None:
    old = tmp_path / "old"
    old.write_text("what was there")

    def fail() -> None:
        with written(str(old), []) as out:
            out.write("text")
            raise error

    with pytest.raises(error):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert old.read_text() == "what was there"
    assert not UNFINISHED


@pytest.mark.usefixtures("without_nameless")
def test_what_is_not_finished_is_known_before_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def watch(path: str, *args: int) -> int:
        assert path in UNFINISHED
        return opened(path, *args)

    monkeypatch.setattr(os, "open", watch)
    with written(str(tmp_path / "new"), []):
        assert [str(path) for path in tmp_path.iterdir()] == list(UNFINISHED)
    assert not UNFINISHED


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    if there:
        target.write_text("what was there")
    link = tmp_path / "link"
    link.symlink_to(target)
    with written(str(link), []) as out:
        out.write("text")
    assert link.readlink() == target
    assert target.read_text() == "text"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()))
    reader.start()
    with written(str(pipe), []) as out:
        out.write("text")
    reader.join(30)
    assert came == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_is_read_is_not_written(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="it is the capture that is read"), written(pipe, [pipe]):
        pass


def test_a_device_may_be_read_and_written() -> None:
    with written(os.devnull, [os.devnull]) as out:
        out.write("text")


def test_the_file_that_standard_output_goes_to_is_not_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    print("before")
    with written("/dev/stdout" if os.path.exists("/dev/stdout") else "-", []) as out:
        out.write("text\n")
    print("after")
    assert capfd.readouterr().out == "before\ntext\nafter\n"


def test_what_is_created_was_not_there(tmp_path: Path) -> None:
    with create(str(tmp_path / "new")) as file:
        file.write(b"bytes")
        file.seek(0)
        assert file.read() == b"bytes"
    with pytest.raises(OutputError, match="new: it is there already, and is kept"):
        create(str(tmp_path / "new"))
    assert (tmp_path / "new").read_bytes() == b"bytes"


def test_nothing_is_created_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OutputError, match="link: it is there already"):
        create(str(tmp_path / "link"))
    assert not (tmp_path / "target").exists()


def test_an_error_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    say_error("a\nb\x1b[31m\x9b\u2028\u202e\udcff")
    assert capsys.readouterr().err == "dicomsniff: a\\nb\\x1b[31m\\x9b\\u2028\\u202e\\xff\n"


def test_on_a_console_of_windows_text_goes_the_way_python_has_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes written to such a console directly are shown in its code page."""
    console = io.BytesIO()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "isatty", lambda _: True)
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(console, "utf-8"))
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))  # put back at the end
    prepare_standard_streams()
    sys.stdout.write("§ 7 \x1b[2J\n")
    sys.stdout.flush()
    assert console.getvalue() == "§ 7 \\x1b[2J\n".encode()
