"""Where it was measured: machine and versions."""

import os
import platform
import shutil
import subprocess

from dicomsniff import __version__


def machine_lines(*, with_tshark: bool) -> list[str]:
    """Return a line each for the machine and the programs."""
    lines = [
        f"{_cpu_model()}, {os.cpu_count()} cores, {_memory() / 1e9:.1f} GB memory, {platform.system()} {_release()}",
        f"{platform.python_implementation()} {platform.python_version()}, dicomsniff {__version__}",
    ]
    if with_tshark:
        if shutil.which("tshark") is None:
            raise SystemExit("run.py: tshark is not installed; leave --tshark out")
        done = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True)
        lines.append(next(line for line in done.stdout.splitlines() if line.lower().startswith("tshark")))
    return lines


def missing_memory(size: int) -> str:
    """Warn where a capture does not fit into the page cache."""
    if size < 0.8 * _memory():
        return ""
    return f"the capture is not in the page cache: {size / 1e9:.1f} GB of {_memory() / 1e9:.1f} GB memory"


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _release() -> str:
    return platform.release().split("-")[0]


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        found = ""
    return found or platform.processor() or platform.machine()
