"""The page about limits: the named constants of the package, each with its value and what is said of it."""

import ast
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "dicomsniff"
_HEAD = """\
# Limits

<!-- Made by docs/make.py from the package. -->

Memory and work are bounded by constants that have names. Where one is reached, the output says so. Lengths are bytes
where nothing else is said.
"""


def limits_lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield from _HEAD.splitlines()
    for path in sorted(PACKAGE.rglob("*.py")):
        limits = list(_limits(path))
        if limits:
            module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            values = vars(import_module(module))
            yield from ("", f"## {module}", "", "| name | value | what it bounds |", "| --- | ---: | --- |")
            for name, said in limits:
                value = values[name]
                yield f"| `{name}` | {f'{value:,}' if isinstance(value, int) else value} | {said} |"


def _limits(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the limits of a module that say what they bound."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for statement, following in pairwise(body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(said))),
            ) if name.startswith("MAX_"):
                yield name, " ".join(said.split()).replace("|", "\\|")
