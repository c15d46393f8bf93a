"""dicomsniff: who refused what, why, which message went unanswered - from a packet capture of DICOM traffic."""

TYPE_CHECKING = False  # importing it from typing would delay the moment from which Ctrl-C ends the program in order
if TYPE_CHECKING:
    from dicomsniff.analyzer import Analyzer
    from dicomsniff.association.association import Association
    from dicomsniff.association.negotiation import PresentationContext
    from dicomsniff.association.timeline import Entry
    from dicomsniff.capture.packets import CaptureError, IncompleteError, PacketBatch
    from dicomsniff.dimse.dataset_element import DecodedDataSet, Element
    from dicomsniff.dimse.message import Message
    from dicomsniff.dimse.operations import Operation
    from dicomsniff.filter.errors import FilterError
    from dicomsniff.filter.filter import Filter
    from dicomsniff.findings.finding import Finding, Severity
    from dicomsniff.library import Capture, open_capture
    from dicomsniff.span import Span

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "Association",
    "Capture",
    "CaptureError",
    "DecodedDataSet",
    "Element",
    "Entry",
    "Filter",
    "FilterError",
    "Finding",
    "IncompleteError",
    "Message",
    "Operation",
    "PacketBatch",
    "PresentationContext",
    "Severity",
    "Span",
    "__version__",
    "open_capture",
]

_HOMES = {
    "Analyzer": "dicomsniff.analyzer",
    "Association": "dicomsniff.association.association",
    "Capture": "dicomsniff.library",
    "CaptureError": "dicomsniff.capture.packets",
    "DecodedDataSet": "dicomsniff.dimse.dataset_element",
    "Element": "dicomsniff.dimse.dataset_element",
    "Entry": "dicomsniff.association.timeline",
    "Filter": "dicomsniff.filter.filter",
    "FilterError": "dicomsniff.filter.errors",
    "Finding": "dicomsniff.findings.finding",
    "IncompleteError": "dicomsniff.capture.packets",
    "Message": "dicomsniff.dimse.message",
    "Operation": "dicomsniff.dimse.operations",
    "PacketBatch": "dicomsniff.capture.packets",
    "PresentationContext": "dicomsniff.association.negotiation",
    "Severity": "dicomsniff.findings.finding",
    "Span": "dicomsniff.span",
    "open_capture": "dicomsniff.library",
}


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `dicomsniff --version` starts at once."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
