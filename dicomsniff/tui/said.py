"""What the screen may show of what a peer sent: the one gate of the terminal UI, and who asks it."""

from contextvars import ContextVar

from dicomsniff.findings.parts import shown
from dicomsniff.privacy.gate import Gate

_GATE: ContextVar[Gate] = ContextVar("gate")
_STRICT = Gate()
"""The gate that is used where none was chosen."""


def use_gate(gate: Gate) -> None:
    """Let all that is shown from here on go through a gate."""
    _GATE.set(gate)


def gate() -> Gate:
    """Return the gate in use."""
    return _GATE.get(_STRICT)


def allowed(line: str) -> str:
    """Return a line with marks (see `dicomsniff.findings.parts`) as it may be shown."""
    return shown(line, gate())
