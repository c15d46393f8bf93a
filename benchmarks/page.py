"""How long a browser takes to open the page of a capture: `page.py CAPTURE [--runs 3]`; needs chromium."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("capture")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    browser = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if browser is None:
        sys.exit(f"needs one of {', '.join(PROGRAMS)}")
    with tempfile.TemporaryDirectory() as work:
        page, empty = Path(work, "page.html"), Path(work, "empty.html")
        empty.write_text("<!DOCTYPE html><title>empty</title>")
        start = time.monotonic()
        export = [sys.executable, "-m", "dicomsniff", "export", asked.capture, "-o", str(page)]
        subprocess.run(export, check=True)
        print(f"written in {time.monotonic() - start:.2f} s, {page.stat().st_size / 1e6:.1f} MB")
        # What a browser needs to start is in both: the difference is the page's.
        times = {each: [] for each in (empty, page)}
        for _ in range(asked.runs):
            for each, taken in times.items():
                taken.append(opened(browser, each, work))
        bare, whole = (median(taken) for taken in times.values())
        print(f"opened in {whole - bare:.2f} s ({whole:.2f} s with the browser's start)")


def opened(browser: str, page: Path, work: str) -> float:
    """Return how long (s) it takes to start a browser, load a page, lay it out and draw it."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1200,900",
               f"--user-data-dir={work}/profile", f"--screenshot={work}/drawn.png", f"file://{page}"]  # fmt: skip
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
