"""Where extracted files go: one directory of the user's choice. Each file is there when it is whole, or not at all."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress

from dicomsniff.interruption import UNFINISHED
from dicomsniff.output import OutputError, Sink, create

MAX_KNOWN = 1 << 18
"""Names whose latest number is known; for those before them, numbers are tried one after the other."""
_PRIVATE = 0o700
"""Permissions of a new directory."""


class ObjectDirectory:
    """Files come in under a passing name, and get their own when it is known; no file is written over another.

    With `force` what other runs left there is replaced where a file gets the same name. Raises OutputError where the
    directory cannot be made, or holds something and there is no `force`.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self._path, self._force = path, force
        self._latest: OrderedDict[str, int] = OrderedDict()
        try:
            os.makedirs(path, _PRIVATE, exist_ok=True)
            with os.scandir(path) as found:
                holds_something = any(found)
        except FileExistsError:
            raise OutputError(f"{path}: it is a file; name a directory") from None
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror}") from None
        if holds_something and not force:
            raise OutputError(f"{path}: it holds files already; name a new directory, or say --force")

    def begin(self) -> tuple[str, Sink]:
        """Open a new file; return its passing name, and what to write to."""
        passing = f".dicomsniff-{os.urandom(8).hex()}"
        path = os.path.join(self._path, passing)
        UNFINISHED.add(path)
        return passing, create(path)

    def place(self, passing: str, folders: Sequence[str], stem: str, suffix: str) -> int:
        """Give a file that is whole its name, numbered from the second one of a name on; return the number.

        Where that is not possible, which raises OutputError or OSError, the file is gone.
        """
        try:
            return self._place(passing, folders, stem, suffix)
        except (OSError, OutputError):
            self.drop(passing)
            raise

    def _place(self, passing: str, folders: Sequence[str], stem: str, suffix: str) -> int:
        folder = self._folder(folders)
        source, key = os.path.join(self._path, passing), os.path.join(*folders, stem + suffix)
        known = self._latest.pop(key, 0)
        number = known + 1
        while not self._name(source, os.path.join(folder, _numbered(stem, number) + suffix), replace=not known):
            number += 1
        self._latest[key] = number
        if len(self._latest) > MAX_KNOWN:
            self._latest.popitem(last=False)
        UNFINISHED.discard(source)
        return number

    def drop(self, passing: str) -> None:
        """Delete a file that gets no name."""
        path = os.path.join(self._path, passing)
        with suppress(FileNotFoundError):
            os.unlink(path)
        UNFINISHED.discard(path)

    def _folder(self, folders: Sequence[str]) -> str:
        path = self._path
        for each in folders:
            path = os.path.join(path, each)
            with suppress(FileExistsError):
                os.mkdir(path, _PRIVATE)
            if os.path.islink(path) or not os.path.isdir(path):
                raise OutputError(f"{path}: it is there already, and no directory; name a new directory")
        return path

    def _name(self, source: str, target: str, *, replace: bool) -> bool:
        """Name a file; return whether the name was free."""
        if replace and self._force:
            os.replace(source, target)
            return True
        if os.path.lexists(target):
            return False
        os.rename(source, target)
        return True


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"
