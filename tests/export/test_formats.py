"""The registry of formats: what a command offers is what can be written."""

import click
import pytest

from dicomsniff.export.diff import Diff
from dicomsniff.export.formats import FORMATS, find_diff, find_view, format_names
from dicomsniff.export.view import View
from docs.manual import commands


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.commands[0]}-{form.name}")
def test_every_row_leads_to_a_view(form):
    for command in form.commands:
        if command == "diff":
            assert issubclass(find_diff(form.name), Diff)
        else:
            assert issubclass(find_view(command, form.name), View)


def test_a_command_has_one_format_of_a_name():
    pairs = [(command, form.name) for form in FORMATS for command in form.commands]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("command", ["export", "check", "live", "diff"])
def test_a_command_offers_the_formats_of_the_registry(command):
    (option,) = (each for each in dict(commands())[command].params if each.name == "form")
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == format_names(command)
