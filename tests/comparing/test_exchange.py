"""Operations: aligned as sequences, and compared by what came of them."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

import build
from comparing.exchanges import MR, differences, echoed, exchanged, lines, stored
from dicomsniff import open_capture
from dicomsniff.comparing.comparison import Side, compare
from dicomsniff.comparing.difference import Kind, Weight
from dicomsniff.comparing.exchange import MAX_STEPS, align
from dicomsniff.findings.parts import plain
from findings.traffic import CT

KEYS = st.lists(
    st.sampled_from([("C-ECHO", None, "", ""), ("C-STORE", None, "", ""), ("N-SET", None, "1.2", "")]), max_size=30
)


@given(KEYS, KEYS)
def test_an_alignment_names_each_place_once_and_keeps_the_order(first, second):
    pairs, only_first, only_second = align(first, second)
    assert sorted([here for here, _ in pairs] + only_first) == list(range(len(first)))
    assert sorted([there for _, there in pairs] + only_second) == list(range(len(second)))
    assert pairs == sorted(pairs)
    assert [there for _, there in pairs] == sorted(there for _, there in pairs)
    assert all(first[here] == second[there] for here, there in pairs)


@given(KEYS)
def test_a_sequence_is_aligned_with_itself_place_by_place(keys):
    assert align(keys, keys) == ([(at, at) for at in range(len(keys))], [], [])


def test_how_many_instances_there_are_and_what_they_are_called_is_not_told():
    good = exchanged(*[stored(number) for number in range(1, 4)])
    bad = exchanged(*[stored(number) for number in range(11, 40)], port=50123, start=build.START + 10**12)
    assert lines(good, bad) == []


def test_a_failure_is_told_with_its_comment_and_how_often_it_came():
    good = exchanged(stored(1), stored(2), stored(3))
    bad = exchanged(stored(1), stored(2, 0xA700, comment="disk full"), stored(3))
    assert lines(good, bad)[0] == (
        "status of C-STORE of CT Image Storage: Failure 0xA700 (Refused: Out of Resources), "
        '"disk full" (1 of 3), Success (2 of 3) in BAD; Success in GOOD'
    )


def test_a_warning_is_telling_and_not_decisive():
    found = differences(exchanged(stored()), exchanged(stored(1, 0xB000)))
    assert [(each.kind, each.weight) for each in found] == [(Kind.STATUS, Weight.TELLING)]


def test_a_request_without_an_answer_is_told():
    good = exchanged(stored(1), stored(2))
    bad = exchanged(stored(1), (stored(2)[0], b""))
    assert (
        "final response to C-STORE of CT Image Storage: none for 1 of 2 requests in BAD; for every request in GOOD"
        in (lines(good, bad, weight=Weight.DECISIVE))
    )


def test_what_is_never_asked_for_is_told():
    good, bad = exchanged(echoed(), stored(2), stored(3, sop_class=MR)), exchanged(stored(2))
    assert lines(good, bad) == [
        "C-STORE of MR Image Storage: none in BAD; 1 request in GOOD",
        "C-ECHO of Verification SOP Class: none in BAD; 1 request in GOOD",
    ]


def test_what_only_the_bad_one_asks_for_is_slight():
    assert lines(exchanged(stored(2)), exchanged(echoed(), stored(2)), weight=Weight.SLIGHT) == [
        "C-ECHO of Verification SOP Class: 1 request in BAD; none in GOOD"
    ]


def test_another_order_is_told_once():
    good, bad = exchanged(echoed(1), stored(2)), exchanged(stored(1), echoed(2))
    (difference,) = differences(good, bad)
    assert (difference.kind, difference.weight) == (Kind.ORDER, Weight.TELLING)


def test_the_order_of_classes_within_a_series_of_stores_is_not_told():
    good = exchanged(stored(1), stored(2, sop_class=MR), stored(3))
    bad = exchanged(stored(1, sop_class=MR), stored(2))
    assert lines(good, bad) == []


def test_answers_that_take_ten_times_as_long_are_told():
    good = exchanged(*[(*stored(number), 5_000_000) for number in range(1, 4)])
    slow = exchanged(*[(*stored(number), 400_000_000) for number in range(1, 4)])
    assert lines(good, slow) == ["time to answer C-STORE: 401 ms (median of 3) in BAD; 6.00 ms (median of 3) in GOOD"]
    nearly = exchanged(*[(*stored(number), 50_000_000) for number in range(1, 4)])
    assert lines(good, nearly) == []


def test_times_that_nobody_notices_are_not_told():
    good = exchanged((*stored(), 0))
    assert lines(good, exchanged((*stored(), 40_000_000))) == []


def test_one_answer_that_takes_long_is_told_although_the_others_do_not():
    good = exchanged(*[stored(number) for number in range(1, 6)])
    bad = exchanged(*[stored(number) for number in range(1, 5)], (*stored(5), 3_000_000_000))
    assert lines(good, bad)[0] == "longest time to answer C-STORE: 3.00 s in BAD; 1.00 ms in GOOD"


def test_an_element_that_a_failed_request_lacks_comes_before_its_failure():
    values = {0x0002: CT, 0x0100: 0x0001, 0x0110: 1, 0x0700: 0, 0x0800: 1, 0x1000: "1.2.3.1", 0x1030: "MOVER"}
    asked = build.message(3, build.command_set(values), build.pixels(20))
    good = exchanged((asked, build.message(3, build.store_rsp(1, 0, "1.2.3.1"))))
    assert lines(good, exchanged(stored(1, 0xC000)))[0] == (
        "(0000,1030) MoveOriginatorApplicationEntityTitle in the command of C-STORE of CT Image Storage: "
        "absent in BAD; present in GOOD"
    )


def test_elements_of_data_sets_that_are_absent_or_empty_are_told_the_outermost_only(tmp_path):
    named = build.element(0x00100020, b"12"), build.element(0x00400275, build.element(0xFFFEE000, b""))
    inside = build.element(0x00081140, build.element(0xFFFEE000, build.element(0x00081150, b"1.2\0")))
    good = stored(1, data=inside + b"".join(named)), stored(2, data=inside + b"".join(named))
    bad = [stored(1, data=build.element(0x00100020, b"") + named[1])]
    sides = Side(), Side()
    with ExitStack() as stack:
        for side, packets in zip(sides, (exchanged(*good), exchanged(*bad)), strict=True):
            path = tmp_path / f"{packets[0].seq}{len(packets)}.pcap"
            path.write_bytes(build.pcap(build.frames(packets)))
            side.read(stack.enter_context(open_capture(path)))
        found = compare(*sides).differences
    assert [plain(each.line) for each in found] == [
        "(0008,1140) ReferencedImageSequence in the data set of C-STORE of CT Image Storage: "
        "absent in BAD; present in GOOD",
        "(0010,0020) PatientID in the data set of C-STORE of CT Image Storage: empty in BAD; with a value in GOOD",
    ]


def test_no_more_steps_are_aligned_than_a_limit_and_that_is_said():
    many = exchanged(*[each for number in range(MAX_STEPS // 2 + 1) for each in (echoed(2), stored(3))])
    told = lines(exchanged(echoed(2), stored(3)), many, weight=Weight.SLIGHT)
    assert f"operations of BAD: the first {MAX_STEPS} runs of alike ones are compared" in told
