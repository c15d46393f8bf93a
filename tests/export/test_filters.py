"""The documentation of filters says what is so."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dicomsniff.commands import cli
from dicomsniff.export.filters import EXAMPLES, filter_lines, filter_page_lines
from dicomsniff.filter.fields import FIELDS
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import Selection
from dicomsniff.library import Capture, open_capture

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def captures(samples: Path) -> Iterator[list[Capture]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_capture(path)) for path in sorted(samples.glob("*.pcap*"))]


@pytest.mark.parametrize("expression", [expression for expression, _ in EXAMPLES])
def test_an_example_chooses_some_associations_and_not_others(captures: list[Capture], expression: str) -> None:
    selection = Selection(Filter(expression))
    chosen = [
        selection.choose(association, capture.found.of(association), capture.data_set) is not None
        for capture in captures
        for association in capture.associations
    ]
    assert {True, False} == set(chosen)


def test_there_are_twenty_examples() -> None:
    assert len({expression for expression, _ in EXAMPLES}) == 20


def test_the_command_prints_the_language_the_fields_and_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["filter"]) == 0
    said = capsys.readouterr().out
    assert said == "\n".join(filter_lines()) + "\n"
    assert all(f"  {name} " in said and field.says in said for name, field in FIELDS.items())
    assert all(f"  {expression}\n" in said for expression, _ in EXAMPLES)


def test_the_page_is_made_from_the_program() -> None:
    assert (DOCS / "filter.md").read_text(encoding="utf-8") == "".join(f"{line}\n" for line in filter_page_lines())
