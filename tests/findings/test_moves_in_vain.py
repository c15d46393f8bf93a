"""C-MOVEs that move nothing, whatever they say: what was asked of others meanwhile, and what was asked otherwise."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.found import found_in
from findings.link_traffic import passed_on
from findings.traffic import SECOND
from network import ARCHIVE, CLIENT, MOVE_CLASS, Network, move_rq, move_rsp, release

NOTHING, UNKNOWN = move_rsp(0, completed=0, failed=0, warning=0), move_rsp(0xA801)
STUDIES = "1.2.3\\1.2.4\\1.2.5"


@pytest.mark.parametrize(
    ("final", "severity", "end"),
    [
        (NOTHING, Severity.WARNING, "; ARCHIVE answered with Success all the same"),
        (move_rsp(0xA702, completed=0, failed=1, warning=0), Severity.NOTE, ""),
        (move_rsp(0, completed=2, failed=0, warning=0), Severity.NOTE, ""),
    ],
    ids=["nothing", "failed", "some"],
)
def test_a_c_move_that_was_passed_on_in_vain_is_told_of_who_asked_first(final, severity, end):
    (finding,) = [each for each in found_in(passed_on(final, UNKNOWN)) if each.code == "move-passed-on"]
    meanwhile = "meanwhile ARCHIVE asked OLD to move to the same destination in association 2, which failed"
    assert finding.message == f"C-MOVE to VIEWER: {meanwhile}: Failure 0xA801 (Move destination unknown){end}"
    assert (finding.severity, finding.association) == (severity, 1)


def test_a_c_move_to_elsewhere_is_none_that_was_passed_on():
    assert "move-passed-on" not in [each.code for each in found_in(passed_on(NOTHING, UNKNOWN, destination="OTHER"))]


def test_a_c_move_is_not_passed_on_by_whoever_asked_for_another_one():
    network = Network()
    talks = [network.associate(CLIENT, CLIENT, "CLIENT", "ARCHIVE", MOVE_CLASS, after=after) for after in (0, 50)]
    for talk, final in zip(talks, (NOTHING, UNKNOWN), strict=True):
        talk.client(move_rq())
        talk.wait(SECOND)
        talk.server(final)
        release(talk)
    assert "move-passed-on" not in [each.code for each in found_in(network.packets)]


def moved(network: Network, studies: str, final: bytes) -> None:
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=500)
    values = {0x0002: MOVE_CLASS, 0x0100: 0x0021, 0x0110: 7, 0x0600: "VIEWER", 0x0700: 0, 0x0800: 1}
    uids = studies.encode() + b"\0" * (len(studies) % 2)
    asked = build.element(0x00080052, b"STUDY ") + build.element(0x0020000D, uids)
    talk.client(build.message(1, build.command_set(values), asked))
    talk.server(final)
    release(talk)


@pytest.mark.parametrize(
    ("studies", "before", "end"),
    [
        ("1.2.3", True, ""),
        (STUDIES, False, "; it lists 3 values of (0020,000D) Study Instance UID"),
        (
            STUDIES,
            True,
            "; it lists 3 values of (0020,000D) Study Instance UID, and one without a list, in association 1, brought "
            "something",
        ),
    ],
)
def test_a_list_that_brings_nothing_is_told_with_the_one_that_brought_something(studies, before, end):
    network = Network()
    if before:
        moved(network, "1.2.3", move_rsp(0, completed=1, failed=0, warning=0))
    moved(network, studies, NOTHING)
    (finding,) = [each for each in found_in(network.packets) if each.code == "move-without-objects"]
    assert finding.message == f"C-MOVE to VIEWER says success; it counts no object and none was sent{end}"


def test_a_request_without_keys_lists_nothing():
    network = Network()
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    talk.client(move_rq())
    talk.server(NOTHING)
    release(talk)
    (finding,) = [each for each in found_in(network.packets) if each.code == "move-without-objects"]
    assert finding.message.endswith("none was sent")
