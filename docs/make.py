"""Write the pages of docs/ that are made from the program."""

from pathlib import Path

import manual
from library_page import library_lines

from dicomsniff.export.filters import filter_page_lines
from dicomsniff.export.rules import page_lines

PAGES = {
    "dicomsniff.1": manual.page_lines,
    "filter.md": filter_page_lines,
    "library.md": library_lines,
    "rules.md": page_lines,
}


def main() -> None:
    """Write every page anew."""
    for name, lines in PAGES.items():
        (Path(__file__).parent / name).write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")


if __name__ == "__main__":
    main()
