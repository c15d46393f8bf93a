"""A capture, read twice -> a scrubbed copy of it, and what is to be said of that."""

from tempfile import TemporaryFile
from typing import IO

from dicomsniff.capture.packets import IncompleteError
from dicomsniff.dimse.message import Message
from dicomsniff.filter.selection import Selection
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.quantities import counted
from dicomsniff.scrubbing.copying import PacketCopier
from dicomsniff.scrubbing.erasing import Erasing
from dicomsniff.scrubbing.network import Addresses
from dicomsniff.scrubbing.watching import ScrubWatcher

_MICROSECOND_DIGITS = 6


class Scrubbing:
    """Scrubs one capture, which has to be opened with `watcher`, and to collect data sets."""

    def __init__(self, privacy: Privacy, selection: Selection) -> None:
        self._values = TemporaryFile()  # noqa: SIM115  closed by close()
        self.watcher = ScrubWatcher(Erasing(privacy), self._values)
        self.said: list[str] = []
        """What was copied, what was left out, and why: lines of text."""
        self._privacy, self._selection = privacy, selection

    def close(self) -> None:
        """Let go of the temporary file."""
        self._values.close()

    def run(self, capture: Capture, out: IO[bytes]) -> None:
        """Write the copy, a pcapng file. Raises CaptureError where the capture cannot be read twice."""
        self._plan(capture)
        again = capture.reader.again()
        if again is None:
            raise IncompleteError(f"{capture.reader.name}: it is read twice to be scrubbed, and cannot be")
        copier = PacketCopier(
            self.watcher.plan,
            out.write,
            nanoseconds=capture.reader.resolution_digits > _MICROSECOND_DIGITS,
            addresses=Addresses() if self._privacy.redact_network else None,
        )
        try:
            for batch in again.batches():
                copier.feed(batch)
            copier.close()
        finally:
            again.close()
        losses = capture.losses
        if losses.packets or losses.away:
            copier.tell_losses(losses)
        self._tell(copier)

    def _plan(self, capture: Capture) -> None:
        watcher, selection = self.watcher, self._selection
        for block in capture.blocks():
            for association, entry in block.updates:
                if isinstance(entry.event, Message):
                    watcher.take_message(association, entry.event)
            chosen = {
                each.id
                for each in block.closed
                if selection.choose(each, capture.found.of(each), capture.data_set) is not None
            }
            watcher.conclude(block.closed, chosen)
        watcher.finish()
        if selection.is_all:
            for failed in capture.analyzer.links.unconnected():
                if failed.span is not None:
                    watcher.plan.add_bare(failed.span.first_packet)

    def _tell(self, copier: PacketCopier) -> None:
        copied, zeroed = copier.copied, self.watcher.zeroed
        self.said.append(f"{counted(copied.packets, 'packet')} written")
        if left_out := copied.left_out:
            said = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
            self.said.append(f"left out: {said}")
        for why, count in sorted(zeroed.items()):
            self.said.append(f"{counted(count, 'data set')} left out: {why}")
        if count := self.watcher.over_tls:
            said = "encrypted data cannot be overwritten in its place"
            self.said.append(f"of {counted(count, 'association')} over TLS the data is left out: {said}")
