"""What is set for the terminal UI and kept: theme, keys, how times are said, columns that are left out.

They stand in `settings.toml` in the platform's directory for such files. One that cannot be understood stays as it is.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from textual.theme import BUILTIN_THEMES

from dicomsniff.filter.errors import nearest
from dicomsniff.output import OutputError, written
from dicomsniff.tui.entry_times import RELATIVE, TIMES
from dicomsniff.tui.keys import KEYS, find_clash

MAX_BYTES = 1 << 20
"""Bytes of a settings file; a longer one is none."""
LIGHT_COLOURS = ("7", *map(str, range(9, 16)))
"""Of the 16 colours, those that are a light ground."""
LIGHT_GROUND = "textual-light"
"""The usual theme where the terminal says that its ground is light."""
_FIRST_LINE = "Settings of the terminal UI: theme, times, [keys] and [left-out]"


class SettingsError(ValueError):
    """What cannot be understood in a settings file."""


@dataclass(slots=True)
class Settings:
    """Settings as they are now. Without a `directory` they are those of the session, and kept nowhere."""

    directory: Path | None = None
    theme: str = ""
    """Empty for the usual one."""
    usual_theme: str = ""
    """The usual one on the ground that the terminal has; empty for that of Textual."""
    keys: dict[str, str] = field(default_factory=dict)
    """By the id of what they do, the keys that do it: with commas between them."""
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """By the name of a list, the titles of columns that it goes without."""
    times: str = RELATIVE
    """How the exchange says when: one of `TIMES`."""
    problem: str = ""
    """Why settings were not taken; empty where they were."""

    @property
    def path(self) -> Path | None:
        """The file."""
        return self.directory / "settings.toml" if self.directory is not None else None

    @property
    def history(self) -> Path | None:
        """The file of the filters that were used."""
        return self.directory / "filters" if self.directory is not None else None

    def keep_theme(self, theme: str) -> str:
        """Keep a theme that is another one than before; return why that is not possible, or nothing."""
        if theme == (self.theme or self.usual_theme):
            return ""
        self.theme = theme
        return self._keep()

    def keep_columns(self, name: str, left_out: list[str]) -> str:
        """Keep which columns a list goes without; return why that is not possible, or nothing."""
        self.left_out = {**self.left_out, name: left_out}
        return self._keep()

    def keep_times(self, times: str) -> str:
        """Keep how times are said; return why that is not possible, or nothing."""
        self.times = times
        return self._keep()

    def _keep(self) -> str:
        path = self.path
        if path is None:
            return ""
        if self.problem:
            return f"not kept: {self.problem}"
        import tomlkit  # takes a while, and is needed for this alone

        try:
            said = tomlkit.parse(_read(path)) if path.exists() else tomlkit.document().add(tomlkit.comment(_FIRST_LINE))
            if self.theme:
                said["theme"] = self.theme
            if self.times != RELATIVE or "times" in said:
                said["times"] = self.times
            without = {name: titles for name, titles in self.left_out.items() if titles}
            if without or "left-out" in said:
                said["left-out"] = without
            path.parent.mkdir(parents=True, exist_ok=True)
            with written(str(path), []) as out:
                out.write(tomlkit.dumps(said))
        except (OSError, OutputError, ValueError) as error:
            return f"not kept: {path}: {getattr(error, 'strerror', None) or error}"
        return ""


def theme_for(environment: Mapping[str, str]) -> str:
    """Return the theme for the ground of the terminal, as far as it says in COLORFGBG which that is; or nothing.

    That is set by Konsole, iTerm2, rxvt and others: `0;15` is black on white, 7 and from 9 on are light.
    """
    _, _, ground = environment.get("COLORFGBG", "").rpartition(";")
    return LIGHT_GROUND if ground in LIGHT_COLOURS else ""


def load_settings(directory: Path | None = None) -> Settings:
    """Read the settings in a directory, by default the user's own; `problem` says what was not taken, and why."""
    settings = Settings(directory if directory is not None else user_config_path("dicomsniff", appauthor=False))
    settings.usual_theme = theme_for(os.environ)
    path = settings.path
    if path is None or not path.exists():
        return settings
    try:
        _take(settings, tomllib.loads(_read(path)))
    except OSError as error:
        settings.problem = f"{path}: {error.strerror or error}"
    except ValueError as error:
        settings.problem = f"{path}: {error}"
    return settings


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SettingsError("longer than any settings")
    return content.decode()


def _take(settings: Settings, said: dict[str, Any]) -> None:
    """Take everything or nothing."""
    unknown = sorted(set(said) - {"theme", "keys", "times", "left-out"})
    if unknown:
        raise SettingsError(f"there is no setting {unknown[0]!r}; there are theme, keys, times and left-out")
    theme, keys, left_out = said.get("theme", ""), said.get("keys", {}), said.get("left-out", {})
    times = said.get("times", RELATIVE)
    if not isinstance(theme, str) or (theme and theme not in BUILTIN_THEMES):
        raise SettingsError(f"there is no theme {theme!r}; there are {', '.join(sorted(BUILTIN_THEMES))}")
    if times not in TIMES:
        raise SettingsError(f"times are {' or '.join(TIMES)}, not {times!r}")
    if not isinstance(keys, dict) or not all(isinstance(each, str) for each in keys.values()):
        raise SettingsError('[keys] has lines such as "app.find" = "ctrl+f"')
    strange = sorted(set(keys) - {key.id for key in KEYS})
    if strange:
        raise SettingsError(f"keys: nothing is called {strange[0]!r}{nearest(strange[0], [key.id for key in KEYS])}")
    if twice := find_clash(keys):
        raise SettingsError(f"keys: {twice}")
    if not isinstance(left_out, dict) or not all(map(_are_titles, left_out.values())):
        raise SettingsError('[left-out] has lines such as associations = ["ops", "data"]')
    settings.theme, settings.keys, settings.times, settings.left_out = theme, keys, times, left_out


def _are_titles(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
