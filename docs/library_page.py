"""The page about the library: what `dicomsniff.__all__` names, by its signatures and docstrings."""

import ast
import inspect
import re
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

```python
from dicomsniff import open_capture

with open_capture("samples/c-store.pcap") as capture:
    for association in capture.closed():  # each as soon as it is over: memory does not grow with the capture
        print(association.requestor.ae_title, association.acceptor.ae_title, association.outcome)
        for message in association.messages:
            print(message.number, message.name, message.command.status, message.latency)
            data_set = capture.data_set(association, message)  # reread from the file, decoded by pydicom
            if data_set is not None:
                print([(element.name, element.text) for element in data_set.elements[:3]])
        for finding in capture.findings_of(association):
            print(finding.severity, finding.code, finding.message, finding.span.first_packet)
```

- `capture.associations` is the list of all; where there are too many to keep, it raises an error that says so.
- `open_capture` takes names, paths and open binary files, several as one capture.
- `capture.dataset(message)` is pydicom's `Dataset`, `capture.save(message, path)` writes it as a DICOM file, byte for
  byte as it was sent; both refuse what the capture does not have whole.
- `Analyzer().feed_packets([(time_ns, frame)], link_type=1)` takes packets from anywhere.
- `Filter("command == C-STORE and status >= 0xA000")` chooses: `.chooses(association, found)` and
  `.matches(association, found, message)`, where `found` is `capture.found.of(association)`.
- Every stage can be used alone: it takes what the stage before returns, does no I/O, and returns a list.
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
    yield from _marked(inspect.getdoc(named) or "").splitlines()
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
    return _marked(" ".join(inspect.cleandoc(text).partition("\n\n")[0].split()))


def _marked(text: str) -> str:
    """Return a docstring as Markdown: the constants it names are code."""
    return re.sub(r"(?<![`\w])(None|True|False)(?![`\w])", r"`\1`", text)
