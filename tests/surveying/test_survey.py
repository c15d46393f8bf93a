"""Surveys: what is done again and what is not, what cannot be read, and what is kept for a later run."""

import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow")

import build
from dicomsniff.commands.cli import run
from dicomsniff.export.tables import TABLES
from dicomsniff.privacy.gate import Privacy
from dicomsniff.surveying import captures, crew, survey
from dicomsniff.surveying.captures import find_captures
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from surveying.pieces import PRIVACY, cut, rows, surveyed

SAMPLES = Path(__file__).parents[2] / "samples"
MOVE = SAMPLES / "c-move.pcap"


def tables(directory: Path) -> dict[str, object]:
    return {table: rows(directory, table) for table in ("captures", *TABLES, "links")}


def retrieval() -> Network:
    """A C-MOVE, and its objects on an association that goes on for long after."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq(1))
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    store(delivery, "CLIENT", 1)
    store(delivery, "CLIENT", 1, number=2)
    asking.wait(400 * build.MILLISECOND)
    asking.server(move_rsp(0, 1, completed=2))
    release(asking)
    delivery.wait(90_000 * build.MILLISECOND)
    release(delivery)
    return network


def captured(path: Path, network: Network) -> Path:
    path.write_bytes(build.pcap(build.frames(network.packets)))
    return path


def test_a_second_run_does_nothing_again_and_says_the_same(tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20, 30])
    assert surveyed(pieces, tmp_path / "out").result.skipped == 0
    first = tables(tmp_path / "out")
    again = surveyed(pieces, tmp_path / "out")
    assert (again.result.captures, again.result.skipped) == (4, 4)
    assert tables(tmp_path / "out") == first


@pytest.mark.parametrize("changed", [0, 1, 3])
def test_a_capture_that_changed_is_done_anew_and_no_other(changed, tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20, 30])
    whole = {path: Path(path).read_bytes() for path in pieces}
    Path(pieces[changed]).write_bytes(whole[pieces[changed]][:-200])
    surveyed(pieces, tmp_path / "out")
    Path(pieces[changed]).write_bytes(whole[pieces[changed]])
    assert surveyed(pieces, tmp_path / "out").result.skipped == 3
    surveyed(pieces, tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_a_capture_of_the_same_size_and_time_is_told_from_another_by_its_bytes(tmp_path):
    path = tmp_path / "a.pcap"
    shutil.copy(MOVE, path)
    before = path.stat()
    surveyed([path], tmp_path / "out")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert surveyed([path], tmp_path / "out").result.skipped == 0


def test_a_large_capture_is_told_by_pieces_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(captures, "PIECE", 64)
    monkeypatch.setattr(captures, "PIECES", 4)
    ((before,), _) = find_captures([str(MOVE)])
    path = tmp_path / MOVE.name
    content = MOVE.read_bytes()
    for place in (30, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        ((found,), _) = find_captures([str(path)])
        assert found.digest != before.digest


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_capture_that_came_in_between_takes_its_place(place, tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 30])
    surveyed(pieces[:place] + pieces[place + 1 :], tmp_path / "out")
    surveyed(pieces, tmp_path / "out")
    surveyed(pieces, tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_captures_that_are_not_named_any_more_leave_the_tables_and_what_is_kept(tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 30])
    surveyed(pieces, tmp_path / "out")
    surveyed(pieces[1:], tmp_path / "out")
    surveyed(pieces[1:], tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")
    assert len(os.listdir(tmp_path / "out" / ".state")) == len(os.listdir(tmp_path / "fresh" / ".state"))


def test_other_options_do_all_anew(tmp_path):
    surveyed([MOVE], tmp_path / "out")
    assert surveyed([MOVE], tmp_path / "out", ports=(4242,)).result.skipped == 0
    assert surveyed([MOVE], tmp_path / "out", Privacy(keep_phi=True), ports=(4242,)).result.skipped == 0


@pytest.mark.parametrize("withheld", [{"redact_uids": True}, {"redact_network": True}])
def test_what_is_to_be_withheld_now_is_not_told_as_an_earlier_run_told_it(withheld, tmp_path):
    capture = SAMPLES / "c-store.pcap"
    surveyed([capture], tmp_path / "out")
    surveyed([capture], tmp_path / "out", PRIVACY._replace(**withheld))
    surveyed([capture], tmp_path / "fresh", PRIVACY._replace(**withheld))
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_a_key_log_that_grows_meanwhile_loses_no_capture(tmp_path, monkeypatch):
    log = tmp_path / "keys.log"
    log.write_text("")

    def work(*given):
        for done in crew.work(*given):
            with log.open("a") as file:
                file.write("# one more handshake\n")
            yield done

    monkeypatch.setattr(survey, "work", work)
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20])
    assert surveyed(pieces, tmp_path / "out", key_logs=(str(log),)).result.captures == 3
    assert len(rows(tmp_path / "out", "captures")) == 3


def test_a_packet_is_found_in_its_capture(tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20])
    surveyed(pieces, tmp_path / "out")
    before = {row[0]: (row[3], row[4]) for row in rows(tmp_path / "out", "captures")}
    assert before == {1: (0, 10), 2: (10, 10), 3: (20, before[3][1])}
    for capture, first in ((row[0], row[-2]) for row in rows(tmp_path / "out", "messages")):
        passed, packets = before[capture]
        assert passed < first <= passed + packets


def test_a_retrieval_and_its_objects_are_linked_across_captures(tmp_path):
    network = retrieval()
    asked, delivered = Network(), Network()
    asked.talks, delivered.talks = network.talks[:1], network.talks[1:]
    paths = [captured(tmp_path / "a.pcap", asked), captured(tmp_path / "b.pcap", delivered)]
    surveyed(paths, tmp_path / "out")
    moves = [row for row in rows(tmp_path / "out", "links") if row[1] == "C-MOVE"]
    assert [(row[8], row[10], row[11], row[13]) for row in moves] == [(2, 2, 2, 2)]


def test_what_was_kept_and_is_damaged_is_said(tmp_path, capfd):
    call = ["survey", str(MOVE), "-o", str(tmp_path / "out"), "--jobs", "1"]
    assert run(call) == 0
    (spool,) = (tmp_path / "out" / ".state").glob("*.spool")
    spool.write_bytes(spool.read_bytes()[:-1])
    assert run(call) == 2
    assert "remove it, and run the survey again" in capfd.readouterr().err


def test_what_cannot_be_read_is_named_and_passed_over(tmp_path, capfd):
    pieces = tmp_path / "pieces"
    cut(MOVE, pieces, [10, 20])
    (pieces / "piece000.pcap").write_bytes(b"nothing of the kind, whatever it is called")
    assert run(["survey", str(pieces), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 3
    said = capfd.readouterr().err
    assert "piece000.pcap" in said
    assert "passed over: 1 capture that cannot be read" in said
    problems = [row[-1] for row in rows(tmp_path / "out", "captures")]
    assert sorted(problems, key=str) == [None, None, "it cannot be read"]


def test_a_capture_that_is_cut_off_is_told_as_far_as_it_goes(tmp_path, capfd):
    path = tmp_path / "cut.pcap"
    path.write_bytes(MOVE.read_bytes()[:-10])
    assert run(["survey", str(path), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 3
    assert "cut off: cut.pcap: the file ends" in capfd.readouterr().err
    assert rows(tmp_path / "out", "associations")


def test_captures_of_two_sniffers_at_once_are_said_to_be_told_twice(tmp_path, capfd):
    for name in ("one.pcap", "other.pcap"):
        captured(tmp_path / name, retrieval())
    assert run(["survey", str(tmp_path), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    assert "begins before the capture before it ends" in capfd.readouterr().err


@pytest.mark.parametrize("options", [[], ["--redact-uids", "--redact-network"]])
def test_nothing_that_names_a_patient_or_a_file_is_in_the_directory(options, tmp_path):
    network = Network()
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", CT)
    store(talk, "CLIENT", 1)
    release(talk)
    path = captured(tmp_path / "doe^john.pcap", network)
    assert run(["survey", str(path), "-o", str(tmp_path / "out"), "--jobs", "1", *options]) == 0
    written = b"".join(each.read_bytes() for each in (tmp_path / "out").rglob("*") if each.is_file())
    assert b"doe" not in written
    assert all(each.stat().st_mode & 0o077 == 0 for each in (tmp_path / "out").rglob("*"))


@pytest.mark.slow
def test_two_processes_say_what_one_says(tmp_path):
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20, 30])
    for jobs in ("1", "2"):
        assert run(["survey", *pieces, "-o", str(tmp_path / jobs), "--jobs", jobs]) == 0
    assert [rows(tmp_path / "1", each) for each in TABLES] == [rows(tmp_path / "2", each) for each in TABLES]


def test_a_connection_without_dicom_is_counted_once_wherever_it_is_cut(tmp_path):
    """Whether something is found about the capture depends on how many there are."""
    talks = []
    for number in range(3):
        talk = build.Talk(client=("10.0.0.7", 4711 + number), server=("10.0.0.8", 80)).open()
        for _ in range(4):
            talk.client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            talk.server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        talks.append(talk)
    path = tmp_path / "web.pcap"
    packets = sorted((each for talk in talks for each in talk.packets), key=lambda each: each.time)
    path.write_bytes(build.pcap(build.frames(packets)))
    whole = surveyed([path], tmp_path / "whole").result.verdict
    told = rows(tmp_path / "whole", "findings", without=("capture",))
    assert any("3" in str(row) for row in told)
    for place in range(1, len(packets)):
        pieces = cut(path, tmp_path / f"pieces{place}", [place])
        assert surveyed(pieces, tmp_path / f"out{place}").result.verdict == whole
        assert rows(tmp_path / f"out{place}", "findings", without=("capture",)) == told
