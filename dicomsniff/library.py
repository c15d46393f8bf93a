"""The front door: open a capture, get its associations, go back for their data sets."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.association import Association
from dicomsniff.association.conversation import Update
from dicomsniff.capture.merge import MergedReader
from dicomsniff.capture.packets import CaptureError, PacketSource
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.dimse.dataset import DecodedDataSet, decode_data_set
from dicomsniff.dimse.message import Message
from dicomsniff.provenance import Span
from dicomsniff.reread import MessageBytes, StreamPiece, read_message, read_stream


class Capture:
    """An open capture: `updates()` analyzes as it reads, `associations` reads to the end if nobody has yet.

    `source` is the path of a file, `-` for standard input, or any other source of packets; for the rest see `Analyzer`.
    """

    def __init__(
        self, source: str | PacketSource, *, collect: bool = False, ports: Iterable[int] = (), findings: bool = True
    ) -> None:
        self.reader = CaptureReader(source) if isinstance(source, str) else source
        self.analyzer = Analyzer(collect=collect, ports=ports, findings=findings)
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def updates(self) -> Iterator[list[Update]]:
        """Read the capture through, once; yields what every block of it brought, for views that follow."""
        if self._done:
            return
        self._done = True
        for batch in self.reader.batches():
            yield self.analyzer.feed(batch)
        yield self.analyzer.close()

    @property
    def associations(self) -> list[Association]:
        """Every association of the capture."""
        for _ in self.updates():
            pass
        return self.analyzer.associations

    def message_bytes(self, message: Message) -> MessageBytes:
        """Reread a message's command set and data set from the capture (not from a pipe)."""
        return read_message(self.reader, message)

    def stream_bytes(self, span: Span) -> StreamPiece:
        """Reread the stream bytes of an event from the capture (not from a pipe)."""
        return read_stream(self.reader, span)

    def data_set(self, association: Association, message: Message) -> DecodedDataSet | None:
        """Reread and decode a message's data set; None where it has none."""
        found = self.message_bytes(message)
        if found.data_set is None:
            return None
        return decode_data_set(found.data_set, association.transfer_syntax(message.context_id), found.whole)

    def close(self) -> None:
        """Let go of the source."""
        self.reader.close()

    @property
    def is_live(self) -> bool:
        """Whether packets come from an interface, so that there is no end until it is closed."""
        return self.reader.is_live


def open_capture(*paths: str, ports: Iterable[int] = ()) -> Capture:
    """Open a capture file (pcap, pcapng or snoop, also compressed), or `-` for standard input; several are read as one.

    Raises CaptureError where there is nothing to read. `ports` are read as DICOM although nothing looks like it.
    """
    return Capture(open_source(paths), ports=ports)


def open_source(paths: Sequence[str], *, follow: bool = False) -> PacketSource:
    """Open captures as one source of packets; with `follow`, a single one is still growing."""
    if len(paths) == 1:
        return CaptureReader(paths[0], follow=follow)
    sources: list[PacketSource] = []
    try:
        sources.extend(CaptureReader(path) for path in paths)
    except CaptureError:
        for source in sources:
            source.close()
        raise
    return MergedReader(sources)
