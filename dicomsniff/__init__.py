"""dicomsniff: who refused what, why, which message went unanswered - from a packet capture of DICOM traffic."""

TYPE_CHECKING = False  # importing it from typing would delay the moment from which Ctrl-C ends the program in order
if TYPE_CHECKING:
    from dicomsniff.analyzer import Analyzer
    from dicomsniff.association.association import Association
    from dicomsniff.association.timeline import Entry
    from dicomsniff.capture.packets import CaptureError
    from dicomsniff.dimse.message import Message
    from dicomsniff.findings.finding import Finding, Severity
    from dicomsniff.library import Capture, open_capture

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "Association",
    "Capture",
    "CaptureError",
    "Entry",
    "Finding",
    "Message",
    "Severity",
    "__version__",
    "open_capture",
]

_HOMES = {
    "Analyzer": "dicomsniff.analyzer",
    "Association": "dicomsniff.association.association",
    "Capture": "dicomsniff.library",
    "CaptureError": "dicomsniff.capture.packets",
    "Entry": "dicomsniff.association.timeline",
    "Finding": "dicomsniff.findings.finding",
    "Message": "dicomsniff.dimse.message",
    "Severity": "dicomsniff.findings.finding",
    "open_capture": "dicomsniff.library",
}


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `dicomsniff --version` starts at once."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
