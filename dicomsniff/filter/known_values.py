"""The values that fields have in a capture, as far as they may be shown: what somebody may want to compare with."""

from collections.abc import Callable
from typing import Any

from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.filter.fields import FIELDS, Subject
from dicomsniff.filter.tree import Comparison, Joined, Negation, Tree
from dicomsniff.privacy.gate import Gate

MAX_KNOWN = 500
"""Different values of one field."""


def _text(gate: Gate, value: str) -> str | None:  # noqa: ARG001  words of ours
    return value


def _title(gate: Gate, value: str) -> str | None:
    return value if gate.title(value) == value else None


def _address(gate: Gate, value: str) -> str | None:
    return value if gate.address(value) == value else None


def _uid(gate: Gate, value: str) -> str | None:
    return value if gate.uid(value) == value else None


def _class(gate: Gate, value: str) -> str | None:
    """A registered UID is offered by its name, which comes beside it."""
    if find_uid_name(value) is not None:
        return None
    return value if not value[:1].isdigit() or gate.uid(value) == value else None


def _number(gate: Gate, value: int) -> str | None:  # noqa: ARG001  nobody's secret
    return str(value)


def _status(gate: Gate, value: int) -> str | None:  # noqa: ARG001  nobody's secret
    return f"0x{value:04X}"


_WRITTEN: dict[str, Callable[[Gate, Any], str | None]] = {
    "calling": _title,
    "called": _title,
    "ae": _title,
    "address": _address,
    "port": _number,
    "tls": _text,
    "tls.version": _text,
    "tls.suite": _text,
    "outcome": _text,
    "finding.code": _text,
    "finding.severity": _text,
    "command": _text,
    "status": _status,
    "status_class": _text,
    "sop_class": _class,
    "instance": _uid,
    "transfer_syntax": _class,
    "context": _number,
    "sender": _text,
}
"""How values of the capture are written in an expression; None where the gate withholds one."""
_NAMING = frozenset(["calling", "called", "ae", "address", "implementation", "verdict", "instance"])
"""Fields whose values name a device, a person or an object."""


class KnownValues:
    """The values that a field has in a capture, as far as it was looked through."""

    def __init__(self, field: str, gate: Gate) -> None:
        self._field, self._gate = field, gate
        self._written = _WRITTEN.get(field)
        self._found: dict[str, int] = {}

    @property
    def is_of_message(self) -> bool:
        """Whether messages are to be looked through."""
        return self._written is not None and FIELDS[self._field].of_message

    @property
    def is_wanted(self) -> bool:
        """Whether there may be more to offer."""
        return self._written is not None and len(self._found) < MAX_KNOWN

    def take(self, subject: Subject) -> None:
        """Look at an association or message."""
        if self._written is None:
            return
        for value in FIELDS[self._field].values(subject):
            text = self._written(self._gate, value)
            if text:
                self._found[text] = self._found.get(text, 0) + 1

    @property
    def values(self) -> list[str]:
        """The values, those that occur most first."""
        return sorted(self._found, key=lambda text: (-self._found[text], text))


def may_identify(expression: str) -> bool:
    """Whether an expression may name a person, a device or an object, as every free word may.

    Raises FilterError where it cannot be understood.
    """
    from dicomsniff.filter.grammar import parse  # loads the parser's library, which most calls do without

    return _names_somebody(parse(expression))


def _names_somebody(tree: Tree) -> bool:
    match tree:
        case Comparison():
            return tree.field.casefold() in _NAMING or tree.field.casefold() not in FIELDS
        case Negation():
            return _names_somebody(tree.of)
        case Joined():
            return any(map(_names_somebody, tree.parts))
    return True
