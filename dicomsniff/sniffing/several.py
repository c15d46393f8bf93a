"""Several interfaces, each with a tcpdump of its own, as one mover: dumpcap takes several, but tells losses late."""

from dicomsniff.sniffing.movers import Counts, MoverError
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.tools import Tcpdump
from dicomsniff.sniffing.translation import NOTHING, Taken


class Tcpdumps:
    """A tcpdump for each interface; packets come as each of them hands them over, and are put in order elsewhere."""

    tick = Tcpdump.tick
    writes_losses = tells_late = False

    def __init__(self, plan: Plan) -> None:
        self._all: list[Tcpdump] = []
        try:
            for number in range(len(plan.interfaces)):
                self._all.append(Tcpdump(plan, number))
        except BaseException:
            self.close()
            raise
        self.name = f"{self._all[0].name}, one for each interface"
        self.buffer = self._all[0].buffer
        self._failure: MoverError | None = None
        """Why one of them ended; what the others have brought is taken first."""
        self._section = b""
        self._descriptions: dict[int, bytes] = {}
        self._early = NOTHING
        """What has come before every interface was described."""

    def files(self) -> list[int]:
        """Return the pipes of those that have not ended."""
        return [file for each in self._all if not each.is_over for file in each.files()]

    def take(self, most: int) -> Taken:
        """Return what has come of all; raise MoverError where one has ended, and nothing has come of the others."""
        parts: list[bytes] = []
        packets = 0
        is_described = self._is_described
        for number, each in enumerate(self._all):
            if each.is_over:
                continue
            try:
                taken = each.take(most - packets)
            except MoverError as error:
                self._failure = self._failure or error
                continue
            data = taken.data
            if taken.heads:
                self._section, self._descriptions[number] = taken.heads
                data = data[sum(map(len, taken.heads)) :]
            parts.append(data)
            packets += taken.packets
        if self._failure is not None and not any(parts):
            raise self._failure
        come = Taken(self._early.data + b"".join(parts), self._early.packets + packets)
        self._early = NOTHING
        if is_described:
            return come
        if not self._is_described:
            self._early = come
            return NOTHING
        heads = (self._section, *(self._descriptions[number] for number in range(len(self._all))))
        return Taken(b"".join(heads) + come.data, come.packets, heads)

    def losses(self) -> dict[int, Counts]:
        """Return what each said last, and ask it to say it again."""
        return {number: each.losses()[0] for number, each in enumerate(self._all)}

    def stop(self) -> None:
        """Let all end."""
        for each in self._all:
            each.stop()

    @property
    def is_over(self) -> bool:
        """Whether all have ended."""
        return all(each.is_over for each in self._all)

    def close(self) -> None:
        """End those that have not ended."""
        for each in self._all:
            each.close()

    @property
    def _is_described(self) -> bool:
        return len(self._descriptions) == len(self._all)
