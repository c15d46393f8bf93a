"""A timeline entry's fields and bytes."""

import sys
import zlib
from pathlib import Path

import pytest

import bombs
import build
from dicomsniff.association.association import Association
from dicomsniff.library import Capture
from dicomsniff.tui.detail import Detail, load_detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook

ROOT = Path(__file__).parent.parent.parent


def details(path: Path) -> list[tuple[Association, Detail]]:
    with Capture(str(path)) as capture:
        entries = [(association, entry) for association in capture.associations for entry in association.timeline]
        book = LinkBook.of(capture.analyzer)
        return [(association, load_detail(capture, association, entry, book)) for association, entry in entries]


def find(detail: Detail, name: str) -> FieldRow:
    return next(row for row in detail.rows if name in row.name)


def bytes_of(detail: Detail, row: FieldRow) -> bytes:
    return detail.blocks[row.block].data[row.start : row.end]


@pytest.mark.parametrize("sample", sorted(path.name for path in (ROOT / "samples").glob("*.pcap*")))
def test_every_entry_of_every_sample_can_be_shown(samples: Path, sample: str) -> None:
    for _, detail in details(samples / sample):
        assert not detail.problem
        for row in detail.rows:
            assert row.name.isprintable()
            assert row.value.isprintable()
            if row.block is not None:
                assert 0 <= row.start < row.end <= detail.blocks[row.block].length


def test_fields_lie_where_their_bytes_are(samples: Path) -> None:
    request, _, echo, *_ = [detail for _, detail in details(samples / "c-echo.pcap")]
    assert bytes_of(request, find(request, "PDU-type")) == b"\x01"
    assert bytes_of(request, find(request, "Called-AE-title")) == b"STORESCP".ljust(16)
    assert find(request, "Presentation Context (proposed)").value == "1: Verification SOP Class"
    assert bytes_of(request, find(request, "Presentation Context (proposed)"))[0] == 0x20
    assert bytes_of(request, find(request, "Abstract Syntax")) == build.item(0x30, b"1.2.840.10008.1.1")
    assert bytes_of(echo, find(echo, "(0000,0002)")) == b"\x00\x00\x02\x00\x12\x00\x00\x001.2.840.10008.1.1\x00"
    assert find(echo, "(0000,0002)").value == "Verification SOP Class (1.2.840.10008.1.1)"
    assert find(echo, "(0000,0800)").value == "0x0101 no data set"


def test_every_byte_of_a_control_pdu_belongs_to_a_field(samples: Path) -> None:
    request = details(samples / "c-echo.pcap")[0][1]
    covered = {place for row in request.rows if row.block == 0 for place in range(row.start, row.end)}
    assert covered == set(range(request.blocks[0].length))


def test_data_set_elements_lie_where_their_bytes_are(samples: Path) -> None:
    identifier = next(d for _, d in details(samples / "c-find-worklist.pcap") if d.title == "C-FIND-RQ 1")
    row = find(identifier, "(0040,0100)")
    assert bytes_of(identifier, row)[:4] == b"\x40\x00\x00\x01"
    inner = identifier.rows[identifier.rows.index(row) + 1]
    assert inner.depth == 1
    assert row.start < inner.start < inner.end <= row.end, "inside a sequence: its own bytes"
    group, number = inner.name[1:5], inner.name[6:10]
    assert bytes_of(identifier, inner)[:4] == bytes.fromhex(group)[::-1] + bytes.fromhex(number)[::-1]
    covered = {p for r in identifier.rows if r.block == 1 for p in range(r.start, r.end)}
    assert covered == set(range(identifier.blocks[1].length))


def test_elements_of_a_deflated_data_set_lie_in_the_inflated_bytes(tmp_path: Path) -> None:
    plain = build.explicit_data_set((0x00100010, b"PN", b"A^B "), (0x00100020, b"LO", b"4711"))
    deflater = zlib.compressobj(wbits=-15)
    talk = build.Talk().open()
    deflated = "1.2.840.10008.1.2.1.99"
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, (deflated,))))
    talk.server(build.associate_ac(build.answer(1, transfer=deflated)))
    talk.client(build.message(1, build.store_rq(), deflater.compress(plain) + deflater.flush()))
    path = tmp_path / "deflated.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    detail = next(d for _, d in details(path) if d.title == "C-STORE-RQ 1")
    assert bytes_of(detail, find(detail, "(0010,0020)")).endswith(b"4711")
    assert [block.name for block in detail.blocks] == ["Command set", "Data set, inflated", "Data set, as sent"]


@pytest.mark.parametrize("wbits", [-15, 15, 31])
@pytest.mark.parametrize("meta", [b"", bytes(128) + b"DICM" + build.explicit_data_set((0x00020013, b"SH", b"MAKER "))])
def test_every_element_of_a_deflated_data_set_lies_where_its_bytes_are_shown(
    tmp_path: Path, wbits: int, meta: bytes
) -> None:
    """Also in another format than raw deflate, and behind file meta information, which is not deflated."""
    plain = build.explicit_data_set((0x00100010, b"PN", b"A^B "), (0x00100020, b"LO", b"4711"))
    deflater = zlib.compressobj(wbits=wbits)
    data = meta + deflater.compress(plain) + deflater.flush()
    path = tmp_path / "wrapped.pcap"
    path.write_bytes(bombs.capture([data], "1.2.840.10008.1.2.1.99"))
    detail = next(d for _, d in details(path) if d.title == "C-STORE-RQ 1")
    shown = next(block for block in detail.blocks if block.name == "Data set, inflated")
    assert (shown.data, shown.length) == (plain, len(plain))
    assert bytes_of(detail, find(detail, "(0010,0020)")).endswith(b"4711")
    if meta:
        assert bytes_of(detail, find(detail, "(0002,0013)")).endswith(b"MAKER ")


def test_the_bytes_of_a_user_identity_are_withheld(tmp_path: Path) -> None:
    identity = build.item(0x58, b"\2\1\0\5alice\0\7hunter2")
    talk = build.Talk().open()
    talk.client(build.associate(1, [build.proposal(1)], build.user_information(16384, identity), "B", "A"))
    talk.client(build.associate(1, [build.proposal(1)], build.user_information(16384, identity), "B", "A"))
    path = tmp_path / "identity.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    shown = [detail for _, detail in details(path) if detail.blocks]
    assert len(shown) >= 2, "the request, and the one that is out of place"
    for detail in shown:
        (block,) = detail.blocks
        hidden = [block.data[start:end] for start, end in block.holes]
        assert hidden == [b"alice", b"hunter2"]
    assert find(shown[0], "User-Identity-Type").value == "2 username and passcode"
    assert next(row.value for row in shown[0].rows if row.name == "Secondary-field") == "7 bytes, withheld"


def test_an_acceptance_says_what_the_negotiation_comes_to(samples: Path) -> None:
    accepted = details(samples / "c-get-pending.pcap")[1][1]
    start = accepted.rows.index(find(accepted, "Negotiated"))
    rows = [(row.name, row.value) for row in accepted.rows[start:]]
    assert rows[0] == ("Negotiated", "107 of 121 contexts")
    assert ("so", "requestor may act only as SCP of CT Image Storage: C-GET can deliver it") in rows
    assert ("limit", "acceptor takes P-DATA-TF of up to 16382 bytes") in rows
    assert rows[rows.index(("context 3", "Ambulatory ECG Waveform Storage: Implicit VR Little Endian")) + 2] == (
        "roles",
        "requestor is SCP",
    )


def test_findings_come_with_advice(samples: Path) -> None:
    rejected = details(samples / "association-rejected.pcap")[1][1]
    assert find(rejected, "error").value.startswith("WRONGAE (10.20.0.2:11112) rejects")
    assert "Called AE title" in find(rejected, "advice").value


def test_a_vanished_file_is_a_problem_and_the_facts_stay(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.pcap"
    path.write_bytes((samples / "c-echo.pcap").read_bytes())
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        path.unlink()
        detail = load_detail(capture, association, association.timeline[0], LinkBook())
    assert "No such file or directory" in detail.problem
    assert find(detail, "sent by").value == "requestor ECHOSCU (10.20.0.1:53408)"


def test_a_pipe_cannot_be_reread_and_says_so(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (samples / "c-echo.pcap").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": file}))
        capture = Capture("-")
        (association,) = capture.associations
        detail = load_detail(capture, association, association.timeline[0], LinkBook())
    assert "pipe" in detail.problem
    assert detail.blocks == []
