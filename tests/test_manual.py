"""The man page: made from the help, whole, and as it is in docs/."""

from pathlib import Path

from docs.manual import commands, page_lines

PAGE = Path(__file__).parent.parent / "docs" / "dicomsniff.1"


def test_the_man_page_is_what_the_help_says():
    assert PAGE.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in page_lines()), "run `make docs`"


def test_every_command_and_option_is_in_it():
    page = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name, command in commands():
        assert f".SS {name}\n" in page
        for option in command.params:
            assert option.opts[-1] in page or option.param_type_name == "argument"


def test_nothing_of_the_help_is_taken_for_a_request():
    requests = {line.split()[0] for line in page_lines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".br"}
