"""The pages are true: what commands print there they print now, commands run, and links lead somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from calls import called
from dicomsniff.commands.cli import cli
from docs.check_site import faults
from docs.commands_page import commands_lines
from docs.console import ROOT, pages, refreshed
from docs.hooks import on_page_content
from docs.limits_page import limits_lines
from docs.manual import commands
from docs.picture import ASSETS, PICTURES, drawn
from docs.rules_page import rules_lines
from docs.terminal_page import terminal_lines
from docs.transcript_page import transcript_lines

PAGES, COMMANDS = pages(), dict(commands())
MADE = {
    "commands.md": commands_lines,
    "limits.md": limits_lines,
    "rules.md": rules_lines,
    "terminal.md": terminal_lines,
    "transcript.md": transcript_lines,
}
FENCE = re.compile(
    r"^(?P<mark><!-- not run: [^\n]+ -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
QUOTED, SHELL = re.compile(r"'[^']*'|\"[^\"]*\""), re.compile(r"[|&;<>$`*?~\\]")
"""What a shell leaves alone, and what it would act on anywhere else."""
STATUSES = (0, 1)
"""A command did what it says, or `check` found something."""
CAPTURES = {"capture.pcap": "c-store.pcap", "capture.pcapng": "two-interfaces.pcapng"}
"""What a page calls the reader's capture, and the sample that stands for it."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def fences(page: Path, kind: str) -> Iterator[tuple[str, bool]]:
    """Yield the blocks of a kind, and whether they are to be run."""
    for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
        if fence["kind"] == kind:
            yield fence["body"], fence["mark"] is None


def lines_of(page: Path) -> list[tuple[str, bool]]:
    """Return the command lines of a page, and whether they are to be run."""
    return [(line, runs) for body, runs in fences(page, "sh") for line in body.splitlines() if line]


LINES = [(page, line, runs) for page in PAGES for line, runs in lines_of(page)]
RUN = sorted({line for _, line, runs in LINES if runs and line.startswith("dicomsniff ")})


def without_code(text: str) -> str:
    """Return a page without its blocks, and without code in its lines."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


@cache
def headings(page: Path) -> set[str]:
    """Return the anchors of a page, as Markdown on the usual hosts makes them."""
    found = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in found}


@each_page
def test_what_commands_print_in_a_page_is_what_they_print(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    assert refreshed(text) == text, "run `make docs`"


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_whole_is_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines() == list(MADE[name]()), "run `make docs`"


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
async def test_the_pictures_of_the_terminal_ui_are_current_and_ask_nobody_for_fonts(name: str) -> None:
    picture = await drawn(PICTURES[name])
    assert (ASSETS / name).read_text(encoding="utf-8") == picture, "run `make docs`"
    assert "@font-face" not in picture
    assert not re.findall(r"(?:href=|src=|url\()[\"']?https?:", picture)


@pytest.mark.slow
@pytest.mark.parametrize("line", RUN)
def test_a_command_of_a_page_runs(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for name, sample in CAPTURES.items():
        shutil.copy(ROOT / "samples" / sample, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    done = in_shell(line) if SHELL.search(QUOTED.sub("", line)) else called(*shlex.split(line)[1:])
    assert done.returncode in STATUSES, done.stderr
    assert "error" not in done.stderr  # what was left out is said there, too


def in_shell(line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line as it stands; any other needs no process of its own."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )


def commands_in(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of dicomsniff in a line of a shell."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.wordchars += "~*?[]{}@#"
    words.commenters = ""
    call: list[str] = []
    for word in [*words, ";"]:
        if word not in ("|", ";", "&&", "||", ">", "<"):
            call.append(word)
            continue
        call = call[1:] if call[:1] == ["sudo"] else call
        if call[:1] == ["dicomsniff"]:
            yield call[1:]
        call = []


@pytest.mark.parametrize("line", sorted({line for _, line, runs in LINES if line not in RUN}))
def test_a_command_that_is_not_run_could_be(line: str) -> None:
    assert subprocess.run(["bash", "-n", "-c", line], capture_output=True, check=False).returncode == 0
    for arguments in commands_in(line):
        name, *rest = arguments
        command = COMMANDS[name]
        command.make_context(name, rest)


def calls_in_prose() -> Iterator[tuple[str, str]]:
    """Yield the calls that pages speak of, with the page."""
    for page in PAGES:
        prose = FENCE.sub("", page.read_text(encoding="utf-8"))
        for call in re.findall(r"`dicomsniff ([^`]*)`", prose):
            yield call, page.name


@pytest.mark.parametrize("call", sorted({call for call, _ in calls_in_prose()}))
def test_a_command_that_a_page_speaks_of_exists_and_has_its_options(call: str) -> None:
    name, *rest = re.findall(r"'[^']*'|\S+", call.replace("\\|", "|"))
    command: click.Command = COMMANDS.get(name, cli.opening)
    known = {option for each in (cli, command) for parameter in each.params for option in parameter.opts}
    known |= {"--help", "-h", "-"}
    assert command is not cli.opening or not re.fullmatch("[a-z]+", name)
    for word in rest:
        option = word.strip("[]")
        if option.startswith("-"):
            assert option in known


@each_page
def test_python_in_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    for body, runs in fences(page, "python"):
        if runs and "import " in body:  # the page of the library shows signatures, too
            exec(compile(body, str(page), "exec"), {})
            assert capsys.readouterr().out


@each_page
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc), link
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if parts.fragment:
            assert parts.fragment in headings(target), link


@pytest.mark.slow
def test_the_site_is_sound_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    assert list(faults(tmp_path / "site")) == []


def test_a_page_that_asks_others_for_something_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<link rel="canonical" href="https://a.example/"><link rel="stylesheet" href="https://b.example/c.css">'
        '<script src="//d.example/e.js"></script><a href="https://f.example/">f</a><a href="g.html">g</a>'
        '<img src="data:image/gif;base64,R0lGOD">'
    )
    (tmp_path / "style.css").write_text("body { background: url('https://h.example/i.png') }")
    assert list(faults(tmp_path)) == [
        "index.html loads https://b.example/c.css",
        "index.html loads //d.example/e.js",
        "index.html names g.html, which does not exist",
        "style.css loads https://h.example/i.png",
    ]


def test_code_in_a_table_of_the_site_has_no_backslash_and_keeps_options_whole() -> None:
    assert on_page_content(r"<td><code>-o FILE [--fail-on error\|note]</code> a \| b</td>") == (
        r'<td><code><span class="option">-o</span> FILE [<span class="option">--fail-on</span> error|note]</code>'
        r" a \| b</td>"
    )
    assert on_page_content("<code>a C-STORE-RQ</code>") == "<code>a C-STORE-RQ</code>"


def test_every_page_is_in_the_contents_and_reached_from_the_start_in_two_clicks() -> None:
    docs = ROOT / "docs"
    reached = {docs / "index.md"}
    for _ in range(2):
        for page in list(reached):
            links = LINK.findall(page.read_text(encoding="utf-8"))
            found = {(page.parent / urlsplit(link).path).resolve() for link in links if not urlsplit(link).scheme}
            reached |= {each for each in found if each.suffix == ".md" and each.is_relative_to(docs)}
    assert reached == set(docs.rglob("*.md"))
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in docs.rglob("*.md"):
        assert f" {page.relative_to(docs).as_posix()}\n" in contents


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "answers").glob("[!i]*.md")), ids=lambda page: page.stem)
def test_an_answer_begins_with_what_is_printed_and_ends_with_what_to_do(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[-1] == "What to do"
    assert re.match(r"# .*\n\n<!-- shown: .* -->\n```console\n\$ dicomsniff show samples/", text)


def test_what_is_shown_of_an_output_is_chosen_by_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = '<!-- shown: "^association 1" "A-(RELEASE)-RQ" .. "FIN" -->'
    page = f"{shown}\n```console\n$ dicomsniff show samples/c-echo.pcap\n```\n"
    made = refreshed(page)
    assert [" ".join(line.split()[:3]) for line in made.splitlines()[3:-1]] == [
        "…",
        "association 1: ECHOSCU",
        "…",
        "… RELEASE …",
        "0.089529 <-- A-RELEASE-RP",
        "0.089597 --> TCP",
        "…",
    ]
    assert refreshed(made) == made


def test_an_output_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(ValueError, match="no further line has 'A-ABORT'"):
        refreshed('<!-- shown: "A-ABORT" -->\n```console\n$ dicomsniff show samples/c-echo.pcap\n```\n')
    with pytest.raises(ValueError, match="exit status 2"):
        refreshed("```console\n$ dicomsniff show\n```\n")
