"""A message's data set as a DICOM file (PS3.10 §7), byte for byte as it was sent, and as pydicom's Dataset."""

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from dicomsniff.capture.packets import IncompleteError
from dicomsniff.dictionary.uids import IMPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.message import Message
from dicomsniff.engine.reread import MessageBytes

if TYPE_CHECKING:
    from pydicom import Dataset

IMPLEMENTATION_CLASS_UID = "2.25.290246157938513092186214473212066352901"
"""Says in file meta information who wrote a file."""
MAX_TITLE = 16
"""Characters of an AE title (PS3.5 §6.2)."""


def sent_syntax(message: Message) -> str:
    """Return the transfer syntax of a message's data set: the one that its bytes fit, else the one negotiated."""
    outline = message.data_set.outline if message.data_set is not None else None
    fitting = outline.transfer_syntax if outline is not None and outline.guessed else None
    return fitting or message.transfer_syntax or IMPLICIT_VR_LITTLE_ENDIAN


def file_head(message: Message, source_title: str = "", shown_uid: Callable[[str], str] = str) -> bytes:
    """Return what a file has before a message's data set: preamble, prefix, file meta information (PS3.10 §7.1).

    `source_title` is the AE title of whoever sent it, empty where that is not to be told; `shown_uid` returns what is
    to be told of a UID.
    """
    from pydicom import config
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    command = message.command
    instance = command.affected_sop_instance_uid or command.requested_sop_instance_uid
    meta, out = FileMetaDataset(), DicomBytesIO()
    with config.disable_value_validation():  # what a peer sent is not for us to mend
        meta.FileMetaInformationGroupLength = 0  # its place: it is counted when the rest is written
        meta.FileMetaInformationVersion = b"\0\1"
        meta.MediaStorageSOPClassUID = UID(shown_uid(message.sop_class_uid or ""))
        meta.MediaStorageSOPInstanceUID = UID(shown_uid(instance or ""))
        meta.TransferSyntaxUID = UID(shown_uid(sent_syntax(message)))
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = "DICOMSNIFF"
        if 0 < len(source_title) <= MAX_TITLE:  # longer is only one with bytes in it that are no text
            meta.SourceApplicationEntityTitle = source_title
        out.is_little_endian, out.is_implicit_VR = True, False
        write_file_meta_info(out, meta, enforce_standard=False)
    return bytes(128) + b"DICM" + out.getvalue()


def part10(message: Message, found: MessageBytes) -> bytes:
    """Return a file of what was reread of a message: preamble, file meta information, and the data set as sent.

    Raises IncompleteError where the message has no data set, or the capture not all of it.
    """
    if found.data_set is None:
        raise IncompleteError(f"{message.name} {message.number} has no data set")
    if found.cut or found.whole < found.length or not message.complete:
        raise IncompleteError(f"{message.name} {message.number}: the capture does not have all of its data set")
    found.data_set.seek(0)
    return file_head(message) + found.data_set.read()


def read_dataset(content: bytes) -> "Dataset":
    """Return the data set of such a file. Raises what pydicom raises on bytes that it cannot read."""
    from pydicom import dcmread

    return dcmread(BytesIO(content))
