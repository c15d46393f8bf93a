"""Normalized services: the cause is told before its consequence, by name, and sound exchanges raise nothing."""

import pytest

import build
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.side import Side
from dicomsniff.tcp import table
from findings import normalized_cases as cases
from findings.normalized_cases import (
    ACTION,
    CLAIM,
    CREATE,
    DELETE,
    GET,
    MPPS,
    MPPS_STEP,
    NO_SUCH_INSTANCE,
    PULL,
    PUSH,
    SET,
    WATCH,
)
from network import ARCHIVE, CLIENT, Network, release
from pipeline import analyze, associations, batch, codes, findings_of, only

AVAILABILITY = "1.2.840.10008.5.1.4.33"


def availability(value):
    """A notification about one instance (PS3.4 Table R.3.2-1)."""
    instance = {0x00081150: b"1.2\0", 0x00081155: b"1.2\0", 0x00080054: b"ARC ", 0x00080056: value}
    return {0x0020000D: b"1.2.3\0", 0x00081115: [{0x0020000E: b"1.2.4\0", 0x00081199: [instance]}]}


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


@pytest.mark.parametrize("left_out", [0x00081150, 0x00081155])
def test_a_reference_that_does_not_say_what_it_refers_to_is_why_a_commitment_is_refused(left_out):
    references = [cases.references(1)[0], cases.without(cases.references(2)[0], left_out)]
    data = {cases.TRANSACTION: cases.UID, cases.REFERENCED: references}
    turns = cases.asked(cases.ACTION, cases.COMMITMENT, data, 0x0115, kind=1, instance=cases.WELL_KNOWN)
    (finding,) = findings_of(only(cases.exchange(cases.COMMITMENT, *turns))).causes
    assert f"without ({left_out >> 16:04X},{left_out & 0xFFFF:04X}) Referenced SOP" in finding.message
    assert finding.message.endswith("refused with 0x0115 (Invalid Argument Value)")


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


@pytest.mark.parametrize(
    ("layout", "boxes"),
    [(b"STANDARD\\3,2", 6), (b"ROW\\2,3,1 ", 6), (b"COL\\1,2 ", 3), (b"STANDARD\\1,1", 1)],
)
def test_a_film_has_as_many_image_boxes_as_its_layout_says(layout, boxes):
    assert "image-boxes-differ" not in codes(only(cases.laid_out(layout, boxes)))
    (found,) = findings_of(only(cases.laid_out(layout, boxes + 1))).all
    assert found.code == "image-boxes-differ"
    assert found.message.endswith(f"which has {boxes} image box{'es' if boxes > 1 else ''}, and names {boxes + 1}")


@pytest.mark.parametrize("layout", [b"SLIDE ", b"SUPERSLIDE", b"CUSTOM\\1", b"STANDARD", b"STANDARD\\0,1"])
def test_a_layout_that_does_not_say_how_many_image_boxes_it_has_is_not_judged(layout):
    assert codes(only(cases.laid_out(layout, 5))) == []


def test_an_image_box_that_the_printer_left_out_is_blamed_on_the_printer():
    image = {0x20200010: b"\2\0", 0x20200110: [{0x00280010: b"\2\0"}]}
    named = {0x20100510: [{0x00081155: b"1.2.3.4.1\0"}]}
    layout = cases.FILM | {0x20100010: b"STANDARD\\2,1"}
    created = cases.asked(CREATE, cases.FILM_BOX, layout, answer=named)
    filled = cases.asked(SET, cases.IMAGE_BOX, image, NO_SUCH_INSTANCE, number=2, instance="1.2.3.4.2")
    (cause,) = findings_of(only(cases.exchange(cases.PRINT, *created, *filled))).causes
    assert cause.code == "image-boxes-differ"
    assert {each.code for each in cause.followers} == {"instance-not-created", "status-failure"}


@pytest.mark.parametrize(
    ("service", "sop_class", "has"),
    [
        (CREATE, cases.PRINTER, "N-EVENT-REPORT, N-GET"),
        (GET, cases.FILM_SESSION, "N-CREATE, N-SET, N-DELETE, N-ACTION"),
        (CREATE, cases.IMAGE_BOX, "N-SET"),
        (SET, cases.COMMITMENT, "N-ACTION, N-EVENT-REPORT"),
        (DELETE, PUSH, "N-CREATE, N-SET, N-GET, N-ACTION, N-EVENT-REPORT"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_service_that_a_sop_class_does_not_have_is_told_with_those_it_has(service, sop_class, has, side):
    (_, asked), (_, answered) = cases.asked(service, sop_class, None if service == GET else {0x00080060: b"CT"}, 0x0211)
    packets = cases.exchange(sop_class, (side, asked), (1 - side, answered))
    (found,) = [each for each in findings_of(only(packets)).all if each.code == "service-not-of-class"]
    assert found.message.endswith(f", only {has}")
    assert found.side is (Side.ACCEPTOR if side else Side.REQUESTOR)


def test_the_failure_of_an_action_or_event_says_what_it_was():
    asked = cases.asked(ACTION, cases.MEDIA, None, 0xC201, kind=2)
    (found,) = findings_of(only(cases.exchange(cases.MEDIA, *asked))).causes
    assert found.message.startswith("N-ACTION-RSP 1 (Cancel Media Creation): Failure 0xC201")


@pytest.mark.parametrize("comment", ["", "no series"])
def test_a_step_that_ends_without_a_series_is_told_beside_what_the_response_says(comment):
    done = {0x00400252: b"COMPLETED ", 0x00400250: b"20260101", 0x00400251: b"1300"}
    created = cases.asked(CREATE, MPPS, MPPS_STEP)
    more = {0x0902: comment} if comment else None
    ended = cases.asked(SET, MPPS, done, 0x0110, number=2, more=more)
    (cause,) = findings_of(only(cases.exchange(MPPS, *created, *ended))).causes
    assert "without (0040,0340) Performed Series Sequence (PS3.4 Table F.7.2-1)" in cause.message
    assert ("probably why" in cause.message) is (not comment)


def test_the_state_of_a_unified_procedure_step_is_said_to_be_changed_by_an_action():
    change = {cases.TRANSACTION: cases.UID, cases.STATE: b"COMPLETED "}
    (cause,) = findings_of(only(cases.exchange(PULL, *cases.asked(SET, PUSH, change, 0x0106)))).causes
    assert "not allowed there; only N-ACTION (Change UPS State) changes it" in cause.message


def test_a_refused_attribute_is_named_as_the_dictionary_names_it():
    refused = cases.asked(CREATE, MPPS, MPPS_STEP, 0x0106, more={0x1005: b"\x40\0\x53\2"})
    (cause,) = findings_of(only(cases.exchange(MPPS, *refused))).causes
    assert cause.message.endswith("it names (0040,0253) Performed Procedure Step ID")


INVENTORY, STORAGE_MANAGEMENT = "1.2.840.10008.5.1.4.1.1.201.5", "1.2.840.10008.5.1.4.1.1.201.1.1"
ALL_STUDIES = {0x00080400: [], 0x00080403: b"STUDY ", cases.TRANSACTION: cases.UID}


def test_an_inventory_is_asked_for_of_the_one_instance_there_is():
    wish = cases.asked(ACTION, INVENTORY, ALL_STUDIES, kind=11, instance=STORAGE_MANAGEMENT)
    assert codes(only(cases.exchange(INVENTORY, *wish))) == []
    other = cases.asked(ACTION, INVENTORY, ALL_STUDIES, NO_SUCH_INSTANCE, kind=11)
    (cause,) = findings_of(only(cases.exchange(INVENTORY, *other))).causes
    assert cause.code == "instance-not-well-known"


def test_an_inventory_without_a_level_is_refused_for_that():
    wish = cases.without(ALL_STUDIES, 0x00080403)
    refused = cases.asked(ACTION, INVENTORY, wish, 0x0115, kind=11, instance=STORAGE_MANAGEMENT)
    (cause,) = findings_of(only(cases.exchange(INVENTORY, *refused))).causes
    assert "sends N-ACTION-RQ (Initiate) without (0008,0403) Inventory Level (PS3.4 Table KK.2-1)" in cause.message


def test_an_event_of_an_inventory_is_named():
    reports = cases.reported(INVENTORY, {cases.TRANSACTION: cases.UID}, 9, instance=STORAGE_MANAGEMENT)
    assert "type-not-defined" in codes(only(cases.exchange(INVENTORY, *reports)))
    reports = cases.reported(INVENTORY, {cases.TRANSACTION: cases.UID}, 13, instance=STORAGE_MANAGEMENT)
    assert "type-not-defined" not in codes(only(cases.exchange(INVENTORY, *reports)))


@pytest.mark.parametrize(("wanted", "named"), [(3, " (1.2.3)"), (9, "")])
def test_the_instance_that_a_report_leaves_out_is_named_where_there_are_few(wanted, named):
    instances = cases.references(*range(1, wanted + 1))
    left_out = [each for each in instances if each != cases.references(3)[0]]
    association = only(cases.committed(instances, (left_out, [])))
    (found,) = [each for each in findings_of(association).all if each.code == "commitment-incomplete"]
    assert found.message.endswith(f"1 is neither committed nor failed{named}")


@pytest.mark.parametrize(
    ("service", "context", "data", "text"),
    [
        (
            CREATE,
            AVAILABILITY,
            availability(b"AVAILABLE "),
            "(0008,0056) Instance Availability 'AVAILABLE', which may be ONLINE, NEARLINE, OFFLINE, UNAVAILABLE here",
        ),
        (CREATE, MPPS, MPPS_STEP | {0x00100040: b"U "}, "(0010,0040) Patient's Sex 'U', which may be M, F, O here"),
        (
            CREATE,
            PUSH,
            cases.UPS_STEP | {0x00741200: b"URGENT"},
            "(0074,1200) Scheduled Procedure Step Priority 'URGENT', which may be HIGH, MEDIUM, LOW here",
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_those_that_are(service, context, data, text):
    (cause,) = findings_of(only(cases.exchange(context, *cases.asked(service, context, data, 0x0106)))).causes
    assert text in cause.message
    assert cause.message.endswith("refused with 0x0106 (Invalid Attribute Value)")
    assert [each.code for each in cause.followers] == ["status-failure"]


def test_an_instance_whose_availability_is_not_told_is_named_with_its_sequences():
    series = {0x0020000E: b"1.2\0", 0x00081199: [{0x00081155: b"1.2\0", 0x00080054: b"ARC "}]}
    data = {0x0020000D: b"1.2.3\0", 0x00081115: [series]}
    turns = cases.asked(CREATE, AVAILABILITY, data, 0x0120)
    (cause,) = findings_of(only(cases.exchange(AVAILABILITY, *turns))).causes
    nested = "(0008,0056) Instance Availability of (0008,1199) Referenced SOP Sequence of (0008,1115) Referenced Series"
    assert f"without {nested} Sequence" in cause.message


def commitment(number, *references, reason=None, report=None):
    """A request for storage commitment under always the same Transaction UID; with a report, what that lists."""
    wish = cases.asked(ACTION, cases.COMMITMENT, {cases.TRANSACTION: cases.UID, cases.REFERENCED: [*references]},
                       number=number, kind=1, instance=cases.WELL_KNOWN)  # fmt: skip
    if reason is None:
        return [*wish]
    failed = [each | {0x00081197: reason} for each in references]
    data = {cases.TRANSACTION: cases.UID, cases.FAILED: failed}
    told = cases.asked(cases.REPORT, cases.COMMITMENT, data, number=number, kind=2, instance=cases.WELL_KNOWN)
    return [*wish, *((1 - side, said) for side, said in told)]


def test_a_transaction_uid_that_was_used_before_is_why_a_commitment_fails():
    turns = [*commitment(1, *cases.references(1)), *commitment(2, *cases.references(2), reason=b"\x31\x01")]
    (cause,) = findings_of(only(cases.exchange(cases.COMMITMENT, *turns))).causes
    assert "asks for storage commitment by N-ACTION-RQ 2 (message 3) under the same (0008,1195)" in cause.message
    assert [each.code for each in cause.followers] == ["commitment-failed"]


def test_another_failure_of_a_commitment_does_not_come_of_its_transaction_uid():
    turns = [*commitment(1, *cases.references(1)), *commitment(2, *cases.references(2), reason=b"\x12\x01")]
    found = findings_of(only(cases.exchange(cases.COMMITMENT, *turns))).causes
    assert sorted(each.code for each in found) == ["commitment-failed", "commitment-uid-reused"]


@pytest.mark.parametrize(
    ("gone", "used", "text"),
    [
        (cases.FILM_BOX, cases.FILM_BOX, "N-ACTION-RQ for a Basic Film Box that N-DELETE-RQ 3 (message 5) had deleted"),
        (
            cases.FILM_SESSION,
            cases.FILM_BOX,
            "N-ACTION-RQ for a Basic Film Box; N-DELETE-RQ 3 (message 5) had deleted the Basic Film Session that it "
            "belonged to",
        ),
        (
            cases.FILM_BOX,
            cases.IMAGE_BOX,
            "N-SET-RQ for a Basic Grayscale Image Box; N-DELETE-RQ 3 (message 5) had deleted the Basic Film Box that "
            "it belonged to",
        ),
    ],
)
def test_what_is_used_after_it_was_deleted_is_told_with_who_deleted_it(gone, used, text):
    (cause,) = findings_of(only(cases.exchange(cases.PRINT, *cases.box_used(gone, sop_class=used)))).causes
    assert (cause.code, [each.code for each in cause.followers]) == ("instance-deleted", ["status-failure"])
    assert cause.message.endswith(f" sends {text}")


def test_what_was_created_again_is_not_said_to_be_deleted():
    *gone, request, refused = cases.box_used(cases.FILM_BOX)
    again = cases.asked(CREATE, cases.FILM_BOX, cases.FILM, number=9, instance="1.2.2")
    assert "instance-deleted" in codes(only(cases.exchange(cases.PRINT, *gone, request, refused)))
    assert "instance-deleted" not in codes(only(cases.exchange(cases.PRINT, *gone, *again, request, refused)))


def test_an_image_box_is_not_said_to_belong_to_another_film_box_that_was_deleted():
    *turns, request, refused = cases.box_used(cases.FILM_BOX, sop_class=cases.IMAGE_BOX)
    for boxes in ({0x20100510: [{0x00081155: b"1.2.3\0"}]}, {0x20100510: [{0x00081155: b"1.2.4\0"}]}):
        other = cases.asked(CREATE, cases.FILM_BOX, cases.FILM, number=8, instance="1.2.5", answer=boxes)
        found = codes(only(cases.exchange(cases.PRINT, *turns[:2], *other, *turns[2:], request, refused)))
        assert ("instance-deleted" in found) is (boxes[0x20100510][0][0x00081155] == b"1.2.4\0")


def test_a_change_that_names_no_instance_is_not_said_to_lack_its_beginning():
    packets = cases.exchange(cases.MPPS, *cases.asked(SET, cases.MPPS, cases.CHANGED, instance=""))
    assert "step-beginning-not-seen" not in [each.code for each in analyze(packets).findings]


def test_a_film_session_of_another_association_is_gone():
    network = Network()
    for turns in (
        cases.asked(CREATE, cases.FILM_SESSION, cases.COPIES, instance="1.2.1"),
        cases.asked(CREATE, cases.FILM_BOX, cases.FILM, NO_SUCH_INSTANCE, instance="1.2.2"),
        cases.asked(ACTION, cases.FILM_BOX, None, NO_SUCH_INSTANCE, kind=1, instance="1.2.2"),
    ):
        talk = network.associate(CLIENT, ARCHIVE, "SCU", "SCP", cases.PRINT, after=500)
        for side, said in turns:
            (talk.server if side else talk.client)(said)
        release(talk)
    box, used = (findings_of(each).causes for each in associations(network.packets)[1:])
    assert [each.code for each in (*box, *used)] == ["instance-not-created"] * 2
    assert box[0].message.endswith("for a Basic Film Box; no film session was created on this association")
    assert used[0].message.endswith("the Basic Film Box 1.2.2, which no N-CREATE on this association has created")


def test_of_an_association_that_began_before_the_capture_nothing_is_said_to_be_missing():
    turns = cases.asked(GET, PUSH, None, 0xC307)
    packets = cases.exchange(PULL, *turns)
    assert sorted(codes(only(packets))) == ["instance-not-created", "status-failure"]
    assert "instance-not-created" not in codes(only(packets[5:]))


def test_a_step_that_was_not_filled_in_is_why_it_cannot_end():
    (cause,) = findings_of(only(cases.completed())).causes
    assert cause.message.endswith(
        "sends N-ACTION-RQ for a unified procedure step to make it COMPLETED; since N-ACTION-RQ 1, which claimed it, "
        "no N-SET has filled it in"
    )
    assert [each.code for each in cause.followers] == ["status-failure"]


@pytest.mark.parametrize("status", [0x0106, 0x0116])
def test_the_values_that_a_response_returns_as_refused_are_named(status):
    change = cases.DONE | {0x00400250: b"20260101", 0x00400251: b"1300"}
    turns = cases.asked(SET, MPPS, change, status, answer={0x00400251: b"1300", 0x00400250: b"20260101"})
    said = [each.message for each in findings_of(only(cases.exchange(MPPS, *turns))).all if "N-SET-RSP" in each.message]
    named = "(0040,0250) Performed Procedure Step End Date, (0040,0251) Performed Procedure Step End Time"
    assert [each.partition("; it names ")[2] for each in said] == [named]


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        (
            cases.asked(ACTION, PUSH, CLAIM, 0xC302, kind=1),
            "N-ACTION-RQ for a unified procedure step that N-ACTION-RQ 1 of association 1 had claimed",
        ),
        (
            cases.asked(ACTION, PUSH, {0x00741238: b"no"}, 0xC311, kind=2),
            "N-ACTION-RQ for a unified procedure step that is COMPLETED since N-ACTION-RQ 2 (message 3) of association "
            "1",
        ),
    ],
)
def test_who_claimed_or_ended_a_step_is_told_where_another_one_asks_for_it(turn, text):
    network = Network()
    done = cases.asked(ACTION, PUSH, {cases.TRANSACTION: cases.UID, cases.STATE: b"COMPLETED "}, number=2, kind=1)
    first = [*cases.asked(ACTION, PUSH, CLAIM, kind=1), *(done if "COMPLETED" in text else ())]
    for after, context, turns in ((0, PULL, first), (500, WATCH if "COMPLETED" in text else PULL, turn)):
        talk = network.associate(CLIENT, ARCHIVE, "SCU", "SCP", context, after=after)
        for side, said in turns:
            (talk.server if side else talk.client)(said)
        release(talk)
    (cause,) = findings_of(associations(network.packets)[-1]).causes
    assert cause.message.endswith(f" sends {text}")
    assert [each.code for each in cause.followers] == ["status-failure"]


def test_an_instance_that_its_receiver_named_otherwise_is_blamed_on_that():
    (cause,) = findings_of(only(cases.renamed("1.2.77"))).causes
    assert (cause.code, cause.side) == ("response-about-another", Side.ACCEPTOR)
    assert [each.code for each in cause.followers] == ["instance-named-otherwise", "status-failure"]
    assert cause.followers[0].message == (
        "SCP (10.0.0.2:104) refuses N-SET-RQ for the modality performed procedure step 1.2.3.4, to which it had given "
        "the UID 1.2.77 in its answer to N-CREATE-RQ 1"
    )


def test_steps_whose_beginning_is_out_of_sight_are_one_finding():
    network = Network()
    for number in range(3):
        talk = network.associate(CLIENT, ARCHIVE, "CT1", "RIS", MPPS, after=500 * number)
        for side, said in cases.asked(SET, MPPS, cases.CHANGED, instance=f"1.2.{number}"):
            (talk.server if side else talk.client)(said)
        release(talk)
    assert [each.message for each in analyze(network.packets).findings] == [
        "N-SET-RQ 1 changes the modality performed procedure step 1.2.0, with success; no N-CREATE of it is in the "
        "capture, nor of 2 other steps"
    ]
