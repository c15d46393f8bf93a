"""Record samples for the pages of docs/answers: real peers on the loopback interface, recorded by tcpdump.

It needs root, DCMTK, tcpdump, openssl and pynetdicom, and is best run where nothing else is on the loopback interface:

    unshare --net sh -c 'ip link set lo up; .venv/bin/python samples/make_answers.py'

Objects are synthetic: random pixels, and no data of patients.
"""

import random
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.events import Event

from peers import CT, DCMTK, EXPLICIT, IMPLICIT, MR, dcmtk, image, recorded

SAMPLES = Path(__file__).parent
ARCHIVE_PORT, DESTINATION_PORT, TLS_PORT = 11112, 11113, 2762
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
WORKLIST = "1.2.840.10008.5.1.4.31"
VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
UID_ROOT = "1.2.826.0.1.3680043.10.1336.17"
STUDY = f"{UID_ROOT}.2"
SIDE = 16
"""Pixels of a side of an image."""


@contextmanager
def served(ae: AE, port: int, *handlers: tuple[object, Callable[..., object]], **options: object) -> Iterator[None]:
    """Run a server of pynetdicom's."""
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=list(handlers), **options)
    try:
        yield
    finally:
        server.shutdown()


@contextmanager
def archive(images: list[Dataset], *, knows_destination: bool = True) -> Iterator[None]:
    """Run an archive that sends `images` to DEST, if it knows where that is."""
    ae = AE(ae_title="ARCHIVE")
    ae.add_supported_context(STUDY_ROOT_MOVE, EXPLICIT)

    def move(_: Event) -> Iterator[object]:
        if not knows_destination:
            yield None, None
            return
        contexts = [build_context(uid, EXPLICIT) for uid in (CT, MR)]
        yield "127.0.0.1", DESTINATION_PORT, {"contexts": contexts, "ae_title": "DEST"}
        yield len(images)
        for each in images:
            yield 0xFF00, each

    with served(ae, ARCHIVE_PORT, (evt.EVT_C_MOVE, move)):
        yield


@contextmanager
def destination(*sop_classes: str) -> Iterator[None]:
    """Run what takes images of these classes only."""
    ae = AE(ae_title="DEST")
    for uid in sop_classes:
        ae.add_supported_context(uid, EXPLICIT)
    with served(ae, DESTINATION_PORT, (evt.EVT_C_STORE, lambda _: 0x0000)):
        yield


def move(study: str = STUDY) -> None:
    """Ask the archive to send a study to DEST."""
    ae = AE(ae_title="WORKSTATION")
    ae.add_requested_context(STUDY_ROOT_MOVE, EXPLICIT)
    association = ae.associate("127.0.0.1", ARCHIVE_PORT, ae_title="ARCHIVE")
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study
    for _ in association.send_c_move(query, "DEST", STUDY_ROOT_MOVE):
        pass
    association.release()


def worklist_item() -> Dataset:
    """Make what a RIS plans for nobody."""
    step = Dataset()
    step.ScheduledStationAETitle, step.Modality = "CT1", "CT"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260101", "120000"
    step.ScheduledPerformingPhysicianName, step.ScheduledProcedureStepDescription = "", "Abdomen"
    step.ScheduledProcedureStepID = "S1"
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 100"
    item.AccessionNumber, item.PatientName, item.PatientID = "A1", "Sample^Synthetic", "SAMPLE1"
    item.PatientBirthDate, item.PatientSex = "19700101", "O"
    item.StudyInstanceUID, item.RequestedProcedureID = STUDY, "P1"
    item.RequestedProcedureDescription = "CT abdomen"
    item.ScheduledProcedureStepSequence = [step]
    item.ensure_file_meta()
    item.file_meta.TransferSyntaxUID = EXPLICIT
    item.file_meta.MediaStorageSOPClassUID, item.file_meta.MediaStorageSOPInstanceUID = WORKLIST, f"{UID_ROOT}.5"
    return item


@contextmanager
def worklist(work: Path) -> Iterator[None]:
    """Run DCMTK's worklist server, with one item for the station CT1."""
    folder = work / "RIS"
    folder.mkdir()
    (folder / "lockfile").touch()
    worklist_item().save_as(folder / "1.wl", enforce_file_format=False)
    with dcmtk("wlmscpfs", "-dfp", str(work), str(ARCHIVE_PORT)):
        yield


def ask_worklist(station: str, date: str) -> None:
    """Ask for a worklist as a modality does."""
    step = "ScheduledProcedureStepSequence[0]."
    keys = [
        "PatientName", "PatientID", "AccessionNumber", f"{step}ScheduledStationAETitle={station}",
        f"{step}ScheduledProcedureStepStartDate={date}", f"{step}Modality=CT",
    ]  # fmt: skip
    command = [f"{DCMTK}/findscu", "-W", "-aet", "CT1", "-aec", "RIS"]
    for key in keys:
        command += ["-k", key]
    subprocess.run([*command, "127.0.0.1", str(ARCHIVE_PORT)], check=True, stdout=subprocess.DEVNULL)


def commit(*instances: str) -> None:
    """Ask for storage commitment, and take the report on the same association."""
    ae = AE(ae_title="MODALITY")
    ae.add_requested_context(COMMITMENT, EXPLICIT)
    association = ae.associate("127.0.0.1", ARCHIVE_PORT, ae_title="ARCHIVE")
    asked = Dataset()
    asked.TransactionUID, asked.ReferencedSOPSequence = f"{UID_ROOT}.6", []
    for uid in instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT, uid
        asked.ReferencedSOPSequence.append(reference)
    association.send_n_action(asked, 1, COMMITMENT, COMMITMENT_INSTANCE)
    association.release()


def certificates(work: Path) -> tuple[Path, Path]:
    """Make the key and the certificate of a server that signed it itself."""
    key, certificate = work / "key.pem", work / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=archive.example",
         "-addext", "subjectAltName=DNS:archive.example", "-keyout", str(key), "-out", str(certificate)],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return key, certificate


def verify_over_tls(work: Path) -> None:
    """Ask a server with TLS for verification: by who does not trust it, then by who does not speak TLS."""
    key, certificate = certificates(work)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.maximum_version = ssl.TLSVersion.TLSv1_2  # the alerts of TLS 1.3 are encrypted
    server.load_cert_chain(certificate, key)
    ae = AE(ae_title="ARCHIVE")
    ae.add_supported_context(VERIFICATION, IMPLICIT)
    with served(ae, TLS_PORT, ssl_context=server):
        scu = AE(ae_title="MODALITY")
        scu.add_requested_context(VERIFICATION, IMPLICIT)
        scu.acse_timeout = 2
        client = ssl.create_default_context()
        for arguments in ((client, "archive.example"), None):
            with suppress(ssl.SSLError):
                scu.associate("127.0.0.1", TLS_PORT, ae_title="ARCHIVE", tls_args=arguments)
            time.sleep(0.5)


def answer(name: str) -> AbstractContextManager[None]:
    """Record a sample."""
    return recorded(SAMPLES / f"{name}.pcap", "tcp")


def main() -> None:
    """Record all samples."""
    images = [image(number, uid, UID_ROOT, SIDE, random.Random(number)) for number, uid in ((1, CT), (2, MR))]
    with answer("c-move-destination-unknown"), archive(images, knows_destination=False):
        move()
    with answer("c-move-context-refused"), archive(images), destination(MR):
        move()
    with answer("c-move-nothing-sent"), archive([]), destination(CT, MR):
        move(f"{UID_ROOT}.2.9")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with answer("worklist-empty"), worklist(work):
            ask_worklist("CT2", "20260101")
            ask_worklist("CT1", "20260102")
            ask_worklist("CT1", "20260101")
        with answer("tls-refused"):
            verify_over_tls(work)
    ae = AE(ae_title="ARCHIVE")
    ae.add_supported_context(COMMITMENT, EXPLICIT)
    with answer("commitment-refused"), served(ae, ARCHIVE_PORT, (evt.EVT_N_ACTION, lambda _: (0x0213, None))):
        commit(f"{UID_ROOT}.4.1")


if __name__ == "__main__":
    main()
