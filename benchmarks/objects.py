"""The objects that are stored: CT and MR slices and large multi-frame images of random pixels, made with pydicom."""

import os
from dataclasses import dataclass
from io import BytesIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import ExplicitVRLittleEndian
from wire import UID_ROOT


@dataclass(frozen=True)
class Kind:
    """What is to be made; `side` and `bits` give the pixels of one frame."""

    modality: str
    sop_class: str
    side: int
    bits: int
    frames: int = 1


CT = Kind("CT", "1.2.840.10008.5.1.4.1.1.2", 512, 16)
MR = Kind("MR", "1.2.840.10008.5.1.4.1.1.4", 256, 16)
MULTI_FRAME = Kind("OT", "1.2.840.10008.5.1.4.1.1.7.2", 512, 8, 40)
KINDS = (CT, MR, MULTI_FRAME)
MULTI_FRAME_FROM = 20_000_000
"""Bytes of an association that has room for a multi-frame image."""


def kind_of(number: int, *, multi_frame: bool) -> Kind:
    """Say what the nth object of a study (from 1) is: an MR now and then, one large multi-frame image, else CT."""
    if multi_frame and number == 20:
        return MULTI_FRAME
    return MR if number % 9 == 0 else CT


def make_object(kind: Kind, study: int, number: int, side: int | None = None) -> Dataset:
    """Make the nth object of a study; `side` replaces the kind's."""
    side = side or kind.side
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = kind.sop_class
    ds.SOPInstanceUID = f"{UID_ROOT}.4.{study}.{number}"
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260101", "120000", kind.modality
    ds.AccessionNumber, ds.StudyID = f"A{study}", f"{study}"
    ds.StudyDescription = "Benchmark, random pixels"
    ds.PatientName, ds.PatientID = f"Benchmark^Number{study}", f"BENCH{study}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{UID_ROOT}.2.{study}", f"{UID_ROOT}.3.{study}"
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    if kind.frames > 1:
        ds.NumberOfFrames = kind.frames
    ds.Rows = ds.Columns = side
    ds.BitsAllocated = ds.BitsStored = kind.bits
    ds.HighBit, ds.PixelRepresentation = kind.bits - 1, 0
    ds.PixelData = os.urandom(side * side * kind.frames * kind.bits // 8)
    ds["PixelData"].VR = "OW" if kind.bits == 16 else "OB"
    return ds


def data_set_bytes(ds: Dataset) -> bytes:
    """Encode as it goes into a C-STORE-RQ."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, ds)
    return out.getvalue()


def file_bytes(ds: Dataset) -> bytes:
    """Encode as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = f"{UID_ROOT}.1"
    out = BytesIO()
    dcmwrite(out, FileDataset(out, ds, file_meta=meta, preamble=bytes(128)), enforce_file_format=True)
    return out.getvalue()
