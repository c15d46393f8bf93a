"""Rules on queries and retrievals: in every information model, for all three services, whichever side asks."""

import pytest

import build
from dicomsniff.dictionary.information_models import MODELS, find_model
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.side import Side
from findings.query_cases import (
    ACCESSION,
    CASES,
    CHARSET,
    CODE,
    CODES,
    COMPOSITE_ROOT_MOVE,
    FOUND,
    HANGING_FIND,
    HANGING_MOVE,
    INSTANCE_UID,
    LEVEL,
    MISMATCH,
    MODALITIES,
    MODALITY,
    NAME,
    PATIENT_ID,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    RELATIONAL,
    RELEVANT_PATIENT,
    SCHEME,
    SERIES,
    SERIES_UID,
    START_DATE,
    START_TIME,
    STATION,
    STEPS,
    STUDY,
    STUDY_DATE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    STUDY_TIME,
    STUDY_UID,
    SUCCESS,
    WITHOUT_BULK_DATA,
    WORKLIST,
    data_set,
    exchange,
    item,
)
from findings.traffic import associate_rq, opened, released
from pipeline import findings_of, only
from unmarked import verdict

OURS = ("query-", "match-", "retrieve-key-", "relational-")
PATIENT = {LEVEL: b"PATIENT ", PATIENT_ID: b"1 "}
IMAGE = {LEVEL: b"IMAGE ", STUDY_UID: b"1.2\0", SERIES_UID: b"1.2.3\0", INSTANCE_UID: b"1.2.3.4\0"}
FRAMES = 0x00081161


def found(packets: list[build.Packet]) -> list[Finding]:
    return [each for each in findings_of(only(packets)).all if each.code.startswith(OURS)]


def codes(packets: list[build.Packet]) -> list[str]:
    return [each.code for each in found(packets)]


HEALTHY = {
    "patients": exchange(PATIENT_ROOT_FIND, PATIENT | {NAME: b""}, PATIENT | {NAME: b"A "}),
    "patients by name only": exchange(PATIENT_ROOT_FIND, {LEVEL: b"PATIENT ", NAME: b"A*"}, PATIENT | {NAME: b"A "}),
    "studies of a patient": exchange(PATIENT_ROOT_FIND, STUDY | {PATIENT_ID: b"1 "}, FOUND | {PATIENT_ID: b"1 "}),
    "studies by patient and date": exchange(
        STUDY_ROOT_FIND,
        STUDY | {NAME: b"A* ", PATIENT_ID: b"", STUDY_DATE: b"20240101-20241231 ", STUDY_TIME: b"08-17 "},
    ),
    "series of a study": exchange(
        STUDY_ROOT_FIND, SERIES | {MODALITY: b"CT"}, SERIES | {MODALITY: b"CT", SERIES_UID: b"1.2\0"}
    ),
    "a list of series": exchange(STUDY_ROOT_FIND, SERIES | {SERIES_UID: b"1.2\\1.3\0"}),
    "images of a series": exchange(STUDY_ROOT_FIND, IMAGE | {INSTANCE_UID: b""}, IMAGE),
    "images of a patient, relational": exchange(
        PATIENT_ROOT_FIND, {LEVEL: b"IMAGE ", INSTANCE_UID: b"", PATIENT_ID: b"1 "}, information=RELATIONAL
    ),
    "what has no value is asked for at another level": exchange(
        STUDY_ROOT_FIND, STUDY | {MODALITY: b""}, FOUND | {MODALITY: b""}
    ),
    "move of studies": exchange(STUDY_ROOT_MOVE, FOUND | {STUDY_UID: b"1.2.3\\1.2.4\0"}),
    "move of a study with the patient's id": exchange(STUDY_ROOT_MOVE, FOUND | {PATIENT_ID: b"1 "}),
    "move of a patient": exchange(PATIENT_ROOT_MOVE, PATIENT),
    "move of images, relational": exchange(
        STUDY_ROOT_MOVE, {LEVEL: b"IMAGE ", INSTANCE_UID: b"1.2\\1.3\0"}, information=RELATIONAL
    ),
    "get of a series": exchange(STUDY_ROOT_GET, {LEVEL: b"SERIES", STUDY_UID: b"1.2\0", SERIES_UID: b"1.3\0"}),
    "get of a patient": exchange(PATIENT_ROOT_GET, PATIENT),
    "move of frames": exchange(COMPOSITE_ROOT_MOVE, {LEVEL: b"FRAME ", INSTANCE_UID: b"1.2\0", FRAMES: b"\1\0\0\0"}),
    "get without bulk data": exchange(WITHOUT_BULK_DATA, {LEVEL: b"IMAGE ", INSTANCE_UID: b"1.2\0"}),
    "worklist": exchange(
        WORKLIST,
        {NAME: b"", PATIENT_ID: b"", 0x00400100: item({MODALITY: b"CT", 0x00400002: b"20240101"})},
        {NAME: b"A ", PATIENT_ID: b"1 ", 0x00400100: item({MODALITY: b"CT", 0x00400002: b"20240101"})},
    ),
    "hanging protocols": exchange(HANGING_FIND, {INSTANCE_UID: b""}, {INSTANCE_UID: b"1.2\0"}),
    "move of a hanging protocol": exchange(HANGING_MOVE, {INSTANCE_UID: b"1.2\0"}),
    "a private service": exchange("1.2.3.4.1.2.1", {0x00090010: b"ACME"}),
    "names in UTF-8": exchange(STUDY_ROOT_FIND, STUDY | {NAME: "王^小東*".encode() + b" ", CHARSET: b"ISO_IR 192"}),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_sound_exchange_raises_nothing(name):
    assert codes(HEALTHY[name]) == []


BROKEN = {
    "a C-MOVE without level": (STUDY_ROOT_MOVE, {STUDY_UID: b"1.2\0"}, "query-level-missing"),
    "a C-GET with an empty level": (STUDY_ROOT_GET, FOUND | {LEVEL: b""}, "query-level-missing"),
    "a level in small letters": (STUDY_ROOT_FIND, STUDY | {LEVEL: b"study "}, "query-level-unknown"),
    "a level of another model": (WITHOUT_BULK_DATA, {LEVEL: b"SERIES", SERIES_UID: b"1.2\0"}, "query-level-unknown"),
    "a study without its patient": (PATIENT_ROOT_FIND, STUDY, "query-parent-missing"),
    "a C-MOVE of a series without its study": (
        STUDY_ROOT_MOVE,
        {LEVEL: b"SERIES", SERIES_UID: b"1.2\0"},
        "query-parent-missing",
    ),
    "frames without their instance": (
        COMPOSITE_ROOT_MOVE,
        {LEVEL: b"FRAME ", FRAMES: b"\1\0\0\0"},
        "query-parent-missing",
    ),
    "a C-GET of no study": (STUDY_ROOT_GET, {LEVEL: b"STUDY "}, "retrieve-key-missing"),
    "a C-MOVE of no patient": (PATIENT_ROOT_MOVE, PATIENT | {PATIENT_ID: b""}, "retrieve-key-missing"),
    "a C-MOVE of no hanging protocol": (HANGING_MOVE, {0x00720002: b"A "}, "retrieve-key-missing"),
    "a C-MOVE of no frames": (COMPOSITE_ROOT_MOVE, {LEVEL: b"FRAME ", INSTANCE_UID: b"1.2\0"}, "retrieve-key-missing"),
    "a C-MOVE of several patients": (PATIENT_ROOT_MOVE, PATIENT | {PATIENT_ID: b"1\\2 "}, "query-key-not-single"),
    "a wildcard for a study": (STUDY_ROOT_FIND, SERIES | {STUDY_UID: b"1.2*"}, "query-key-not-single"),
    "a C-GET of all studies": (STUDY_ROOT_GET, FOUND | {STUDY_UID: b"* "}, "query-key-not-single"),
    "a series in a study level C-MOVE": (STUDY_ROOT_MOVE, FOUND | {SERIES_UID: b"1.2.4\0"}, "query-key-of-other-level"),
    "a wildcard in a UID": (STUDY_ROOT_FIND, STUDY | {STUDY_UID: b"1.2*"}, "query-wildcard"),
    "a wildcard in an item": (WORKLIST, {0x00400100: item({0x00400002: b"2024* "})}, "query-wildcard"),
    "several values in an item": (WORKLIST, {0x00400100: item({0x00400001: b"A\\B "})}, "query-several-values"),
    "several items": (WORKLIST, {0x00400100: item({}) + item({})}, "query-several-values"),
    "question marks to retrieve by": (PATIENT_ROOT_MOVE, PATIENT | {PATIENT_ID: b"????"}, "query-question-marks"),
    "a level for a hanging protocol": (
        HANGING_MOVE,
        {LEVEL: b"IMAGE ", INSTANCE_UID: b"1.2\0"},
        "query-level-superfluous",
    ),
    "a level for an inventory": (
        "1.2.840.10008.5.1.4.1.1.201.3",
        {LEVEL: b"IMAGE ", INSTANCE_UID: b"1.2\0"},
        "query-level-superfluous",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("swapped", [False, True], ids=["requestor asks", "acceptor asks"])
def test_what_is_asked_for_is_judged_by_its_model_and_held_against_who_asks(name, swapped):
    sop_class, request, code = BROKEN[name]
    (finding,) = found(exchange(sop_class, request, swapped=swapped))
    assert finding.code == code
    assert finding.side is (Side.ACCEPTOR if swapped else Side.REQUESTOR)
    assert finding.message.startswith("STORESCP" if swapped else "STORESCU")
    assert len(finding.message) <= 300


SERVED = {
    "a query without level": (STUDY_ROOT_FIND, {STUDY_UID: b""}, "query-level-missing"),
    "a level that there is not": (STUDY_ROOT_FIND, STUDY | {LEVEL: b"study "}, "query-level-unknown"),
    "a series without its study": (STUDY_ROOT_FIND, SERIES | {STUDY_UID: b""}, "query-parent-missing"),
    "a wildcard for a study": (STUDY_ROOT_FIND, SERIES | {STUDY_UID: b"* "}, "query-key-not-single"),
}


@pytest.mark.parametrize("name", SERVED)
def test_what_a_peer_stands_is_a_note_where_it_brought_something(name):
    sop_class, request, code = SERVED[name]
    severities = [
        [each.severity for each in found(exchange(sop_class, request, *matches, status=status)) if each.code == code]
        for matches, status in (((), SUCCESS), ((request,), SUCCESS), ((request,), MISMATCH))
    ]
    assert severities == [[Severity.WARNING], [Severity.NOTE], [Severity.WARNING]]


@pytest.mark.parametrize(("failed", "severity"), [(0, Severity.NOTE), (1, Severity.WARNING)])
def test_a_retrieval_brought_something_where_objects_came_and_none_failed(failed, severity):
    counts = {0x1021: 2, 0x1022: failed, 0x1023: 0}
    packets = exchange(STUDY_ROOT_MOVE, {LEVEL: b"SERIES", SERIES_UID: b"1.2\0"}, counts=counts)
    assert [each.severity for each in found(packets) if each.code == "query-parent-missing"] == [severity]


@pytest.mark.parametrize("code", [code for code in CASES if code.startswith("match-")])
def test_what_matches_lack_is_held_against_who_answers(code):
    (finding,) = [each for each in findings_of(only(CASES[code][0]())).all if each.code == code]
    assert finding.side is Side.ACCEPTOR
    assert finding.message.startswith("STORESCP")


def test_all_that_is_missing_above_a_level_is_told_at_once():
    asks = {LEVEL: b"IMAGE ", STUDY_UID: b"", SERIES_UID: b"", INSTANCE_UID: b""}
    (told,) = found(exchange(STUDY_ROOT_FIND, asks))
    assert "with an empty (0020,000D) Study Instance UID, (0020,000E) Series Instance UID;" in told.message


def test_a_key_that_only_files_have_is_not_missed_in_matches():
    asks = STUDY | {0x00020003: b"", 0x00081030: b""}
    (told,) = found(exchange(STUDY_ROOT_FIND, asks, FOUND))
    assert told.code == "match-keys-left-out"
    assert "leaves out (0008,1030) Study Description in" in told.message


def test_relational_queries_that_were_refused_are_not_negotiated():
    asks = {LEVEL: b"SERIES", SERIES_UID: b""}
    packets = exchange(STUDY_ROOT_FIND, asks, information=RELATIONAL, granted=b"\0")
    assert codes(packets) == ["query-parent-missing"]


def test_where_the_negotiation_is_not_captured_hierarchy_is_not_judged():
    packets = exchange(STUDY_ROOT_FIND, {LEVEL: b"SERIES", SERIES_UID: b""})[5:]
    assert only(packets).operations.queries
    assert codes(packets) == []


@pytest.mark.parametrize("status", [MISMATCH, 0xC001])
def test_a_query_that_fails_does_so_because_of_what_it_asks_for(status):
    association = only(exchange(STUDY_ROOT_FIND, SERIES | {STUDY_UID: b""}, status=status))
    (cause,) = [each for each in findings_of(association).causes if each.code == "query-parent-missing"]
    assert [each.code for each in cause.followers] == ["status-failure"]


def test_a_failure_that_lies_with_the_scp_has_nothing_to_do_with_the_query():
    association = only(exchange(STUDY_ROOT_FIND, {LEVEL: b"STUDY ", NAME: b"A*"}, status=0xA700))
    assert [each.code for each in findings_of(association).causes] == ["status-failure"]


def test_an_abort_follows_from_what_was_asked_for():
    talk = opened(build.associate_rq(build.proposal(1, STUDY_ROOT_FIND)), build.associate_ac(build.answer(1)))
    command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1})
    talk.client(build.message(1, command, data_set({STUDY_UID: b""})))
    talk.server(build.abort())
    (cause, *_) = findings_of(only(talk.close().packets)).causes
    assert cause.code == "query-level-missing"
    assert "association-aborted" in [each.code for each in cause.followers]


def test_equal_faults_are_told_once_with_their_number():
    talk = opened(build.associate_rq(build.proposal(1, STUDY_ROOT_FIND)), build.associate_ac(build.answer(1)))
    for number in (1, 2, 3):
        command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: number, 0x0700: 0, 0x0800: 1})
        talk.client(build.message(1, command, data_set({STUDY_UID: b""})))
        answer = {2: STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: number, 0x0800: 0x0101, 0x0900: 0}
        talk.server(build.message(1, build.command_set(answer)))
    (finding,) = found(released(talk))
    assert finding.message.endswith("(3 times)")
    assert finding.message_number == 1


def test_how_many_matches_show_a_fault_is_said():
    second, third = {MODALITIES: b"CT", STUDY_UID: b"1.2.4\0"}, {STUDY_UID: b"1.2.5\0"}
    packets = exchange(STUDY_ROOT_FIND, STUDY | {MODALITIES: b""}, *(FOUND | each for each in ({}, second, third)))
    assert [each.message for each in found(packets)] == [
        "STORESCP (10.0.0.2:104) leaves out (0008,0061) Modalities in Study in 2 of 3 matches, though asked for"
    ]
    others = [{LEVEL: b"SERIES", STUDY_UID: b"1.2.%d\0" % number} for number in range(6)]
    packets = exchange(STUDY_ROOT_FIND, STUDY, *others)
    assert [each.message for each in found(packets)] == [
        'STORESCP (10.0.0.2:104) states level "SERIES" in all 4 matches looked at, of 6; STUDY was asked for'
    ]


def test_a_match_that_is_sent_again_is_told_by_the_unique_key_of_its_level():
    """Series of one study have its Study Instance UID all."""
    series = [SERIES | {SERIES_UID: b"1.2.3.%d\0" % number} for number in (4, 5, 4)]
    said = "sends the same (0020,000E) Series Instance UID again in 1 of 3 matches"
    for swapped, sender in ((False, "STORESCP (10.0.0.2:104)"), (True, "STORESCU (10.0.0.1:40001)")):
        packets = exchange(STUDY_ROOT_FIND, SERIES, *series, swapped=swapped)
        assert [each.message for each in found(packets) if each.code == "match-repeated"] == [f"{sender} {said}"]
    assert found(exchange(STUDY_ROOT_FIND, SERIES, *series[:2])) == []


def test_matches_without_a_level_are_told():
    (finding,) = found(exchange(STUDY_ROOT_FIND, STUDY, {STUDY_UID: b"1.2\0"}))
    assert finding.code == "match-level-differs"
    assert "leaves out (0008,0052) Query/Retrieve Level" in finding.message


def test_no_value_of_an_identifier_is_told():
    asks = STUDY | {NAME: b"SECRET^?*", PATIENT_ID: b"SECRET", ACCESSION: b"SECRET\\SECRET ", STUDY_DATE: b"SECRET* "}
    packets = exchange(STUDY_ROOT_FIND, asks, FOUND | {NAME: b"SECRET", LEVEL: b"SERIES"}, status=MISMATCH)
    assert len(found(packets)) >= 4
    assert not [each for each in findings_of(only(packets)).all if "SECRET" in each.message]


def test_every_registered_class_of_queries_and_retrievals_has_a_model():
    from pydicom.uid import UID_dictionary

    services = (" - FIND", " - MOVE", " - GET")
    registered = {uid for uid, entry in UID_dictionary.items() if entry[0].endswith(services)}
    unknown = {find_uid_name(uid) for uid in registered if find_model(uid) is None}
    assert unknown == set()
    assert not [uid for uid in MODELS if find_uid_name(uid) is None]


@pytest.mark.parametrize(("matches", "said"), [(0, "0 matches"), (1, "1 match"), (6, "6 matches")])
def test_the_verdict_says_how_many_match(matches, said):
    association = only(exchange(STUDY_ROOT_FIND, STUDY, *[FOUND] * matches))
    assert verdict(association) == f"released: 1 C-FIND ({said}), Success"


def other_values(key: int, wanted: bytes, *given: bytes, swapped: bool = False) -> list[Severity]:
    """How much it weighs that matches have these values of a key."""
    matches = [FOUND | {key: value} for value in given]
    packets = exchange(STUDY_ROOT_FIND, STUDY | {key: wanted}, *matches, swapped=swapped)
    return [each.severity for each in findings_of(only(packets)).all if each.code == "match-other-value"]


@pytest.mark.parametrize(
    ("key", "wanted", "given"),
    [
        (PATIENT_ID, b"P*", [b"Q8", b"Q9"]),
        (PATIENT_ID, b"p7", [b"P7", b"P7"]),
        (PATIENT_ID, b"P7", [b"Q8", b"P7"]),
        (PATIENT_ID, b"P7", [b"", b""]),
        (STUDY_UID, b"1.2.3\\1.2.4\0", [b"1.2.3\0", b"1.2.4\0"]),
        (STUDY_DATE, b"20240101-", [b"20240203", b"20240204"]),
        (MODALITIES, b"CT", [b"MR\\CT ", b"CT"]),
        (NAME, b"Doe^Jane", [b"Jane Doe", b"DOE^JANE"]),
    ],
)
def test_values_that_fit_what_was_asked_for_are_no_others(key, wanted, given):
    assert other_values(key, wanted, *given) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_an_scp_that_does_not_match_by_a_key_by_which_it_must_is_warned_of(swapped):
    assert other_values(PATIENT_ID, b"P7", b"P8", b"P9", swapped=swapped) == [Severity.WARNING]
    assert other_values(MODALITIES, b"CT", b"MR", b"MR", swapped=swapped) == [Severity.NOTE]
    assert other_values(PATIENT_ID, b"P7", b"P8", swapped=swapped) == [Severity.NOTE]


def said(packets: list[build.Packet]) -> list[str]:
    return [each.message for each in found(packets)]


COMBINED = b"\0\1"
NIGHT = {STUDY_DATE: b"20240101-20240102 ", STUDY_TIME: b"2000-0800 "}


@pytest.mark.parametrize(
    ("days", "asked", "granted", "end"),
    [
        (NIGHT, b"", b"", "; combined date and time matching was not negotiated"),
        (NIGHT, COMBINED, b"\0\0", "; combined date and time matching was asked for and not granted"),
        (NIGHT | {STUDY_DATE: b"20240101"}, COMBINED, COMBINED, ", so that nothing matches"),
        (NIGHT, COMBINED, COMBINED, None),
    ],
)
def test_a_range_over_midnight_needs_a_range_of_dates_and_combined_matching(days, asked, granted, end):
    packets = exchange(STUDY_ROOT_FIND, STUDY | days, information=asked, granted=granted)
    wrong = f"sends C-FIND-RQ at STUDY level with a range in (0008,0030) Study Time that ends before it begins{end}"
    assert [each.partition(") ")[2] for each in said(packets)] == ([wrong] if end else [])


def test_worklists_match_dates_and_times_as_one():
    night = {START_DATE: b"20240101-20240102 ", START_TIME: b"2000-0800 "}
    assert codes(exchange(WORKLIST, {NAME: b"", STEPS: item(night)})) == []
    assert codes(exchange(WORKLIST, {NAME: b"", STEPS: item({START_TIME: b"2000-0800 "})})) == ["query-range-reversed"]


def test_of_a_range_that_matched_all_the_same_it_is_not_said_that_nothing_matches():
    (text,) = said(exchange(STUDY_ROOT_FIND, STUDY | {STUDY_TIME: b"2000-0800 "}, FOUND | {STUDY_TIME: b"12"}))
    assert text.endswith("that ends before it begins")


@pytest.mark.parametrize("service", [STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET])
def test_who_granted_relational_behavior_and_refuses_it_is_told_before_the_failure(service):
    packets = exchange(
        service, SERIES | {STUDY_UID: b"", SERIES_UID: b"1.2\0"}, information=RELATIONAL, status=MISMATCH
    )
    (cause,) = findings_of(only(packets)).causes
    what = "queries" if service == STUDY_ROOT_FIND else "retrieval"
    assert f"(10.0.0.2:104) granted relational {what}, yet refuses C-" in cause.message
    assert "without (0020,000D) Study Instance UID" in cause.message
    assert [each.code for each in cause.followers] == ["status-failure"]


@pytest.mark.parametrize(
    ("key", "wrong"), [(b"", "with an empty"), (b"1\\2 ", "with 2 values in"), (b"1*", "with a wildcard in")]
)
def test_relevant_information_is_asked_of_one_patient(key, wrong):
    (cause,) = findings_of(only(exchange(RELEVANT_PATIENT, {PATIENT_ID: key}, status=0xC100))).causes
    assert cause.message.endswith(f"sends C-FIND-RQ {wrong} (0010,0020) Patient ID, which must name a single one")
    assert [each.code for each in cause.followers] == ["status-failure"]


STEP = {STATION: b"", START_DATE: b"", MODALITY: b""}


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (
            {STATION: b"CT1 ", START_DATE: b"20240101"},
            "leaves out (0040,0100) Scheduled Procedure Step Sequence in the match; (0040,0001) Scheduled Station AE "
            "Title, (0040,0002) Scheduled Procedure Step Start Date stand at top level instead",
        ),
        ({}, "leaves out (0040,0100) Scheduled Procedure Step Sequence in the match; it must have a value"),
        (
            {STEPS: item({STATION: b"", START_DATE: b"20240101", MODALITY: b"CT"})},
            "sends an empty (0040,0001) Scheduled Station AE Title in (0040,0100) Scheduled Procedure Step Sequence in "
            "the match; it must have a value",
        ),
        (
            {STEPS: item({STATION: b"CT1 ", START_DATE: b"20240101"})},
            "leaves out (0008,0060) Modality in (0040,0100) Scheduled Procedure Step Sequence in the match; it must "
            "have a value",
        ),
        ({STEPS: item({STATION: b"CT1 ", START_DATE: b"20240101", MODALITY: b"CT"})}, None),
    ],
)
def test_what_an_entry_of_a_worklist_lacks_inside_its_step_is_told(match, text):
    packets = exchange(WORKLIST, {NAME: b"", STEPS: item(STEP)}, {NAME: b"A "} | match)
    assert [each.partition(") ")[2].replace("in 1 match;", "in the match;") for each in said(packets)] == (
        [text] if text else []
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ({CODE: b"", SCHEME: b""}, True),
        ({CODE: b"1 "}, True),
        ({CODE: b"", 0x00080119: b"a long code value ", SCHEME: b"L "}, False),
        ({CODE: b"1 ", SCHEME: b"L "}, False),
    ],
)
def test_an_item_of_a_code_has_a_code(code, told):
    packets = exchange(WORKLIST, {NAME: b"", CODES: b""}, {NAME: b"A ", CODES: item(code)})
    assert codes(packets) == (["match-code-empty"] if told else [])


@pytest.mark.parametrize(("asked", "told"), [({CODE: b""}, False), ({CODE: b"", SCHEME: b""}, True)])
def test_a_coding_scheme_is_missing_from_a_code_only_where_it_was_asked_for(asked, told):
    packets = exchange(WORKLIST, {NAME: b"", CODES: item(asked)}, {NAME: b"A ", CODES: item({CODE: b"1 "})})
    assert codes(packets) == (["match-code-empty"] if told else [])


def test_of_the_items_of_a_match_the_first_ones_are_held_against_what_was_asked_for():
    whole, empty = item({CODE: b"1 ", SCHEME: b"L "}), item({})
    asked = {NAME: b"", STEPS: item({CODES: whole, STATION: b""})}
    for items, keys in (((whole + empty,) * 9, ()), ((empty + whole,), (CODE, SCHEME)), ((whole,) * 8 + (empty,), ())):
        steps = b"".join(item({CODES: codes, STATION: b"A "}) for codes in items)
        query = only(exchange(WORKLIST, asked, {NAME: b"A ", STEPS: steps})).operations.queries[0].query
        assert query is not None
        assert tuple(query.absent_within) == tuple((STEPS, CODES, key) for key in keys)


def test_question_marks_within_a_name_are_found_in_one_pass():
    for end, told in ((b"1?", False), (b"1?A ", True)):
        packets = exchange(STUDY_ROOT_FIND, STUDY | {NAME: b""}, FOUND | {NAME: b"?" * 60_000 + end})
        assert ("match-question-marks-within" in codes(packets)) is told


def test_a_key_of_a_lower_level_is_told_where_nothing_matched_even_without_a_value():
    asked = STUDY | {MODALITY: b""}
    (text,) = said(exchange(STUDY_ROOT_FIND, asked))
    lower = "asks for (0008,0060) Modality, of the lower SERIES level; nothing matched"
    assert text.endswith(f"sends C-FIND-RQ at STUDY level that {lower}")
    assert codes(exchange(STUDY_ROOT_FIND, asked, information=RELATIONAL)) == []
    assert codes(exchange(STUDY_ROOT_FIND, STUDY | {MODALITY: b"CT"})) == ["query-key-of-other-level"]


def test_where_matches_may_be_lost_nothing_is_said_to_match_nothing():
    final = {0x0002: STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0}
    for lost in (0, 300):
        talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_FIND)))
        asked = {0x0002: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1}
        talk.client(build.message(1, build.command_set(asked), data_set(STUDY | {MODALITY: b""})))
        if lost:
            talk.lose(1, lost)
        talk.server(build.message(1, build.command_set(final)))
        assert ("query-asks-below" in codes(released(talk))) is not lost
