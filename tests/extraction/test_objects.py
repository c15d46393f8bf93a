"""Objects out of captures: the files, their names, and what is said of them."""

import hashlib
import json
import warnings
from pathlib import Path

import pytest
from pydicom import dcmread

import build
from build import Talk
from data_sets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    RLE,
    bare,
    deflate,
    fragments,
    long,
    short,
)
from dicomsniff.commands.cli import run

CT = build.CT_IMAGE_STORAGE
STORE_RQ = b"\0\0\0\1\2\0\0\0\1\0"


def stored(*objects: tuple[str, bytes], syntax: str = EXPLICIT, whole: bool = True, roles: bool = False) -> Talk:
    """Store each data set under an instance UID; where it is not `whole`, the capture ends within the last one."""
    talk = Talk().open()
    talk.client(build.associate_rq(build.proposal(1, CT, (syntax,))))
    talk.server(build.associate_ac(build.answer(1, 0, syntax)))
    for number, (instance, data) in enumerate(objects, 1):
        sent = build.message(1, build.store_rq(number, instance), data)
        if not whole and number == len(objects):
            talk.client(sent[: -len(data) // 2])
            return talk
        (talk.server if roles else talk.client)(sent)
        (talk.client if roles else talk.server)(build.message(1, build.store_rsp(number)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


@pytest.fixture
def extract(tmp_path: Path, capsys):
    """Extract from a conversation; return the files by name, and what was said."""

    def called(talk: Talk, *options: str, status: int = 0) -> tuple[dict[str, bytes], str]:
        path, out = tmp_path / "capture.pcap", tmp_path / "out"
        path.write_bytes(build.pcap(build.frames(talk.packets)))
        assert run(["extract", str(path), "-o", str(out), *options]) == status
        files = {str(each.relative_to(out)): each.read_bytes() for each in out.rglob("*") if each.is_file()}
        return files, capsys.readouterr().err

    return called


def data_set(content: bytes) -> bytes:
    """Return what follows the file meta information of a file."""
    assert content[:132] == bytes(128) + b"DICM"
    assert content[132:140] == bytes.fromhex("0200 0000 554c 0400")
    return content[144 + int.from_bytes(content[140:144], "little") :]


SMALL = short(0x00080016, "UI", CT.encode() + b"\0") + short(0x00100010, "PN", b"Doe^Jane")
IMPLICIT_SMALL = bare(0x00080000, bytes.fromhex("22000000")) + bare(0x00080016, CT.encode() + b"\0")
BIG_SMALL = short(0x00080016, "UI", CT.encode() + b"\0", order=">")
PIXELS = short(0x00280010, "US", b"\1\0") + fragments(b"\xff\xd8\xff\xd9", b"odd!")


@pytest.mark.parametrize(
    ("syntax", "data"),
    [
        (IMPLICIT, IMPLICIT_SMALL),
        (EXPLICIT, SMALL),
        (EXPLICIT, SMALL + long(0x7FE00010, "OW", bytes(3_000_000))),
        (EXPLICIT, SMALL + short(0x00100020, "LO", b"odd")),
        (BIG, BIG_SMALL),
        (DEFLATED, deflate(SMALL)),
        (JPEG, SMALL + PIXELS),
        (RLE, SMALL + PIXELS),
        ("1.2.3.4.5", SMALL),
    ],
    ids=["implicit", "explicit", "large", "odd length", "big endian", "deflated", "JPEG", "RLE", "private"],
)
def test_a_data_set_is_written_byte_for_byte_with_the_transfer_syntax_of_the_wire(extract, syntax, data) -> None:
    files, said = extract(stored(("1.2.3", data), syntax=syntax))
    assert {name: data_set(each) for name, each in files.items()} == {"1.2.3.dcm": data}
    assert "1 object extracted" in said


def test_file_meta_says_what_it_is_and_where_it_comes_from(extract, tmp_path) -> None:
    extract(stored(("1.2.3", SMALL)))
    read = dcmread(tmp_path / "out" / "1.2.3.dcm")
    meta = read.file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (CT, "1.2.3")
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.SourceApplicationEntityTitle == "STORESCU"
    assert meta.ImplementationVersionName == "DICOMSNIFF"
    assert read.PatientName == "Doe^Jane"


def test_what_a_c_get_brings_has_the_title_of_who_sent_it(extract, tmp_path) -> None:
    extract(stored(("1.2.3", SMALL), roles=True))
    assert dcmread(tmp_path / "out" / "1.2.3.dcm").file_meta.SourceApplicationEntityTitle == "STORESCP"


def test_a_data_set_in_another_transfer_syntax_than_agreed_gets_its_own(extract, tmp_path) -> None:
    extract(stored(("1.2.3", SMALL), syntax=IMPLICIT))
    read = dcmread(tmp_path / "out" / "1.2.3.dcm")
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert read.PatientName == "Doe^Jane"


def test_an_object_that_comes_again_is_numbered(extract) -> None:
    files, said = extract(stored(("1.2.3", SMALL), ("1.2.3", SMALL + long(0x00420011, "OB", b"more"))))
    assert list(map(len, map(data_set, files.values()))) == [len(SMALL), len(SMALL) + 16]
    assert sorted(files) == ["1.2.3-2.dcm", "1.2.3.dcm"]
    assert "2 objects extracted" in said
    assert "1 is numbered" in said


def test_an_object_that_is_not_whole_is_named_so(extract) -> None:
    data = SMALL + long(0x7FE00010, "OW", bytes(range(256)) * 100)
    files, said = extract(stored(("1.2.3", SMALL), ("1.2.4", data), whole=False))
    assert sorted(files) == ["1.2.3.dcm", "1.2.4.dcm.partial"]
    got = data_set(files["1.2.4.dcm.partial"])
    assert 0 < len(got) < len(data)
    assert data.startswith(got)
    assert "1 of all is not whole, and named .partial" in said


def test_of_an_object_with_a_hole_there_is_what_comes_before_it(extract, samples, tmp_path) -> None:
    assert run(["extract", str(samples / "missing-segment.pcap"), "-o", str(tmp_path / "out")]) == 0
    (partial,) = (tmp_path / "out").glob("*.partial")
    assert not any(byte == b"" for byte in [data_set(partial.read_bytes())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dcmread(partial, stop_before_pixels=True).SOPInstanceUID in partial.name


@pytest.mark.parametrize("instance", ["../../evil", "/tmp/evil", "..", "a\\b"])
def test_a_uid_that_is_a_path_leads_nowhere(extract, tmp_path, instance) -> None:
    files, _ = extract(stored((instance, SMALL)))
    (name,) = files
    assert name.startswith("object-with-odd-uid-")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["capture.pcap", "out"]


def test_study_and_series_make_directories(extract) -> None:
    data = SMALL + short(0x0020000D, "UI", b"1.5\0") + short(0x0020000E, "UI", b"../1.6")
    files, _ = extract(stored(("1.2.3", data), ("1.2.4", SMALL)), "--by-study")
    assert len(files) == 2
    assert "study-without-uid/series-without-uid/1.2.4.dcm" in files
    (other,) = (name for name in files if "1.2.3" in name)
    assert other.startswith("1.5/series-with-odd-uid-")


def test_a_filter_chooses_objects_and_leaves_nothing_else_behind(extract, tmp_path) -> None:
    talk = stored(("1.2.3", SMALL), ("1.2.4", SMALL))
    files, said = extract(talk, "--filter", "command == C-STORE-RQ and instance == 1.2.4")
    assert sorted(files) == ["1.2.4.dcm"]
    assert "1 object extracted" in said


def test_associations_that_are_not_asked_for_leave_nothing(extract) -> None:
    files, said = extract(stored(("1.2.3", SMALL)), "--association", "2")
    assert files == {}
    assert "0 objects extracted" in said
    assert "no association shown" in said


def test_keys_and_matches_are_extracted_if_they_are_asked_for(samples, tmp_path) -> None:
    path = str(samples / "c-find-worklist.pcap")
    assert run(["extract", path, "-o", str(tmp_path / "none")]) == 0
    assert not list((tmp_path / "none").iterdir())
    assert run(["extract", path, "-o", str(tmp_path / "all"), "--identifiers"]) == 0
    names = [each.name for each in (tmp_path / "all").iterdir()]
    assert sum(name.startswith("C-FIND-RQ-association-") for name in names) == 1
    assert sum(name.startswith("C-FIND-RSP-association-") for name in names) == len(names) - 1 > 1


def test_what_the_transcript_says_of_a_data_set_is_true_of_the_file(samples, tmp_path, capsys) -> None:
    for sample in sorted(samples.glob("*.pcap*")):
        capsys.readouterr()
        assert run(["export", str(sample)]) == 0
        told = json.loads(capsys.readouterr().out)
        digests = [
            message["data_set"]["sha256"]
            for association in told["associations"]
            for message in association["messages"]
            if message["command"] == "C-STORE-RQ" and message["data_set"] and message["complete"]
        ]
        out = tmp_path / sample.name
        assert run(["extract", str(sample), "-o", str(out)]) == 0
        files = [each.read_bytes() for each in out.glob("*.dcm")]
        assert sorted(hashlib.sha256(data_set(each)).hexdigest() for each in files) == sorted(digests)


def test_a_capture_that_is_cut_off_gives_what_could_be_read(tmp_path, capsys) -> None:
    whole = build.pcap(build.frames(stored(("1.2.3", SMALL)).packets))
    (tmp_path / "cut.pcap").write_bytes(whole[:-5])
    assert run(["extract", str(tmp_path / "cut.pcap"), "-o", str(tmp_path / "out")]) == 3
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["1.2.3.dcm"]
    assert "what could be read is extracted" in capsys.readouterr().err


def test_a_directory_with_files_is_refused_before_anything_is_read(tmp_path, samples, capsys) -> None:
    (tmp_path / "old").touch()
    assert run(["extract", str(samples / "c-store.pcap"), "-o", str(tmp_path)]) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
    assert "--force" in capsys.readouterr().err
