"""dicomsniff: who refused what, why, which message went unanswered - from a packet capture of DICOM traffic."""

TYPE_CHECKING = False  # importing it from typing would delay the moment from which Ctrl-C ends the program in order
if TYPE_CHECKING:
    from dicomsniff.association.association import Association, Party
    from dicomsniff.association.links import Link
    from dicomsniff.association.negotiation import PresentationContext
    from dicomsniff.association.timeline import Entry
    from dicomsniff.capture.packets import CaptureError, IncompleteError, PacketBatch
    from dicomsniff.dimse.command import Command
    from dicomsniff.dimse.dataset_element import DecodedDataSet, Element
    from dicomsniff.dimse.message import DataSetInfo, Message
    from dicomsniff.dimse.operations import Operation
    from dicomsniff.engine.analyzer import Analyzer
    from dicomsniff.engine.reread import MessageBytes
    from dicomsniff.filter.errors import FilterError
    from dicomsniff.filter.filter import Filter
    from dicomsniff.findings.finding import Finding, Severity
    from dicomsniff.library import Capture, open_capture
    from dicomsniff.side import Side
    from dicomsniff.span import Span

__version__ = "0.2.0"

__all__ = [
    "Analyzer",
    "Association",
    "Capture",
    "CaptureError",
    "Command",
    "DataSetInfo",
    "DecodedDataSet",
    "Element",
    "Entry",
    "Filter",
    "FilterError",
    "Finding",
    "IncompleteError",
    "Link",
    "Message",
    "MessageBytes",
    "Operation",
    "PacketBatch",
    "Party",
    "PresentationContext",
    "Severity",
    "Side",
    "Span",
    "__version__",
    "open_capture",
]

_HOMES = {
    "Analyzer": "dicomsniff.engine.analyzer",
    "Association": "dicomsniff.association.association",
    "Capture": "dicomsniff.library",
    "CaptureError": "dicomsniff.capture.packets",
    "Command": "dicomsniff.dimse.command",
    "DataSetInfo": "dicomsniff.dimse.message",
    "DecodedDataSet": "dicomsniff.dimse.dataset_element",
    "Element": "dicomsniff.dimse.dataset_element",
    "Entry": "dicomsniff.association.timeline",
    "Filter": "dicomsniff.filter.filter",
    "FilterError": "dicomsniff.filter.errors",
    "Finding": "dicomsniff.findings.finding",
    "IncompleteError": "dicomsniff.capture.packets",
    "Link": "dicomsniff.association.links",
    "Message": "dicomsniff.dimse.message",
    "MessageBytes": "dicomsniff.engine.reread",
    "Operation": "dicomsniff.dimse.operations",
    "PacketBatch": "dicomsniff.capture.packets",
    "Party": "dicomsniff.association.association",
    "PresentationContext": "dicomsniff.association.negotiation",
    "Severity": "dicomsniff.findings.finding",
    "Side": "dicomsniff.side",
    "Span": "dicomsniff.span",
    "open_capture": "dicomsniff.library",
}


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `dicomsniff --version` starts at once."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
