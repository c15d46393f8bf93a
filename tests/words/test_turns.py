"""Whose turn it was, over the time of an association."""

from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Association
from dicomsniff.words.turns import Turn, turns
from pipeline import only

SECOND = 1_000_000_000


def exchanged(answer: int, *, gives_up: bool = False) -> Association:
    """A C-ECHO that is answered, or given up, after so long; four times as long after it was opened."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.wait(4 * answer)
    talk.client(build.message(1, build.echo_rq()))
    talk.wait(answer)
    if gives_up:
        talk.client(build.abort())
    else:
        talk.server(build.message(1, build.echo_rsp()))
    return only(talk.close().packets)


def drawn(association: Association, cells: int = 10) -> str:
    signs = {Turn.REQUESTOR: "r", Turn.ACCEPTOR: "a", Turn.UNDERWAY: "-"}
    found = turns(association.timeline, association.start_time, association.end_time, cells)
    return "".join(signs[turn] for turn in found)


def test_each_cell_tells_what_took_most_of_it() -> None:
    assert drawn(exchanged(SECOND)) == "rrrrrrrraa"


def test_who_was_asked_has_the_turn_even_if_the_other_one_gives_up() -> None:
    assert drawn(exchanged(SECOND, gives_up=True)) == "rrrrrrrraa"


@given(st.integers(1, 200), st.integers(0, 5 * SECOND))
def test_there_are_as_many_cells_as_asked_for(cells: int, answer: int) -> None:
    assert len(drawn(exchanged(answer), cells)) == cells
