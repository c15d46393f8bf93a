"""What the scripts that record samples have in common: an image of nobody, DCMTK's servers, and tcpdump."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
# A virtual environment with pynetdicom holds programs of the same names as DCMTK's.
DCMTK = "/usr/bin"


def image(number: int, sop_class: str, root: str, side: int, pixels: random.Random) -> Dataset:
    """Make an image of nobody, `side` pixels wide and high, with UIDs below `root`."""
    modality = "CT" if sop_class == CT else "MR"
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, f"{root}.4.{number}"
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260101", "120000", modality
    ds.AccessionNumber, ds.PatientName, ds.PatientID = "A1", "Sample^Synthetic", "SAMPLE1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{root}.2", f"{root}.3.{modality == 'MR':d}"
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, number
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = side
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = b"".join(pixels.randrange(4096).to_bytes(2, "little") for _ in range(side * side))
    ds["PixelData"].VR = "OW"
    ds.ensure_file_meta()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    return ds


@contextmanager
def dcmtk(program: str, *options: str) -> Iterator[None]:
    """Run one of DCMTK's servers."""
    server = subprocess.Popen([f"{DCMTK}/{program}", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def recorded(path: Path, *chosen: str) -> Iterator[None]:
    """Record what passes the loopback interface, as far as a filter of tcpdump's chooses it."""
    command = ["tcpdump", "-i", "lo", "-U", "-s", "0", "-n", "-Z", "root", "-w", str(path), *chosen]
    sniffer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert sniffer.stderr is not None
    while "listening on" not in sniffer.stderr.readline():
        if sniffer.poll() is not None:
            sys.exit("tcpdump cannot capture here")
    yield
    time.sleep(1.5)  # tcpdump hands packets on within one second
    sniffer.terminate()
    sniffer.wait()
    os.chmod(path, 0o644)
