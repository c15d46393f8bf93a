"""The filters that were used: those of the session, and, where that tells nothing of anybody, those of earlier ones."""

from contextlib import suppress
from pathlib import Path

from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.known_values import may_identify
from dicomsniff.output import OutputError, written

MAX_KEPT = 100
"""Filters that are remembered: those used last."""
MAX_BYTES = 1 << 20
"""Bytes of the file that are read."""


class FilterHistory:
    """Goes back and forth through them; those that may identify somebody are never written to the file."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._used: list[str] = _read(path) if path is not None else []
        self._at = len(self._used)
        self._typed = ""
        """What was being typed when somebody began to go back."""

    def add(self, text: str) -> None:
        """Remember a filter that is used now."""
        text = text.strip()
        if text:
            self._used = [*(each for each in self._used if each != text), text][-MAX_KEPT:]
            self._keep()
        self._at = len(self._used)

    def older(self, typed: str) -> str | None:
        """Return the filter before; None where there is none."""
        if not self._at:
            return None
        if self._at == len(self._used):
            self._typed = typed
        self._at -= 1
        return self._used[self._at]

    def newer(self) -> str | None:
        """Return the filter after, at last what was being typed; None where nobody has gone back."""
        if self._at == len(self._used):
            return None
        self._at += 1
        return self._used[self._at] if self._at < len(self._used) else self._typed

    def _keep(self) -> None:
        if self._path is None:
            return
        kept = [text for text in self._used if "\n" not in text and not _is_private(text)]
        with suppress(OSError, OutputError):  # it is a convenience, and nothing that one was asked to write
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with written(str(self._path), []) as out:
                out.write("".join(f"{text}\n" for text in kept))


def _read(path: Path) -> list[str]:
    with suppress(OSError), path.open("rb") as file:
        lines = file.read(MAX_BYTES).decode(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-MAX_KEPT:]
    return []


def _is_private(text: str) -> bool:
    try:
        return may_identify(text)
    except FilterError:
        return True
