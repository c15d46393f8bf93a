"""One truth in all views: whatever a capture holds, trouble and findings of severity error go together."""

import json
import re
import struct
from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.export.check import CheckedText
from dicomsniff.export.show import ShownText
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import write_view
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.overview import Course, Fate, Overview, fate
from dicomsniff.findings.parts import plain
from dicomsniff.library import Capture
from dicomsniff.tui.link_book import LinkBook
from examples import examples
from findings.traffic import (
    IDENTIFIER,
    SEARCH,
    SECOND,
    echoed,
    established,
    healthy,
    match,
    opened,
    released,
    stored,
    talked,
)
from pipeline import analyze, findings_of, only
from unmarked import ASKED, verdict

TESTS = Path(__file__).parents[1]
TROUBLE = re.compile(r"in trouble|(?<!counted as )\bfailed\b")
CAPTURES = sorted(path for folder in (TESTS, TESTS.parent / "samples") for path in folder.rglob("*.pcap*"))


def assert_views_agree(path: Path) -> None:
    """`show`, `check`, transcript, terminal UI and exit status say alike whether anything went wrong."""
    with Capture(str(path), collect=True) as capture:
        out = StringIO()
        write_view(Transcript, capture, out, ASKED)
        analyzer = capture.analyzer
    said = json.loads(out.getvalue())
    findings = [each for association in said["associations"] for each in association["findings"]] + said["findings"]
    failed = any(each["severity"] == "error" for each in findings)
    assert bool(TROUBLE.search(said["verdict"])) == failed
    assert analyzer.verdict == said["verdict"]
    with Capture(str(path)) as capture:
        write_view(ShownText, capture, out := StringIO(), ASKED)
    lines = out.getvalue().splitlines()
    assert any(re.match(r" +(?:then )?error: ", line) for line in lines) == failed
    if findings or said["associations"]:
        assert f"  {said['verdict']}" in lines
    with Capture(str(path)) as capture:
        assert write_view(CheckedText, capture, StringIO(), ASKED) == failed
    with Capture(str(path)) as capture:
        for association in capture.associations:
            found = capture.found.of(association)
            errors = any(finding.severity is Severity.ERROR for finding in found.all)
            assert (fate(association, found) is Fate.TROUBLED) == errors, verdict(association, found)
        assert plain(LinkBook.of(capture.analyzer).verdict) in (said["verdict"], "")


@pytest.mark.slow
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_all_views_agree_on_every_capture(path):
    assert_views_agree(path)


@cache
def _samples() -> list[list[bytes]]:
    """Small captures as their headers and records."""
    found = []
    for path in sorted((TESTS.parent / "samples").glob("*.pcap")):
        content = path.read_bytes()
        if len(content) > 60_000 or content[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
            continue
        pieces, at = [content[:24]], 24
        while at < len(content):
            length = struct.unpack_from("<L", content, at + 8)[0]
            pieces.append(content[at : at + 16 + length])
            at += 16 + length
        found.append(pieces)
    return found


@given(st.data())
@settings(max_examples=examples(60), deadline=None)
def test_all_views_agree_on_damaged_captures(tmp_path_factory, data):
    pieces = list(data.draw(st.sampled_from(_samples())))
    for at in sorted(data.draw(st.sets(st.integers(1, len(pieces) - 1), max_size=4)), reverse=True):
        if data.draw(st.booleans()):
            del pieces[at]
        else:
            record = bytearray(pieces[at])
            record[data.draw(st.integers(16, len(record) - 1))] = data.draw(st.integers(0, 255))
            pieces[at] = bytes(record)
    path = tmp_path_factory.mktemp("damaged") / "damaged.pcap"
    path.write_bytes(b"".join(pieces))
    assert_views_agree(path)


def test_an_abort_costs_nothing_where_all_was_answered():
    association = only(talked((0, build.abort()), talk=echoed(established())).close().packets)
    assert [finding.severity for finding in findings_of(association).all] == [Severity.WARNING]
    assert verdict(association) == (
        "aborted by the requestor's application, after 1 C-ECHO, Success; nothing was lost by it"
    )
    assert fate(association, findings_of(association)) is Fate.LOOSE


@pytest.mark.parametrize("side", [0, 1])
def test_an_abort_within_a_message_costs_it(side):
    store = build.message(3, build.store_rq(2), build.pixels(100))
    talk = talked((0, store[:-30]), (side, build.abort()), talk=stored())
    association = only(talk.close().packets)
    assert Severity.ERROR in [finding.severity for finding in findings_of(association).all]
    assert fate(association, findings_of(association)) is Fate.TROUBLED


def test_an_abort_of_an_application_with_a_reason_is_told_with_it():
    association = only(talked((1, build.abort(0, 2)), talk=echoed(established())).close().packets)
    assert "it gives reason 2, which should be 0" in verdict(association)


def test_an_abort_after_the_release_does_not_undo_it():
    analyzer = analyze(talked((0, build.release_rq()), (1, build.release_rp()), (0, build.abort())).close().packets)
    (association,) = analyzer.associations
    assert fate(association, findings_of(association)) is Fate.WELL
    assert verdict(association).endswith("; then the requestor's application aborted in vain")


def test_a_status_that_nobody_defines_is_a_warning_and_no_failure():
    association = only(
        released(talked((0, build.message(1, build.echo_rq())), (1, build.message(1, build.echo_rsp(1, 0x1234)))))
    )
    assert [finding.severity for finding in findings_of(association).all] == [Severity.WARNING]
    assert fate(association, findings_of(association)) is Fate.WELL


def test_a_connection_whose_end_is_not_in_the_capture_is_no_trouble():
    """The same ports are used again, and no FIN of the first connection was captured."""
    first = echoed(established()).packets
    later = [
        packet._replace(time=packet.time + 60 * 10**9, seq=packet.seq + 10**6, ack=packet.ack + 10**6)
        for packet in healthy()
    ]
    before, after = analyze([*first, *later]).associations
    assert (fate(before, findings_of(before)), fate(after, findings_of(after))) == (Fate.UNKNOWN, Fate.WELL)
    assert verdict(before) == "unfinished: 1 C-ECHO, Success; its end is missing from the capture"


def test_where_the_only_association_has_no_end_none_is_said_to_have_ended_well():
    said = analyze(echoed(established()).packets).overview.text([], [])
    assert said == "1 association without an end in the capture; 1 C-ECHO"


def test_the_verdict_of_many_begins_with_the_most_frequent_trouble():
    packets = []
    for number, reason in enumerate((7, 3, 3)):
        talk = build.Talk(client=("10.0.0.1", 41000 + number))
        talk.wait(number * 10**9)
        talk = talked((0, build.associate_rq()), (1, build.associate_rj(1, 1, reason)), talk=talk.open())
        packets += talk.close().packets
    overview = analyze(packets).overview
    assert overview.text([], []).startswith(
        "all 3 associations are in trouble: rejected: calling AE title not recognized (2 times, and 1 other reason)"
    )
    assert list(map(plain, overview.worst())) == [
        "association 2 (STORESCU -> STORESCP) and 1 more: rejected: calling AE title not recognized",
        "association 1 (STORESCU -> STORESCP): rejected: called AE title not recognized",
    ]


ABORTED = {0: "requestor", 1: "acceptor"}
FAILED = "C-STORE failed: 0xA700 (Refused: Out of Resources)"


def failed_first(end: Callable[[build.Talk], object], *, again: bool = True, wait: int = 0) -> list[build.Packet]:
    """A C-STORE fails, perhaps another one begins, then the association is broken off."""
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(10)))
    talk.server(build.message(3, build.store_rsp(1, 0xA700)))
    if again:
        talk.client(build.message(3, build.store_rq(2), build.pixels(10)))
    talk.wait(wait)
    end(talk)
    return talk.packets


def test_where_nobody_is_in_trouble_the_most_frequent_warnings_are_told_first():
    """What the capture lacks is not among them."""
    talks = []
    for number, late in enumerate((False, True, True, False)):
        talk = build.Talk(client=("10.0.0.1", 40_000 + number), start=build.START + number * SECOND).open()
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.echo_rq()))
        talk.server(build.message(1, build.echo_rsp(1, 0x0107 if late else 0)))
        talks += released(talk)
    del talks[5]  # a hole in the first one
    (line,) = analyze(talks).overview.worst()
    assert plain(line).startswith("association 2 (STORESCU -> STORESCP) and 1 more: C-ECHO-RSP: Warning 0x0107")


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("wait", [0, 40 * SECOND])
@pytest.mark.parametrize("again", [True, False])
def test_a_failure_and_the_abort_behind_it_are_told_in_both_verdicts(side, wait, again):
    def end(talk: build.Talk) -> None:
        (talk.server if side else talk.client)(build.abort())

    analyzer = analyze(failed_first(end, again=again, wait=wait))
    alone = verdict(analyzer.associations[0])
    assert alone.startswith(f"aborted by the {ABORTED[side]}")
    assert "C-STORE failed: 0xA700" in alone
    if again and not wait:
        assert f"{FAILED}; then aborted by the {ABORTED[side]}" in analyzer.verdict
    else:
        assert FAILED in analyzer.verdict or "gave up after 40.0 s" in analyzer.verdict


@pytest.mark.parametrize("end", [lambda talk: talk.reset(1), lambda talk: talk.end(1), lambda talk: talk.end(0)])
def test_a_failure_before_the_end_of_the_connection_is_told_first_in_both_verdicts(end):
    analyzer = analyze(failed_first(end))
    assert f"the association is in trouble: {FAILED}" in analyzer.verdict
    alone = verdict(analyzer.associations[0])
    assert alone.startswith(f"unfinished: 1 of 2 {FAILED}; then ")
    assert "C-STORE-RQ 2" in alone


def test_a_failure_that_an_abort_follows_is_told_once():
    analyzer = analyze(failed_first(lambda talk: talk.client(build.abort()), again=False))
    assert verdict(analyzer.associations[0]) == f"aborted by the requestor: {FAILED}"


def test_what_a_failure_follows_from_is_told_beside_an_abort_of_the_other_side():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xA900))
    talk.server(build.abort(2))
    analyzer = analyze(talk.packets)
    cause = "sends C-FIND-RQ at STUDY level without (0020,000D) Study Instance UID"
    assert cause in analyzer.verdict
    assert cause in verdict(analyzer.associations[0])


COURSES = st.lists(
    st.tuples(
        st.sampled_from(list(Fate)), st.sampled_from(["", "reset", "idle"]), st.sampled_from(["", "reset", "idle"])
    ),
    min_size=2,
    max_size=6,
)


@given(COURSES, st.randoms(use_true_random=False))
def test_what_is_worst_is_where_it_comes_first_whoever_else_it_happened_to(courses, chance):
    """The same words may be why one was in trouble, why another ended without release, and a warning of a third."""
    made = []
    for number, (became, why, warning) in enumerate(courses, 1):
        why = why if became in (Fate.TROUBLED, Fate.LOOSE) else ""
        warning = "" if became is Fate.TROUBLED else warning
        who = f"{number}'s" if became is Fate.TROUBLED or warning else ""
        made.append(Course(number, became, False, why, who, {}, {}, "", {}, False, warning))
    said = []
    for _ in range(2):
        overview = Overview()
        for course in made:
            overview.take(course)
        said.append(list(overview.worst()))
        chance.shuffle(made)
    assert said[0] == said[1]
    for line in said[0]:
        first, who = re.match(r"association (\d+) \((.*)'s\)", line).groups()
        assert first == who
