"""A capture that goes on: what comes is shown as it comes, and quitting never waits for it."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import build
from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import Keeping, PacketBatch
from dicomsniff.capture.pcap import MAGICS, PcapLayout
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.library import Capture
from dicomsniff.tui.app import DicomsniffApp
from tui.screens import LARGE, SMALL, both_sizes, exchange, overview, screen_text, until

LAYOUT = PcapLayout(MAGICS[b"\xd4\xc3\xb2\xa1"])

LATER = build.Talk(client=("10.9.0.1", 4711), server=("10.9.0.2", 80), start=build.START + 60_000_000_000).open()
"""Traffic a minute later: connections that were closed before are gone by then."""


class LiveStandIn:
    """Hands on what a test puts in, and keeps it in a file, as a sniffer does."""

    is_file = False
    is_live, format, resolution_digits, size, truncated, name = True, "pcap", 6, None, "", "eth9"
    keeping: Keeping | None = None
    away = ""

    def __init__(self, path: Path) -> None:
        self.path, self.position, self.number = path, 24, 1
        self.path.write_bytes(build.pcap([]))
        self.incoming: queue.Queue[list[build.Packet]] = queue.Queue()
        self.closed = threading.Event()

    losses = LossCounter()

    def pop_notices(self) -> list[str]:
        return []

    def batches(self) -> Iterator[PacketBatch]:
        while not self.closed.is_set():
            try:
                records = build.frames(self.incoming.get(timeout=0.02))
            except queue.Empty:
                records = []
            data = build.pcap(records)[24:]
            starts, ends, at = [], [], 0
            for _, frame in records:
                starts.append(at + 16)
                at += 16 + len(frame)
                ends.append(at)
            with self.path.open("ab") as file:
                file.write(data)
            yield PacketBatch(data, self.position, self.number, 1, LAYOUT, starts, ends)
            self.position += len(data)
            self.number += len(starts)

    def take_key_logs(self) -> tuple[bytes, ...]:
        return ()

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        again = CaptureReader(str(self.path))
        try:
            yield from again.batches_from(offset, number)
        finally:
            again.close()

    def again(self) -> None:
        return None

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def sniffer(tmp_path: Path) -> Iterator[LiveStandIn]:
    reader = LiveStandIn(tmp_path / "spool.pcap")
    yield reader
    reader.close()


def send(sniffer: LiveStandIn, talk: build.Talk, sent: list[int]) -> None:
    """Put in what the talk has had since the last time."""
    sniffer.incoming.put(talk.packets[sent[0] :])
    sent[0] = len(talk.packets)


@both_sizes
async def test_the_newest_entry_is_followed_until_the_user_moves(sniffer: LiveStandIn, size: tuple[int, int]) -> None:
    app = DicomsniffApp(Capture(sniffer))
    talk, sent = build.Talk().open(), [0]
    async with app.run_test(size=size) as pilot:
        ladder = exchange(app).ladder
        assert "live" in screen_text(app)
        assert "0 packets, 0 a second" in screen_text(app)
        await pilot.press("2")
        talk.client(build.associate_rq())
        send(sniffer, talk, sent)
        await until(pilot, lambda: ladder.count == 1)
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.echo_rq()))
        send(sniffer, talk, sent)
        await until(pilot, lambda: ladder.cursor == 2)
        await until(pilot, lambda: "following the newest" in screen_text(app))
        await pilot.press("up")
        assert not app.session.following
        talk.server(build.message(1, build.echo_rsp()))
        send(sniffer, talk, sent)
        await until(pilot, lambda: ladder.count == 4)
        assert ladder.cursor == 1
        await until(pilot, lambda: "F follows the newest" in screen_text(app))
        await pilot.press("F")
        await until(pilot, lambda: ladder.cursor == 3)
        await until(pilot, lambda: exchange(app).fields.detail.title == "C-ECHO-RSP 1")
        await pilot.press("q")
    app.stop()
    assert app.done.is_set()


async def test_as_long_as_the_interface_is_away_the_screen_says_so(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    talk, sent = build.Talk().open(), [0]
    async with app.run_test(size=SMALL) as pilot:
        talk.client(build.associate_rq())
        send(sniffer, talk, sent)
        await until(pilot, lambda: "some seconds after it was closed" in screen_text(app))
        assert "nothing is captured" not in screen_text(app)
        sniffer.away = "eth9 is down: nothing is captured"
        app._tell_notices()
        await until(pilot, lambda: "eth9 is down: nothing is captured" in screen_text(app))
        sniffer.away = ""
        app._tell_notices()
        await until(pilot, lambda: "nothing is captured" not in screen_text(app))
    app.stop()


async def test_what_is_found_late_is_listed_by_its_time_and_the_selection_stays(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    talk, sent = build.Talk().open(), [0]
    async with app.run_test(size=LARGE) as pilot:
        ladder = exchange(app).ladder
        await pilot.press("2")
        talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE)))
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.store_rq(), b"x" * 900)[:-400])
        talk.server(build.abort())
        send(sniffer, talk, sent)
        await until(pilot, lambda: ladder.count == 3)
        assert ladder.cursor == 2, "the newest is followed"
        await pilot.press("up", "down")
        assert ladder.entry.event.name == "A-ABORT"
        talk.close()
        send(sniffer, talk, sent)
        sniffer.incoming.put(LATER.packets)

        def names() -> list[str]:
            return [getattr(entry.event, "name", "") for entry in app.session.entries]

        await until(pilot, lambda: "C-STORE-RQ" in names())
        assert names().index("C-STORE-RQ") < names().index("A-ABORT")
        assert ladder.entry.event.name == "A-ABORT"
    app.stop()


async def test_what_comes_of_an_operation_is_shown_in_the_details_of_its_request(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    talk, sent = build.Talk().open(), [0]
    async with app.run_test(size=LARGE) as pilot:
        fields = exchange(app).fields
        await pilot.press("2")

        def value(name: str) -> str:
            return next((row.value for row in fields.rows if row.name == name), "")

        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.echo_rq()))
        send(sniffer, talk, sent)
        await until(pilot, lambda: value("responses") == "none so far")
        await pilot.press("enter", "z", "down")
        assert fields.selected.name == "Operation"
        talk.server(build.message(1, build.echo_rsp()))
        app.session.following = False
        send(sniffer, talk, sent)
        await until(pilot, lambda: value("final response").startswith("Success"))
        assert fields.selected.name == "Operation", "the cursor stays"
        assert fields.count == 4, "what was folded stays so"
    app.stop()


async def test_links_come_while_the_capture_goes_on(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "nothing that belongs together" in screen_text(app))
        for number in range(2):
            talk = build.Talk(client=("10.0.0.1", 41000 + number)).open()
            talk.client(build.associate_rq())
            talk.server(build.associate_ac())
            talk.client(build.release_rq())
            talk.server(build.release_rp())
            sniffer.incoming.put(talk.close().packets)
        sniffer.incoming.put(LATER.packets)
        await until(pilot, lambda: "same ends" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "associations went well" in screen_text(app))
    app.stop()


async def test_another_association_is_followed_too(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    async with app.run_test(size=LARGE) as pilot:
        for number in range(3):
            talk = build.Talk(client=("10.0.0.1", 41000 + number)).open()
            talk.client(build.associate_rq(calling=f"SCU{number}"))
            sniffer.incoming.put(talk.packets)
            await until(pilot, lambda number=number: len(app.session.listing.all) == number + 1)
            assert overview(app).table.cursor == number
    app.stop()


@pytest.mark.parametrize(
    ("keeping", "said"),
    [
        (Keeping(("a/kept.pcapng",), 12_300_000), "12.3 MB written to a/kept.pcapng "),
        (Keeping(("ring_00007.pcapng", "ring_00008.pcapng"), 150_000_000), "ring_00008.pcapng and 1 file before it"),
        (Keeping((), 12_300, 2_000_000_000), "12.3 kB in a temporary file until you quit; -w FILE keeps it "),
        (Keeping((), 2_000_000_000, 2_000_000_000, 1234), "keeps it; 1,234 packets before are gone (--spool)"),
    ],
)
@both_sizes
async def test_where_it_is_kept_is_on_the_screen(
    sniffer: LiveStandIn, size: tuple[int, int], keeping: Keeping, said: str
) -> None:
    sniffer.keeping = keeping
    app = DicomsniffApp(Capture(sniffer))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: said in " ".join(screen_text(app).split()) + " ")
    app.stop()


async def test_the_end_of_a_live_capture_is_said(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    async with app.run_test(size=LARGE) as pilot:
        sniffer.close()
        await until(pilot, lambda: "live capture ended" in screen_text(app))


async def test_quitting_does_not_wait_for_a_read_that_blocks(sniffer: LiveStandIn) -> None:
    release = threading.Event()

    class Blocked(Capture):
        def updates(self) -> Iterator[list[object]]:
            release.wait(30)
            yield []

    app = DicomsniffApp(Blocked(sniffer))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("q")
    assert not app.done.is_set(), "the thread was left to itself"
    release.set()
    assert app.done.wait(5)


async def test_what_is_under_way_is_said_to_go_on(sniffer: LiveStandIn) -> None:
    app = DicomsniffApp(Capture(sniffer))
    talk, sent = build.Talk().open(), [0]
    async with app.run_test(size=LARGE) as pilot:
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        talk.client(build.message(1, build.echo_rq()))
        send(sniffer, talk, sent)
        await until(pilot, lambda: "going on for" in screen_text(app))
        assert "unfinished" not in screen_text(app)
        assert "in trouble" not in screen_text(app)
        app.session.pass_time(talk.time + 40_000_000_000)
        await until(pilot, lambda: "C-ECHO-RQ 1 has waited 40" in screen_text(app))
    app.stop()
