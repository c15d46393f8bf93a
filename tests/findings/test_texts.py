"""What findings say, word for word, and where exactly they begin to be said."""

import pytest

import build
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.findings.engine import flatten
from findings.link_traffic import GET, GET_CLASS, GOT, asked_to_move, got, sent_singly
from findings.traffic import CT, SECOND, associate_ac, associate_rq, established, negotiated, opened, released, role
from network import ARCHIVE, CLIENT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from pipeline import analyze, analyze_frames, findings_of


def texts(analyzer: Analyzer, code: str) -> list[str]:
    """The messages of a rule's findings, of associations first."""
    found = [finding for each in analyzer.associations for finding in findings_of(each).all] + flatten(
        analyzer.findings
    )
    return [finding.message for finding in found if finding.code == code]


def said(packets: list[build.Packet], code: str) -> list[str]:
    return texts(analyze(packets, keep=Keep.LATEST), code)


# What the capture holds


def with_holes(*lengths: int) -> list[build.Packet]:
    """C-ECHOs, and before each of them bytes of the acceptor that the capture lost."""
    talk = established()
    for number, length in enumerate(lengths, start=1):
        talk.lose(1, length)
        for again in range(3):
            talk.client(build.message(1, build.echo_rq(10 * number + again)))
            talk.server(build.message(1, build.echo_rsp(10 * number + again)))
    return released(talk)


@pytest.mark.parametrize(
    ("holes", "words"),
    [
        ((500,), "500 bytes sent by STORESCP (10.0.0.2:104) are missing"),
        ((500, 40), "540 bytes sent by STORESCP (10.0.0.2:104) in 2 places are missing"),
    ],
)
def test_missing_bytes_are_counted_with_their_places(holes, words):
    (text,) = said(with_holes(*holes), "bytes-missing")
    assert text == f"{words} from the capture; decoding goes on at the next PDU found"


def test_missing_bytes_are_the_least_there_are_where_not_every_entry_is_listed(monkeypatch):
    monkeypatch.setattr(kept_module, "MAX_LISTED", 8)
    (text,) = said(with_holes(500), "bytes-missing")
    assert text.startswith("at least 500 bytes sent by STORESCP ")


@pytest.mark.parametrize(("back", "told"), [(999_999, []), (1_000_000, ["1.00 ms"]), (1_900_000, ["1.90 ms"])])
def test_times_go_back_from_a_millisecond_on(back, told):
    """One packet of an answer that is older than the packet before it: no request is answered before it was sent."""
    talk = established()
    talk.client(build.message(1, build.echo_rq()))
    answer = build.message(1, build.echo_rsp())
    talk.pieces(1, [answer[:40], answer[40:]])
    released(talk)
    last = next(index for index, packet in enumerate(talk.packets) if packet.data == answer[40:])
    talk.packets[last] = talk.packets[last]._replace(time=talk.packets[last - 1].time - back)
    assert said(talk.packets, "time-goes-back") == [
        f"packets are up to {each} older than packets before them: durations may be wrong" for each in told
    ]


def test_requests_without_an_answer_at_the_end_are_counted():
    talk = established()
    for number in range(1, 4):
        talk.client(build.message(1, build.echo_rq(number)))
    talk.wait(SECOND)
    talk.acknowledge(1)
    (text,) = said(talk.packets, "capture-ends-early")
    assert text == "the capture ends before a final response to C-ECHO-RQ 1 and 2 more (1.00 s after it)"


# Segments sent again


def sent_again(packets: list[build.Packet], every: int) -> list[build.Packet]:
    """Each so many-th packet with data of the client once more after 200 ms."""
    flow, found, late, count = packets[0].flow, [], 0, 0
    for packet in packets:
        found.append(packet._replace(time=packet.time + late))
        if packet.flow == flow and packet.data:
            count += 1
            if count % every == 0:
                late += 200 * build.MILLISECOND
                found.append(packet._replace(time=packet.time + late))
    return found


def large(size: int = 1460) -> list[build.Packet]:
    """One object of 400 segments."""
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(400 * 1460)), size)
    talk.server(build.message(3, build.store_rsp()))
    return released(talk)


def test_segments_sent_again_that_nobody_asked_for_are_no_storm():
    """A fifth of all, without a duplicate acknowledgement: keep-alives, or copies."""
    packets = sent_again(large(), 5)
    assert said(packets, "retransmission-storm") == []
    (text,) = said(packets, "segments-sent-again")
    assert text == "80 segments of STORESCU (10.0.0.1:40001) sent again, of about 400 in all"


def with_segment_size(packets: list[build.Packet], size: int) -> list[build.Frame]:
    """Frames of packets, with a maximum segment size in both SYNs."""
    frames = []
    for packet in packets:
        tcp = bytearray(build.tcp_bytes(packet))
        if packet.flags & 0x02:
            tcp[12], tcp[20:20] = 0x60, b"\2\4" + size.to_bytes(2, "big")
        frames.append((packet.time, build.ethernet(build.ipv4(packet.flow[:4], packet.flow[4:8], bytes(tcp)))))
    return frames


def test_segments_are_as_long_as_the_handshake_says():
    frames = with_segment_size(sent_again(large(730), 5), 730)
    (text,) = texts(analyze_frames(frames), "segments-sent-again")
    assert text.endswith("of about 800 in all")


# Retrievals


def test_objects_moved_with_a_warning_are_counted_too():
    packets = asked_to_move(move_rsp(0xB000, completed=1, failed=0, warning=2))
    assert said(packets, "move-delivery-not-seen") == [
        "C-MOVE to VIEWER counts 3 objects; no C-STORE for this is in the capture"
    ]


def test_a_move_that_succeeds_without_a_count_and_without_objects_moved_nothing():
    (text,) = said(asked_to_move(move_rsp(0)), "retrieve-explained")
    assert text.startswith("C-MOVE to VIEWER: nothing was moved: no object matched")


def test_a_move_that_brought_what_it_counts_needs_no_explanation():
    packets = asked_to_move(move_rsp(0, completed=2, failed=0, warning=0), stores=2)
    assert said(packets, "retrieve-explained") == []


@pytest.mark.parametrize(
    ("stores", "code", "words"),
    [
        (0, "destination-failed", "VIEWER aborted the SCP's association 2 before anything was stored"),
        (1, "retrieve-explained", "2 objects counted as failed were"),
    ],
)
def test_an_abort_explains_a_move_only_where_nothing_was_stored_before(stores, code, words):
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    for number in range(1, stores + 1):
        store(delivery, "CLIENT", number=number)
    delivery.server(build.abort())
    delivery.close()
    asking.wait(SECOND)
    asking.server(move_rsp(0xB000, completed=stores, failed=2, warning=0))
    release(asking)
    (text,) = said(network.packets, code)
    assert text.startswith(f"C-MOVE to VIEWER: {words}")


def test_a_move_without_a_destination_is_given_no_name_of_one():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq(destination=""))
    asking.server(move_rsp(0, completed=1, failed=0, warning=0))
    asking.client(move_rq(8, destination=""))
    asking.server(move_rsp(0xA801, 8))
    release(asking)
    assert said(network.packets, "move-delivery-not-seen") == [
        "C-MOVE to ? counts 1 object; no C-STORE for this is in the capture"
    ]
    assert said(network.packets, "destination-failed") == ["C-MOVE to ?: it names no destination"]


def test_of_objects_sent_after_the_answer_to_a_move_the_one_sent_first_is_named():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    asking.server(move_rsp(0))
    release(asking)
    opened_first = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=500)
    sent_first = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=600)
    opened_first.wait(2 * SECOND)
    for delivery in (opened_first, sent_first):
        store(delivery, "CLIENT")
        release(delivery)
    (text,) = said(network.packets, "move-answered-early")
    assert text.endswith("before it sent the first object (association 3): C-MOVE to VIEWER")


def test_a_clock_that_was_set_back_answers_no_move_early():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT)
    store(delivery, "CLIENT")
    for talk in (delivery, asking):
        talk.wait(SECOND)
    asking.server(move_rsp(0))
    for talk in (delivery, asking):
        release(talk)
    packets = [*network.packets]
    half = packets[0].time + SECOND // 2
    set_back = [each._replace(time=each.time - 5 * SECOND) if each.time > half else each for each in packets]
    for sent in (packets, set_back):
        assert said(sent, "move-answered-early") == []
    assert len(said(set_back, "time-goes-back")) == 2


def test_a_get_without_a_count_of_failures_is_explained_by_what_was_answered():
    proposals = (build.proposal(1, GET_CLASS), build.proposal(3, CT))
    talk = opened(associate_rq(*proposals, more=(role(CT, 1, 1),)), associate_ac(more=(role(CT, 1, 1),)))
    talk.client(build.message(1, build.command_set(GET), build.element(0x00080052, b"STUDY ")))
    talk.server(build.message(3, build.store_rq(1), build.pixels(16)))
    talk.client(build.message(3, build.store_rsp(1, 0xA700)))
    talk.server(build.message(1, build.command_set(GOT | {0x0900: 0xC000})))
    assert said(released(talk), "get-explained") == [
        "C-GET: the requestor answered 1 C-STORE with a failure",
    ]


def test_counts_of_a_get_are_not_compared_with_what_is_not_listed(monkeypatch):
    packets = got(completed=3, failed=0, status=0)
    assert said(packets, "get-count-differs") == ["the C-GET-RSP counts 3 objects as stored; 1 were"]
    monkeypatch.setattr(kept_module, "MAX_LISTED", 5)
    assert said(packets, "get-count-differs") == []


def test_the_cost_of_an_association_for_every_object_is_that_of_one():
    """Six associations of five turns before their object and three after it, a millisecond each."""
    (six,), (twelve,) = (said(sent_singly(count), "association-per-object") for count in (6, 12))
    assert six.partition("; ")[2] == twelve.partition("; ")[2]
    assert six.startswith("CT1 opens an association for every object: 6 to ARCHIVE; each spent ")


# Negotiation and end


@pytest.mark.parametrize(
    ("proposal", "code", "text"),
    [
        (
            build.proposal(3, ""),
            "context-without-syntax",
            "1 presentation context without abstract or transfer syntax: 3",
        ),
        (
            build.proposal(3, CT, ()),
            "context-without-syntax",
            "1 presentation context without abstract or transfer syntax: 3",
        ),
        (
            build.proposal(3, CT, (build.IMPLICIT, build.IMPLICIT)),
            "proposed-twice",
            "1 presentation context with a transfer syntax twice: 3",
        ),
        (build.proposal(3, CT, (build.IMPLICIT, build.EXPLICIT)), "proposed-twice", None),
    ],
)
def test_what_is_wrong_with_a_context_is_said_with_its_id(proposal, code, text):
    packets = negotiated(build.associate_rq(build.proposal(1), proposal))
    assert said(packets, code) == ([text] if text else [])


def test_how_a_connection_ended_instead_of_a_release_is_said():
    closed, reset = established(), established()
    for talk in (closed, reset):
        talk.client(build.release_rq())
    closed.close()
    reset.reset(1)
    assert [said(talk.packets, "release-unanswered") for talk in (closed, reset)] == [
        ["STORESCU (10.0.0.1:40001) closed the TCP connection without waiting for A-RELEASE-RP"],
        ["STORESCP (10.0.0.2:104) reset the TCP connection without sending A-RELEASE-RP"],
    ]


@pytest.mark.parametrize(("seconds", "lost", "count"), [(59, 0, 0), (61, 0, 1), (61, 10, 0)])
def test_a_connection_stays_open_after_an_abort_for_a_minute_and_nothing_is_missing(seconds, lost, count):
    talk = established()
    if lost:
        talk.client(build.message(1, build.echo_rq()))
        talk.lose(1, lost)
        talk.server(build.message(1, build.echo_rsp()))
        talk.client(build.message(1, build.echo_rq(2)))
        talk.server(build.message(1, build.echo_rsp(2)))
    talk.client(build.abort())
    talk.wait(seconds * SECOND)
    talk.acknowledge(1)
    assert len(said(talk.packets, "connection-left-open")) == count
