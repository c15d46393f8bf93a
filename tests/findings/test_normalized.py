"""Normalized services: the cause is told before its consequence, by name, and sound exchanges raise nothing."""

import pytest

import build
from dicomsniff.analyzer import Analyzer
from dicomsniff.kept import Keep
from dicomsniff.tcp import table
from findings import normalized_cases as cases
from findings.normalized_cases import ACTION, CLAIM, CREATE, MPPS, MPPS_STEP, NO_SUCH_INSTANCE, PULL, PUSH, SET, WATCH
from network import ARCHIVE, CLIENT, Network, release
from pipeline import analyze, batch, codes, findings_of, only


def causes(packets):
    """Every cause with what follows from it, by code."""
    return [(each.code, [other.code for other in each.followers]) for each in findings_of(only(packets)).causes]


def test_a_refused_request_follows_from_the_attribute_that_it_lacks():
    packets = cases.mpps((CREATE, cases.without(MPPS_STEP, 0x00400253), cases.MISSING))
    assert causes(packets) == [("attribute-missing", ["status-failure"])]
    assert "(0040,0253) Performed Procedure Step ID" in findings_of(only(packets)).causes[0].message


def test_an_attribute_missing_from_an_item_is_named_with_its_sequence():
    step = MPPS_STEP | {0x00400270: [{0x00080050: b"A1"}]}
    (finding,) = findings_of(only(cases.mpps((CREATE, step, cases.MISSING)))).causes
    assert "(0020,000D) Study Instance UID of (0040,0270)" in finding.message


def test_a_failure_that_its_comment_explains_is_not_explained_otherwise():
    turns = cases.asked(SET, MPPS, {0x00100020: b"ID"}, 0x0110, more={0x0902: "Database locked"})
    assert codes(only(cases.exchange(MPPS, *turns))) == ["status-failure"]


def test_an_image_box_that_the_film_box_does_not_name_is_blamed_on_the_film_box():
    later = cases.asked(SET, cases.IMAGE_BOX, {0x20200010: b"\1\0"}, NO_SUCH_INSTANCE, number=2, instance="1.2.7")
    found = causes(cases.film({}, *later))
    assert ("film-box-without-image-boxes", ["instance-not-created", "status-failure"]) in found


def test_what_follows_an_unnamed_instance_is_blamed_on_the_response_that_does_not_name_it():
    turns = (0, cases.request(CREATE, MPPS, MPPS_STEP, instance=None)), (1, cases.response(CREATE, MPPS, instance=None))
    later = cases.asked(SET, MPPS, cases.CHANGED, NO_SUCH_INSTANCE, number=2)
    found = causes(cases.exchange(MPPS, *turns, *later))
    assert found == [("create-without-instance", ["instance-not-created", "status-failure"])]


@pytest.mark.parametrize(
    ("context", "kind", "fits"),
    [(PUSH, 1, False), (PULL, 1, True), (PUSH, 2, True), (WATCH, 2, True), (PULL, 2, False), (PUSH, 3, False),
     (WATCH, 4, True), (PULL, 5, False)],
)  # fmt: skip
def test_an_action_of_a_procedure_step_is_of_its_sop_class(context, kind, fits):
    found = codes(only(cases.ups(context, ACTION, kind)))
    assert ("ups-service-of-other-class" not in found) is fits


def test_sound_steps_raise_nothing():
    done = cases.DONE | {0x00400250: b"20260101", 0x00400251: b"1300"}
    analyzer = analyze(cases.steps_apart((CREATE, MPPS_STEP, 0), (SET, cases.CHANGED, 0), (SET, done, 0)))
    assert [each.code for association in analyzer.associations for each in findings_of(association).all] == []
    assert codes(only(cases.exchange(PULL, *cases.asked(ACTION, PUSH, CLAIM, kind=1)))) == []


@pytest.mark.parametrize("shelved", [True, False])
def test_what_waits_out_of_memory_is_not_said_to_be_missing(monkeypatch, shelved):
    """A step and a commitment that are asked for on connections which stay open, and on others what follows."""
    monkeypatch.setattr(table, "MAX_AWAKE", 0)
    wanted = {cases.TRANSACTION: cases.UID, cases.REFERENCED: cases.references(1)}
    asking = [(MPPS, cases.asked(CREATE, MPPS, MPPS_STEP)),
              (cases.COMMITMENT, cases.asked(ACTION, cases.COMMITMENT, wanted, kind=1))]  # fmt: skip
    following = [(MPPS, cases.asked(SET, MPPS, cases.CHANGED, NO_SUCH_INSTANCE)),
                 (cases.COMMITMENT, cases.reported(cases.COMMITMENT, wanted, 1))]  # fmt: skip
    network, analyzer = Network(), Analyzer(keep=Keep.OPEN)
    for number, (context, turns) in enumerate([*(asking if shelved else ()), *following]):
        talk = network.associate(CLIENT, ARCHIVE, "CT1", "RIS", context, after=1000 * number)
        for side, said in turns:
            (talk.server if side else talk.client)(said)
        if (context, turns) in following:
            release(talk)
        analyzer.feed(batch(build.frames(talk.packets)))
    over = analyzer.pop_closed()
    assert len(over) == 2
    told = {code for association in over for code in analyzer.found.of(association).codes}
    said = {"instance-not-created", "commitment-transaction-unknown"}
    assert told & said == (set() if shelved else said)
