"""What is run while dicomsniff is installed or built: compiles the inner loops of reading a capture, if it can.

Where there is no compiler, or Python's headers are missing, or anything else goes wrong, dicomsniff is what it is
without: the same, and slower (dicomsniff/capture/loops.py). Set DICOMSNIFF_PURE to build a wheel for every Python.
"""

import contextlib
import io
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("dicomsniff", "capture")
SOURCES = ("inner.py", "inner.pxd")
"""The inner loops, and what their variables are to a machine: loops.py makes the same checksum of both."""
MODULE = "_inner"
TOOLS = ["cython>=3.1,<4", "setuptools>=70"]


class InnerLoops(BuildHookInterface[Any]):
    """Brings the compiled inner loops into a wheel, or, for an editable installation, beside their source."""

    PLUGIN_NAME = "custom"
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return what pip is to install for it."""
        return TOOLS if can_compile() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before what is built is packed."""
        if self.target_name != "wheel" or not can_compile():
            return
        root = Path(self.root)
        beside = root / PACKAGE / (MODULE + str(sysconfig.get_config_var("EXT_SUFFIX")))
        note, made_from = beside.with_suffix(".checksum"), str(checksum([Path(__file__), *_sources(root)]))
        if version == "editable" and beside.exists() and note.exists() and note.read_text("ascii") == made_from:
            return
        self._folder = tempfile.TemporaryDirectory()
        try:
            made = compiled(root, Path(self._folder.name))
            if version == "editable":
                _put(made, beside)
                note.write_text(made_from, "ascii")
                return
        except (Exception, SystemExit) as error:  # noqa: BLE001  each compiler has its own ways to fail
            self.app.display_warning(f"dicomsniff goes without compiled loops, more slowly: {error}")
            return
        build_data["force_include"][str(made)] = (PACKAGE / made.name).as_posix()
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Clean up, once what was compiled is packed."""
        if self._folder is not None:
            self._folder.cleanup()


def can_compile() -> bool:
    """Whether there is what it takes, as far as can be told beforehand, and nobody said not to."""
    if os.environ.get("DICOMSNIFF_PURE") or sys.implementation.name != "cpython":
        return False
    compiler = str(os.environ.get("CC") or sysconfig.get_config_var("CC") or ("cl" if os.name == "nt" else "cc"))
    has_headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    return has_headers and (os.name == "nt" or shutil.which(compiler.split()[0]) is not None)


def checksum(paths: list[Path]) -> int:
    """Return the checksum of what several files hold, one behind the other."""
    found = 0
    for path in paths:
        found = crc32(path.read_bytes(), found)
    return found


def compiled(root: Path, folder: Path) -> Path:
    """Compile the inner loops of the tree `root` in a folder; return the file that Python can load."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    source, types = (folder / (MODULE + Path(name).suffix) for name in SOURCES)
    text = _sources(root)[0].read_text(encoding="utf-8")
    source.write_text(
        text.replace("\nMADE_FROM = 0\n", f"\nMADE_FROM = {checksum(_sources(root))}\n"), encoding="utf-8"
    )
    shutil.copyfile(_sources(root)[1], types)
    optimize = [] if os.name == "nt" else ["-O2", "-g0"]
    with contextlib.redirect_stdout(io.StringIO()):
        extensions = cythonize(
            [Extension(MODULE, [str(source)], extra_compile_args=optimize)],
            compiler_directives={"language_level": 3, "annotation_typing": False, "wraparound": False},
            quiet=True,
        )
        distribution = Distribution({"name": "dicomsniff", "ext_modules": extensions})
        command = distribution.get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(folder), str(folder)  # type: ignore[attr-defined]
        command.ensure_finalized()
        command.run()
    (made,) = (path for path in folder.iterdir() if path.name.endswith(str(sysconfig.get_config_var("EXT_SUFFIX"))))
    return made


def _put(made: Path, beside: Path) -> None:
    """Put a file in its place at once: a process may have loaded the one that is there."""
    part = beside.with_name(beside.name + ".part")
    shutil.copyfile(made, part)
    part.replace(beside)


def _sources(root: Path) -> list[Path]:
    return [root / PACKAGE / name for name in SOURCES]
