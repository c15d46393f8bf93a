"""Whatever a peer says, and however a file is called: no output obeys it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import build
from dicomsniff.library import Capture
from dicomsniff.tui.detail import load_detail
from dicomsniff.tui.guarded_app import GuardedApp
from dicomsniff.tui.link_book import LinkBook
from poison import wire
from poison.outputs import POISON, Recorder, assert_harmless, assert_printable, written
from tui.screens import notices, opened, press, screen_text, walk
from views import view_names

NAME = os.fsdecode(os.fsencode(POISON.replace("\0", "").replace("/", "").replace("\ud800", ""))[:200]) + ".pcap"
"""A name that a file may have."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture full of poison, in a file whose name is poison."""
    path = tmp_path_factory.mktemp("poison") / NAME
    path.write_bytes(wire.capture(wire.talks()))
    return path


@pytest.mark.slow
def test_no_output_obeys_what_peers_say(hostile: Path) -> None:
    seen = dict(written(lambda **options: Capture(str(hostile), ports=(104,), **options), (str(hostile),)))
    assert len(seen) == len(view_names())
    for view, said in seen.items():
        assert_harmless(view, said)
        assert "\\x1b]0;" in said, (view, "what was said is shown, escaped")


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(Path(__file__).with_name("captures").iterdir()), ids=lambda path: path.stem)
def test_no_output_obeys_what_a_capture_was_made_to_inject(path: Path) -> None:
    for view, said in written(lambda **options: Capture(str(path), **options), (str(path),)):
        assert_harmless(view, said)


def test_uids_with_control_characters_are_the_same_in_command_and_data_set(tmp_path: Path) -> None:
    """Both are escaped alike, so that no difference is found between them."""
    uid = "1.2\x1b]0;x\x07.30"
    body = build.explicit_data_set(
        (0x00080016, b"UI", build.CT_IMAGE_STORAGE.encode() + b"\0"), (0x00080018, b"UI", uid.encode())
    )
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, [build.EXPLICIT])))
    talk.server(build.associate_ac(build.answer(1, transfer=build.EXPLICIT)))
    talk.client(build.message(1, build.store_rq(1, uid), body))
    talk.server(build.message(1, build.store_rsp(1, 0, uid)))
    path = tmp_path / "store.pcap"
    path.write_bytes(wire.capture([talk]))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
    assert capture.found.of(association).codes == {"data-set-uid"}


@pytest.mark.slow
def test_no_row_of_the_terminal_ui_obeys_what_peers_say(hostile: Path) -> None:
    with Capture(str(hostile), ports=(104,)) as capture:
        associations = capture.associations
        book = LinkBook.of(capture.analyzer)
        rows = [
            (row.name, row.value)
            for association in associations
            for entry in association.timeline
            for row in load_detail(capture, association, entry, book).rows
        ]
    assert len(rows) > 1000
    for name, value in rows:
        assert_harmless("field", name)
        assert_harmless("field", value)


@pytest.mark.slow
async def test_no_screen_obeys_what_peers_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every view escapes what it draws, before the last gate."""
    path, recorder, filters = tmp_path / NAME, Recorder(), GuardedApp.get_line_filters
    monkeypatch.setattr(GuardedApp, "get_line_filters", lambda app: [recorder, *filters(app)])
    path.write_bytes(wire.capture([next(wire.negotiations()), next(wire.services()), next(wire.data_sets())]))
    async with opened(Capture(str(path), ports=(104,))) as (app, pilot):
        assert await walk(app, pilot, associations=2, entries=1) > 3
        await press(pilot, "1")
        assert "\\x1b]0;T\\x07" in screen_text(app)
    for text in recorder.texts:
        assert_printable("screen", text)
    assert any("\\x1b]0;" in text for text in recorder.texts)


async def test_what_is_pasted_does_not_reach_the_terminal(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap") as (app, pilot):
        app.workspace.action_filter()
        await pilot.pause()
        app.query_one("#filter Input").value = "a\x1b]0;title\x07b\x9bc\u202ed山\ue000e"
        app.notify("[red]\x1b[2Jtold\n", title="\x07")
        await pilot.pause()
        assert "a]0;titlebcd山·e" in screen_text(app)
        assert notices(app) == "[red]\\x1b[2Jtold\\n"
        assert_printable("screen", screen_text(app))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("show", NAME),
        ("check", "--format", "sarif", NAME),
        ("show", "{empty}"),
        ("{folder}",),
        ("show", f"--{NAME}"),
        ("show", "--port", NAME, "{whole}"),
        ("check", "--format", NAME, "{whole}"),
        ("export", "{whole}", "-o", f"/nowhere/{NAME}"),
        ("rules", NAME),
        ("live", "-i", NAME, "--format", "text"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_error_line_obeys_the_name_it_quotes(hostile: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    empty, folder = (tmp_path / f"{what} {NAME}" for what in ("empty", "folder"))
    empty.write_bytes(b"")
    folder.mkdir()
    names = {"{empty}": str(empty), "{folder}": str(folder), "{whole}": str(hostile)}
    program = [sys.executable, "-m", "dicomsniff", *(names.get(each, each) for each in arguments)]
    done = subprocess.run(program, capture_output=True, timeout=60, check=False)
    assert done.returncode in (2, 3)
    assert_harmless("standard output", done.stdout.decode())
    assert_harmless("standard error", done.stderr.decode())
    assert b"\\x1b]0;title" in done.stderr
    assert done.stderr.count(b"\n") == 1
