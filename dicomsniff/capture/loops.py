"""Chooses the inner loops: compiled ones, where dicomsniff was installed with a compiler, else those of inner.py.

Both do the same. Where the environment variable DICOMSNIFF_PURE is set, those of inner.py run in any case.
"""

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING
from zlib import crc32

PURE = "DICOMSNIFF_PURE"
"""The environment variable that keeps compiled loops from being used, and from being made."""
_FOLDER = os.path.dirname(__file__)


def made_from() -> int:
    """Return the checksum of the source of the inner loops; 0 where it cannot be read."""
    checksum = 0
    for name in ("inner.py", "inner.pxd"):
        try:
            with open(os.path.join(_FOLDER, name), "rb") as file:
                checksum = crc32(file.read(), checksum)
        except OSError:
            return 0
    return checksum


def chosen() -> ModuleType:
    """Return the module whose loops are to run."""
    if not os.environ.get(PURE):
        try:
            loops = import_module("dicomsniff.capture._inner")
        except Exception:  # noqa: BLE001  no compiler, another Python, a file that is damaged: whatever it raises
            pass
        else:
            if made_from() == loops.MADE_FROM:  # else it does what another state of the source said
                return loops
    return import_module("dicomsniff.capture.inner")


if TYPE_CHECKING:
    from dicomsniff.capture import inner as _loops
else:
    _loops = chosen()

Express, PcapLayout, turns = _loops.Express, _loops.PcapLayout, _loops.turns
ARE_COMPILED = _loops.MADE_FROM != 0
