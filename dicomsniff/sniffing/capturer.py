"""The process that captures: moves frames into the spool until it is told to stop, and counts what was lost.

It is started by `source.py`, with its end of their connection as the only argument, and reads its plan from there. It
ends when the connection does, so that nothing goes on capturing when the program is gone.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from dicomsniff.output import OutputError
from dicomsniff.sniffing import blocks
from dicomsniff.sniffing.gaps import Gaps
from dicomsniff.sniffing.interfaces import is_down, is_up
from dicomsniff.sniffing.movers import Counts, Mover, MoverError
from dicomsniff.sniffing.notes import Channel, Note
from dicomsniff.sniffing.ordering import Ordering
from dicomsniff.sniffing.piped import StandardInput
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.several import Tcpdumps
from dicomsniff.sniffing.tools import Dumpcap, Tcpdump, find_tool
from dicomsniff.sniffing.translation import NOTHING, Taken
from dicomsniff.sniffing.writer import PipeWriter, SpoolWriter

POLL = 0.1
"""Seconds after which it looks around although nothing has come."""
COUNTING = 1.0
"""Seconds between two looks at what was lost."""
RETRY = 0.5
"""Seconds between two tries to go on with an interface that went away."""
_NO_END = sys.maxsize


class Capturer:
    """Captures by a plan until `stop` comes over the channel, or the channel ends."""

    def __init__(self, plan: Plan, channel: Channel) -> None:
        self._plan, self._channel = plan, channel
        self._writer = PipeWriter(lambda data: os.write(1, data)) if plan.write == "-" else SpoolWriter(plan, channel)
        self._packets = 0
        self._ends = float("inf")
        self._begun = time.time_ns()
        self._gaps = Gaps()
        """When an interface was away."""
        self._down: dict[str, float] = {}
        """Interfaces that are down, and since when."""
        self._stopping = False
        self._make: Callable[[Plan], Mover]
        self._ordering = Ordering(1)
        self._present = plan.interfaces
        """The interfaces that are captured from: all of the plan, but for those that went away."""
        self._lacking_since = 0.0
        """Since when that are not all of them; 0 where they are."""
        self._told: dict[str, Counts] = {}
        """What was counted of each interface."""
        self._earlier: dict[str, Counts] = {}
        """The same before they were opened once more."""

    def run(self) -> None:
        """Capture; what goes wrong is told over the channel."""
        try:
            self._run()
        except MoverError as error:
            self._channel.send("failed", text=str(error), wrong_call=error.wrong_call)
        except OutputError as error:
            self._channel.send("failed", text=str(error), wrong_call=True)
        except OSError as error:
            file = "standard output" if self._plan.write == "-" else self._plan.write
            where = error.filename or file or "the temporary spool"
            self._channel.send("failed", text=f"{where}: {error.strerror or error}", wrong_call=False)
        finally:
            self._writer.tell()  # what there was room for, too, where there was no room for more
            self._writer.close()
        self._channel.send("ended")

    def _run(self) -> None:
        mover: Mover | None = self._begin()
        while mover is not None:
            gone, is_back = "", False
            with closing(mover):  # whatever happens: a tool would go on until its next packet
                try:
                    is_back = self._move(mover)
                except MoverError as error:
                    if self._plan.is_piped:  # what has ended there never comes back
                        raise
                    gone = str(error)
                self._add(self._ordering.pop(everything=True))
                self._count(mover)
                if (since := self._incomplete_since) and not (gone or is_back):
                    self._tell_away(mover, since)
            self._earlier = dict(self._told)
            self._writer.tell()
            mover = self._resume(gone, mover) if gone or is_back else None

    def _begin(self) -> Mover:
        """Return the first candidate that has begun."""
        reasons: list[str] = []
        for make in _candidates(self._plan):
            self._make = make
            try:
                mover = self._open(self._plan)
            except MoverError as error:
                if error.wrong_call:
                    raise
                reasons.append(str(error))
            else:
                if self._plan.seconds:
                    self._ends = time.monotonic() + self._plan.seconds
                self._writer.tell()
                # What is there by now stays: garbage is not looked for in it again, which takes 50 ms each time.
                gc.freeze()
                told: Note = {"capturer": mover.name, "buffer": mover.buffer, "tells_late": mover.tells_late}
                self._channel.send("started", **told, refused=reasons)
                return mover
        raise MoverError(reasons[-1])

    def _open(self, plan: Plan) -> Mover:
        """Return a mover that has described its interfaces."""
        mover = self._make(plan)
        self._present, self._ordering = plan.interfaces, Ordering(mover.tick)
        try:
            self._await_head(mover)
        except BaseException:
            mover.close()
            raise
        return mover

    def _open_again(self) -> Mover:
        """Return a mover of all interfaces, or of those that are there; some may be down, but not all."""
        if all(map(is_down, self._plan.interfaces)):
            raise MoverError("nothing would come of it")
        try:
            return self._open(self._plan)
        except MoverError:
            there = tuple(name for name in self._plan.interfaces if is_up(name))
            if not there or there == self._plan.interfaces:
                raise
            return self._open(replace(self._plan, interfaces=there))

    def _await_head(self, mover: Mover) -> None:
        """Wait until a mover has described its interfaces: until then it may still fail."""
        while not self._stopping:
            taken = mover.take(self._left)
            if taken.heads:
                self._take(taken)
                return
            self._has_come(mover)
        raise MoverError("it was stopped before it began")

    def _move(self, mover: Mover) -> bool:
        """Move packets until the end is ordered, or reached, or the mover fails; True where an interface is back."""
        counted_at = told_at = time.monotonic()
        while not mover.is_over:
            has_come = self._has_come(mover)
            now = time.monotonic()
            is_ending = self._stopping or now >= self._ends
            if is_ending:
                mover.stop()
            self._take(mover.take(self._left) if has_come or is_ending else NOTHING)
            if not self._left:
                break
            if now - counted_at >= COUNTING:
                counted_at = now
                self._look_at_interfaces(mover)
                self._count(mover)
                if any(map(is_up, self._missing)):
                    return True
            if now - told_at >= POLL:
                told_at = now
                self._writer.tell()
        return False

    @property
    def _left(self) -> int:
        """How many packets there may still be."""
        return (self._plan.packets or _NO_END) - self._packets

    def _has_come(self, mover: Mover) -> bool:
        """Wait a while for packets or orders; whether a mover may have packets."""
        files = mover.files()
        orders = self._channel.fileno()
        ready, _, _ = select.select([orders, *files], [], [], POLL if files else POLL / 10)
        if orders in ready:
            self._listen()
        return not files or bool(set(files) & set(ready))

    def _listen(self) -> None:
        orders = self._channel.receive(0)
        self._stopping = self._stopping or self._channel.is_over or any(order["is"] == "stop" for order in orders)

    def _take(self, taken: Taken) -> None:
        """Take what a mover has brought; of several interfaces, some of it waits."""
        self._packets += taken.packets
        self._add(taken if self._plan.is_piped else self._ordering.take(taken))

    def _add(self, taken: Taken) -> None:
        if taken.data:
            self._writer.add(taken)

    def _count(self, mover: Mover) -> None:
        """Tell what was lost, where that has changed, and write it, then and at the end."""
        parts = []
        changed = False
        for number, found in mover.losses().items():
            name = self._present[number] if number < len(self._present) else str(number)
            counts = found + self._earlier.get(name, Counts())
            news = counts[1:] != self._told.get(name, Counts())[1:]
            if (news or mover.is_over) and not mover.writes_losses:
                parts.append(self._statistics(mover, number, counts))
            self._told[name] = counts
            changed = changed or news
        self._add(Taken(b"".join(parts), 0))
        if changed:
            _, kernel, interface = map(sum, zip(*self._told.values(), strict=True))
            self._channel.send("lost", kernel=kernel, interface=interface)

    def _resume(self, gone: str, last: Mover) -> Mover | None:
        """An interface went away, or came back: open again what is there; None where the end comes first."""
        begun = time.monotonic()
        since, back = self._lacking_since or begun, self._missing
        incomplete = self._incomplete_since or begun
        if gone:
            self._channel.send("gone", text=gone, missing=[], down=[], goes_on=False)  # not even from the others
        wait = RETRY if gone else 0.0
        mover: Mover | None = None
        while mover is None and not self._stopping and time.monotonic() < self._ends:
            if select.select([self._channel], [], [], wait)[0]:
                self._listen()
            with suppress(MoverError):
                mover = self._open_again()
            wait = RETRY
        now = time.monotonic()
        self._down.clear()
        self._tell_away(last, incomplete)
        if mover is not None:
            self._lacking_since = now if self._missing else 0.0
            # One that is down may be opened all the same.
            self._down = {name: now for name in self._present if is_down(name)}
            self._tell("resumed", seconds=now - since, back=[name for name in back if name in self._captured])
        return mover

    @property
    def _missing(self) -> list[str]:
        """The interfaces that are away while others are captured from."""
        return [name for name in self._plan.interfaces if name not in self._present]

    @property
    def _incomplete_since(self) -> float:
        """Since when an interface is away or down; 0 where none is."""
        return min((*filter(None, (self._lacking_since,)), *self._down.values()), default=0.0)

    @property
    def _captured(self) -> list[str]:
        """The interfaces that packets may come from now."""
        return [name for name in self._present if name not in self._down]

    def _tell(self, what: str, **said: Any) -> None:
        """Tell that an interface went away or came back, which ones are away now, and whether others are captured."""
        down = [name for name in self._present if name in self._down]
        self._channel.send(what, **said, missing=self._missing, down=down, goes_on=bool(self._captured))

    def _look_at_interfaces(self, mover: Mover) -> None:
        """Tell of interfaces that went down, and came back, while they were listened to."""
        now = time.monotonic()
        for name in self._present:
            since = self._down.get(name)
            if is_down(name):
                if since is None:
                    self._down[name] = now
                    self._tell("gone", text=f"{name} is down")
            elif since is not None:
                del self._down[name]
                self._tell_away(mover, since)
                self._tell("resumed", seconds=now - since, back=[name])

    def _tell_away(self, mover: Mover, since: float) -> None:
        """Write for how long not all was captured by now, an interface having been away since some time."""
        self._gaps.add(since, time.monotonic())
        counts = Counts() if mover.writes_losses else self._told.get(self._present[0], Counts())
        self._add(Taken(self._statistics(mover, 0, counts), 0))
        self._writer.tell()

    def _statistics(self, mover: Mover, number: int, counts: Counts) -> bytes:
        """Return a block that says what was lost by now; of the first interface also for how long one was away."""
        begun, now = self._begun // mover.tick, time.time_ns() // mover.tick
        return blocks.statistics(number, begun, now, *counts, away=0 if number else self._gaps.seconds)


def _candidates(plan: Plan) -> list[Callable[[Plan], Mover]]:
    """Return who can capture, the best first.

    tcpdump tells while it runs what was lost, dumpcap only at its end. Both come first: they need no privileges of ours
    where they were given their own.
    """
    if plan.is_piped:
        return [StandardInput]
    found: dict[str, Callable[[Plan], Mover]] = {}
    if find_tool("tcpdump"):
        found["tcpdump"] = Tcpdump if len(plan.interfaces) == 1 else Tcpdumps
    if find_tool("dumpcap"):
        found["dumpcap"] = Dumpcap
    found["builtin"] = _builtin
    if plan.capturer == "auto":
        return list(found.values())
    if plan.capturer in found:
        return [found[plan.capturer]]
    raise MoverError(f"{plan.capturer}: it is not installed; choose another --capturer")


def _builtin(plan: Plan) -> Mover:
    """Return our own sockets, in the way that loses least."""
    if sys.platform == "linux":
        from dicomsniff.sniffing.ring import PacketRing

        return PacketRing(plan)
    from dicomsniff.sniffing.sockets import ScapySockets

    return ScapySockets(plan)


def main() -> None:
    """Capture by the plan that comes over the connection whose descriptor is the argument."""
    for number in ("SIGINT", "SIGHUP"):  # meant for the program that started this one, which says when to stop
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    notes: list[Note] = []
    while not notes and not channel.is_over:
        notes = channel.receive(None)
    if notes:
        Capturer(Plan.from_json(notes[0]["plan"]), channel).run()


if __name__ == "__main__":
    main()
