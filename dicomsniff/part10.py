"""A message's data set as a DICOM file (PS3.10 §7), byte for byte as it was sent, and as pydicom's Dataset."""

from io import BytesIO
from typing import TYPE_CHECKING

from dicomsniff.capture.packets import IncompleteError
from dicomsniff.dictionary.uids import IMPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.message import Message
from dicomsniff.reread import MessageBytes

if TYPE_CHECKING:
    from pydicom import Dataset

IMPLEMENTATION_CLASS_UID = "2.25.290246157938513092186214473212066352901"
"""Says in file meta information who wrote a file."""


def part10(message: Message, found: MessageBytes) -> bytes:
    """Return a file of what was reread of a message: preamble, file meta information, and the data set as sent.

    Raises IncompleteError where the message has no data set, or the capture not all of it.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    if found.data_set is None:
        raise IncompleteError(f"{message.name} {message.number} has no data set")
    if found.cut or found.whole < found.length or not message.complete:
        raise IncompleteError(f"{message.name} {message.number}: the capture does not have all of its data set")
    command = message.command
    meta = FileMetaDataset()
    instance = command.affected_sop_instance_uid or command.requested_sop_instance_uid
    meta.TransferSyntaxUID = UID(message.transfer_syntax or IMPLICIT_VR_LITTLE_ENDIAN)
    meta.MediaStorageSOPClassUID = UID(message.sop_class_uid or "")
    meta.MediaStorageSOPInstanceUID = UID(instance or "")
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = "DICOMSNIFF"
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_file_meta_info(out, meta, enforce_standard=False)
    found.data_set.seek(0)
    return bytes(128) + b"DICM" + out.getvalue() + found.data_set.read()


def read_dataset(content: bytes) -> "Dataset":
    """Return the data set of such a file. Raises what pydicom raises on bytes that it cannot read."""
    from pydicom import dcmread

    return dcmread(BytesIO(content))
