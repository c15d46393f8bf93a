"""The page about the library: what `dicomsniff.__all__` names, by its signatures and docstrings."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from enum import Enum
from functools import cached_property

import dicomsniff

GROUPS = {
    "Reading captures": ("open_capture", "Capture", "Analyzer", "PacketBatch"),
    "What was said": (
        "Association", "Party", "Side", "PresentationContext", "Entry", "Message", "Command", "Operation", "Link",
        "Span",
    ),
    "Data sets": ("DataSetInfo", "DecodedDataSet", "Element", "MessageBytes"),
    "What was found": ("Finding", "Severity"),
    "Choosing": ("Filter", "FilterError"),
    "Errors": ("CaptureError", "IncompleteError"),
}  # fmt: skip
"""The names, in the order in which they are met."""
CALLED = ("Analyzer", "Capture", "Filter")
"""Classes that users make objects of; those of all others they are given."""
_HEAD = """\
# The library

<!-- Made by docs/make.py from the docstrings. -->

`from dicomsniff import …` gives what is listed here, and nothing else is meant to stay as it is. Times are ns since
1970, durations ns, lengths bytes, where nothing else is said. The library withholds no value: that is up to views.
"""


def library_lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield from _HEAD.splitlines()
    for group, names in GROUPS.items():
        yield from ("", f"## {group}")
        for name in names:
            yield from ("", f"### {name}", "")
            yield from _described(name, getattr(dicomsniff, name))


def _described(name: str, named: object) -> Iterator[str]:
    if not isinstance(named, type) or name in CALLED:
        yield from ("```python", f"{name}{_signature(named)}", "```", "")
    yield from (inspect.getdoc(named) or "").splitlines()
    if isinstance(named, type):
        members = list(_members(named))
        if members:
            yield ""
        for member, said in members:
            yield f"- `{member}`" + (f": {said}" if said else "")


def _members(kind: type) -> Iterator[tuple[str, str]]:
    """Yield what users reach for in a class, each with the first paragraph of what is said of it."""
    if issubclass(kind, Enum):
        yield from ((f"{kind.__name__}.{each.name}", f"`{each.value}`") for each in kind)
    if not issubclass(kind, Enum | Exception):
        yield from _attributes(kind)
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property | cached_property):
            yield name, _first(member)
        elif inspect.isfunction(member):
            yield f"{name}{_signature(member)}", _first(member)


def _attributes(kind: type) -> Iterator[tuple[str, str]]:
    """Yield fields, and what `__init__` makes, with the docstrings below them."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    made = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    for body, is_class in ((tree.body, True), *((each.body, False) for each in made)):
        for statement, following in zip(body, [*body[1:], None], strict=True):
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                continue
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            name = getattr(target, "id" if is_class else "attr", "_")
            said = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                said = _paragraph(str(following.value.value))
            if not name.startswith("_") and not (is_class and isinstance(statement, ast.Assign)):
                yield name, said


def _signature(named: object) -> str:
    """Return the parameters of a function, without their types."""
    signature = inspect.signature(named)  # type: ignore[arg-type]
    shown = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    text = str(signature.replace(parameters=shown, return_annotation=inspect.Signature.empty))
    return text.replace("<Keep.ALL: 'all, with all details'>", "Keep.ALL")


def _first(member: object) -> str:
    return _paragraph(inspect.getdoc(member) or "")


def _paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
