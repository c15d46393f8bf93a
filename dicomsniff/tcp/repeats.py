"""Connections that go, segment by segment, as another one went before: what came of that is known already.

A PACS and its peers talk in short associations, and most of these are the same but for ports, times and packets. What a
later stage makes of a connection hangs on nothing else than who sent what, and in which segments, as long as all comes
in order and nothing is missing. So every connection that was followed leaves a path of `Stage`s behind, for as long as
it was plain and its reader says that others need not know of it while it goes on. A connection on such a path waits: of
each segment only the packet is remembered. As soon as it leaves the path, the tracker gets all of it, as it came.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from dicomsniff.capture.segments import ACK, CONTROL, FIN, RST, SYN, Segment, reverse_flow, syn_options
from dicomsniff.span import PacketMark
from dicomsniff.tcp.health import small_window
from dicomsniff.tcp.source import SEQUENCE_MASK

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection
    from dicomsniff.tcp.events import TcpEvent

MAX_STAGES = 4_000
"""Stages remembered; beyond, all are forgotten, and learned anew."""
MAX_SAID = 1 << 20
"""Bytes of the segments that lead to them: the same."""
MAX_TOLD = 200
"""Paths of which it is remembered what came of it: some 10 kB each."""
MAX_STEPS = 64
"""Segments of a connection that are held against those of others; one with more of them is followed."""
LONGEST_STEP = 1 << 13
"""Bytes of payload of such a segment: the same of a longer one."""
TRIED, RESTING = 512, 8192
"""Of so many connections one in LEAST is to go as another one did; else so many further ones are not looked at."""
LEAST = 8
BRISK = 100_000_000
"""Time (ns) from the first packet to the last one within which nothing that is told hangs on how long anything took."""
BOTH_SIDES = 3
"""A bit for each side."""
_FLAGS = 0xFFF
BEHIND = 1 << 31
"""What is further ahead than that is behind, as sequence numbers go round (RFC 9293 §3.4)."""
_LATEST = 1 << 62
_ROOM = 65_535
"""A window in which there is room, as of any segment here."""
_HEADER = 20

Said = bytes | tuple[int | None, int | None]
"""The payload of a segment; of a SYN, the maximum segment size and the window scale."""
Step = tuple[int, int, int, Said]
"""(side, header length and flags, bytes that came and are not acknowledged by it, what it says): all of a segment that
matters, as long as it is the next one of its side."""


class Stage:
    """Where connections stand that went the same way."""

    __slots__ = ("after", "before", "came_of_it", "is_recognized", "step")

    def __init__(self, before: "Stage | None" = None, step: Step = (0, 0, 0, b"")) -> None:
        self.before, self.step = before, step
        self.after: dict[Step, Stage] = {}
        self.is_recognized = False
        """Whether it is where the connection's association was recognized."""
        self.came_of_it: Any = None
        """What came of a connection that ended here, of the next stage; None where that cannot be said of another."""

    def path(self) -> list[Step]:
        """Return the steps that lead here."""
        steps: list[Step] = []
        stage: Stage | None = self
        while stage is not None and stage.before is not None:
            steps.append(stage.step)
            stage = stage.before
        return steps[::-1]


class Repeat:
    """A connection on a path. One that is over lingers among those that closed, as any other."""

    __slots__ = (
        "association",
        "dropped",
        "ended",
        "flow",
        "latest_time",
        "lingers",
        "marks",
        "number",
        "reaches",
        "recognized",
        "room",
        "stage",
    )

    def __init__(self, number: int, flow: bytes, seq: int, stage: Stage) -> None:
        self.number, self.flow = number, flow
        """Its place among all connections, and what whoever opened it sends."""
        self.stage = stage
        self.marks = array("q")
        """Number, time and place of each packet."""
        self.reaches = [seq, -1]
        """The next sequence number of each side; -1, which none has, before its SYN."""
        self.room = [1, 1]
        """The least window of each side in which there is room for a segment."""
        self.latest_time = 0
        self.ended = 0
        """A bit for each side that sent FIN."""
        self.association = 0
        """The number of its association, once that is recognized."""
        self.recognized = 0
        """The number of the packet in which that was."""
        self.lingers = self.dropped = False
        """Whether it is among those that closed; whether it waits no longer."""

    @property
    def is_told(self) -> bool:
        """Whether all that is to be told of it, were it over, is known from another one."""
        return self.ended == BOTH_SIDES and self.stage.came_of_it is not None and self.lasted < BRISK

    @property
    def lasted(self) -> int:
        """The time (ns) from its first packet to its last one."""
        return self.latest_time - self.marks[1]

    @property
    def silent(self) -> bool:
        """Whether neither side has said anything yet."""
        return all(not said or isinstance(said, tuple) for _, _, _, said in self.stage.path())

    @property
    def mark(self) -> PacketMark:
        """The first packet."""
        return PacketMark(*self.marks[:3])

    def segments(self) -> Iterator[Segment]:
        """Yield its segments, as far as they matter."""
        flows, marks, path = (self.flow, reverse_flow(self.flow)), self.marks, self.stage.path()
        reaches = list(self.reaches)
        for side, control, _, said in path:
            length = int(bool(control & (SYN | FIN))) + (len(said) if isinstance(said, bytes) else 0)
            reaches[side] = (reaches[side] - length) & SEQUENCE_MASK
        for at, (side, control, lag, said) in enumerate(path):
            header, payload = _HEADER, said
            if isinstance(said, tuple):
                options, payload = _options(*said), b""
                header += len(options)
                control = (control & _FLAGS) | header // 4 << 12
                data = bytes(_HEADER) + options
            else:
                header = (control >> 12) * 4
                data = bytes(header) + said
            ack = (reaches[1 - side] - lag) & SEQUENCE_MASK if control & ACK else 0
            number, time, place = marks[3 * at : 3 * at + 3]
            yield number, time, place, flows[side], reaches[side], ack, control, _ROOM, data, header, len(data), 0
            length = int(bool(control & (SYN | FIN))) + len(payload)
            reaches[side] = (reaches[side] + length) & SEQUENCE_MASK


class Reader(Protocol):
    """The next stages, as far as repeats need them."""

    def may_repeat(self, connection: "Connection") -> bool:
        """Whether what came on a connection so far is of no concern to what comes on others."""

    def number_association(self) -> int:
        """An association is recognized on a connection that waits: return its number."""

    def keep_number(self, connection: int, association: int) -> None:
        """Such a connection will be followed: give its association this number."""


class Repeats:
    """Knows paths, which connections are on them, and which one is leaving another."""

    def __init__(self, reader: Reader, take: Callable[["list[TcpEvent]"], None]) -> None:
        self._reader = reader
        self.take = take
        """Takes what is handed on of connections that waited, before anything else is."""
        self.waiting: dict[bytes, Repeat] = {}
        """Connections on a path, by the flows of both sides."""
        self.learning: dict[bytes, Repeat] = {}
        """Connections that the tracker follows, and that leave a path, by their flows."""
        self.candidate: tuple[Repeat, Stage, Connection] | None = None
        """A connection that went further than any before, and where it stands, until its reader has seen that."""
        self._root = Stage()
        self._stages = self._said = self._told = 0
        self._ending: list[Repeat] = []
        self._begun = self._went_apart = 0
        """Connections that began, and those that went as no other one, since that was looked at last."""

    @property
    def first(self) -> Repeat | None:
        """The connection on a path that was opened before all others there."""
        return next(iter(self.waiting.values()), None)

    @property
    def rests(self) -> bool:
        """Whether so few went as others did that it is not worth the time to look, for a while."""
        return self._begun > TRIED

    def begin(self, number: int, segment: Segment) -> Repeat | None:
        """Take the first segment of a connection, a SYN; return it, as it may wait, if others began like that."""
        self._begun += 1
        alike = self._begun == TRIED and (TRIED - self._went_apart) * LEAST >= TRIED
        if alike or self._begun > TRIED + RESTING:
            self._begun = self._went_apart = 0
        if self.rests:
            return None
        repeat = Repeat(number, segment[3], segment[4], self._root)
        return repeat if self.goes_on(repeat, segment) else None

    def wait(self, repeat: Repeat) -> None:
        """Let a connection wait that began like others."""
        self.waiting[repeat.flow] = self.waiting[reverse_flow(repeat.flow)] = repeat

    def goes_on(self, repeat: Repeat, segment: Segment) -> bool:
        """Take a segment of a connection that waits, if another one went on like that."""
        _, time, _, flow, seq, ack, control, window, data, start, end, cut = segment
        side, reaches = 0 if flow == repeat.flow else 1, repeat.reaches
        step: Step | None
        if control & SYN:
            step = self._step(repeat, segment)
        elif (
            seq != reaches[side] or window < repeat.room[side] or cut or not control & ACK or time < repeat.latest_time
        ):
            return False
        else:
            step = side, control, (reaches[1 - side] - ack) & SEQUENCE_MASK, data[start:end]
        stage = repeat.stage.after.get(step) if step is not None else None
        if stage is None:
            self._went_apart += 1
            return False
        self._take(repeat, stage, segment)
        if stage.is_recognized:
            repeat.association, repeat.recognized = self._reader.number_association(), segment[0]
        return True

    def oldest(self) -> Repeat | None:
        """The same at the end, when none begins to wait any more."""
        ending = self._ending
        if not ending and self.waiting:
            ending += sorted(set(self.waiting.values()), key=lambda each: each.number, reverse=True)
        while ending and ending[-1].dropped:
            ending.pop()
        return ending[-1] if ending else None

    def leave(self, repeat: Repeat, *, told: bool = False) -> None:
        """A connection waits no longer: it is over, and `told` of as others were, or it will be followed."""
        repeat.dropped = True
        for flow in (repeat.flow, reverse_flow(repeat.flow)):
            del self.waiting[flow]
        if repeat.association and not told:
            self._reader.keep_number(repeat.number, repeat.association)

    def learn(self, number: int, segments: list[Segment]) -> None:
        """Learn from a connection that the tracker follows from now on, and of which these segments came."""
        if self.rests:
            return
        first = segments[0]
        learner = Repeat(number, first[3], first[4], self._root)
        for segment in segments:
            step = self._step(learner, segment)
            if step is None:
                return
            stage = learner.stage.after.get(step)
            if stage is None:
                stage = self._add(learner.stage, step)
            self._take(learner, stage, segment)
        self.follow(learner)

    def follow(self, learner: Repeat) -> None:
        """Learn from a connection that the tracker follows from now on."""
        for flow in (learner.flow, reverse_flow(learner.flow)):
            self.learning[flow] = learner

    def watch(self, segment: Segment, connection: "Connection") -> None:
        """Take note of a segment that the tracker is given."""
        learner = self.learning.get(segment[3])
        if learner is None:
            return
        step = self._step(learner, segment) if len(learner.marks) < 3 * MAX_STEPS else None
        if step is None or connection.number != learner.number:
            self.forget(learner)
            return
        stage = learner.stage.after.get(step)
        if stage is None:
            stage = Stage(learner.stage, step)
            self.candidate = learner, stage, connection
        self._take(learner, stage, segment)

    def settle(self) -> None:
        """The reader has seen what the candidate said: others may go that way, unless it says otherwise."""
        if self.candidate is None:
            return
        (learner, stage, connection), self.candidate = self.candidate, None
        if not self._reader.may_repeat(connection):
            self.forget(learner)
        elif stage.before is not None:
            self._add(stage.before, stage.step, stage)

    def recognized(self, connection: "Connection") -> None:
        """The association of a connection is recognized just now."""
        if self.candidate is not None and self.candidate[2] is connection:
            self.candidate[1].is_recognized = True

    def forget(self, learner: Repeat) -> None:
        """Learn no more from a connection."""
        for flow in (learner.flow, reverse_flow(learner.flow)):
            self.learning.pop(flow, None)

    def learned(self, connection: "Connection") -> Repeat | None:
        """A connection is over: return what was learned from it, if it went its path to the end."""
        if self.candidate is not None and self.candidate[2] is connection:
            self.settle()
        learner = self.learning.get(connection.streams[0].flow)
        if learner is None or learner.number != connection.number:
            return None
        self.forget(learner)
        # A packet that ends a connection which had closed, by the time that it tells, is not one of it.
        return learner if learner.marks[-3] == max(each.last_packet for each in connection.streams) else None

    def tell(self, learned: Repeat, came_of_it: Any) -> None:
        """Remember what came of a connection, for others that go its path to the end."""
        if learned.stage.came_of_it is None and self._told < MAX_TOLD:
            self._told += 1
            learned.stage.came_of_it = came_of_it

    def _step(self, repeat: Repeat, segment: Segment) -> Step | None:
        """Return what matters of a segment; None where it is no plain one."""
        _, time, _, flow, seq, ack, control, window, data, start, end, cut = segment
        side, reaches, flags = int(flow != repeat.flow), repeat.reaches, control & CONTROL
        if cut or not repeat.latest_time <= time < _LATEST or end - start > LONGEST_STEP or flags & RST:
            return None
        if flags & SYN:
            # The first segment of either side: the one's SYN, the other's answer to it.
            begins = not repeat.marks if flags == SYN else reaches[1] < 0 and side and ack == reaches[0]
            if not begins or start != end or flags & FIN:
                return None
            options = syn_options(segment)
            repeat.room[side] = small_window(*options)
            return None if side and window < repeat.room[side] else (side, control & _FLAGS, 0, options)
        lag = (reaches[1 - side] - ack) & SEQUENCE_MASK
        if seq != reaches[side] or not flags & ACK or lag >= BEHIND or window < repeat.room[side] or reaches[1] < 0:
            return None
        return side, control, lag, data[start:end]

    def _take(self, repeat: Repeat, stage: Stage, segment: Segment) -> None:
        number, time, place, _, seq, _, control, _, _, start, end, _ = segment
        side, repeat.stage, repeat.latest_time, mark = stage.step[0], stage, time, repeat.marks.append
        mark(number)
        mark(time)
        mark(place)
        reached = seq + end - start
        if control & (SYN | FIN):
            reached += 1
            repeat.ended |= (control & FIN) << side
        repeat.reaches[side] = reached & SEQUENCE_MASK

    def _add(self, before: Stage, step: Step, stage: Stage | None = None) -> Stage:
        """Remember that connections go from one stage to another."""
        stage = stage or Stage(before, step)
        self._stages += 1
        self._said += len(step[3])
        if self._stages > MAX_STAGES or self._said > MAX_SAID:
            # Those that are on a path stay on it as far as it goes.
            self._root = Stage()
            self._stages = self._said = self._told = 0
        before.after[step] = stage
        return stage


def _options(size: int | None, scale: int | None) -> bytes:
    """Write what a SYN tells in its options (RFC 9293 §3.2, RFC 7323 §2.2)."""
    return (b"\2\4" + size.to_bytes(2, "big") if size is not None else b"\1" * 4) + (
        b"\3\3" + bytes([scale, 1]) if scale is not None else b"\1" * 4
    )
