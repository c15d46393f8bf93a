"""Chooses the inner loops: compiled ones, where dicomsniff was installed with a compiler, else those of inner.py.

Both do the same. Where the environment variable DICOMSNIFF_PURE is set, those of inner.py run in any case.
"""

import os
from contextlib import suppress
from importlib import import_module
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


if TYPE_CHECKING:
    from dicomsniff.capture import inner as loops
else:
    loops = None
    if not os.environ.get(PURE):
        with suppress(ImportError):  # there was no compiler, or it compiled for another Python
            loops = import_module("dicomsniff.capture._inner")
        if loops is not None and made_from() != loops.MADE_FROM:
            loops = None  # it was made from another state of the source, and does what that said
    if loops is None:
        loops = import_module("dicomsniff.capture.inner")

Express, PcapLayout = loops.Express, loops.PcapLayout
ARE_COMPILED = loops.MADE_FROM != 0
