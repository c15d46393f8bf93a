"""What an association is compared with, where nobody has chosen it."""

import build
from dicomsniff.association.association import Association
from dicomsniff.comparing.counterpart import good_and_bad, nearest_healthy
from dicomsniff.comparing.subject import Subject
from dicomsniff.findings.overview import Fate, fate
from pipeline import findings_of, only


def association(number: int, calling: str = "CT1", called: str = "PACS", status: int = 0) -> Association:
    talk = build.Talk().open()
    talk.client(build.associate_rq(calling=calling, called=called))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp(status=status)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    found = only(talk.close().packets)
    found.id = number
    return found


def how_it_went(each: Association) -> Fate:
    return fate(each, findings_of(each))


def chosen(*others: Association) -> int | None:
    found = nearest_healthy(association(5, status=0x0122), others, how_it_went)
    return found.id if found is not None else None


def test_the_nearest_one_of_the_same_peers_is_chosen() -> None:
    assert chosen(association(1), association(3), association(4, "CT2"), association(9)) == 3


def test_one_in_trouble_is_passed_over() -> None:
    assert chosen(association(1), association(4, status=0x0122)) == 1


def test_one_of_the_same_acceptor_will_do() -> None:
    assert chosen(association(1, "CT2"), association(6, "CT1", "ARCHIVE")) == 1


def test_there_may_be_none() -> None:
    assert chosen(association(1, "CT2", "ARCHIVE")) is None


def test_an_association_is_not_compared_with_itself_nor_with_one_that_goes_on() -> None:
    going_on = association(4)
    going_on.closed = False
    assert chosen(association(5), going_on) is None


def test_the_one_in_trouble_is_the_bad_one() -> None:
    well, troubled = (Subject(each, findings_of(each)) for each in (association(1), association(2, status=0x0122)))
    assert good_and_bad(well, troubled) == (well, troubled)
    assert good_and_bad(troubled, well) == (well, troubled)


def test_of_two_that_went_well_the_selected_one_is_the_bad_one() -> None:
    selected, other = (Subject(each, findings_of(each)) for each in (association(1), association(2)))
    assert good_and_bad(selected, other) == (other, selected)
