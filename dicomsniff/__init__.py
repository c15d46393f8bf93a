"""dicomsniff: who refused what, why, which message went unanswered - from a packet capture of DICOM traffic."""

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.association import Association, Entry
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
