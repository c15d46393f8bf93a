"""A C-MOVE that failed for what its destination did: that comes before the status, and the destination is named."""

from collections.abc import Callable

import pytest

import build
from findings.found import analyzed
from findings.test_field_reports import causes, told
from findings.traffic import SECOND
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from unmarked import explain_move, verdict

FAILED = move_rsp(0xA702, completed=0, failed=1, warning=0)


def chain(
    deliver: Callable[[build.Talk], object],
    final: bytes | None = FAILED,
    provider: tuple[str, str] = (ARCHIVE, "ARCHIVE"),
) -> list[build.Packet]:
    """A C-MOVE, the association to its destination after A-ASSOCIATE-RQ, and the final response, or none and an end."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    host, title = provider
    deliver(network.call(host, VIEWER, title, "VIEWER", CT, after=50))
    asking.wait(SECOND)
    if final is None:
        asking.end(1)
    else:
        asking.server(final)
        release(asking)
    return network.packets


def accepted(delivery: build.Talk, result: int = 0) -> build.Talk:
    delivery.server(build.associate_ac(build.answer(1, result), calling="ARCHIVE", called="VIEWER"))
    return delivery


def half_accepted(delivery: build.Talk) -> build.Talk:
    """The destination takes one of two contexts, and not the one that is needed."""
    proposed = build.associate_rq(build.proposal(1, CT), build.proposal(3), calling="ARCHIVE", called="VIEWER")
    (old,) = [packet for packet in delivery.packets if packet.data]
    delivery.packets[delivery.packets.index(old)] = old._replace(data=proposed)
    delivery._next[0] += len(proposed) - len(old.data)  # the request is another than that of the network
    delivery.server(build.associate_ac(build.answer(1, 3), build.answer(3), calling="ARCHIVE", called="VIEWER"))
    return delivery


def rejects(delivery: build.Talk) -> None:
    delivery.server(build.associate_rj(1, 1, 3))
    delivery.end(1)


def aborts_an_object(delivery: build.Talk) -> None:
    values = {0x0002: CT, 0x0100: 1, 0x0110: 1, 0x0700: 0, 0x0800: 1, 0x1000: "1.2.1", 0x1030: "CLIENT", 0x1031: 7}
    accepted(delivery).client(build.message(1, build.command_set(values), build.pixels(9000))[:5000])
    delivery.server(build.abort())
    delivery.end(1)


def refuses_an_object(delivery: build.Talk) -> None:
    store(accepted(delivery), "CLIENT", status=0xA700)
    release(delivery)


def keeps_an_object(delivery: build.Talk) -> None:
    store(accepted(delivery), "CLIENT")
    release(delivery)


ENDS = [
    (rejects, "rejected the SCP's association 2: calling AE title not recognized"),
    (lambda delivery: release(accepted(delivery, 3)), "accepted no presentation context in association 2"),
    (lambda delivery: release(half_accepted(delivery)), "refused 1 of 2 presentation contexts and the SCP sent nothing "
                                                        "in association 2"),
    (lambda delivery: release(accepted(delivery)), "accepted all that was proposed, yet the SCP sent nothing in "
                                                   "association 2"),
    (lambda delivery: delivery.reset(1), "reset the TCP connection of the SCP's association 2 without an answer to"),
    (lambda delivery: delivery.end(1), "closed the TCP connection of the SCP's association 2 without an answer to"),
    (lambda delivery: delivery.end(0), "did not answer the SCP's association 2"),
    (aborts_an_object, "aborted the SCP's association 2 before anything was stored"),
    (refuses_an_object, "answered 1 C-STORE with Failure 0xA700 (Refused: Out of Resources)"),
]  # fmt: skip


@pytest.mark.parametrize(("deliver", "said"), ENDS)
def test_what_the_destination_did_is_told_before_the_status_of_the_move(deliver, said):
    packets = chain(deliver)
    (text,) = told(packets, "destination-failed")
    assert text.startswith(f"C-MOVE to VIEWER: VIEWER {said}")
    assert causes(packets, "status-failure")[0] == "destination-failed"
    asking, _ = analyzed(packets).associations
    assert verdict(asking).endswith(f"; {text}")
    assert not told(packets, "retrieve-explained")


def test_a_warning_of_the_move_follows_from_the_destination_too():
    packets = chain(refuses_an_object, move_rsp(0xB000, completed=0, failed=1, warning=0))
    assert causes(packets, "status-warning") == ["destination-failed"]


def test_a_destination_that_kept_everything_is_not_blamed():
    assert not told(chain(keeps_an_object), "destination-failed")
    assert not told(chain(keeps_an_object, move_rsp(0, completed=1, failed=0, warning=0)), "destination-failed")


def test_a_delivery_of_another_provider_is_not_blamed():
    assert not told(chain(rejects, provider=(CLIENT, "CT1")), "destination-failed")


def test_a_move_without_any_response_names_its_destination():
    assert told(chain(rejects, final=None), "destination-failed")


@pytest.mark.parametrize("lingering", [1, 10], ids=["just now", "long ago"])
def test_a_destination_that_refuses_the_connection_is_the_cause(lingering):
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    network.refuse(ARCHIVE, VIEWER, after=50)
    asking.wait(lingering * SECOND)
    asking.server(FAILED)
    release(asking)
    (text,) = told(network.packets, "destination-failed")
    assert "tried to connect to 10.0.0.3:104, which refused the TCP connection: nothing listens there?" in text
    assert causes(network.packets, "status-failure") == ["destination-failed"]
    assert not told(network.packets, "retrieve-explained")


def store_rq(number: int) -> bytes:
    values = {0x0002: CT, 0x0100: 1, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: f"1.2.{number}"}
    return build.message(1, build.command_set(values | {0x1030: "CLIENT", 0x1031: 7}), build.pixels(900))


def going_on(deliver: Callable[[build.Talk], object], end: Callable[[build.Talk], object]) -> list[build.Packet]:
    """A C-MOVE that is over by `end` after one second, and its delivery, which goes on behind that."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    deliver(network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50))
    asking.wait(SECOND)
    end(asking)
    return network.packets


def fails(asking: build.Talk) -> None:
    asking.server(FAILED)
    release(asking)


def gives_up(asking: build.Talk) -> None:
    asking.client(build.abort())
    asking.close()


def test_an_object_that_the_capture_cuts_short_was_not_left_without_an_answer():
    packets = going_on(lambda delivery: delivery.client(store_rq(1)[:500]), lambda asking: None)
    assert not told(packets, "destination-failed")
    (move,) = analyzed(packets).links.moves()
    assert "without an answer" not in explain_move(move)


@pytest.mark.parametrize(("waited", "texts"), [
    (SECOND // 2, []),
    (2 * SECOND, ["C-MOVE to VIEWER: VIEWER left 1 C-STORE without an answer"]),
])  # fmt: skip
def test_an_object_was_left_without_an_answer_only_if_the_capture_waited_for_it(waited, texts):
    packets = going_on(lambda delivery: delivery.client(store_rq(1)), lambda asking: None)
    last = packets[-1]
    packets.append(last._replace(time=last.time + waited))  # sent again: the capture goes on until then
    assert told(packets, "destination-failed") == texts


def test_what_a_destination_did_after_the_move_was_over_is_no_cause_of_that():
    def later(delivery: build.Talk) -> None:
        delivery.client(store_rq(1))
        delivery.wait(3 * SECOND)
        delivery.server(build.message(1, build.store_rsp(1, 0xA700, "1.2.1")))
        delivery.server(build.abort())
        delivery.close()

    (text,) = told(going_on(later, fails), "destination-failed")
    assert text == "C-MOVE to VIEWER: VIEWER answered 1 C-STORE only 2.05 s after the C-MOVE was over"


def test_a_destination_that_answers_when_the_move_is_over_is_told_as_late():
    def later(delivery: build.Talk) -> None:
        delivery.client(store_rq(1))
        delivery.wait(71 * SECOND)
        delivery.server(build.message(1, build.store_rsp(1, 0, "1.2.1")))
        release(delivery)

    packets = going_on(later, fails)
    (text,) = told(packets, "destination-failed")
    assert text == "C-MOVE to VIEWER: VIEWER answered 1 C-STORE only 70.0 s after the C-MOVE was over"
    assert not told(packets, "retrieve-explained")


def test_a_destination_that_breaks_off_within_an_object_is_named():
    def breaks_off(delivery: build.Talk) -> None:
        store(delivery, "CLIENT")
        delivery.client(store_rq(2)[:500])
        delivery.reset(1)

    (text,) = told(going_on(breaks_off, fails), "destination-failed")
    assert text == ("C-MOVE to VIEWER: VIEWER reset the TCP connection of association 2 within a C-STORE-RQ")


def test_whoever_gives_up_a_move_is_told_of_an_object_that_is_still_being_sent():
    def sends_on(delivery: build.Talk) -> None:
        delivery.client(store_rq(1)[:500])
        delivery.wait(5 * SECOND)
        delivery.client(store_rq(1)[500:])
        delivery.server(build.message(1, build.store_rsp(1, 0, "1.2.1")))
        release(delivery)

    (text,) = told(going_on(sends_on, gives_up), "peer-silent")
    assert text.endswith("it was sending the objects meanwhile, in association 2")


def test_each_of_many_moves_is_told_of_its_own_delivery():
    network = Network()
    for number in range(1, 251):
        asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=number * 3000)
        asking.client(move_rq())
        delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=number * 3000 + 50)
        refuses_an_object_of(delivery)
        asking.wait(SECOND)
        fails(asking)
    assert len(told(network.packets, "destination-failed")) == 250


def refuses_an_object_of(delivery: build.Talk) -> None:
    store(delivery, "CLIENT", status=0xA700)
    release(delivery)
