"""What belongs together across associations: C-MOVEs and deliveries, instances and transactions, series of ends."""

from types import SimpleNamespace

import pytest

import build
from dicomsniff.association import links as links_module
from dicomsniff.association import moves as moves_module
from dicomsniff.association import neighbours as neighbours_module
from dicomsniff.association import normalized_links as instances_module
from dicomsniff.association.deliveries import find_deliveries
from dicomsniff.association.normalized_links import Kind
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, MS, VIEWER, Network, move_rq, move_rsp, release, store
from unmarked import explain_move

MPPS = "1.2.840.10008.3.1.2.3.3"


def moved(originator: str | None = "CLIENT", *, called: str = "VIEWER", source: str = ARCHIVE):
    """A C-MOVE of two objects, and what the linker makes of it."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(source, VIEWER, "ARCHIVE", called, CT, after=50)
    for number in (1, 2):
        store(delivery, originator, number=number)
    release(delivery)
    asking.wait(500 * MS)
    asking.server(move_rsp(0, completed=2, failed=0, warning=0))
    release(asking)
    return network.analyze()


def test_a_delivery_is_found_by_its_move_originator():
    links = moved(called="OTHER NAME", source="10.0.0.9").links
    (move,) = links.moves()
    (delivery,) = move.deliveries
    assert (move.association, move.message, move.destination, move.counters["completed"]) == (1, 1, "VIEWER", 2)
    assert (delivery.association, delivery.stores.asked, delivery.stores.kept) == (2, 2, 2)
    assert (delivery.how, delivery.guessed) == ("Move Originator; sent from another address", False)
    assert explain_move(move) == ""
    assert links.stray_deliveries() == []


def test_a_provider_that_names_itself_as_originator_is_understood():
    (move,) = moved("ARCHIVE").links.moves()
    assert [delivery.how for delivery in move.deliveries] == ["Move Originator, in which the SCP put its own title"]


def test_without_move_originator_title_addresses_and_time_are_a_guess():
    (move,) = moved(None).links.moves()
    assert [(delivery.association, delivery.guessed) for delivery in move.deliveries] == [(2, True)]


@pytest.mark.parametrize(("called", "source"), [("SOMEBODY", ARCHIVE), ("VIEWER", "10.0.0.9")])
def test_without_move_originator_another_title_or_address_is_no_delivery(called, source):
    (move,) = moved(None, called=called, source=source).links.moves()
    assert move.deliveries == ()


@pytest.mark.parametrize(("early", "delivered"), [(9, 1), (12, 0)])
def test_a_delivery_may_seem_a_little_earlier_than_the_move_that_caused_it(early, delivered):
    """Two interfaces have two clocks; what differs by more than 10 ms is not explained by them."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=100)
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT)
    (asked,) = asking.client(move_rq())
    delivery.wait(asked.time - early * MS - delivery.time)
    store(delivery, "CLIENT")
    release(delivery)
    asking.wait(500 * MS)
    asking.server(move_rsp(0))
    release(asking)
    links = network.analyze().links
    (move,) = links.moves()
    assert (len(move.deliveries), len(links.stray_deliveries())) == (delivered, 1 - delivered)


def test_another_message_id_is_another_move():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq(1))
    asking.server(move_rsp(0, 1))
    asking.client(move_rq(2))
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    store(delivery, "CLIENT", 2)
    store(delivery, "NOBODY", 9, number=2)
    release(delivery)
    asking.wait(500 * MS)
    asking.server(move_rsp(0, 2))
    release(asking)
    links = network.analyze().links
    assert [[each.association for each in move.deliveries] for move in links.moves()] == [[], [2]]
    assert [delivery.originator for delivery in links.stray_deliveries()] == [("NOBODY", 9)]


def test_of_two_moves_with_one_name_the_delivery_belongs_to_the_one_before_it():
    network = Network()
    for start in (0, 1000):
        asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=start)
        asking.client(move_rq())
        delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=start + 50)
        store(delivery, "CLIENT")
        release(delivery)
        asking.wait(500 * MS)
        asking.server(move_rsp(0))
        release(asking)
    moves = network.analyze().links.moves()
    found = [(move.association, [delivery.association for delivery in move.deliveries]) for move in moves]
    assert found == [(1, [2]), (3, [4])]


def test_the_destination_refused_the_association():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.call(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    delivery.server(build.associate_rj())
    delivery.close()
    asking.wait(500 * MS)
    asking.server(move_rsp(0xA702, failed=2))
    release(asking)
    (move,) = network.analyze().links.moves()
    assert explain_move(move) == "VIEWER rejected the SCP's association 2: called AE title not recognized"


def test_the_destination_accepted_no_context():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    release(network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50, result=4))
    asking.wait(500 * MS)
    asking.server(move_rsp(0xA702, failed=2))
    release(asking)
    (move,) = network.analyze().links.moves()
    assert explain_move(move) == "VIEWER accepted no presentation context in association 2"


def test_nothing_listens_at_the_destination():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    network.refuse(ARCHIVE, VIEWER, after=50)
    asking.wait(500 * MS)
    asking.server(move_rsp(0xA702, failed=2))
    release(asking)
    (move,) = network.analyze().links.moves()
    assert "10.0.0.3:104, which refused the TCP connection" in explain_move(move)


@pytest.mark.parametrize(
    ("final", "says"),
    [
        (move_rsp(0xA801), "does not know the destination VIEWER"),
        (move_rsp(0xA702, failed=3), "3 objects failed and no C-STORE is in the capture"),
        (move_rsp(0, completed=0, failed=0, warning=0), "nothing was moved"),
        (move_rsp(0xC001), "gave up before it sent anything"),
    ],
)
def test_moves_without_a_delivery_are_explained(final, says):
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    asking.server(final)
    release(asking)
    (move,) = network.analyze().links.moves()
    assert says in explain_move(move)


def test_objects_that_were_never_sent_are_told_from_those_the_destination_refused():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    store(delivery, "CLIENT")
    store(delivery, "CLIENT", status=0xA700, number=2)
    release(delivery)
    asking.wait(500 * MS)
    asking.server(move_rsp(0xB000, completed=1, failed=3))
    release(asking)
    (move,) = network.analyze().links.moves()
    assert explain_move(move) == (
        "VIEWER answered 1 of 2 C-STOREs with Failure 0xA700 (Refused: Out of Resources); "
        "2 objects counted as failed were never sent: the SCP's log says why"
    )


def test_a_procedure_step_is_followed_over_associations_by_its_instance():
    network = Network()
    for start, (field, answer, uid) in enumerate(((0x0140, 0x8140, 0x1000), (0x0120, 0x8120, 0x1001))):
        talk = network.associate(CLIENT, ARCHIVE, "CT1", "RIS", MPPS, after=1000 * start)
        sop_class = 0x0002 if uid == 0x1000 else 0x0003
        rq = {sop_class: MPPS, 0x0100: field, 0x0110: 1, 0x0800: 1, uid: "1.2.3.4"}
        talk.client(build.message(1, build.command_set(rq), b"step"))
        rsp = {0x0002: MPPS, 0x0100: answer, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0, 0x1000: "1.2.3.4"}
        talk.server(build.message(1, build.command_set(rsp)))
        release(talk)
    links = network.analyze().links
    (workflow,) = links.workflows()
    assert (workflow.kind, workflow.key, workflow.associations) == (Kind.MPPS, "1.2.3.4", [1, 2])
    assert [(step.association, step.service, step.status) for step in workflow.steps] == [
        (1, "N-CREATE", 0),
        (2, "N-SET", 0),
    ]


def test_an_instance_named_by_the_response_to_n_create():
    network = Network()
    talk = network.associate(CLIENT, ARCHIVE, "CT1", "RIS", MPPS)
    rq = {0x0002: MPPS, 0x0100: 0x0140, 0x0110: 1, 0x0800: 1}
    talk.client(build.message(1, build.command_set(rq), b"step"))
    rsp = {0x0002: MPPS, 0x0100: 0x8140, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0, 0x1000: "1.2.3.9"}
    talk.server(build.message(1, build.command_set(rsp)))
    release(talk)
    assert [workflow.key for workflow in network.analyze().links.workflows()] == ["1.2.3.9"]


def test_associations_between_the_same_ends_are_counted():
    network = Network()
    for number in range(4):
        talk = network.associate(CLIENT, ARCHIVE, "CT1", "ARCHIVE", CT, after=1000 * number)
        store(talk, None)
        release(talk)
    release(network.associate(CLIENT, ARCHIVE, "CT2", "ARCHIVE", CT))
    (series,) = network.analyze().links.series()
    assert (series.associations, series.stores, series.single_stores) == (4, 4, 4)
    assert series.largest_pause < 1000 * MS < series.end - series.start
    assert 0 < series.overhead < series.end - series.start


@pytest.mark.parametrize(("later", "found"), [(1900, 1), (2100, 0)])
def test_an_unnamed_delivery_or_a_failed_attempt_may_come_two_seconds_after_the_final_response(later, found):
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    (answer,) = asking.server(move_rsp(0))
    release(asking)
    after = (answer.time - build.START) // MS + later
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=after)
    store(delivery, None)
    release(delivery)
    attempt = network.talk(ARCHIVE, "10.0.0.7", after=after)
    del attempt.packets[1:]
    (move,) = network.analyze().links.moves()
    assert (len(move.deliveries), len(move.unconnected)) == (found, found)


def test_of_two_moves_with_one_name_the_one_asked_of_the_sender_goes_before_the_latest():
    network = Network()
    for provider in (ARCHIVE, "10.0.0.8"):
        asking = network.associate(CLIENT, provider, "CLIENT", "ARCHIVE", MOVE_CLASS, after=10 * len(network.talks))
        asking.client(move_rq())
        asking.wait(5000 * MS)
        asking.server(move_rsp(0))
        release(asking)
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=100)
    store(delivery, "CLIENT", status=0xB000)
    store(delivery, "CLIENT", status=0xA700, number=2)
    release(delivery)
    first, second = network.analyze().links.moves()
    assert [(each.provider, each.sent, each.kept) for each in (first, second)] == [(ARCHIVE, 2, 1), ("10.0.0.8", 0, 0)]


def test_a_series_spans_associations_side_by_side_and_counts_only_lone_stores_as_single():
    """A long one with a C-STORE and a C-ECHO, one within it, another after two seconds, and one soon after that."""
    network = Network()
    outer = network.associate(CLIENT, ARCHIVE, "CT1", "ARCHIVE", CT)
    store(outer, None)
    outer.client(build.message(1, build.echo_rq(5)))
    outer.server(build.message(1, build.echo_rsp(5)))
    outer.wait(3000 * MS)
    release(outer)
    ends = outer.packets[-1].time
    for after in (1000, (ends - build.START) // MS + 2000, (ends - build.START) // MS + 2100):
        inner = network.associate(CLIENT, ARCHIVE, "CT1", "ARCHIVE", CT, after=after)
        store(inner, None)
        release(inner)
    (series,) = network.analyze().links.series()
    assert (series.associations, series.stores, series.single_stores) == (4, 4, 3)
    assert series.largest_pause == pytest.approx(2000 * MS, abs=5 * MS)
    assert series.end == network.packets[-2].time


def steps_of(*instances: str) -> Network:
    """N-CREATEs of procedure steps, each on an association of its own."""
    network = Network()
    for number, instance in enumerate(instances):
        talk = network.associate(CLIENT, ARCHIVE, f"CT{number}", "RIS", MPPS, after=1000 * number)
        talk.client(
            build.message(
                1, build.command_set({0x0002: MPPS, 0x0100: 0x0140, 0x0110: 1, 0x0800: 0x0101, 0x1000: instance})
            )
        )
        release(talk)
    return network


def test_steps_of_one_instance_and_instances_are_bounded(monkeypatch):
    monkeypatch.setattr(instances_module, "MAX_STEPS", 2)
    (workflow,) = steps_of("1.2", "1.2", "1.2").analyze().links.workflows()
    assert (len(workflow.steps), workflow.unlisted) == (2, 1)
    monkeypatch.setattr(instances_module, "MAX_WORKFLOWS", 2)
    assert [workflow.key for workflow in steps_of("1.2", "1.3", "1.4").analyze().links.workflows()] == ["1.2", "1.3"]


def test_steps_are_listed_in_the_order_of_time_whichever_association_ended_first():
    network = steps_of("1.2", "1.2")
    first = network.talks[0].packets
    first[-5:] = [packet._replace(time=packet.time + 20_000 * MS) for packet in first[-5:]]
    (workflow,) = network.analyze().links.workflows()
    assert [step.association for step in workflow.steps] == [1, 2]


def test_pairs_of_ends_are_bounded(monkeypatch):
    monkeypatch.setattr(links_module, "MAX_PAIRS", 1)
    network = Network()
    for number, title in enumerate(("CT1", "CT2", "CT1", "CT2")):
        release(network.associate(CLIENT, ARCHIVE, title, "ARCHIVE", CT, after=1000 * number))
    assert [(each.calling_ae_title, each.associations) for each in network.analyze().links.series()] == [("CT1", 2)]


@pytest.mark.parametrize("limit", ["MAX_MOVES", "MAX_DELIVERIES", "MAX_UNCONNECTED"])
def test_what_is_remembered_is_bounded(monkeypatch, limit):
    monkeypatch.setattr(moves_module, limit, 2)
    links = moves_module.MoveLinks()
    analyzer = moved()
    for _ in range(5):
        for association in analyzer.associations:
            links.take(moves_module.find_moves(association), find_deliveries(association))
        links.feed_unconnected(moves_module.Unconnected(ARCHIVE, f"{VIEWER}:104", 0, "refused"))
    kept = {"MAX_MOVES": links._moves, "MAX_DELIVERIES": links._named, "MAX_UNCONNECTED": links._unconnected}
    assert len(kept[limit]) == 2


def test_where_there_is_no_end_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(moves_module, "LATEST_MOVES", 2)
    monkeypatch.setattr(moves_module, "LATEST_DELIVERIES", 2)
    monkeypatch.setattr(instances_module, "LATEST_WORKFLOWS", 2)
    links = links_module.Linker(watches=True)
    for association in moved().associations * 3:
        links.feed(association)
    assert (len(links.moves()), links.unlisted["C-MOVE"]) == (2, 1)
    for association in steps_of("1.2", "1.3", "1.4").analyze().associations:
        links.feed(association)
    assert [workflow.key for workflow in links.workflows()] == ["1.3", "1.4"]
    assert links.unlisted["normalized operation"] == 1


def test_of_c_gets_without_end_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(links_module, "LATEST_GETS", 2)
    links = links_module.Linker(watches=True)
    monkeypatch.setattr(
        links_module, "find_gets", lambda association: [SimpleNamespace(association=association.id, message=1)]
    )
    for association in steps_of("1.2", "1.3", "1.4").analyze().associations[:3]:
        links.feed(association)
    assert [get.association for get in links.gets()] == [2, 3]
    assert links.unlisted["C-GET"] == 1


def test_of_pairs_of_ends_without_end_those_heard_of_last_are_remembered(monkeypatch):
    monkeypatch.setattr(links_module, "LATEST_PAIRS", 2)
    network = Network()
    for number, title in enumerate(("CT1", "CT2", "CT1", "CT3", "CT1")):
        release(network.associate(CLIENT, ARCHIVE, title, "ARCHIVE", CT, after=1000 * number))
    links = links_module.Linker(watches=True)
    for association in network.analyze().associations:
        links.feed(association)
    assert [(each.calling_ae_title, each.associations) for each in links.series()] == [("CT1", 3)]
    assert links.unlisted == {"association": 1}


def test_of_neighbours_without_end_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(neighbours_module, "LATEST_NEIGHBOURS", 2)
    neighbours = neighbours_module.Neighbours(watches=True)
    for association in steps_of("1.2", "1.3", "1.4").analyze().associations:
        neighbours.feed(association, "")
    assert [each.association for each in neighbours] == [2, 3]
