"""Watch a churn of short associations as `live` does, replayed at full speed: resident memory minute by minute.

The associations are of every kind, 200 a second by their times; memory after ten such minutes should be that after one.
"""

import argparse
import asyncio
import gc
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import wire
from wire import CLIENT, SERVER, CaptureWriter, Connection, command_set, p_data

from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import Asked, write_view
from dicomsniff.garbage import short_pauses
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy

PER_SECOND = 200
PER_MINUTE = 60 * PER_SECOND
CT, MPPS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.3.1.2.3.3"
FIND, MOVE = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2"


def element(group: int, number: int, vr: str, value: str) -> bytes:
    raw = value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return (
        group.to_bytes(2, "little") + number.to_bytes(2, "little") + vr.encode() + len(raw).to_bytes(2, "little") + raw
    )


def command(values: dict[int, int | str], data: bytes | None = None) -> bytes:
    said = p_data(1, command_set(values | {0x0800: 0x0101 if data is None else 0}), command=True)
    return said if data is None else said + p_data(1, data)


class Churn:
    """Writes associations, one after another; each is of a kind by its number."""

    def __init__(self, out: CaptureWriter) -> None:
        self.out = out

    def write(self, number: int) -> None:
        kinds = [self.echo] * 10 + [self.store] * 4 + [self.find] * 3 + [self.step, self.move, self.odd]
        self.out.clock = wire.START + number * 1_000_000 // PER_SECOND
        kinds[number * 7 % 20](number, Connection(self.out, number))

    def begin(self, connection: Connection, number: int, *classes: str) -> None:
        connection.open()
        title = f"CHURN{number % 300}"
        connection.send(CLIENT, wire.associate_rq(title, classes))
        connection.send(SERVER, wire.associate_ac(title, len(classes)))

    def end(self, connection: Connection) -> None:
        connection.send(CLIENT, wire.RELEASE_RQ)
        connection.send(SERVER, wire.RELEASE_RP)
        connection.close()

    def echo(self, number: int, connection: Connection) -> None:
        self.begin(connection, number, wire.VERIFICATION)
        connection.send(CLIENT, wire.echo_rq(1))
        connection.send(SERVER, wire.echo_rsp(1))
        self.end(connection)

    def store(self, number: int, connection: Connection) -> None:
        """Store an object; one in a hundred associations is refused it, with a comment."""
        instance = f"{wire.UID_ROOT}.5.{number}"
        data = element(8, 0x16, "UI", CT) + element(8, 0x18, "UI", instance)
        data += element(0x10, 0x10, "PN", f"CHURN^{number}") + element(0x10, 0x20, "LO", f"ID{number}")
        self.begin(connection, number, CT)
        ends: dict[int, int | str] = {0x0002: CT, 0x0100: 0x8001, 0x0120: 1, 0x1000: instance}
        refused = number % 100 == 2
        connection.send(CLIENT, command({0x0002: CT, 0x0100: 1, 0x0110: 1, 0x0700: 0, 0x1000: instance}, data))
        connection.send(
            SERVER,
            command(ends | ({0x0900: 0xA700, 0x0902: f"no room for CHURN {number}"} if refused else {0x0900: 0})),
        )
        self.end(connection)

    def find(self, number: int, connection: Connection) -> None:
        asked = element(8, 0x52, "CS", "STUDY") + element(0x10, 0x20, "LO", "")
        found = element(8, 0x52, "CS", "STUDY") + element(0x10, 0x20, "LO", f"ID{number}")
        self.begin(connection, number, FIND)
        connection.send(CLIENT, command({0x0002: FIND, 0x0100: 0x20, 0x0110: 1, 0x0700: 0}, asked))
        answer: dict[int, int | str] = {0x0002: FIND, 0x0100: 0x8020, 0x0120: 1}
        connection.send(SERVER, command(answer | {0x0900: 0xFF00}, found))
        connection.send(SERVER, command(answer | {0x0900: 0}))
        self.end(connection)

    def step(self, number: int, connection: Connection) -> None:
        """Begin a performed procedure step."""
        instance = f"{wire.UID_ROOT}.6.{number}"
        self.begin(connection, number, MPPS)
        data = element(0x40, 0x252, "CS", "IN PROGRESS")
        connection.send(CLIENT, command({0x0002: MPPS, 0x0100: 0x0140, 0x0110: 1, 0x1000: instance}, data))
        connection.send(SERVER, command({0x0002: MPPS, 0x0100: 0x8140, 0x0120: 1, 0x0900: 0, 0x1000: instance}))
        self.end(connection)

    def move(self, number: int, connection: Connection) -> None:
        keys = element(8, 0x52, "CS", "STUDY") + element(0x20, 0x0D, "UI", f"{wire.UID_ROOT}.7.{number}")
        self.begin(connection, number, MOVE)
        asked: dict[int, int | str] = {0x0002: MOVE, 0x0100: 0x21, 0x0110: 1, 0x0600: f"DEST{number % 50}", 0x0700: 0}
        connection.send(CLIENT, command(asked, keys))
        counts: dict[int, int | str] = {0x1021: 0, 0x1022: 0, 0x1023: 0}
        connection.send(SERVER, command({0x0002: MOVE, 0x0100: 0x8021, 0x0120: 1, 0x0900: 0} | counts))
        self.end(connection)

    def odd(self, number: int, connection: Connection) -> None:
        """Be refused, abort with a request under way, hear nothing, or speak HTTP."""
        title, kind = f"CHURN{number % 300}", number // 20 % 4
        connection.open()
        if kind == 0:
            connection.send(CLIENT, wire.associate_rq(title, [CT]))
            connection.send(SERVER, wire.pdu(3, bytes([0, 1, 1, 7])))
        elif kind == 1:
            connection.send(CLIENT, wire.associate_rq(title, [wire.VERIFICATION]))
            connection.send(SERVER, wire.associate_ac(title, 1))
            connection.send(CLIENT, wire.echo_rq(1))
            connection.send(SERVER, wire.pdu(7, bytes([0, 0, 2, 0])))
        elif kind == 2:
            connection.send(CLIENT, b"GET / HTTP/1.1\r\nHost: churn\r\n\r\n")
        connection.close()


def make(path: Path, count: int) -> None:
    with CaptureWriter(path) as out:
        churn = Churn(out)
        for number in range(count):
            churn.write(number)


def resident() -> float:
    """Resident memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Pauses:
    """The pauses of garbage collection, in s."""

    def __init__(self) -> None:
        self.begun, self.worst, self.total, self.full = 0.0, 0.0, 0.0, 0
        gc.callbacks.append(self)

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self.begun = time.thread_time()
            return
        took = time.thread_time() - self.begun
        self.worst, self.total = max(self.worst, took), self.total + took
        self.full += info["generation"] == 2


class Replay(CaptureReader):
    """A capture as if it were live, which reports memory after each minute of it."""

    def __init__(self, path: str, pauses: Pauses) -> None:
        super().__init__(path, follow=True, wait=lambda: False)
        self.pauses = pauses
        self.capture: Capture | None = None
        self.minutes: list[float] = []

    def batches(self) -> Iterator[PacketBatch]:
        for batch in super().batches():
            yield batch
            assert self.capture is not None
            if self.capture.analyzer.association_count // PER_MINUTE > len(self.minutes):
                self.minutes.append(resident())
                said = f"minute {len(self.minutes):3} {self.minutes[-1]:7.1f} MB"
                print(f"{said}, longest pause {self.pauses.worst * 1e3:.0f} ms", file=sys.stderr)

    def stop(self) -> None:
        pass


class Nowhere(io.TextIOBase):
    """Takes text and forgets it."""

    def write(self, text: str) -> int:
        return len(text)


def watch(capture: Capture, form: str) -> None:
    if form != "tui":
        write_view(find_view("live", form), capture, Nowhere(), Asked())
        return
    asyncio.run(_watch(capture))


async def _watch(capture: Capture) -> None:
    from dicomsniff.tui.app import DicomsniffApp

    app = DicomsniffApp(capture, Privacy())
    async with app.run_test(size=(120, 40)) as pilot:
        while app.session.reading:
            await pilot.pause(0.5)
        assert not app.session.problem, app.session.problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("form", choices=["text", "jsonl", "tui"])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--capture", default=os.path.join(tempfile.gettempdir(), "dicomsniff-churn.pcap"))
    asked = parser.parse_args()
    path = Path(asked.capture)
    if not path.exists():
        make(path, asked.minutes * PER_MINUTE)
    pauses, begun = Pauses(), time.process_time()
    source = Replay(str(path), pauses)
    view = find_view("live", asked.form) if asked.form != "tui" else None
    with Capture(source, collect=view is not None and view.collects) as capture:
        source.capture = capture
        if asked.form == "tui":
            import dicomsniff.tui.app  # noqa: F401  loaded before, as in the program
        with short_pauses():
            watch(capture, asked.form)
    first, last = source.minutes[0], resident()
    print(
        f"{asked.form}: {first:.1f} MB after a minute, {source.minutes[-1]:.1f} MB after {len(source.minutes)} "
        f"({source.minutes[-1] / first - 1:+.1%}), {last:.1f} MB at the end; "
        f"{time.process_time() - begun:.0f} s of CPU; garbage collection: {pauses.total:.1f} s, "
        f"at most {pauses.worst * 1e3:.0f} ms, {pauses.full} full"
    )


if __name__ == "__main__":
    main()
