"""What is told of a storage commitment that failed: how many instances, and why."""

import struct

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings import normalized_cases as normalized
from findings.link_traffic import committed
from findings.test_field_reports import told
from findings.traffic import COMMITMENT
from network import ARCHIVE, CLIENT, CT, VIEWER, Network, release
from pipeline import findings_of, only

INSTANCE = "1.2.840.10008.1.20.1.1"


def item(instance: str, reason: int | None) -> bytes:
    body = build.element(0x00081155, instance.encode())
    body += build.element(0x00081197, struct.pack("<H", reason)) if reason is not None else b""
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(body)) + body


def report(*reasons: int | None, good: int = 0) -> bytes:
    """N-EVENT-REPORT-RQ with instances that failed for these reasons, and others that are committed."""
    failed = b"".join(item(f"1.2.{number}", reason) for number, reason in enumerate(reasons, 10))
    kept = b"".join(item(f"1.3.{number}", None) for number in range(10, 10 + good))
    data = build.element(0x00081195, b"1.2.3.4.5.6.7.80") + build.element(0x00081198, failed)
    data += build.element(0x00081199, kept) if good else b""
    values = {0x0002: COMMITMENT, 0x0100: 0x0100, 0x0110: 1, 0x0800: 1, 0x1000: INSTANCE, 0x1002: 2}
    return build.message(1, build.command_set(values), data)


@pytest.mark.parametrize(
    ("reasons", "good", "said"),
    [
        ((0x0112,), 0, "1 instance as not committed: 0x0112 (no such object instance)"),
        (
            (0x0112, 0x0110, 0x0112),
            2,
            "3 of 5 instances as not committed (1.2.10, 1.2.11 and 1 more): "
            "2 × 0x0112 (no such object instance), 0x0110 (processing failure)",
        ),
        ((0xC123,), 0, "1 instance as not committed: 0xC123"),
        ((None,), 0, "1 instance as not committed: no Failure Reason (0008,1197) is given"),
        (
            (1, 2, 3, 4, 5),
            0,
            "all 5 instances as not committed: 0x0001, 0x0002, 0x0003, and 2 other reasons",
        ),
    ],
)
def test_a_failed_commitment_is_an_error_with_its_reasons(reasons, good, said):
    association = only(committed(report(*reasons, good=good)))
    (finding,) = [each for each in findings_of(association).all if each.code == "commitment-failed"]
    assert (finding.severity, finding.message) == (Severity.ERROR, f"STORESCP (10.0.0.2:104) reports {said}")


def stored_and_committed(*statuses: int, apart: bool, to: str = ARCHIVE) -> list[build.Packet]:
    """An instance whose C-STOREs end with these statuses, and its commitment, which fails, beside that or after it."""
    network = Network()
    stores = network.associate(CLIENT, to, "CT1", "PACS", CT)
    for number, status in enumerate(statuses, start=1):
        stores.client(build.message(1, build.store_rq(number, "1.2.1"), build.pixels(16)))
        stores.server(build.message(1, build.store_rsp(number, status, "1.2.1")))
    release(stores)
    lists = {normalized.TRANSACTION: normalized.UID, normalized.FAILED: [
        each | {0x00081197: b"\x12\x01"} for each in normalized.references(1)]}  # fmt: skip
    wanted = {normalized.TRANSACTION: normalized.UID, normalized.REFERENCED: normalized.references(1)}
    talk = network.associate(CLIENT, ARCHIVE, "CT1", "PACS", normalized.COMMITMENT, after=500 if apart else 0)
    turns = normalized.asked(normalized.ACTION, normalized.COMMITMENT, wanted, kind=1, instance=normalized.WELL_KNOWN)
    for side, said in (*turns, *normalized.reported(normalized.COMMITMENT, lists, 2, instance=normalized.WELL_KNOWN)):
        (talk.server if side else talk.client)(said)
    release(talk)
    return network.packets


@pytest.mark.parametrize(
    ("status", "apart", "end"),
    [
        (0xA700, True, "; its C-STORE in association 1 had failed with 0xA700"),
        (0xA700, False, ""),  # which began at the same time
        (0xB000, True, ""),
        (0, True, ""),
    ],
)
def test_an_instance_whose_c_store_had_failed_is_told_as_that(status, apart, end):
    (said,) = told(stored_and_committed(status, apart=apart), "commitment-failed")
    assert said.endswith(f"as not committed: 0x0112 (no such object instance){end}")


@pytest.mark.parametrize(("statuses", "to"), [((0xA700,), VIEWER), ((0xA700, 0), ARCHIVE)])
def test_a_c_store_that_failed_elsewhere_or_was_made_good_is_not_why_an_instance_is_not_committed(statuses, to):
    (said,) = told(stored_and_committed(*statuses, apart=True, to=to), "commitment-failed")
    assert said.endswith("as not committed: 0x0112 (no such object instance)")
