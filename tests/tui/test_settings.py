"""Settings that are kept: theme, keys, columns; a broken file stays as it is."""

import re
from pathlib import Path

import pytest

from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from dicomsniff.tui.key_help import KeyHelp
from dicomsniff.tui.settings import MAX_BYTES, Settings, load_settings
from tui.screens import LARGE, SMALL, every_size, notices, opened, overview, press, screen_text, settle

FILE = """# mine
theme = "nord"

[keys]
"app.find" = "ctrl+f,F3" # as everywhere

[left-out]
associations = ["duration"]
"""


async def run(samples: Path, settings: Settings, *keys: str, size: tuple[int, int] = LARGE) -> tuple[str, str]:
    """Press keys on a sample; return the screen and what was told."""
    with Capture(str(samples / "c-echo.pcap")) as capture:
        app = DicomsniffApp(capture, settings=settings)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await press(pilot, *keys)
            return screen_text(app), notices(app)


async def test_theme_keys_and_columns_are_taken(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(FILE)
    with Capture(str(samples / "c-echo.pcap")) as capture:
        app = DicomsniffApp(capture, settings=load_settings(tmp_path))
        async with app.run_test(size=LARGE) as pilot:
            await settle(pilot)
            assert app.theme == "nord"
            assert "duration" not in screen_text(app)
            await press(pilot, "question_mark")
            assert isinstance(app.screen, KeyHelp)
            await press(pilot, "escape", "ctrl+f")
            assert app.focused is app.workspace.find_line.input
    assert (tmp_path / "settings.toml").read_text() == FILE, "what was not changed was not written"


@pytest.mark.parametrize(
    ("ground", "theme"),
    [("0;15", "textual-light"), ("0;default;7", "textual-light"), ("15;0", ""), ("", ""), ("x", "")],
)
def test_the_usual_theme_is_that_for_the_ground_of_the_terminal(
    ground: str, theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", ground)
    assert load_settings(tmp_path).usual_theme == theme


async def test_a_theme_that_was_chosen_counts_whatever_the_ground(samples: Path, tmp_path: Path) -> None:
    for theme, shown in (("", "textual-light"), ("nord", "nord")):
        settings = Settings(tmp_path, theme, "textual-light")
        with Capture(str(samples / "c-echo.pcap")) as capture:
            app = DicomsniffApp(capture, settings=settings)
            async with app.run_test(size=SMALL) as pilot:
                await settle(pilot)
                assert app.theme == shown
    assert not list(tmp_path.iterdir()), "nobody has chosen one"


async def test_the_help_shows_the_keys_that_were_chosen(samples: Path) -> None:
    shown, _ = await run(samples, Settings(keys={"view.copy": "ctrl+y"}), "question_mark")
    assert re.search(r"\^y +copy what is selected", shown)


@every_size
async def test_columns_are_chosen_and_kept_beside_what_is_written_by_hand(
    samples: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "settings.toml").write_text(FILE)
    before, _ = await run(samples, load_settings(tmp_path), "1", size=size)
    shown, _ = await run(samples, load_settings(tmp_path), "1", "C", "down", "down", "enter", "escape", size=size)
    assert "calling → called" in before
    assert "calling → called" not in shown
    kept = (tmp_path / "settings.toml").read_text()
    assert kept.startswith("# mine\n")
    assert '"app.find" = "ctrl+f,F3" # as everywhere' in kept
    assert load_settings(tmp_path).left_out == {"associations": ["calling → called AE", "duration"]}
    shown, _ = await run(samples, load_settings(tmp_path), "1", "C", "down", "down", "enter", "escape", size=size)
    assert "calling → called" in shown, "and back"


async def test_one_column_stays_and_hidden_ones_still_count(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        table = overview(app).table
        titles = [column.title for column in table.columns if column.title]
        table.leave_out(titles[1:])
        await press(pilot, "C", "enter")
        assert "one column has to stay" in notices(app)
        await press(pilot, "escape", "asterisk", *"released", "enter", "w")
        assert "how it went" in screen_text(app), "the whole row has all of them"


async def test_the_list_is_not_sorted_by_a_column_that_nobody_sees(samples: Path) -> None:
    async with opened(samples / "association-rejected.pcap", SMALL) as (app, pilot):
        table = overview(app).table
        await press(pilot, "s")
        assert table.sorted_by is not None
        table.leave_out([table.sorted_by.title])
        assert table.sorted_by is None
        await press(pilot, "s")
        assert table.sorted_by is not None
        assert table.sorted_by.title not in table.left_out


async def test_a_theme_is_kept(samples: Path, tmp_path: Path) -> None:
    with Capture(str(samples / "c-echo.pcap")) as capture:
        app = DicomsniffApp(capture, settings=load_settings(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot)
            assert not (tmp_path / "settings.toml").exists(), "nothing was chosen so far"
            app.theme = "textual-light"
            await settle(pilot)
    assert load_settings(tmp_path).theme == "textual-light"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('theme = "nord', "settings.toml: "),
        ('theme = "pink"', "there is no theme 'pink'; there are "),
        ("theme = 1", "there is no theme 1"),
        ('them = "nord"', "there is no setting 'them'"),
        ('[keys]\n"app.fnd" = "x"', "nothing is called 'app.fnd'; did you mean app.find?"),
        ('[keys]\n"app.find" = "?"', "? would do both app.find and app.keys"),
        ('[keys]\n"app.find" = 1', "[keys] has lines such as"),
        ('[left-out]\nassociations = "ops"', "[left-out] has lines such as"),
        ("\xff", "settings.toml: "),
    ],
)
def test_a_broken_file_is_told_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content.encode("latin-1"))
    settings = load_settings(tmp_path)
    assert says in settings.problem
    assert str(path) in settings.problem
    assert "\n" not in settings.problem
    assert (settings.theme, settings.keys, settings.left_out) == ("", {}, {})


async def test_a_broken_file_stays_as_it_is(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("theme = ")
    _, told = await run(samples, load_settings(tmp_path))
    assert "settings not taken: " in told
    _, told = await run(samples, load_settings(tmp_path), "1", "C", "enter")
    assert "not kept: " in told
    assert path.read_text() == "theme = "


def test_a_file_that_cannot_be_read_or_is_too_long_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    assert "settings.toml: Is a directory" in load_settings(tmp_path).problem
    (tmp_path / "settings.toml").rmdir()
    (tmp_path / "settings.toml").write_text("#" * (MAX_BYTES + 1))
    assert "longer than any settings" in load_settings(tmp_path).problem


def test_where_nothing_can_be_kept_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not kept: " in Settings(tmp_path / "file" / "below").keep_theme("nord")
