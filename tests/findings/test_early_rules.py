"""A refusal while a data set is being sent is the cause of what its sender then leaves out."""

import build
from findings.traffic import released, talked
from pipeline import findings_of, only


def refused(status: int, *, sent: int) -> list[tuple[str, list[str]]]:
    """What is found of a C-STORE of 2000 bytes of pixels, answered after 700 bytes and ended after `sent`."""
    store = build.message(3, build.store_rq(), build.pixels(2000)[:sent], fragment=500)
    talk = talked((0, store[:700]), (1, build.message(3, build.store_rsp(1, status))), (0, store[700:]))
    return [(each.code, [one.code for one in each.followers]) for each in findings_of(only(released(talk))).causes]


def test_a_short_data_set_follows_from_the_refusal():
    assert refused(0xA700, sent=1000) == [("status-failure", ["request-cut-short"])]


def test_a_data_set_that_is_sent_to_its_end_all_the_same_is_no_matter():
    assert refused(0xA700, sent=2008) == [("status-failure", [])]


def test_without_a_refusal_the_sender_has_to_send_all():
    assert "data-set-truncated-element" in [code for code, _ in refused(0, sent=1000)]
