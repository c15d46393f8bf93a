"""What neighbouring associations tell of one that failed."""

import pytest

import build
from findings.neighbour_traffic import (
    called,
    echo,
    echoed_and_aborted,
    limit_reached,
    refused_with_role,
    search_aborted,
    tried,
)
from findings.traffic import SECOND, healthy, identity, role
from network import ARCHIVE, CLIENT, VIEWER, Network, release
from pipeline import analyze

NEIGHBOURS = ("echo-was-answered", "worked-otherwise", "limit-reached-by", "tries-repeated")


def told(packets: list[build.Packet]) -> list[str]:
    return [finding.message for finding in analyze(packets).findings if finding.code in NEIGHBOURS]


def test_an_echo_that_was_answered_speaks_for_the_network():
    assert told(echoed_and_aborted()) == [
        "ARCHIVE answered a C-ECHO of CLIENT (association 1), but not its C-FIND (association 2): "
        "the network is not at fault"
    ]


@pytest.mark.parametrize("end", [lambda talk: talk.reset(0), lambda talk: talk.client(build.abort()) and talk.close()])
def test_an_echo_that_was_answered_acquits_no_network_in_which_an_object_is_lost(end):
    network = Network()
    echo(network)
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.CT_IMAGE_STORAGE, after=1000)
    talk.client(build.message(1, build.store_rq(), build.pixels(30_000)))
    talk.wait(30 * SECOND)
    end(talk)
    (said,) = told(network.packets)
    assert said.endswith("but not its C-STORE (association 2): address, port and AE titles are in order")


def test_an_echo_after_the_failure_counts_as_well():
    network = Network()
    search_aborted(network)
    echo(network, after=1000)
    (said,) = told(network.packets)
    assert said.startswith("ARCHIVE answered a C-ECHO of CLIENT (association 2)")


def test_what_the_refused_call_had_and_the_accepted_one_had_not_is_named():
    assert told(refused_with_role()) == ["the same call without role selection was accepted (association 1), "
                                         "unlike association 2"]  # fmt: skip


def test_where_two_things_differ_nothing_is_concluded():
    network = Network()
    release(called(network, after=0, answer=build.associate_ac(), calling="OTHER"))
    called(network, identity(), after=1000, answer=build.associate_rj(1, 1, 3)).close()
    assert told(network.packets) == []


@pytest.mark.parametrize(("reason", "concluded"), [(3, True), (7, False)])
def test_another_calling_title_explains_only_a_refusal_of_the_calling_title(reason, concluded):
    network = Network()
    release(called(network, after=0, answer=build.associate_ac(), calling="OTHER"))
    called(network, after=1000, answer=build.associate_rj(1, 1, reason)).close()
    said = ["the same call from the AE title OTHER was accepted (association 1), unlike association 2"]
    assert told(network.packets) == said * concluded


def test_connections_left_open_are_counted_at_a_refusal_for_the_limit():
    assert told(limit_reached())[-1] == (
        "when ARCHIVE rejected association 4, 3 connections of CLIENT were still open since their abort "
        "(associations 1, 2 and 3)"
    )


def test_tries_at_even_times_tell_the_interval():
    assert told(tried(0, 4000, 8100)) == [
        "3 tries of CLIENT at ARCHIVE, every 4.05 s, none with success (associations 1, 2 and 3)"
    ]


def test_tries_at_uneven_times_tell_how_long_they_went_on():
    assert told(tried(0, 100, 9000)) == [
        "3 tries of CLIENT at ARCHIVE, in 9.00 s, none with success (associations 1, 2 and 3)"
    ]


def test_healthy_neighbours_are_no_evidence():
    network = Network()
    for number in range(4):
        echo(network, after=1000 * number)
    assert told(network.packets) == told(healthy()) == []


def reject(network: Network, host: str, **titles: str) -> None:
    """Another host calls this one by these titles, and is rejected."""
    talk = network.talk("10.0.0.77", host, after=1000)
    talk.client(build.associate_rq(**titles))
    talk.server(build.associate_rj())
    talk.end(1)


def test_a_called_title_that_is_refused_is_held_against_those_that_others_were_accepted_by():
    network = Network()
    echo(network)
    reject(network, ARCHIVE, calling="OTHER", called="ANY-SCP")
    assert told(network.packets) == [
        "10.0.0.2:104 accepted others by the AE title ARCHIVE (association 1); association 2 called it ANY-SCP"
    ]


def test_titles_that_were_swapped_are_told_of_the_capture_where_that_was_not_known_before():
    network = Network()
    reject(network, ARCHIVE, calling="ARCHIVE", called="OTHER")
    echo(network, after=2000)
    assert told(network.packets) == [
        "10.0.0.2:104 accepted others by the AE title ARCHIVE (association 2); association 1 called it OTHER and "
        "itself ARCHIVE: the two titles are probably swapped"
    ]
    network = Network()
    echo(network)
    reject(network, ARCHIVE, calling="ARCHIVE", called="OTHER")
    assert told(network.packets) == []  # the association itself says so


def test_a_called_title_that_is_refused_is_told_where_it_was_accepted():
    network = Network()
    echo(network)
    reject(network, VIEWER, calling="OTHER", called="ARCHIVE")
    assert told(network.packets) == [
        "ARCHIVE was accepted as called AE title at 10.0.0.2:104 (association 1), not at 10.0.0.3:104 (association 2): "
        "the caller may have another address for it"
    ]


@pytest.mark.parametrize(("reason", "concluded"), [(1, True), (3, False)])
def test_a_call_that_is_accepted_with_a_user_identity_only_lacked_one(reason, concluded):
    network = Network()
    accepted = build.associate_ac(calling="CLIENT", called="ARCHIVE")
    called(network, after=0, answer=build.associate_rj(1, 1, reason)).close()
    release(called(network, identity(), after=1000, answer=accepted))
    said = ["the same call with a user identity was accepted (association 2), unlike association 1"]
    assert told(network.packets) == said * concluded


def test_a_call_that_is_accepted_without_a_change_lacks_nothing():
    network = Network()
    accepted = build.associate_ac(calling="CLIENT", called="ARCHIVE")
    release(called(network, identity(), after=0, answer=accepted))
    called(network, after=1000, answer=build.associate_rj(1, 1, 1)).close()
    release(called(network, after=2000, answer=accepted))
    assert told(network.packets) == ["the same call was accepted 1.00 s later (association 3), unlike association 2"]


def proposing(network: Network, *classes: str, after: int, answer: bytes) -> build.Talk:
    talk = network.talk(CLIENT, ARCHIVE, after=after)
    contexts = [build.proposal(2 * number + 1, uid) for number, uid in enumerate(classes)]
    talk.client(build.associate_rq(*contexts, calling="CLIENT", called="ARCHIVE"))
    talk.server(answer)
    return talk


CT, SR, MANY = build.CT_IMAGE_STORAGE, "1.2.840.10008.5.1.4.1.1.88.33", [f"1.2.3.{number}" for number in range(17)]
LIKE = "a call between the same AE titles that proposes"


@pytest.mark.parametrize(
    ("refused", "taken", "said"),
    [
        ([SR], [CT], f"{LIKE} CT Image Storage instead of Comprehensive SR Storage was accepted"),
        ([SR], [CT, SR], f"{LIKE} CT Image Storage as well was accepted"),
        ([CT, SR], [CT], f"{LIKE} no Comprehensive SR Storage was accepted"),
        ([SR], [SR], "the same call was accepted 1.00 s earlier"),
        ([*MANY, CT], [CT, *MANY], "the same call was accepted 1.00 s earlier"),  # in whatever order
        (MANY, [*MANY, CT], None),  # too many to remember which
        (["1.2." + "3" * 70], [CT], None),
    ],
)
def test_a_call_that_proposes_other_classes_is_not_the_same(refused, taken, said):
    network = Network()
    accepted = build.associate_ac(calling="CLIENT", called="ARCHIVE")
    release(proposing(network, *taken, after=0, answer=accepted))
    proposing(network, *refused, after=1000, answer=build.associate_rj(1, 1, 1)).close()
    assert told(network.packets) == ([f"{said} (association 1), unlike association 2"] if said else [])


@pytest.mark.parametrize(
    ("rejection", "concluded"),
    [
        ((1, 2, 1), True),  # no reason given, by the provider (ACSE)
        ((1, 1, 2), False),  # application context name not supported
        ((1, 1, 3), False),  # calling AE title not recognized
        ((1, 2, 2), False),  # protocol version not supported
        ((2, 3, 1), False),  # temporary congestion
        ((1, 3, 2), False),  # local limit exceeded
        ((2, 1, 1), False),  # no reason given, but for the time being only
    ],
)
def test_what_was_proposed_is_no_reason_where_the_refusal_gives_another_one(rejection, concluded):
    network = Network()
    release(proposing(network, CT, after=0, answer=build.associate_ac(calling="CLIENT", called="ARCHIVE")))
    proposing(network, SR, after=1000, answer=build.associate_rj(*rejection)).close()
    assert any("proposes" in each for each in told(network.packets)) is concluded
    with_role = Network()
    release(called(with_role, after=0, answer=build.associate_ac(calling="CLIENT", called="ARCHIVE")))
    called(with_role, role(CT, 0, 1), after=1000, answer=build.associate_rj(*rejection)).close()
    assert any("without role selection" in each for each in told(with_role.packets)) is concluded


def test_of_calls_that_were_accepted_the_same_one_counts_before_one_with_other_classes():
    network = Network()
    accepted = build.associate_ac(calling="CLIENT", called="ARCHIVE")
    release(proposing(network, CT, after=0, answer=accepted))
    proposing(network, SR, after=1000, answer=build.associate_rj(1, 1, 1)).close()
    release(proposing(network, SR, after=3000, answer=accepted))
    assert told(network.packets) == ["the same call was accepted 2.00 s later (association 3), unlike association 2"]


def test_a_call_with_other_classes_and_roles_differs_in_more_than_one_thing():
    network = Network()
    release(proposing(network, CT, after=0, answer=build.associate_ac(calling="CLIENT", called="ARCHIVE")))
    called(network, identity(), after=1000, answer=build.associate_rj(1, 1, 1)).close()
    assert told(network.packets) == []


@pytest.mark.parametrize(("result", "told_of"), [(2, True), (1, False)])
def test_what_the_same_caller_had_open_is_told_when_it_was_refused_for_the_time_being(result, told_of):
    network = Network()
    accepted = build.associate_ac(calling="CLIENT", called="ARCHIVE")
    open_one = called(network, after=0, answer=accepted)
    called(network, after=0, answer=accepted, calling="OTHER").wait(3 * SECOND)
    called(network, after=1000, answer=build.associate_rj(result, 1, 1)).close()
    open_one.wait(2 * SECOND)
    release(open_one)
    said = "when ARCHIVE rejected association 3, 1 connection of CLIENT was in use (association 1)"
    assert (said in told(network.packets)) is told_of
