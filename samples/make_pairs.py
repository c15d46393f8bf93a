"""Record the pairs of captures in `samples/pairs`: real peers on the loopback interface, recorded by tcpdump.

It needs root, DCMTK, tcpdump and pynetdicom, and is best run where nothing else is on the loopback interface:

    unshare --net sh -c 'ip link set lo up; .venv/bin/python samples/make_pairs.py'

Objects are synthetic: random pixels, and no data of patients.
"""

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.events import Event
from pynetdicom.pdu import A_ASSOCIATE_RQ

from peers import CT, DCMTK, EXPLICIT, IMPLICIT, MR, dcmtk, image, recorded

PAIRS = Path(__file__).parent / "pairs"
PORT = 11112
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
UID_ROOT = "1.2.826.0.1.3680043.10.1336.15"
SIDE = 32
"""Pixels of a side of an image."""
SLOW_DISK = 0.35
"""Seconds that the slow archive takes to write an object."""

Files = list[Path]


def make_objects(folder: Path) -> Files:
    """Make two CT slices and an MR slice of nobody."""
    pixels = random.Random(15)
    files = []
    for number, sop_class in enumerate((CT, CT, MR), 1):
        ds = image(number, sop_class, UID_ROOT, SIDE, pixels)
        path = folder / f"{number}.dcm"
        ds.save_as(path, enforce_file_format=True)
        files.append(path)
    return files


@contextmanager
def pynetdicom(
    contexts: dict[str, list[str]], *, wait: float = 0, files: Files | None = None, title: str = ""
) -> Iterator[None]:
    """Run a server that stores, slowly if it is to `wait`, and gives out `files`; it may insist on its `title`."""
    ae = AE(ae_title=title or "ARCHIVE")
    ae.require_called_aet = bool(title)
    for uid, syntaxes in contexts.items():
        ae.add_supported_context(uid, syntaxes, scu_role=True, scp_role=True)

    def store(_: Event) -> int:
        time.sleep(wait)
        return 0x0000

    def get(_: Event) -> Iterator[object]:
        yield len(files or ())
        for path in files or ():
            yield 0xFF00, dcmread(path)

    server = ae.start_server(
        ("127.0.0.1", PORT), block=False, evt_handlers=[(evt.EVT_C_STORE, store), (evt.EVT_C_GET, get)]
    )
    try:
        yield
    finally:
        server.shutdown()


def storescu(*options: str, files: Files) -> None:
    """Send files as a modality does."""
    command = [f"{DCMTK}/storescu", "-aet", "MODALITY", "-aec", "ARCHIVE", "--no-halt", "--required", *options]
    subprocess.run(
        [*command, "127.0.0.1", str(PORT), *map(str, files)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def getscu(*, proposes_role: bool) -> None:
    """Get a study, with or without having proposed to store what comes."""
    ae = AE(ae_title="WORKSTATION")
    ae.add_requested_context(STUDY_ROOT_GET, EXPLICIT)
    ae.add_requested_context(CT, EXPLICIT)
    roles = [build_role(CT, scp_role=True)] if proposes_role else []
    association = ae.associate(
        "127.0.0.1", PORT, ae_title="ARCHIVE", ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0x0000)]
    )
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", f"{UID_ROOT}.2"
    if association.is_established:
        list(association.send_c_get(query, STUDY_ROOT_GET))
        association.release()


def _padded_with_nul(title: str, length: int) -> bytes:
    return title.encode().ljust(length, b"\0")


def padded_with_nul() -> None:
    """Verify as a requestor does that pads its titles with NUL instead of spaces."""
    with patch.object(A_ASSOCIATE_RQ, "_wrap_encode_str", staticmethod(_padded_with_nul)):
        echo()


def echo() -> None:
    """Verify."""
    ae = AE(ae_title="MODALITY")
    ae.add_requested_context("1.2.840.10008.1.1", IMPLICIT)
    association = ae.associate("127.0.0.1", PORT, ae_title="ARCHIVE")
    if association.is_established:
        association.send_c_echo()
        association.release()


def pair(name: str) -> AbstractContextManager[None]:
    """Record one capture of a pair."""
    return recorded(PAIRS / f"{name}.pcap", "tcp", "port", str(PORT))


def main() -> None:
    """Record all pairs."""
    PAIRS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)  # storescp writes what it gets where it runs
        files = make_objects(Path(work))
        images = {CT: [EXPLICIT], MR: [EXPLICIT]}
        for name, contexts in (("good", images), ("bad", {MR: [EXPLICIT]})):
            with pair(f"context-refused-{name}"), pynetdicom(contexts):
                storescu(files=files)
        compressed = Path(work, "compressed.dcm")
        subprocess.run([f"{DCMTK}/dcmcjpeg", str(files[0]), str(compressed)], check=True)
        for name, option in (("good", "+xs"), ("bad", "+xi")):
            with pair(f"other-syntax-{name}"), dcmtk("storescp", option, str(PORT)):
                storescu("-xs", files=[compressed])
        for name, wait in (("good", 0.0), ("bad", SLOW_DISK)):
            with pair(f"slow-disk-{name}"), pynetdicom(images, wait=wait):
                storescu(files=files)
        for name, proposes_role in (("good", True), ("bad", False)):
            with pair(f"missing-role-{name}"), pynetdicom({STUDY_ROOT_GET: [EXPLICIT], **images}, files=files[:2]):
                getscu(proposes_role=proposes_role)
        for name, verify in (("good", echo), ("bad", padded_with_nul)):
            with pair(f"nul-padded-title-{name}"), pynetdicom({"1.2.840.10008.1.1": [IMPLICIT]}, title="ARCHIVE"):
                verify()


if __name__ == "__main__":
    main()
