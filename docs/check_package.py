"""Build wheel and sdist, and try the wheel where nothing else is: `check_package.py PYTHON…`."""

import os
import pty
import re
import select
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from email import message_from_bytes
from pathlib import Path

from dicomsniff import __version__
from dicomsniff.capture.loops import ARE_COMPILED, PURE
from docs.console import ROOT

_PATIENCE = 60
"""Seconds in which the terminal UI must be there."""
_IN_SDIST = (
    "tests/build.py", "tests/golden/c-echo.json", "samples/c-echo.pcap", "samples/README.md", "docs/index.md",
    "docs/make.py", "docs/assets/terminal-ui.svg", "mkdocs.yml", "Makefile", "CHANGELOG.md", "CONTRIBUTING.md",
    "SECURITY.md", "LICENSE", "hatch_build.py", "dicomsniff/capture/inner.pxd",
)  # fmt: skip


def build(folder: Path) -> Path:
    """Build the sdist, and from it the wheel, which shows that it is whole; return the wheel."""
    tools = _environment(sys.executable, folder / "tools", "build")
    subprocess.run(
        [str(tools / "python"), "-m", "build", "--outdir", str(folder), str(ROOT)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {PURE: "1"},  # one wheel for every Python
    )
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = [name for name in _IN_SDIST if name not in names]
    if missing:
        sys.exit(f"the sdist lacks {', '.join(missing)}")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        described = message_from_bytes(archive.read(metadata)).get_payload()
    relative = re.findall(r"\]\((?!https:|#)[^)]*\)", str(described))
    if relative:
        sys.exit(f"on a package index these links lead nowhere: {', '.join(relative)}")
    return wheel


def _environment(python: str, folder: Path, wanted: str) -> Path:
    """Make a virtual environment with what is wanted, and return where its programs are."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    programs = folder / "bin"
    pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", wanted]
    subprocess.run(pip, check=True)
    return programs


def try_wheel(python: str, wheel: Path, folder: Path) -> None:
    """Install a wheel for a Python, and use what it brings."""
    program = _environment(python, folder, str(wheel)) / "dicomsniff"

    def printed(*arguments: str) -> str:
        done = subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True, cwd=folder)
        return done.stdout

    if printed("--version").strip() != f"dicomsniff {__version__}":
        sys.exit("another version answers")
    (sample,) = folder.glob("lib/python*/site-packages/dicomsniff/samples/c-move-destination-refuses.pcap")
    if printed("demo") != printed("show", str(sample)):
        sys.exit("`demo` does not show its sample")
    printed("export", str(sample), "-o", "report.json")
    if not (folder / "report.json").read_text(encoding="utf-8").startswith("{"):
        sys.exit("`export` wrote no JSON")
    for shell in ("bash", "zsh", "fish"):
        if "dicomsniff" not in printed("completion", shell):
            sys.exit(f"there is no completion for {shell}")
    if not (folder / "share" / "man" / "man1" / "dicomsniff.1").exists():
        sys.exit("there is no man page")
    _see_terminal_ui([str(program), "demo"])


def _see_terminal_ui(command: list[str]) -> None:
    """Start the terminal UI on a terminal, wait until it shows its sample, and quit it."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], command)
    seen, until = b"", time.monotonic() + _PATIENCE
    while b"QRSCP" not in seen:
        if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
            sys.exit("the terminal UI does not come up")
        seen += os.read(terminal, 1 << 16)
    os.write(terminal, b"q")
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:
        pass  # the terminal is gone: the program has ended
    if os.waitpid(child, 0)[1]:
        sys.exit("the terminal UI ended with an error")


def try_sdist(sdist: Path, folder: Path) -> None:
    """Install the sdist for this Python: where the loops could be compiled for the tree, they can be for it."""
    program = _environment(sys.executable, folder, str(sdist)) / "dicomsniff"
    said = subprocess.run([str(program), "--version"], check=True, capture_output=True, text=True, cwd=folder).stdout
    if ("compiled" in said) != ARE_COMPILED:
        sys.exit(f"the sdist installs as {said}")


def main() -> None:
    """Try all Pythons that are named."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        try_sdist(next(Path(folder).glob("*.tar.gz")), Path(folder, "sdist"))
        for number, python in enumerate(sys.argv[1:]):
            try_wheel(python, wheel, Path(folder, str(number)))
            version = subprocess.run([python, "--version"], check=True, capture_output=True, text=True).stdout.strip()
            print(f"{wheel.name} works on {version}")


if __name__ == "__main__":
    main()
