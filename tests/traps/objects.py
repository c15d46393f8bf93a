"""Data sets to send: real ones out of pydicom's files, and small ones in any syntax."""

import re
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID

import build

NATIVE = build.explicit_data_set((0x00080018, b"UI", b"1.2.3.1\0"), (0x00100020, b"LO", b"ID12"))
"""SOP Instance UID and Patient ID, explicit VR little endian."""


def stored_bytes(name: str) -> tuple[bytes, str, Dataset]:
    """One of pydicom's files: (data set as encoded in it, transfer syntax, data set as pydicom reads it)."""
    path = get_testdata_file(name, download=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = dcmread(path)
    content = Path(path).read_bytes()
    # PS3.10 §7.1: preamble, DICM, group length (12 bytes), then as many bytes of file meta information as it says.
    (meta,) = struct.unpack_from("<L", content, 140)
    return content[144 + meta :], str(read.file_meta.TransferSyntaxUID), read


def identity(data: bytes) -> tuple[str, str]:
    """SOP Class and Instance UID of a data set in any syntax; CT Image Storage and 1.2.3 where it names none."""
    with suppress(zlib.error):
        data = zlib.decompressobj(wbits=-15).decompress(data)
    found = {0x16: build.CT_IMAGE_STORAGE, 0x18: "1.2.3"}
    for number in found:
        little, big = b"\x08\0%c\0" % number, b"\0\x08\0%c" % number
        uid = re.search(b"(?s)(?:%s|%s)(?:UI..|..\0\0|\0\0..)([0-9.]+)" % (re.escape(little), re.escape(big)), data)
        if uid is not None:
            found[number] = uid[1].decode()
    return found[0x16], found[0x18]


def encoded(syntax: str) -> bytes:
    """A data set of several elements in a transfer syntax that is not compressed."""
    uid, buffer = UID(syntax), DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = uid.is_implicit_VR, uid.is_little_endian
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID, data.PatientID = build.CT_IMAGE_STORAGE, "1.2.3.1", "ID12"
    data.Modality, data.Rows, data.Columns = "CT", 512, 256
    write_dataset(buffer, data)
    return buffer.getvalue()
