"""Command lines as people mistype and redirect them: each has its documented status and one clear line, loses nothing.

Where a row has shell in it, it is run as it stands; any other is run in this process.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dicomsniff.commands import cli

DICOMSNIFF = f'dicomsniff() {{ {shlex.quote(sys.executable)} -m dicomsniff "$@"; }}; '
LINUX = sys.platform.startswith("linux")


class Case(NamedTuple):
    """A command line; its exit status; what its only error line says, which there is none of where that is empty."""

    line: str
    status: int
    said: str = ""


READING = [
    Case("show missing.pcap", 3, "missing.pcap: No such file or directory"),
    Case("show ''", 3, "'': No such file or directory"),
    Case("show directory", 3, "directory: a directory, not a capture"),
    Case("show empty", 3, "empty: the file is empty"),
    Case("show text.txt", 3, "text.txt: not a capture"),
    Case("show header", 3, "header: a pcap header cut off after 5 of 24 bytes"),
    Case("show damaged.gz", 3, "damaged.gz"),
    Case("show cut.pcap", 3, "the capture is cut off"),
    Case("export cut.pcap", 3, "the capture is cut off"),
    Case("check cut.pcap", 3, "the capture is cut off"),
    Case("check healthy.pcap missing.pcap", 3, "missing.pcap: No such file"),
    Case("check healthy.pcap text.txt", 3, "text.txt: not a capture"),
    Case("check healthy.pcap", 0),
    Case("check sick.pcap", 1),
    Case("check healthy.pcap sick.pcap", 1),
    Case("check sick.pcap --association 40 --fail-on note", 0),
    Case("check sick.pcap --filter 'association >= 1'", 1),
    Case("check ./show", 0),
    Case("./show", 0),
    Case("-- show", 0),
    Case("-- -dash.pcap", 0),
    Case("--port 104 healthy.pcap", 0),
    Case("healthy.pcap --port 104", 0),
]

CALLS = [
    Case("show", 2, "Missing argument 'CAPTURE...' (usage: dicomsniff show [OPTIONS] CAPTURE...)"),
    Case("--nonsense", 2, "No such option '--nonsense' (usage: dicomsniff [OPTIONS] CAPTURE...)"),
    Case("healthy.pcap --nonsense", 2, "No such option '--nonsense' (usage: dicomsniff [OPTIONS] CAPTURE...)"),
    Case("--port 104", 2, "Missing argument 'CAPTURE...' (usage: dicomsniff [OPTIONS] CAPTURE...)"),
    Case("show healthy.pcap --port 0", 2, "'--port'"),
    Case("show healthy.pcap --port dicom", 2, "'--port'"),
    Case("bogus", 2, "bogus: neither a command nor a file; `dicomsniff --help`"),
    Case("sohw healthy.pcap", 2, "sohw: neither a command nor a file; did you mean show?"),
    Case("open healthy.pcap", 2, "open: neither a command nor a file"),
    Case("shwo healthy.pcap", 2, "shwo: neither a command nor a file; did you mean show?"),
    Case("read healthy.pcap", 2, "read: neither a command nor a file; `dicomsniff CAPTURE` opens a capture"),
    Case("list", 2, "list: neither a command nor a file; `dicomsniff show --summary CAPTURE` lists associations"),
    Case("sniff", 2, "`dicomsniff live -i INTERFACE` sniffs"),
    Case("help bogus", 2, "bogus: neither a command nor a file"),
    Case("-r healthy.pcap", 2, "No such option '-r'; a capture is named without an option (usage: dicomsniff"),
    Case("show -r healthy.pcap", 2, "a capture is named without an option (usage: dicomsniff show"),
    Case("-Y dicom healthy.pcap", 2, "No such option '-Y'; --filter chooses; `dicomsniff filter` explains"),
    Case("show healthy.pcap -Ydicom", 2, "No such option '-Y'; --filter chooses"),
    Case("-i lo", 2, "No such option '-i'; that is for sniffing: `dicomsniff live -i INTERFACE`"),
    Case("healthy.pcap --json", 2, "No such option '--json'; `dicomsniff export CAPTURE` writes JSON"),
    Case("show --json=x healthy.pcap", 2, "No such option '--json'; `dicomsniff export CAPTURE` writes JSON"),
    Case("-V healthy.pcap", 2, "No such option '-V'; --contexts adds the negotiation"),
    Case("show --no-phi healthy.pcap", 2, "No such option '--no-phi'; what may identify patients is withheld unless"),
    Case("check --follow healthy.pcap", 2, "No such option '--follow'; `dicomsniff show --follow`"),
    Case("--port 104 check healthy.pcap", 2, "check: a command comes first"),
    Case("show healthy.pcap sick.pcap --follow", 2, "--follow takes one CAPTURE"),
    Case("--follow healthy.pcap sick.pcap", 2, "--follow takes one CAPTURE; a directory, or a pattern in quotes"),
    Case("export healthy.pcap --format xml", 2, "'--format'"),
    Case("check healthy.pcap --fail-on everything", 2, "'--fail-on'"),
    Case(
        "show healthy.pcap --filter 'comand == C-ECHO'",
        2,
        "--filter: there is no field 'comand'; did you mean command?",
    ),
    Case("show healthy.pcap --filter 'outcome =='", 2, "expected a value at the end, at character 11 of 'outcome =='"),
    Case("export healthy.pcap --filter 'status > high'", 2, "at character 10 of"),
    Case("check healthy.pcap --filter ''", 2, "--filter: the filter is empty"),
    Case("healthy.pcap --filter '('", 2, "--filter: expected a field or a word"),
    *([Case("live lo", 2, "lo is an interface, and no file: dicomsniff live -i lo")] if LINUX else []),
    Case("live -i lo --filter 'latency > 3'", 2, "expected a duration such as 2s"),
    Case("show healthy.pcap --association 1,x", 2, "--association: expected numbers of associations"),
    Case("show healthy.pcap --from 25:00", 2, "--from: expected a time in UTC"),
    Case("show healthy.pcap --to yesterday", 2, "--to: expected a time in UTC"),
    Case("show healthy.pcap --follow --summary", 2, "--follow prints messages as they come"),
    Case("show healthy.pcap --sort size", 2, "'--sort'"),
    Case("rules bogus", 2, "there is no rule bogus"),
    Case("interfaces eth0", 2, "usage: dicomsniff interfaces"),
    Case("live", 2, "'--interface'; or name a FILE or DIRECTORY to follow, or -"),
    Case("live -i lo healthy.pcap", 2, "packets come from -i lo or from healthy.pcap: choose one"),
    Case("live healthy.pcap -w new.pcap", 2, "--write goes with -i INTERFACE; who writes to healthy.pcap has captured"),
    Case("live - -f tcp", 2, "--bpf goes with -i INTERFACE"),
    Case("live -i - -f tcp", 2, "--bpf goes with -i INTERFACE; who writes to - has captured"),
    Case("live text.txt", 3, "text.txt: not a capture"),
    Case("live -i no-such-interface -w new.pcap", 3, "no such interface"),
]

WRITING = [
    Case("export healthy.pcap -o", 2, "'-o'"),
    Case("export healthy.pcap -o -", 0),
    Case(
        "export healthy.pcap -o new.pdf", 2, "-o: new.pdf: export writes json, jsonl, html, md, log, csv, parquet, not"
    ),
    Case("export healthy.pcap -o new.SARIF", 2, "csv, parquet, not .sarif; say --format to choose"),
    Case("export healthy.pcap --format html", 0),
    Case("export healthy.pcap --format csv", 2, "csv writes four tables: name a directory or a FILE.zip with -o"),
    Case("export healthy.pcap --format csv -o -", 2, "csv writes four tables: name a directory or a FILE.zip with -o"),
    Case("export healthy.pcap --format csv -o healthy.pcap", 2, "healthy.pcap: File exists"),
    Case("export healthy.pcap --format csv -o directory", 0),
    Case("export healthy.pcap --format csv -o old.json/new", 2, "old.json/new: Not a directory"),
    Case("export cut.pcap --format csv -o directory", 3, "the capture is cut off"),
    Case("export missing.pcap --format parquet -o directory", 3, "missing.pcap: No such file"),
    Case("diff healthy.pcap healthy.pcap", 0),
    Case("diff healthy.pcap", 2, "Missing argument 'BAD'"),
    Case("diff healthy.pcap healthy.pcap#9", 2, "healthy.pcap: there is no association 9; it holds"),
    Case("diff healthy.pcap missing.pcap", 3, "missing.pcap: No such file"),
    Case("diff healthy.pcap cut.pcap", 3, "cut.pcap: the capture is cut off"),
    Case("diff healthy.pcap text.txt", 3, "text.txt: not a capture"),
    Case("diff healthy.pcap cut.pcap -o cut.pcap", 2, "cut.pcap: it is the capture that is read"),
    Case("diff - -", 2, "standard input can be read once only"),
    Case("check healthy.pcap -o new.md", 2, "-o: new.md: check writes text, json, jsonl, sarif, junit, not .md"),
    Case("export healthy.pcap --follow", 2, "as lines: --format jsonl, without -o"),
    Case("export healthy.pcap --follow --format jsonl -o new.jsonl", 2, "as lines: --format jsonl, without -o"),
    Case("export healthy.pcap -o ''", 2, "names no file"),
    Case("export healthy.pcap -o directory", 2, "directory: it names no file but a directory"),
    Case("export healthy.pcap -o new/", 2, "new/: it names no file but a directory"),
    Case("export healthy.pcap -o nowhere/new.json", 2, "no file can be made in"),
    Case("export healthy.pcap -o old.json/new.json", 2, "old.json/new.json: Not a directory"),
    Case("export healthy.pcap -o loop", 2, "loop: "),
    Case("export healthy.pcap -o healthy.pcap", 2, "healthy.pcap: it is the capture that is read"),
    Case("export healthy.pcap -o directory/../healthy.pcap", 2, "it is the capture that is read"),
    Case("export healthy.pcap -o symbolic", 2, "symbolic: it is the capture that is read"),
    Case("export healthy.pcap -o hard", 2, "hard: it is the capture that is read"),
    Case("check symbolic -o healthy.pcap", 2, "healthy.pcap: it is the capture that is read"),
    Case("check sick.pcap healthy.pcap -o healthy.pcap", 2, "healthy.pcap: it is the capture that is read"),
    Case("export missing.pcap -o old.json", 3, "missing.pcap: No such file"),
    Case("export text.txt -o old.json", 3, "text.txt: not a capture"),
    Case("export missing.pcap -o missing.pcap", 3, "missing.pcap: No such file"),
]

REDIRECTED = [
    Case("dicomsniff export - -o healthy.pcap < healthy.pcap", 2, "healthy.pcap: it is the capture that is read"),
    Case("dicomsniff export healthy.pcap >> healthy.pcap", 2, "standard output: it is the capture that is read"),
    Case("dicomsniff show healthy.pcap 1<> healthy.pcap", 2, "standard output: it is the capture that is read"),
    Case("dicomsniff show --follow healthy.pcap >> hard", 2, "standard output: it is the capture that is read"),
    Case("dicomsniff check healthy.pcap >&-", 3, "standard output: it is closed"),
    Case("dicomsniff check sick.pcap >&-", 3, "standard output: it is closed"),
    Case("dicomsniff --help >&-", 3, "standard output: it is closed"),
    Case("dicomsniff check healthy.pcap -o /dev/null >&-", 0),
    Case("dicomsniff check sick.pcap -o /dev/null >&-", 1),
    Case("dicomsniff check healthy.pcap 2>&-", 0),
    Case("dicomsniff show missing.pcap 2>&-", 3),
    Case("dicomsniff show missing.pcap <&- >&- 2>&-", 3),
    Case("dicomsniff show - <&-", 3, "standard input: it is closed"),
    Case("dicomsniff show - < /dev/null", 3, "standard input: the file is empty"),
    Case("cat healthy.pcap | dicomsniff show - --filter 'data[PatientID] == 1'", 2, "needs a file, not a pipe"),
    Case("NO_COLOR=1 dicomsniff healthy.pcap", 0),
    Case("ulimit -f 8; dicomsniff check healthy.pcap --format sarif -o old.json", 3, "old.json: File too large"),
    Case("ulimit -f 8; dicomsniff export large.pcap -o /dev/null", 3, "a temporary file in "),
]

ON_LINUX = [
    Case("dicomsniff show /proc/self/mem", 3, "/proc/self/mem: "),
    Case("dicomsniff export healthy.pcap -o /dev/stdout >> healthy.pcap", 2, "it is the capture that is read"),
    Case("dicomsniff export healthy.pcap -o /dev/full", 3, "/dev/full: No space left on device"),
    Case("dicomsniff show large.pcap > /dev/full", 3, "standard output: No space left on device"),
    Case("dicomsniff check sick.pcap > /dev/full", 3, "standard output: No space left on device"),
    Case("dicomsniff rules > /dev/full", 3, "standard output: No space left on device"),
    Case("dicomsniff --version > /dev/full", 3, "standard output: No space left on device"),
    Case("dicomsniff show healthy.pcap 2> /dev/full", 0),
    Case("dicomsniff show missing.pcap 2> /dev/full", 3),
]


@pytest.fixture
def place(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file of every kind, which is the current one."""
    healthy = (samples / "c-echo.pcap").read_bytes()
    for name, content in {
        "healthy.pcap": healthy,
        "show": healthy,
        "-dash.pcap": healthy,
        "sick.pcap": (samples / "mal-pdu-length-too-short.pcap").read_bytes(),
        "large.pcap": (samples / "c-get-pending.pcap").read_bytes(),
        "cut.pcap": healthy[:-10],
        "empty": b"",
        "text.txt": b"hello, this is no capture at all",
        "header": healthy[:5],
        "damaged.gz": b"\x1f\x8b\x08\x00 not gzip",
        "old.json": b"what was there",
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "directory").mkdir()
    (tmp_path / "symbolic").symlink_to("healthy.pcap")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "hard").hardlink_to(tmp_path / "healthy.pcap")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(place: Path) -> dict[str, bytes | None]:
    return {path.name: path.read_bytes() if path.is_file() else None for path in place.iterdir()}


def judge(case: Case, status: int, error: str) -> None:
    lines = error.splitlines()
    assert status == case.status
    assert len(lines) == bool(case.said), error
    assert all(line.startswith("dicomsniff: ") and case.said in line for line in lines), error
    assert error.replace("\n", "").isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("case", READING + CALLS + WRITING, ids=lambda case: case.line)
def test_a_command_line(case: Case, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(place)
    status = cli.run(shlex.split(case.line))
    judge(case, status, capsys.readouterr().err)
    assert contents(place) == before


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
@pytest.mark.parametrize("case", REDIRECTED + ON_LINUX * LINUX, ids=lambda case: case.line)
def test_a_command_line_with_redirections(case: Case, place: Path) -> None:
    before = contents(place)
    done = subprocess.run(["sh", "-c", DICOMSNIFF + case.line], capture_output=True, timeout=60, check=False)
    judge(case, done.returncode, done.stderr.decode())
    assert b"\x1b" not in done.stdout
    assert contents(place) == before


def test_no_arguments_are_answered_by_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "dicomsniff CAPTURE" in err


def test_a_cut_off_capture_is_written_to_a_file_as_far_as_it_goes(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["export", "cut.pcap", "-o", "old.json"]) == 3
    assert json.loads((place / "old.json").read_bytes())["capture"]["truncated"] is True
    assert "cut off" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_error_lines_never_end_in_a_file_that_took_the_number_of_a_closed_stream(place: Path) -> None:
    line = "dicomsniff export --keep-phi cut.pcap -o new.json <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", DICOMSNIFF + line], timeout=60, check=False).returncode == 3
    assert json.loads((place / "new.json").read_bytes())["capture"]["name"] == "cut.pcap"


@pytest.mark.skipif(not LINUX, reason="elsewhere a file's name is text")
@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "junit"])
@pytest.mark.parametrize("output", [[], [b"-o", b"out-\xff"]], ids=["printed", "written"])
def test_a_name_that_is_no_text_is_escaped(form: str, output: list[bytes], place: Path) -> None:
    name = b"odd-\xff\xfe.pcap"
    shutil.copy("healthy.pcap", os.fsdecode(name))
    call = [sys.executable, "-m", "dicomsniff", "check", "--keep-phi", name, "--format", form, *output]
    done = subprocess.run(call, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    text = (Path(os.fsdecode(output[1])).read_bytes() if output else done.stdout).decode()
    escaped = {"sarif": "odd-%FF%FE.pcap", "json": r"odd-\\xff\\xfe.pcap", "jsonl": r"odd-\\xff\\xfe.pcap"}
    assert escaped.get(form, r"odd-\xff\xfe.pcap") in text


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "\x85next", "\u202eright", "bell\a", "nul\x7f"])
@pytest.mark.parametrize("call", [["show"], [], ["export", "healthy.pcap", "-o"]], ids=lambda call: " ".join(call))
def test_a_name_that_would_drive_the_terminal_is_escaped_in_errors(
    call: list[str], name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run([*call, f"{name}/"])
    error = capsys.readouterr().err
    assert name not in error
    assert error.endswith("\n")
    assert error[:-1].isprintable()


@pytest.mark.parametrize(("capture", "status"), [("healthy.pcap", 0), ("sick.pcap", 1)])
def test_what_check_found_counts_although_nobody_reads_it(
    capture: str, status: int, place: Path, unread_pipe: int
) -> None:
    call = [sys.executable, "-m", "dicomsniff", "check", capture, "--format", "sarif"]
    done = subprocess.run(call, stdout=unread_pipe, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (status, b"")


@pytest.fixture
def unread_pipe() -> Iterator[int]:
    """The writing end of a pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, UnicodeError])
def test_a_defect_never_passes_for_a_finding(
    kind: type[Exception], place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("of ours")

    monkeypatch.setattr("dicomsniff.export.check.verdict", fail)
    assert cli.run(["check", "sick.pcap"]) == 3
    error = capsys.readouterr().err
    assert error.startswith(f"dicomsniff: internal error, please report: {kind.__name__}: of ours")
    assert len(error.splitlines()) == 1
