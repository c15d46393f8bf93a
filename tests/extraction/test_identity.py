"""Objects extracted without what identifies somebody."""

import zlib
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from data_sets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    bare,
    deflate,
    fragments,
    item,
    long,
    sequence,
    short,
)
from dicomsniff.commands.cli import run
from dicomsniff.extraction.identity import DeIdentifier
from dicomsniff.privacy.gate import Privacy

KEY = Privacy(key=b"the same in every run")
NAME = short(0x00100010, "PN", b"Doe^Jane")
PIXELS = long(0x7FE00010, "OW", bytes(range(200)))


def hidden(content: bytes, syntax: str = EXPLICIT, privacy: Privacy = KEY, *, whole: bool = True) -> bytes | None:
    found = DeIdentifier(privacy).hide(BytesIO(content), len(content), syntax, whole=whole)
    if found is None:
        return None
    with found:
        return found.read()


def test_values_are_overwritten_and_everything_else_stays() -> None:
    content = short(0x00080060, "CS", b"CT") + NAME + PIXELS
    found = hidden(content)
    assert found is not None
    assert found[:18] == content[:18]
    assert found[18:26] != b"Doe^Jane"
    assert (found[21:22], found[18:19].isupper(), found[26:]) == (b"^", True, content[26:])


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (bare(0x00100010, b"Doe^Jane"), IMPLICIT),
        (short(0x00100010, "PN", b"Doe^Jane", order=">"), BIG),
        (sequence(0x00400275, item(NAME, undefined=True), undefined=True), EXPLICIT),
        (NAME + fragments(b"\xff\xd8\xff\xc0rest"), JPEG),
        (NAME, IMPLICIT),
    ],
    ids=["implicit", "big endian", "in an item", "encapsulated", "not as agreed"],
)
def test_it_is_as_long_in_every_encoding(content: bytes, syntax: str) -> None:
    found = hidden(content, syntax)
    assert found is not None
    assert len(found) == len(content)
    assert b"Doe" not in found
    assert b"Jane" not in found


def test_what_is_deflated_is_deflated_again() -> None:
    found = hidden(deflate(NAME + PIXELS), DEFLATED)
    assert found is not None
    assert len(found) % 2 == 0
    inflated = zlib.decompressobj(-15).decompress(found)
    assert (len(inflated), inflated[16:]) == (16 + len(PIXELS), PIXELS)
    assert b"Doe" not in inflated


@pytest.mark.parametrize(
    "content",
    [
        NAME + short(0x00100020, "LO", b"1234", length=40),
        NAME + b"\x10\x00\x20\x00ZZ\x04\x001234",
        sequence(0x00400275, item(NAME))[:-4] + PIXELS,
        NAME + short(0x00100010, "PN", b"Roe^") + bytes.fromhex("48004f4a") + b"LO\4\0" + b"HN  ",
    ],
    ids=["a value that ends behind the data set", "no VR", "an item that ends in a value", "strange elements"],
)
def test_what_cannot_be_trusted_is_not_shown(content: bytes) -> None:
    assert hidden(content) is None


def test_of_a_broken_deflate_stream_nothing_is_shown() -> None:
    assert hidden(deflate(NAME)[:-3], DEFLATED) is None


def test_a_value_that_is_cut_off_is_overwritten_too() -> None:
    found = hidden(NAME[:-3], whole=False)
    assert found == NAME[:8] + b" " * 5


def test_a_command_leaves_no_name_behind(samples: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert run(["extract", str(samples / "c-store.pcap"), "-o", str(out), "--de-identify", "--redact-network"]) == 0
    for path in out.iterdir():
        read = dcmread(path)
        assert str(read.PatientName) not in ("CompressedSamples^CT1", "Last Name^First Name")
        assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID
        assert "STORE" not in read.file_meta.SourceApplicationEntityTitle
    assert "2 objects extracted" in capsys.readouterr().err


def test_uids_are_replaced_in_file_name_meta_information_and_data_set_alike(samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--de-identify", "--redact-uids", "--by-study"]
    assert run(["extract", str(samples / "c-store.pcap"), "-o", str(out), *options]) == 0
    found = [path for path in out.rglob("*") if path.is_file()]
    for path in found:
        read = dcmread(path)
        assert [read.StudyInstanceUID, read.SeriesInstanceUID, f"{read.SOPInstanceUID}.dcm"] == list(path.parts[-3:])
        assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID
        assert read.SOPClassUID == read.file_meta.MediaStorageSOPClassUID
        assert "2139363186" not in read.SOPInstanceUID
    assert len(found) == 2


@pytest.mark.parametrize("options", [["--redact-uids"], ["--de-identify", "--keep-phi"]])
def test_options_that_do_not_go_together_are_refused(samples: Path, tmp_path: Path, options: list[str]) -> None:
    assert run(["extract", str(samples / "c-store.pcap"), "-o", str(tmp_path / "out"), *options]) == 2
    assert not (tmp_path / "out").exists()
