"""What belongs together: from a C-MOVE to its C-STOREs and back, the list of all links, operations."""

from pathlib import Path

from msgspec.structs import replace

import build
from dicomsniff.association.association import Association
from dicomsniff.association.links import Link
from dicomsniff.association.normalized_links import Kind, Step, Workflow
from dicomsniff.capture.packets import CaptureError
from dicomsniff.findings.overview import Fate
from dicomsniff.library import Capture
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook, LinkWatch
from dicomsniff.tui.links_list import LinksList
from dicomsniff.tui.related import related_rows
from network import ARCHIVE, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from tui.screens import SMALL, both_sizes, exchange, notices, opened, overview, press, screen_text


def refuse(_: Association) -> Association:
    raise CaptureError("it is not kept")


def selected(app) -> tuple[int, str]:
    return app.session.association.id, exchange(app).fields.detail.title


def row(app, name: str) -> FieldRow:
    return next(each for each in exchange(app).fields.rows if each.name == name)


@both_sizes
async def test_r_goes_from_a_c_move_to_its_delivery_and_back(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-move.pcap", size) as (app, pilot):
        await press(pilot, "enter", "down", "down")
        assert selected(app) == (1, "C-MOVE-RQ 1")
        await press(pilot, "r")
        assert selected(app) == (2, "C-STORE-RQ 2")
        assert app.focused is exchange(app).ladder
        await press(pilot, "down", "down", "r")
        assert selected(app) == (1, "C-MOVE-RQ 1"), "from any C-STORE of the delivery"
        await press(pilot, "b")
        assert selected(app) == (2, "C-STORE-RQ 3"), "where the jump began"
        await press(pilot, "b")
        assert selected(app) == (1, "C-MOVE-RQ 1")
        await press(pilot, "b")
        assert selected(app) == (1, "C-MOVE-RQ 1"), "nothing further to go back to"


@both_sizes
async def test_the_details_of_a_c_move_name_its_deliveries_and_enter_goes_there(
    samples: Path, size: tuple[int, int]
) -> None:
    async with opened(samples / "c-move.pcap", size) as (app, pilot):
        await press(pilot, "enter", "down", "down", "enter")
        assert row(app, "delivery").value == "3 C-STOREs in association 2, 3 kept"
        assert row(app, "final response").value == "Success, 171 ms after the request, after 3 pending"
        fields = exchange(app).fields
        while fields.selected.name != "delivery":
            await press(pilot, "down")
        await press(pilot, "enter")
        assert selected(app) == (2, "C-STORE-RQ 2")
        assert row(app, "asked for by").value.startswith("C-MOVE 1 of association 1 (MOVER) to MOVEDEST: Success")


@both_sizes
async def test_l_lists_what_belongs_together_and_each_line_leads_there(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "c-move.pcap", size) as (app, pilot):
        await press(pilot, "l")
        assert isinstance(app.screen, LinksList)
        assert "└ 3 C-STOREs in association 2, 3 kept" in screen_text(app)
        await press(pilot, "down", "enter")
        assert selected(app) == (2, "C-STORE-RQ 2")
        await press(pilot, "l")
        assert app.screen.rows.cursor == 0, "at the link that the entry has part in"
        await press(pilot, "enter")
        assert selected(app) == (1, "C-MOVE-RQ 1")


async def test_a_capture_without_links_says_so(samples: Path) -> None:
    async with opened(samples / "c-echo.pcap", SMALL) as (app, pilot):
        await press(pilot, "l")
        assert "nothing that belongs together was found" in screen_text(app)
        await press(pilot, "enter", "r")
        assert "no single entry" in notices(app)
        await press(pilot, "2", "r")
        assert "nothing that belongs together with this entry" in notices(app)
        await press(pilot, "b", "2")
        assert "nothing to go back to" in notices(app)
        assert selected(app) == (1, "A-ASSOCIATE-RQ")


async def test_several_related_places_are_listed(samples: Path) -> None:
    async with opened(samples / "mpps.pcap", SMALL) as (app, pilot):
        await press(pilot, "enter", "down", "down", "r")
        assert isinstance(app.screen, LinksList)
        assert app.screen.rows.selected.message == 3, "the first that is not the entry itself"
        await press(pilot, "enter")
        assert selected(app) == (1, "N-SET-RQ 2")
        said = row(app, "this step").value
        assert said.startswith("association 1: N-SET")
        assert said.endswith("(message 3)")


async def test_o_goes_between_request_and_final_response(samples: Path) -> None:
    async with opened(samples / "c-find-cancel.pcap", SMALL) as (app, pilot):
        await press(pilot, "enter", "down", "down", "o")
        final = app.session.entry.event
        assert final is final.operation.final
        assert row(app, "cancelled by").target is not None
        assert f"{final.operation.pending} pending, then Cancel" in screen_text(app)
        await press(pilot, "o")
        assert app.session.entry.event is final.operation.request
        await press(pilot, "home", "o")
        assert "neither a request with a response" in notices(app)


async def test_sub_operations_of_a_c_get_lead_to_it_and_back(samples: Path) -> None:
    async with opened(samples / "c-get-pending.pcap") as (app, pilot):
        await press(pilot, "enter", "down", "down")
        assert selected(app) == (1, "C-GET-RQ 1")
        assert row(app, "sub-operations").value == "3 C-STOREs: 3 Success"
        await press(pilot, "r")
        assert selected(app) == (1, "C-STORE-RQ 2")
        assert row(app, "sub-operation of").value == "C-GET-RQ 1"
        await press(pilot, "r")
        assert selected(app) == (1, "C-GET-RQ 1")


async def test_a_jump_drops_a_filter_that_hides_its_end(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "slash", *"mover", "enter")
        assert len(app.session.listing.listed) == 1
        await press(pilot, "enter", "down", "down", "r")
        assert selected(app) == (2, "C-STORE-RQ 2")
        assert len(app.session.listing.listed) == 2
        assert app.focused is exchange(app).ladder
        await press(pilot, "slash")
        assert app.focused.value == ""


async def test_a_place_given_up_to_bound_memory_is_gone_back_for(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "enter", "down", "down", "r")
        place = selected(app)
        assert place[0] == 2
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        app.session.listing.all[1].condense()
        await press(pilot, "enter", "down", "down", "r")
        assert selected(app) == place


async def test_details_that_cannot_be_had_again_are_said_to_be_given_up(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        app.session.listing.all[1].condense()
        app.capture.reopen = refuse
        await press(pilot, "down", "2")
        assert "its details were given up to bound memory: it is not kept" in screen_text(app)


async def test_an_association_that_is_gone_is_said_to_be(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        app.session.advance([], None, None, app.session.listing.all[:1])
        await press(pilot, "enter", "down", "down", "r")
        assert "association 2 was given up to bound memory" in notices(app)


@both_sizes
async def test_the_overview_tells_where_an_associations_time_went(samples: Path, size: tuple[int, int]) -> None:
    async with opened(samples / "no-answer.pcap", size) as (app, pilot):
        assert "ECHOSCU gave up after 2.01 s" in screen_text(app)
        assert "because the acceptor" in screen_text(app)
        await press(pilot, "tab", "end")
        assert " 2.01 s  100%   ████████████████ negotiation" in screen_text(app)
        await press(pilot, "escape")
        assert app.focused is overview(app).table


async def test_the_status_line_tells_the_verdict_on_the_capture(samples: Path) -> None:
    async with opened(samples / "c-move.pcap") as (app, _):
        assert "associations went well; 1 C-MOVE, 3 C-STORE" in screen_text(app)


def worked_on(kind: Kind, steps: list[Step]) -> Link:
    return Link(str(kind), Workflow(kind, "1.2.3", steps), steps[0].association, steps[0].message, steps)


def test_a_commitment_leads_to_its_report_in_another_association(samples: Path) -> None:
    with Capture(str(samples / "storage-commitment.pcap")) as capture:
        asked, reported = capture.associations
        steps = [step for workflow in capture.analyzer.links.workflows() for step in workflow.steps]
    assert [step.association for step in steps] == [1, 2]
    book = LinkBook()
    book.add(worked_on(Kind.COMMITMENT, steps))
    rows = related_rows(asked, asked.timeline[2], book)
    assert [(row.name, row.target and row.target[:2]) for row in rows[2:]] == [("this step", None), ("step", (2, 1))]
    rows = related_rows(reported, reported.timeline[3], book)
    assert [(row.name, row.target and row.target[:2]) for row in rows[2:]] == [("step", (1, 1)), ("this step", None)]


def test_of_many_steps_those_around_the_entry_are_listed(samples: Path) -> None:
    with Capture(str(samples / "mpps.pcap")) as capture:
        (association,) = capture.associations
        step = capture.analyzer.links.workflows()[0].steps[0]
    assert (step.association, step.message) == (1, 1)
    others = [replace(step, association=9, message=number) for number in range(1, 101)]
    book = LinkBook()
    book.add(worked_on(Kind.MPPS, [*others[:60], step, *others[61:]]))
    rows = related_rows(association, association.timeline[2], book)
    names = [row.name for row in rows]
    assert len(rows) < 20
    assert names.index("this step") == 8
    assert rows[-1].value == "100 in all"


def test_a_delivery_without_its_c_move_says_so_on_every_c_store_of_it(tmp_path: Path) -> None:
    network = Network()
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT)
    for number in (1, 2):
        store(delivery, "NOBODY", number=number)
    store(delivery, None, number=3)
    release(delivery)
    path = tmp_path / "stray.pcap"
    path.write_bytes(build.pcap(build.frames(network.packets)))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        book = LinkBook.of(capture.analyzer)
    said = [
        [row.name for row in related_rows(association, entry, book)[1:]]
        for entry in association.timeline
        if entry.event.name == "C-STORE-RQ"
    ]
    assert said == [["delivery without its C-MOVE"], ["delivery without its C-MOVE"], []]


def test_a_c_get_says_what_it_came_to(samples: Path) -> None:
    with Capture(str(samples / "c-get-pending.pcap")) as capture:
        (association,) = capture.associations
        book = LinkBook.of(capture.analyzer)
    asked = next(entry for entry in association.timeline if entry.event.name == "C-GET-RQ")
    rows = {row.name: row for row in related_rows(association, asked, book)}
    assert (rows["C-GET"].value, rows["C-GET"].target) == (book.links[0].target.text, None)


def test_a_book_does_not_change_while_reading_goes_on(samples: Path) -> None:
    with Capture(str(samples / "c-move.pcap")) as capture:
        books = [LinkBook.of(capture.analyzer) for _ in capture.updates()]
    assert books[-1].links[0].target.text.endswith("3 C-STOREs in association 2, 3 kept")
    again = LinkBook.of(capture.analyzer)
    assert again.links is not books[-1].links
    assert [link.target for link in again.links] == [link.target for link in books[-1].links]


def test_finding_out_is_seldom_enough_to_cost_little(samples: Path) -> None:
    with Capture(str(samples / "c-echo.pcap")) as capture:
        watch = LinkWatch(capture.analyzer)
        assert not watch.is_due(0), "nothing is over"
        assert capture.associations
        assert watch.is_due(0)
        times = iter([100.0, 102.0])
        watch.write(lambda: next(times))
        assert not watch.is_due(1000), "nothing is new"
        capture.analyzer.overview.fates[Fate.WELL] += 1
        assert not watch.is_due(121)
        assert watch.is_due(122), "ten times the two seconds it took"


def test_a_c_move_still_open_says_when_its_deliveries_are_known(tmp_path: Path) -> None:
    values = {0x0002: "1.2.840.10008.5.1.4.1.2.2.2", 0x0100: 0x21, 0x0110: 1, 0x0600: "DEST", 0x0700: 0, 0x0800: 0x101}
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, "1.2.840.10008.5.1.4.1.2.2.2")))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.command_set(values)))
    path = tmp_path / "open.pcap"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    with Capture(str(path)) as capture:
        for batch in capture.reader.batches():
            capture.analyzer.feed(batch)
        (association,) = capture.analyzer.associations
        rows = related_rows(association, association.timeline[2], LinkBook.of(capture.analyzer))
    assert rows[-1].value == "are looked for when the association is over"


async def test_r_on_a_move_that_brought_nothing_says_what_came_of_it(tmp_path: Path) -> None:
    network = Network()
    asking = network.associate(VIEWER, ARCHIVE, "VIEWER", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq(destination="NOWHERE"))
    asking.server(move_rsp(0xA801))
    release(asking)
    path = tmp_path / "nowhere.pcap"
    path.write_bytes(build.pcap(build.frames(network.packets)))
    async with opened(path, SMALL) as (app, pilot):
        await press(pilot, "n", "r")
        assert isinstance(app.screen, LinksList)
        assert "to NOWHERE: Failure 0xA801" in screen_text(app)


async def test_r_on_an_entry_without_links_lists_those_of_its_association(samples: Path) -> None:
    async with opened(samples / "c-move.pcap", SMALL) as (app, pilot):
        await press(pilot, "2", "end", "r")
        assert isinstance(app.screen, LinksList)
        assert "3 C-STOREs in association 2" in screen_text(app)
