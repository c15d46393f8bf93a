"""Small things that were not told, or not plainly, when the issues were walked clause by clause."""

import pytest

import build
import data_sets
from findings.test_field_reports import told
from findings.traffic import CT, MATCH, SEARCH, associate_ac, associate_rq, opened, released, role
from negotiations import extended

FIND = build.STUDY_ROOT_FIND


@pytest.mark.parametrize(
    ("asked", "given", "said"),
    [
        ([], [], "relational queries were not negotiated"),
        ([b"\1"], [], "relational queries were asked for and not granted"),
        ([b"\1"], [b"\0"], "relational queries were asked for and not granted"),
        ([], [b"\1"], "relational queries were not negotiated"),
        ([b"\1"], [b"\1"], None),
    ],
)
def test_relational_queries_that_were_asked_for_and_not_granted_are_told_as_that(asked, given, said):
    series = build.element(0x00080052, b"SERIES") + build.element(0x0020000E, b"")
    talk = opened(
        associate_rq(build.proposal(1, FIND), more=tuple(extended(FIND, each) for each in asked)),
        associate_ac(build.answer(1), more=tuple(extended(FIND, each) for each in given)),
    )
    talk.client(build.message(1, build.command_set(SEARCH), series))
    talk.server(build.message(1, build.command_set(MATCH | {0x0800: 0x0101, 0x0900: 0xA900})))
    found = told(released(talk), "query-parent-missing")
    assert [each.partition("; ")[2] for each in found] == ([said] if said else [])


def test_roles_that_were_not_proposed_are_told_once():
    accept = associate_ac(more=(role(CT, 1, 1), role(CT, 1, 0)))
    assert told(released(opened(associate_rq(), accept)), "role-not-proposed") == [
        "A-ASSOCIATE-AC grants a role that was not proposed, for CT Image Storage"
    ]
    others = [f"1.2.3.{number}" for number in range(5)]
    accept = associate_ac(more=tuple(role(uid, 1, 1) for uid in others))
    assert told(released(opened(associate_rq(), accept)), "role-not-proposed") == [
        "A-ASSOCIATE-AC grants roles that were not proposed, for 1.2.3.0, 1.2.3.1, 1.2.3.2 and 2 more"
    ]


def with_modality(value: bytes, status: int, *, by_acceptor: bool = False) -> list[build.Packet]:
    """An object whose Modality has this value, sent by the requestor or, by negotiated roles, by the acceptor."""
    roles = (role(CT, 1, 1),)
    syntax = (build.EXPLICIT,)
    talk = opened(
        associate_rq(build.proposal(3, CT, syntax), more=roles),
        associate_ac(build.answer(3, transfer=build.EXPLICIT), more=roles),
    )
    uids = (0x00080016, CT.encode() + b"\0"), (0x00080018, b"1.2.3\0")
    data = b"".join(data_sets.short(tag, "UI", uid) for tag, uid in uids) + data_sets.short(0x00080060, "CS", value)
    ask, respond = (talk.server, talk.client) if by_acceptor else (talk.client, talk.server)
    ask(build.message(3, build.store_rq(), data))
    respond(build.message(3, build.store_rsp(1, status)))
    return released(talk)


SMALL = (
    "in the data set of C-STORE-RQ, (0008,0060) Modality at byte 48 (CS) has small letters; codes are written in "
    "capitals"
)


@pytest.mark.parametrize(("value", "said"), [(b"ct", SMALL), (b"CT\\Mr ", SMALL), (b"CT", ""), (b"C_T 1*?", "")])
@pytest.mark.parametrize("by_acceptor", [False, True])
def test_codes_in_small_letters_are_told_where_an_object_was_refused(value, said, by_acceptor):
    value += b" " * (len(value) % 2)
    who = "STORESCU (10.0.0.1:40001)" if by_acceptor else "STORESCP (10.0.0.2:104)"
    found = told(with_modality(value, 0xA900, by_acceptor=by_acceptor), "likely-reason")
    assert found == ([f"{said}: likely why {who} answered with a failure"] if said else [])


def test_codes_in_small_letters_are_silent_where_the_object_was_kept():
    packets = with_modality(b"ct", 0)
    assert not any(told(packets, code) for code in ("likely-reason", "data-set-value", "data-set-minor-value"))


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (0xA800, "status-failure", "C-STORE-RSP 1: Failure 0xA800 by its number, not defined for C-STORE"),
        (0x0001, "status-warning", "C-STORE-RSP: Warning 0x0001 by its number, not defined for C-STORE"),
        (0xA711, "status-failure", "C-STORE-RSP 1: Failure 0xA711 (Refused: Out of Resources)"),
    ],
)
def test_a_status_that_is_not_defined_for_its_service_is_told_as_that(status, code, said):
    assert told(with_modality(b"CT", status), code) == [f"{said}, SOP class CT Image Storage"]
