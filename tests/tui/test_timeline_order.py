"""Entries by time, however they come."""

from io import StringIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import build
from dicomsniff.association.association import Association, Party
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.capture.segments import Endpoint
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.lack import Lack, Part
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import open_capture
from dicomsniff.side import Side
from dicomsniff.span import Span
from dicomsniff.tui.timeline_order import TimelineOrder
from tui.screens import LARGE, opened, press, screen_text


def association() -> Association:
    parties = Party(Endpoint("10.0.0.1", 1)), Party(Endpoint("10.0.0.2", 104))
    return Association(1, *parties, known_start=True, time=0)


def span(time: int, packet: int = 1) -> Span:
    return Span(packet, packet, time, time, 0)


@given(steps=st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5), max_size=12))
def test_the_order_is_that_of_sorting_however_entries_come(steps: list[list[tuple[int, bool]]]) -> None:
    grown = association()
    order = TimelineOrder(grown)
    for step in steps:
        for time, stray in step:
            # A stray fragment behind another replaces it by both of them.
            event = StrayFragment(span(time), 1, 1, Lack(Part.BEGINNING, "")) if stray else TcpEnd(span(time), "FIN")
            grown.add(event, Side.REQUESTOR)
        order.grow()
        assert order.entries == sorted(grown.timeline, key=order.key)
        assert all(order.entries[order.find(entry)] is entry for entry in grown.timeline)


def test_what_was_given_up_is_gone() -> None:
    grown = association()
    grown.add(TcpEnd(span(1), "FIN"), side=Side.REQUESTOR)
    order = TimelineOrder(grown)
    gone = order.entries[0]
    grown.condense()
    order.grow()
    assert order.entries == []
    assert order.find(gone) is None


async def test_where_the_clock_was_set_back_the_order_is_that_of_the_packets_and_the_step_is_said(
    tmp_path: Path,
) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    for number in (1, 2):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number)))
        talk.wait(-3_600_000_000_000)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    path = tmp_path / "back.pcap"
    path.write_bytes(build.pcap(build.frames(talk.close().packets)))
    async with opened(path, LARGE) as (app, pilot):
        await press(pilot, "2")
        names = [entry.event.name for entry in app.session.entries]
        order = ["C-ECHO-RQ", "C-ECHO-RSP"] * 2
        assert names[:8] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", *order, "A-RELEASE-RQ", "A-RELEASE-RP"]
        ladder = app.workspace.exchange.ladder
        assert [line.entry for line in ladder.rows] == app.session.entries
        assert [row for row, line in enumerate(ladder.rows) if line.since is not None and line.since < 0] == [4, 6]
        assert "-60 min" in screen_text(app), screen_text(app)
        for place, entry in enumerate(app.session.entries):
            app.session.select_entry(entry)
            assert (app.session.place, ladder.cursor) == (place, place)
    shown = StringIO()
    with open_capture(path) as capture:
        write_view(find_view("show", "text"), capture, shown, Asked())
    lines = [line for line in shown.getvalue().splitlines() if "C-ECHO-R" in line and ("-->" in line or "<--" in line)]
    assert [line.split()[2] + line.split()[3] for line in lines] == [
        "C-ECHO-RQ1",
        "C-ECHO-RSP1",
        "C-ECHO-RQ2",
        "C-ECHO-RSP2",
    ]
    assert "and the exchange is listed by packets" in shown.getvalue()
