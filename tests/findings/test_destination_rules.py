"""A C-MOVE that failed for what its destination did: that comes before the status, and the destination is named."""

from collections.abc import Callable

import pytest

import build
from findings.found import analyzed
from findings.test_field_reports import causes, told
from findings.traffic import SECOND
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from unmarked import verdict

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
