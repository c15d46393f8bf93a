"""The exchange as DCMTK and pynetdicom write it in their own logs."""

from comparing.exchanges import exchanged, stored
from dicomsniff.privacy.gate import Privacy
from export.report.reports import NAMED, captured, hostile, written

ECHO = """\
# association 1: MODALITY (127.0.0.1:37953) -> ARCHIVE (127.0.0.1:11112): released: 1 C-ECHO, Success
# 2026-11-27T19:26:28.141973Z, packet 4
I: Requesting Association
D: ===================== BEGIN A-ASSOCIATE-RQ ======================
D: Our Implementation Class UID:      1.2.826.0.1.3680043.9.3811.3.0.4
D: Our Implementation Version Name:   PYNETDICOM_304
D: Our Max PDU Receive Size:          16382
D: Application Context Name:    1.2.840.10008.3.1.1.1
D: Calling Application Name:    MODALITY
D: Called Application Name:     ARCHIVE
D: Presentation Contexts:
D:   Context ID:        1 (Proposed)
D:     Abstract Syntax: =Verification SOP Class
D:     Proposed SCP/SCU Role: Default
D:     Proposed Transfer Syntax(es):
D:       =Implicit VR Little Endian
D: Requested Extended Negotiation: none
D: Requested User Identity Negotiation: none
D: ====================== END A-ASSOCIATE-RQ =======================
# 2026-11-27T19:26:28.149066Z, packet 6
D: ===================== BEGIN A-ASSOCIATE-AC ======================
D: Our Implementation Class UID:      1.2.826.0.1.3680043.9.3811.3.0.4
D: Our Implementation Version Name:   PYNETDICOM_304
D: Our Max PDU Receive Size:          16382
D: Their Implementation Class UID:    1.2.826.0.1.3680043.9.3811.3.0.4
D: Their Implementation Version Name: PYNETDICOM_304
D: Their Max PDU Receive Size:        16382
D: Application Context Name:    1.2.840.10008.3.1.1.1
D: Calling Application Name:    MODALITY
D: Called Application Name:     ARCHIVE
D: Presentation Contexts:
D:   Context ID:        1 (Accepted)
D:     Abstract Syntax: =Verification SOP Class
D:     Proposed SCP/SCU Role: Default
D:     Accepted SCP/SCU Role: Default
D:     Accepted Transfer Syntax: =Implicit VR Little Endian
D: Accepted Extended Negotiation: none
D: User Identity Negotiation Response: none
D: ====================== END A-ASSOCIATE-AC =======================
I: Association Accepted (Max Send PDV: 16370)
# 2026-11-27T19:26:28.151623Z, packet 8
I: Sending Echo Request (MsgID 1)
D: ==================== OUTGOING DIMSE MESSAGE =====================
D: Message Type                  : C-ECHO RQ
D: Presentation Context ID       : 1
D: Affected SOP Class UID        : Verification SOP Class
D: Message ID                    : 1
D: Data Set                      : none
D: ======================= END DIMSE MESSAGE =======================
# 2026-11-27T19:26:28.154100Z, packet 9
I: Received Echo Response (Success)
D: ==================== INCOMING DIMSE MESSAGE =====================
D: Message Type                  : C-ECHO RSP
D: Presentation Context ID       : 1
D: Affected SOP Class UID        : Verification SOP Class
D: Message ID Being Responded To : 1
D: Data Set                      : none
D: DIMSE Status                  : 0x0000: Success
D: ======================= END DIMSE MESSAGE =======================
"""


def test_an_exchange_reads_as_in_their_logs(samples):
    said = written("log", samples / "pairs/nul-padded-title-good.pcap")
    assert said.startswith(ECHO)
    assert [line for line in said.splitlines() if line.startswith("I:")][-2:] == [
        "I: Releasing Association",
        "I: Association Released",
    ]


def test_what_went_wrong_is_an_error_as_in_their_logs(samples, tmp_path):
    assert "F: Association Rejected:\nF: rejected-permanent by DICOM UL service-user: " in written(
        "log", samples / "association-rejected.pcap"
    )
    assert "E: Peer Aborted Association (DICOM UL service-user)" in written(
        "log", samples / "pairs/nul-padded-title-bad.pcap"
    )
    failed = captured(tmp_path / "x.pcap", exchanged(stored(1, 0xA700)))
    assert "E: Received Store Response (Failure 0xA700 (Refused: Out of Resources))" in written("log", failed)


def test_a_refused_context_says_why(samples):
    said = written("log", samples / "pairs/context-refused-bad.pcap")
    assert (
        "D:   Context ID:        1 (Abstract syntax not supported)\nD:     Abstract Syntax: =CT Image Storage" in said
    )


def test_data_sets_read_as_dcmdump_writes_them_and_name_nobody(tmp_path):
    said = written("log", captured(tmp_path / "x.pcap", exchanged(stored(data=NAMED))))
    assert "D: (0010,0010) PN [PatientName-1 (Xxx^Xxxx)]                 #    8 Patient's Name\n" in said
    assert "Doe" not in said
    assert "D: (0010,0010) PN [Doe^Jane]" in written("log", tmp_path / "x.pcap", privacy=Privacy(keep_phi=True))


def test_what_a_peer_sent_begins_no_line_of_its_own(tmp_path):
    path = captured(tmp_path / "x.pcap", hostile("A\nE: no", "B\rF: no", "C\nI: Association Accepted"))
    lines = written("log", path, privacy=Privacy(keep_phi=True)).split("\n")
    assert all(line == "" or line[:2] in ("# ", "I:", "D:", "E:") for line in lines)
    assert not [line for line in lines if line.startswith(("E: no", "F: no"))]
    assert len([line for line in lines if line.startswith("I: Association Accepted")]) == 1
