"""The formats there are, and which commands write them: a new one is a `View` in its own module, and a row here.

Those of `diff` are a `Diff`: two captures are read before it is written.
"""

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, cast

from msgspec import Struct

if TYPE_CHECKING:
    from dicomsniff.export.diff import Diff
    from dicomsniff.export.view import View


class DataSets(StrEnum):
    """Of which messages a format that writes data sets has their digests and elements."""

    ALL = "all"
    IDENTIFIERS = "identifiers"
    """Those of queries, of their matches, and of retrievals (PS3.7 §9.1.2 to §9.1.4)."""
    NONE = "none"


class Format(Struct, frozen=True):
    """A format by name, the commands that write it, and its class, which is imported only when it is asked for."""

    name: str
    commands: tuple[str, ...]
    view: str


FORMATS = (
    Format("text", ("show",), "dicomsniff.export.show:ShownText"),
    Format("text", ("live",), "dicomsniff.export.follow:FollowedText"),
    Format("text", ("check",), "dicomsniff.export.check:CheckedText"),
    Format("json", ("export",), "dicomsniff.export.transcript:Transcript"),
    Format("json", ("check",), "dicomsniff.export.check:CheckedJson"),
    Format("jsonl", ("export", "live"), "dicomsniff.export.lines:JsonLines"),
    Format("jsonl", ("check",), "dicomsniff.export.check:CheckedLines"),
    Format("html", ("export",), "dicomsniff.export.report.html:HtmlReport"),
    Format("md", ("export",), "dicomsniff.export.report.markdown:MarkdownReport"),
    Format("log", ("export",), "dicomsniff.export.report.log:LogReport"),
    Format("csv", ("export",), "dicomsniff.export.table_files:CsvTables"),
    Format("parquet", ("export",), "dicomsniff.export.table_files:ParquetTables"),
    Format("sarif", ("check",), "dicomsniff.export.sarif:Sarif"),
    Format("junit", ("check",), "dicomsniff.export.junit:Junit"),
    Format("text", ("diff",), "dicomsniff.export.diff:DiffText"),
    Format("json", ("diff",), "dicomsniff.export.diff:DiffJson"),
    Format("html", ("diff",), "dicomsniff.export.report.diff_html:DiffHtml"),
)


_SUFFIXES = {
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xml": "junit",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".log": "log",
    ".csv": "csv",
    ".zip": "csv",
    ".parquet": "parquet",
    **dict.fromkeys((".pdf", ".gz", ".zst"), ""),
}
"""What files are named, and the format that says; none where there is no such format."""


def format_named(command: str, path: str | None) -> str:
    """Return the format that a command writes to a file: the one that its name says, if it says any, or the default.

    Raises ValueError where that is none of the command's.
    """
    names = format_names(command)
    for suffix, form in _SUFFIXES.items():
        if path is not None and path.lower().endswith(suffix):
            if form not in names:
                raise ValueError(f"{path}: {command} writes {', '.join(names)}, not {suffix}; say --format to choose")
            return form
    return names[0]


def format_names(command: str) -> list[str]:
    """Return the names of the formats that a command writes, its default first."""
    return [each.name for each in FORMATS if command in each.commands]


def find_view(command: str, name: str) -> "type[View]":
    """Return the class of a format of a command that reads captures as one."""
    return cast("type[View]", _find(command, name))


def find_diff(name: str) -> "type[Diff]":
    """Return the class of a format of `diff`."""
    return cast("type[Diff]", _find("diff", name))


def _find(command: str, name: str) -> object:
    (view,) = (each.view for each in FORMATS if command in each.commands and each.name == name)
    module, _, name = view.partition(":")
    return getattr(import_module(module), name)
