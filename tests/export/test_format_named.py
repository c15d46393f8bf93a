"""The format that a file's name asks for."""

import pytest

from dicomsniff.export.formats import format_named


@pytest.mark.parametrize(
    ("command", "path", "form"),
    [
        ("export", None, "json"),
        ("export", "-", "json"),
        ("export", "out", "json"),
        ("export", "out.json", "json"),
        ("export", "out.JSONL", "jsonl"),
        ("export", "out.ndjson", "jsonl"),
        ("export", "out.dat", "json"),
        ("export", "/dev/stdout", "json"),
        ("export", "a.html/out", "json"),
        ("export", "out.html", "html"),
        ("export", "out.md", "md"),
        ("export", "out.log", "log"),
        ("export", "out.zip", "csv"),
        ("diff", None, "text"),
        ("diff", "out.htm", "html"),
        ("check", None, "text"),
        ("check", "out.txt", "text"),
        ("check", "out.json", "json"),
        ("check", "out.sarif", "sarif"),
        ("check", "out.sarif.json", "sarif"),
        ("check", "out.xml", "junit"),
    ],
)
def test_a_name_says_the_format_or_nothing(command, path, form):
    assert format_named(command, path) == form


@pytest.mark.parametrize(
    ("command", "path"), [("export", "out.pdf"), ("export", "out.xml"), ("export", "out.json.gz"), ("check", "a.pdf")]
)
def test_a_name_that_says_another_format_is_refused(command, path):
    with pytest.raises(ValueError, match=f"{command} writes .*; say --format to choose"):
        format_named(command, path)
