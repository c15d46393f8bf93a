"""Queries without matches, held against those of the same system that found something."""

import re

import pytest

import build
from findings.traffic import MATCH, SEARCH
from network import ARCHIVE, CLIENT, Network, release
from pipeline import analyze

FIND, WORKLIST = build.STUDY_ROOT_FIND, "1.2.840.10008.5.1.4.31"
LEVEL, NAME, PATIENT, DATE, STUDY = 0x00080052, 0x00100010, 0x00100020, 0x00080020, 0x0020000D
TIME, CHARACTER_SET = 0x00080030, 0x00080005
STEP, MODALITY, STATION = 0x00400100, 0x00080060, 0x00400001
Keys = dict[int, bytes]
ONE = {PATIENT: b"P7", DATE: b"20240101"}


def identifier(keys: Keys) -> bytes:
    return b"".join(build.element(tag, value) for tag, value in sorted(keys.items()))


def study(keys: Keys, level: bytes = b"STUDY ") -> bytes:
    return identifier({LEVEL: level, STUDY: b""} | keys)


def worklist(keys: Keys) -> bytes:
    body = identifier(keys)
    step = build.element(STEP, b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body)
    return build.element(NAME, b"") + step


def ask(network: Network, *asked: tuple[bytes, int], sop_class: str = FIND, after: int = 0, status: int = 0,
        calling: str = "CLIENT") -> None:  # fmt: skip
    """Queries on one association, each with as many matches as are given."""
    talk = network.associate(CLIENT, ARCHIVE, calling, "ARCHIVE", sop_class, after=after)
    for number, (keys, matches) in enumerate(asked, start=1):
        talk.client(build.message(1, build.command_set(SEARCH | {0x0002: sop_class, 0x0110: number}), keys))
        said = MATCH | {0x0002: sop_class, 0x0120: number}
        for _ in range(matches):
            talk.server(build.message(1, build.command_set(said | {0x0800: 1, 0x0900: 0xFF00}), keys))
        talk.server(build.message(1, build.command_set(said | {0x0800: 0x0101, 0x0900: status})))
    release(talk)


def told(network: Network) -> list[str]:
    return [each.message for each in analyze(network.packets).findings if each.code == "found-otherwise"]


def compared(nothing: bytes, some: bytes, *, sop_class: str = FIND, apart: int = 1000) -> list[str]:
    """What is said of a query without matches, and one with 3 of the same system `apart` ms, whichever came first."""
    said = []
    for first in (True, False):
        network = Network()
        ask(network, (nothing, 0), sop_class=sop_class, after=0 if first else apart)
        ask(network, (some, 3), sop_class=sop_class, after=apart if first else 0)
        said.append(told(network))
    one, two = said
    turned = {"association 1": "association 2", "association 2": "association 1"}
    assert [re.sub("association [12]", lambda found: turned[found[0]], each) for each in two] == one
    return one


def test_the_key_without_which_something_was_found_is_named():
    assert compared(study(ONE), study({PATIENT: b"P7"})) == [
        "the C-FIND-RQ of association 1 (message 1) found nothing; without (0008,0020) Study Date, that of association "
        "2 (message 1) found 3 matches"
    ]


@pytest.mark.parametrize("key", [STATION, MODALITY])
def test_keys_in_the_items_of_a_worklist_query_count(key):
    both = {MODALITY: b"US", STATION: b"US01"}
    (said,) = compared(worklist(both), worklist({k: v for k, v in both.items() if k != key}), sop_class=WORKLIST)
    assert "found nothing; without (" in said
    (said,) = compared(worklist(both), worklist(both | {key: b"MR"}), sop_class=WORKLIST)
    assert "found nothing; with another (" in said


@pytest.mark.parametrize(
    ("one", "other"), [(b"doe*", b"DOE*"), (b"Doe,Jane", b"Doe^Jane"), (b"Doe-*", b"Doe*"), (b"P-07", b"P07 ")]
)
def test_a_value_that_was_written_otherwise_is_told(one, other):
    (said,) = compared(study({NAME: one}), study({NAME: other}))
    how = "with a (0010,0010) Patient's Name that differs only in capitals, signs or spaces"
    assert f"found nothing; {how}, that of association 2" in said


def test_a_patient_id_that_is_written_otherwise_may_be_of_another_patient():
    (said,) = compared(study({PATIENT: b"12-3"}), study({PATIENT: b"123 "}))
    how = "with a (0010,0020) Patient ID, perhaps another patient's, that differs only in capitals, signs or spaces"
    assert f"found nothing; {how}, that of association 2" in said


@pytest.mark.parametrize(("one", "other"), [(b"DOE", b"DOE*"), (b"Doe", b"DOE^*"), (b"DOE^JANE", b"DOE*JA?NE")])
def test_a_wildcard_with_which_something_was_found_is_told(one, other):
    (said,) = compared(study({NAME: one}), study({NAME: other}))
    assert "found nothing; with a wildcard in (0010,0010) Patient's Name, that of association 2" in said


def test_names_are_compared_in_their_character_sets():
    latin, unicode, gbk = ({CHARACTER_SET: name} for name in (b"ISO_IR 100", b"ISO_IR 192", b"GBK "))
    written = "with a (0010,0010) Patient's Name that differs only in capitals, signs or spaces"
    (said,) = compared(study(latin | {NAME: b"M\xfcller"}), study(unicode | {NAME: "Müller".encode()}))
    assert written in said
    (said,) = compared(study(latin | {NAME: b"m\xfcller"}), study(latin | {NAME: b"M\xdcLLER"}))
    assert written in said
    assert compared(study(gbk | {NAME: b"\x81A\x81A"}), study(gbk | {NAME: b"\x81a\x81a"})) == []  # other characters
    assert compared(study(unicode | {NAME: b"A\xff"}), study(unicode | {NAME: b"A\xfe"})) == []  # none at all


@pytest.mark.parametrize(("apart", "there"), [(59_000, True), (61_000, False)])
def test_a_query_with_a_key_less_is_a_try_for_a_minute_but_always_of_a_worklist(apart, there):
    assert bool(compared(study(ONE), study({PATIENT: b"P7"}), apart=apart)) is there
    both = {MODALITY: b"US", STATION: b"US01"}
    assert compared(worklist(both), worklist({MODALITY: b"US"}), sop_class=WORKLIST, apart=apart)


def test_the_same_query_that_found_something_at_another_time_acquits_its_keys():
    network = Network()
    ask(network, (study(ONE), 0))
    ask(network, (study(ONE), 1), after=20_000)
    ask(network, (study({PATIENT: b"P7"}), 2), after=30_000)
    assert told(network) == []


@pytest.mark.parametrize(
    ("nothing", "some"),
    [
        (study({PATIENT: b"P7"}), study({PATIENT: b"P8"})),  # another patient
        (study(ONE), study({})),  # two keys less
        (study({PATIENT: b"P7"}), study(ONE)),  # a key more
        (study(ONE), study({PATIENT: b"P8"})),  # a key less, and another patient
        (study(ONE), study({PATIENT: b"P7"}, b"SERIES")),  # at another level
        (study(ONE), study(ONE)),  # the same: it was stored meanwhile
        (study({DATE: b"20240102"}), study({DATE: b"20240102-"})),  # from that day on
        (study({DATE: b"-20240102"}), study({DATE: b"20240102-"})),
        (study({TIME: b"-1200"}), study({TIME: b"1200-"})),
        (study({STUDY: b"1.2.34"}), study({STUDY: b"1.23.4"})),
        (study({STUDY: b"1.2.34\\1.2.35"}), study({STUDY: b"1.2.341.2.35"})),
        (study({PATIENT: b"???"}), study({PATIENT: b"??"})),
        (study({PATIENT: b"1\\23"}), study({PATIENT: b"12\\3"})),  # other patients
        (study({NAME: b"DOE*"}), study({NAME: b"DOE"})),
        (study({MODALITY: b"SR"}, b"SERIES"), study({MODALITY: b"CT"}, b"SERIES")),  # a viewer asks for each
        (study({PATIENT: b"P7", DATE: b"*"}), study({PATIENT: b"P7"})),  # an asterisk asks for nothing
        (study(dict.fromkeys(range(0x00081000, 0x00081009), b"x ")), study({})),  # too many keys
    ],
)
def test_other_differences_explain_nothing(nothing, some):
    assert compared(nothing, some) == []


def test_queries_on_one_association_are_compared_as_well():
    network = Network()
    ask(network, (study(ONE), 0), (study({PATIENT: b"P7"}), 2))
    assert told(network) == [
        "the C-FIND-RQ of association 1 (message 1) found nothing; without (0008,0020) Study Date, that of association "
        "1 (message 3) found 2 matches"
    ]


def test_a_query_that_finds_nothing_again_and_again_is_told_once():
    network = Network()
    for number in range(3):
        ask(network, (study(ONE), 0), after=1000 * number)
    ask(network, (study({PATIENT: b"P7"}), 2), after=5000)
    (said,) = told(network)
    assert said.startswith("the C-FIND-RQs of associations 1, 2 and 3 found nothing; without (0008,0020) Study Date")


@pytest.mark.parametrize("change", [{"calling": "OTHER"}, {"status": 0xA700}, {"sop_class": WORKLIST}])
def test_queries_of_others_and_those_that_failed_are_no_evidence(change):
    network = Network()
    ask(network, (study(ONE), 0))
    ask(network, (study({PATIENT: b"P7"}), 2), after=1000, **change)
    assert told(network) == []
