"""Write what the program says into the pages: whole pages, the output of commands in others, and the picture."""

import os
from pathlib import Path

from dicomsniff.export.filters import filter_page_lines
from docs import manual
from docs.commands_page import commands_lines
from docs.console import ROOT, pages, refreshed
from docs.library_page import library_lines
from docs.limits_page import limits_lines
from docs.picture import draw
from docs.queries_page import queries_lines
from docs.rules_page import rules_lines
from docs.terminal_page import terminal_lines
from docs.transcript_page import transcript_lines

PAGES = {
    "commands.md": commands_lines,
    "dicomsniff.1": manual.page_lines,
    "filter.md": filter_page_lines,
    "library.md": library_lines,
    "limits.md": limits_lines,
    "queries.md": queries_lines,
    "rules.md": rules_lines,
    "terminal.md": terminal_lines,
    "transcript.md": transcript_lines,
}


def main() -> None:
    """Write every page anew."""
    for name, lines in PAGES.items():
        (Path(__file__).parent / name).write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
    os.chdir(ROOT)  # the commands in pages name samples from there
    for page in pages():
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    draw()


if __name__ == "__main__":
    main()
