"""The page about the commands and views, made from the help of each: click's objects -> lines of Markdown."""

import re
from collections.abc import Iterator
from html import escape

import click

from dicomsniff.commands.cli import cli
from dicomsniff.tui.views.registry import VIEWS
from docs.manual import STATUSES, commands

_HEAD = """\
# Commands

<!-- Made by docs/make.py from the help. -->

`dicomsniff COMMAND --help` prints the same, and `man dicomsniff` all of it. Results go to standard output, everything
else to standard error.
"""


def commands_lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield from _HEAD.splitlines()
    yield ""
    yield "## dicomsniff CAPTURE"
    yield from _described("dicomsniff", cli.opening)
    yield from ("", "## Views of the terminal UI", "", "`?` shows all keys.", "")
    yield from ("| key | view | what it shows |", "| --- | --- | --- |")
    yield from (f"| `{view.key}` | {view.title} | {view.meaning} |" for view in VIEWS)
    for name, command in commands():
        yield from ("", f"## {name}")
        yield from _described(f"dicomsniff {name}", command)
    yield from ("", "## Exit status", "", "| status | what it says |", "| ---: | --- |")
    for status, said in STATUSES.items():
        yield f"| {int(status)} | {said} |"


def _described(name: str, command: click.Command) -> Iterator[str]:
    yield from ("", "```text", " ".join([name, *command.collect_usage_pieces(click.Context(command))]), "```")
    for paragraph in (command.help or "").split("\n\n"):
        yield from ("", _plain(" ".join(paragraph.split())))
    options = [option for option in command.params if isinstance(option, click.Option)]
    records = [record for option in options if (record := option.get_help_record(click.Context(command))) is not None]
    if records:
        yield from ("", "| option | what it does |", "| --- | --- |")
        yield from (f"| {_names(names)} | {_plain(said)} |" for names, said in records)


def _names(names: str) -> str:
    """Return an option's names, each a piece of code that is not broken within."""
    return ", ".join(f"`{each}`" for each in names.split(", ")).replace("|", "\\|")


def _plain(said: str) -> str:
    """Return text in which nothing but back quotes is marked; Markdown would take the rest for its own."""
    pieces = re.split("(`[^`]+`)", said)
    return "".join(each if each[:1] == "`" else _escaped(each) for each in pieces).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Return text without code, escaped as every Markdown understands it: not all take a backslash before < and >."""
    return re.sub(r"([*_\[\]])", r"\\\1", escape(text, quote=False))
