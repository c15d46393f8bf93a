"""What the pages for developers name in the code is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = [
    line
    for name in ("CONTRIBUTING.md", "docs/how-it-works.md")
    for line in re.sub(r"\n +", " ", (ROOT / name).read_text()).splitlines()
    if "dicomsniff/" in line and not line.startswith("dicomsniff ")
]
FOLDERS = [ROOT, ROOT / "dicomsniff", *(path for path in (ROOT / "dicomsniff").iterdir() if path.is_dir())]


def found(path: str) -> bool:
    """Whether there is such a file, in a folder that a line may leave out."""
    return any((folder / path).exists() for folder in FOLDERS)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:40])
def test_every_file_that_is_named_is_there(line: str) -> None:
    named = re.findall(r"`([\w/]+(?:\.(?:py|tsv|md)|/))`", line)
    assert named
    assert [each for each in named if not found(each)] == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:40])
def test_every_table_that_is_named_is_where_it_is_said_to_be(line: str) -> None:
    for table, path in re.findall(r"`(_?[A-Z_]+)` in\s+`([\w/]+\.py)`", line):
        (file,) = [folder / path for folder in FOLDERS if (folder / path).exists()]
        assert re.search(rf"^{table}\b.*=", file.read_text(), re.MULTILINE), (table, path)
