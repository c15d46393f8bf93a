"""Which associations of two captures are compared with each other."""

import pytest

import build
from comparing.exchanges import echoed, exchanged, stored
from dicomsniff.comparing.comparison import Side, compare, file_and_number
from dicomsniff.comparing.sorts import MAX_SORTS
from dicomsniff.findings.parts import plain
from dicomsniff.library import Capture


def side(tmp_path, packets: list[build.Packet], number: int | None = None) -> Side:
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(sorted(packets, key=lambda packet: packet.time))))
    read = Side(number)
    with Capture(path) as capture:
        read.read(capture)
    return read


def associations(count: int, bad: int = -1) -> list[build.Packet]:
    """As many associations of one C-STORE each, of which one fails."""
    packets = []
    for number in range(count):
        status = 0xA700 if number == bad else 0
        packets += exchanged(stored(1, status), port=41000 + number, start=build.START + number * 10**9)
    return packets


def test_of_many_associations_that_are_alike_the_failed_one_is_compared(tmp_path):
    found = compare(side(tmp_path, associations(20)), side(tmp_path, associations(25, bad=13)))
    (compared,) = found.compared
    assert (compared.good.association.id, compared.bad.association.id) == (1, 14)
    assert (compared.good_count, compared.bad_count) == (20, 25)
    assert plain(found.cause.line).startswith("status of C-STORE of CT Image Storage: Failure 0xA700")


def test_associations_that_fail_on_both_sides_alike_are_no_difference(tmp_path):
    found = compare(side(tmp_path, associations(20, bad=2)), side(tmp_path, associations(20, bad=17)))
    assert found.differences == []


def test_an_association_without_a_counterpart_is_told(tmp_path):
    print_rq = build.associate_rq(build.proposal(1, "1.2.840.10008.5.1.1.9"), called="PRINTER", calling="PRINTSCU")
    other = exchanged(proposed=print_rq, answered=build.associate_ac(), port=40009, start=build.START + 10**9)
    found = compare(side(tmp_path, exchanged(stored()) + other), side(tmp_path, exchanged(stored())))
    assert [plain(each.line) for each in found.differences] == [
        "associations like 2, PRINTSCU (10.0.0.1:40009) -> PRINTER (10.0.0.2:104): none in BAD; 1 association in GOOD"
    ]


def test_one_association_can_be_asked_for(tmp_path):
    both = exchanged(echoed()) + exchanged(stored(), port=40009, start=build.START + 10**9)
    found = compare(side(tmp_path, both, 1), side(tmp_path, both, 2))
    assert [plain(each.line) for each in found.differences] == [
        "C-ECHO of Verification SOP Class: none in BAD; 1 request in GOOD",
        "C-STORE: 1 request in BAD; none in GOOD",
    ]


def test_no_more_sorts_are_kept_than_a_limit_and_that_is_said(tmp_path):
    many = [
        packet
        for number in range(MAX_SORTS + 2)
        for packet in exchanged(
            proposed=build.associate_rq(calling=f"SCU{number}"), answered=build.associate_ac(), port=41000 + number,
            start=build.START + number * 10**9,
        )
    ]  # fmt: skip
    read = side(tmp_path, many)
    assert (len(read.sorts.all), read.sorts.unsorted) == (MAX_SORTS, 2)
    assert "associations of GOOD: 2 associations of further sorts not compared" in (
        plain(each.line) for each in compare(read, side(tmp_path, many)).differences
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("a.pcap", ("a.pcap", None)), ("a.pcap#2", ("a.pcap", 2)), ("a#b#12", ("a#b", 12)),
                           ("a.pcap#0", ("a.pcap#0", None)), ("-#3", ("-", 3)), ("#1", ("#1", None))],
)  # fmt: skip
def test_a_number_behind_the_name_is_that_of_an_association(text, expected):
    assert file_and_number(text) == expected


def test_a_file_that_is_named_so_is_a_file(tmp_path):
    path = tmp_path / "study#2"
    path.write_bytes(b"")
    assert file_and_number(str(path)) == (str(path), None)


def test_where_there_is_no_association_what_became_of_its_connection_is_the_cause(tmp_path):
    refused = build.Talk(client=("10.0.0.1", 40001))
    refused.call()
    refused.reset(1)
    found = compare(side(tmp_path, exchanged(stored())), side(tmp_path, refused.packets))
    assert plain(found.cause.line).startswith("in BAD only: 10.0.0.2:104 refused 1 TCP connection from 10.0.0.1")
