"""Interfaces -> packet batches: reads what a capturer has put in the spool."""

from collections.abc import Iterator
from contextlib import suppress

from dicomsniff.capture.losses import LossCounter, Losses
from dicomsniff.capture.packets import CaptureError, Keeping, PacketBatch
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.capture.silence import BUFFERED, Silence, silence_text
from dicomsniff.sniffing.notes import Note
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.process import CapturerProcess
from dicomsniff.sniffing.spool import Spool

POLL = 0.2
"""Seconds to wait for packets before telling the consumer that there are none."""


class LiveSource:
    """Sniffs until `stop` or the plan's end. Raises CaptureError where that cannot be, saying what is missing."""

    is_live = True
    is_file = False
    size = None

    def __init__(self, plan: Plan) -> None:
        self.name = plan.source
        self._plan = plan
        self._spool = Spool(0 if plan.write else plan.spool_limit)
        self._silence = Silence()
        self._unread = 0
        """Packets that were given up before they could be analyzed."""
        self._capturer = CapturerProcess(plan, self._take)
        self._reader = CaptureReader(self.name, follow=True, open_file=self._spool.open, wait=self._wait)

    @property
    def format(self) -> str:
        """The format the packets are kept in."""
        return self._reader.format

    @property
    def resolution_digits(self) -> int:
        """Digits after the second that the capturer's clock has."""
        return self._reader.resolution_digits

    @property
    def position(self) -> int:
        """Bytes of the spool that were read."""
        return self._reader.position

    @property
    def losses(self) -> LossCounter:
        """What was lost so far."""
        if not self._unread:
            return self._reader.losses
        losses = LossCounter()
        losses.merge(self._reader.losses)
        losses.note(Losses(spool=self._unread), b"spool")
        return losses

    @property
    def truncated(self) -> str:
        """Why it ended before it was stopped; empty where it did not."""
        return self._capturer.failure or self._reader.truncated

    @property
    def keeping(self) -> Keeping:
        """Where the packets are kept by now."""
        return self._spool.keeping

    @property
    def away(self) -> str:
        """Why nothing, or not all, is captured for now; empty where an interface is not away."""
        return self._capturer.away

    def pop_notices(self) -> list[str]:
        """Hand over what happened since the last time: who captures, an interface that went away, a long silence."""
        return self._capturer.pop_notices()

    def batches(self) -> Iterator[PacketBatch]:
        """Yield what comes, until the end; a batch without packets each time nothing came for a while."""
        batches, number = self._reader.batches(), 1
        while True:
            try:
                for batch in batches:
                    if batch.starts:
                        self._silence.end()
                    yield batch
                    number = batch.first_number + len(batch.starts)
            except CaptureError:
                following = self._spool.packets_before + 1
                if following <= number:
                    raise
                self._unread += following - number
                batches, number = self._reader.skip_to(self._spool.start, following), following
            else:
                return

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again what was sniffed before; CaptureError where it is not kept any more."""
        yield from self._reader.batches_from(offset, number)

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs among what was captured: standard input may bring some."""
        return self._reader.take_key_logs()

    def again(self) -> None:
        """Return nothing: what is sniffed has no end that could be waited for."""

    def stop(self) -> None:
        """Let the capturer take what the kernel still has, and end; `batches` ends behind that."""
        self._capturer.stop()

    def close(self) -> None:
        """End the capturer, and let go of the spool: a temporary one is gone then."""
        self._capturer.close(at_once=not self._plan.write)
        if self._capturer.was_lost:
            with suppress(OSError):
                self._spool.trim()
        self._reader.close()
        self._spool.close()

    def _wait(self) -> bool:
        """Wait for the spool to grow; whether it can."""
        with self._capturer.changed:
            if self._capturer.is_over:
                return False
            self._capturer.changed.wait(POLL)
        if self._silence.is_long():
            self._capturer.note(silence_text(self.name, self._reason_of_silence()))
        return True

    def _reason_of_silence(self) -> str:
        if self._plan.is_piped:
            return BUFFERED
        doubts = "is there traffic, and is it the right interface (`dicomsniff interfaces`)?"
        return f"{doubts[:-1]}, and does -f fit?" if self._plan.bpf else doubts

    def _take(self, note: Note) -> None:
        match note["is"]:
            case "file":
                self._spool.add(note["file"], note["at"], note["name"], note["packets"])
            case "written":
                self._spool.grow(note["to"])
            case "removed":
                self._spool.forget(note["name"])
