"""The front door: open a capture, get its associations, go back for their data sets."""

import os
import time
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from operator import attrgetter
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol, Self, cast

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import PduWatcher, Update
from dicomsniff.capture.file_object import read_object
from dicomsniff.capture.losses import Losses
from dicomsniff.capture.notices import Notices
from dicomsniff.capture.packets import CaptureError, IncompleteError, Keeping, PacketBatch, PacketSource
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.dimse.collection import Collect
from dicomsniff.dimse.message import Message
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.engine.reread import MAX_REREAD, MessageBytes, read_message, read_stream
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import the_file
from dicomsniff.key_files import KeyFiles, Path
from dicomsniff.quantities import counted
from dicomsniff.span import Span
from dicomsniff.tcp.source import StreamPiece

if TYPE_CHECKING:
    from pydicom import Dataset

    from dicomsniff.dimse.dataset_element import DecodedDataSet

CLOSED_AT_A_TIME = 200
"""Connections that are ended in one step once the capture is over."""
DELAY = 2_000_000_000
"""Nanoseconds for which whoever captures may hold packets back: tcpdump and dumpcap do for a second."""

Source = str | os.PathLike[str] | IO[bytes] | PacketSource
"""The path of a file, `-` for standard input, a binary file that is open, or any other source of packets."""


class Block(NamedTuple):
    """What one block of a capture brought."""

    updates: list[Update]
    """New timeline entries, each with its association, in packet order."""
    closed: list[Association]
    """The associations of which all is found that there is, in the order of their numbers."""


class Watcher(Protocol):
    """What watches a capture beside whoever reads it."""

    def take(self, updates: list[Update], ended: list[Association]) -> None:
        """Take what a block brought: timeline entries, and the associations that are over."""

    def end(self) -> None:
        """The capture is over, or nobody reads on."""


class Capture:
    """An open capture, which is read through once, in one of three ways.

    - `closed()` hands over each association once it is over, and keeps none: memory does not grow with the capture.
      `blocks()` does the same, and hands over timeline entries as they come.
    - `associations` is the list of all. Where that takes too much memory, IncompleteError says so.
    - `updates()` is for views that watch: associations stay in `analyzer.associations`, but of too many only the latest
      keep their details.

    A part of the capture is never handed out as the whole: an error raised while reading is raised again, whoever
    asks. `truncated` says where the file itself ends early. `collect`, `ports` and `findings` are as in `Analyzer`, as
    is `heads` of a pipe; everything else can be reread. `keys` are what DICOM over TLS is read with, beside the secrets
    that the capture itself brings. A `watcher` sees all PDUs; `part` and `flows` are as in `Analyzer`.
    """

    def __init__(
        self,
        source: Source,
        *,
        collect: Collect = False,
        ports: int | Iterable[int] = (),
        findings: bool = True,
        heads: int = 0,
        keys: KeyFiles | None = None,
        watcher: PduWatcher | None = None,
        part: bool = False,
        flows: Container[bytes] | None = None,
    ) -> None:
        self.reader = _reader(source)
        self._ports = ports
        self._keys = keys or KeyFiles()
        self.analyzer = Analyzer(
            collect=collect,
            ports=ports,
            findings=findings,
            heads=heads if self.is_pipe else 0,
            vault=self._keys.vault,
            watches=self.reader.is_live,
            watcher=watcher,
            part=part,
            flows=flows,
        )
        # Neither is asked about with each batch where it cannot come: there may be a batch for every packet.
        self._brings_keys = self.is_live or "pcapng" in self.reader.format
        """Whether secrets may come: only pcapng holds them, only what is captured right now has key logs that grow."""
        self._tells_losses = self.is_live or self.reader.format != "pcap"
        self._batches = iter(self.reader.batches())
        self._last_packet = 0
        self._came = time.monotonic_ns()
        """When the last packets came."""
        self._started = self._done = False
        self._failure: CaptureError | None = None
        self._watchers: list[Watcher] = []
        self._notices = Notices()
        self._waiting: deque[Association] = deque()
        """Associations that `closed()` has yet to hand over."""

    def __repr__(self) -> str:
        if self._failure is not None:
            state = "failed"
        else:
            state = "read" if self._done else "being read" if self._started else "not read yet"
        found = counted(self.analyzer.association_count, "association")
        return f"<Capture {self.reader.name}: {state}, {found} so far>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def closed(self) -> Iterator[Association]:
        """Yield each association once it is over; a second loop goes on where the first one stopped."""
        self._begin(Keep.OPEN)
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            block = self._next_block()
            if block is None:
                return
            self._waiting += block.closed

    def blocks(self) -> Iterator[Block]:
        """Yield what each block of the capture brings; a live one yields empty blocks while nothing comes."""
        self._begin(Keep.OPEN)
        while (block := self._next_block()) is not None:
            yield block

    def updates(self) -> Iterator[list[Update]]:
        """Yield what each block brings to timelines, for views that watch `analyzer.associations` grow."""
        self._begin(Keep.LATEST)
        while (block := self._next_block()) is not None:
            yield block.updates

    @property
    def associations(self) -> list[Association]:
        """Every association of the capture, in the order in which they were recognized; IncompleteError if too many."""
        if not self._done:
            self._begin(Keep.ALL)
            while self._next_block() is not None:
                pass
        if not self.analyzer.keeps_all:
            raise self._not_kept()
        return self.analyzer.associations

    @property
    def truncated(self) -> str:
        """Why the capture ended early, cut off or damaged, as far as it was read; empty where it did not."""
        return self.reader.truncated

    @property
    def losses(self) -> Losses:
        """What was lost while it was captured, as far as the capturer told, and as far as it was read."""
        return self.analyzer.losses

    def pop_notices(self) -> list[str]:
        """Hand over what happened to a live capture since the last time: who captures, an interface that went away."""
        return self.reader.pop_notices() + self._keys.vault.pop_notices() + self._notices.pop()

    def note(self, notice: str) -> None:
        """Take something that happened, for whoever pops notices; any thread may."""
        self._notices.note(notice)

    def add_watcher(self, watcher: Watcher) -> None:
        """Let something watch what is read from now on, in whichever of the three ways."""
        self._watchers.append(watcher)

    def end_watchers(self) -> None:
        """Nobody reads on: let those that watch come to an end."""
        while self._watchers:
            self._watchers.pop().end()

    @property
    def found(self) -> Collector:
        """What was found about each association, in all detail."""
        return self.analyzer.found

    def findings_of(self, association: Association) -> list[Finding]:
        """Return what was found about an association: causes, each with what follows from it (`Finding.all()`)."""
        return self.found.of(association).causes

    def message_bytes(self, message: Message) -> MessageBytes:
        """Reread a message's command set and data set from the capture (not from a pipe)."""
        return read_message(self.reader, message)

    def stream_bytes(self, span: Span) -> StreamPiece:
        """Reread the stream bytes of an event from the capture (not from a pipe)."""
        return read_stream(self.reader, span)

    def reopen(self, association: Association) -> Association:
        """Return an association whose details were given up with all of them: its packets are analyzed once more.

        Raises CaptureError or OSError where they cannot be read again.
        """
        from dicomsniff.engine.reopened import reopen

        again = reopen(self.reader, association, self._ports, self._keys.vault)
        self.found.take(again, self.found.of(association))
        return again

    def data_set(self, association: Association, message: Message, limit: int = MAX_REREAD) -> "DecodedDataSet | None":
        """Reread and decode a message's data set, as far as `limit` bytes of the message go; None where it has none."""
        found = read_message(self.reader, message, limit)
        if found.data_set is None:
            return None
        from dicomsniff.dimse.dataset import decode_data_set

        return decode_data_set(found.data_set, association.transfer_syntax(message.context_id), found.whole)

    def dataset(self, message: Message) -> "Dataset | None":
        """Reread a message's data set as pydicom has it; None where it has none.

        Raises IncompleteError where the capture does not have all of it, and what pydicom raises where it is no data
        set: `data_set` reads those too, as far as they go.
        """
        from dicomsniff.part10 import part10, read_dataset

        return None if message.data_set is None else read_dataset(part10(message, self.message_bytes(message)))

    def save(self, message: Message, path: "str | os.PathLike[str]") -> None:
        """Write a message's data set, as it was sent, as a DICOM file (PS3.10), which only its owner may read.

        Raises IncompleteError where the capture does not have all of it, and FileExistsError where the file exists.
        """
        from dicomsniff.part10 import part10

        content = part10(message, self.message_bytes(message))
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)

    def again(
        self, *, collect: Collect = False, findings: bool = False, watcher: PduWatcher | None = None
    ) -> "Capture | None":
        """Open the capture once more, to be read from the start; None where its bytes are gone, or still come."""
        source = self.reader.again()
        if source is None:
            return None
        return Capture(source, collect=collect, ports=self._ports, findings=findings, keys=self._keys, watcher=watcher)

    def close(self) -> None:
        """Let go of the source, of key logs that grow, and of what watches it."""
        self._keys.close()
        if not self._done and self._failure is None:
            self._failure = IncompleteError(f"{self.reader.name}: it was closed before it was read to its end")
        try:
            self.end_watchers()
        finally:
            self.reader.close()

    @property
    def is_live(self) -> bool:
        """Whether packets come from an interface, so that there is no end until it is closed."""
        return self.reader.is_live

    @property
    def marked_name(self) -> str:
        """What the user knows the capture by, as a line with marks: a file's name is withheld where it is shown."""
        return the_file(self.reader.name) if self.reader.is_file else self.reader.name

    @property
    def path(self) -> str:
        """The path of the one file that it is read from; empty where it is several, or something else."""
        reader = self.reader
        return reader.path if isinstance(reader, CaptureReader) and not self.is_pipe and not self.is_live else ""

    @property
    def keeping(self) -> Keeping | None:
        """Where what is captured here is kept as it comes; None where nothing is captured here."""
        kept: Keeping | None = getattr(self.reader, "keeping", None)
        return kept

    @property
    def away(self) -> str:
        """Why nothing, or not all, is captured for now: an interface that went away; empty where none did."""
        return str(getattr(self.reader, "away", ""))

    @property
    def is_pipe(self) -> bool:
        """Whether its bytes are gone once they are read."""
        return self.reader.size is None and not self.is_live

    def _begin(self, keep: Keep) -> None:
        """Read in one of the ways, unless what was read in another one is not kept any more."""
        if self._failure is not None:
            raise self._failure
        differs = self._started and keep is not self.analyzer.keep
        if self._done or (differs and not (keep is Keep.ALL and self.analyzer.keeps_all)):
            raise self._not_kept()
        self._started, self.analyzer.keep = True, keep

    def _not_kept(self) -> IncompleteError:
        return IncompleteError(f"{self.reader.name}: it was read already, and not all of it is kept: open it again")

    def _take_keys(self, *, over: bool) -> None:
        """Take what the capture holds of TLS secrets by now, and what was appended to key logs."""
        for log in self.reader.take_key_logs():
            self._keys.vault.secrets.add_capture_secrets(log)
        self._keys.look()
        self._keys.vault.is_complete = over or not (self._keys.may_grow or "pcapng" in self.reader.format)
        if self.is_live:
            self._keys.vault.pass_time(time.monotonic_ns())

    def _next_block(self) -> Block | None:
        """Read on; None at the end. Every way of reading goes through here."""
        if self._failure is not None:
            raise self._failure
        if self._done:
            return None
        analyzer = self.analyzer
        try:
            batch = next(self._batches, None)
            if self._brings_keys:
                self._take_keys(over=batch is None)
            losses = self.reader.losses.total if self._tells_losses else analyzer.losses
            if losses != analyzer.losses:
                # They are told of somewhere in the batch: of what is open before it, and of what begins in it.
                last = _last_number(batch) if batch is not None and batch.starts else self._last_packet
                analyzer.note_losses(losses, last)
                updates = self._feed(batch)
                analyzer.note_losses(losses, last)
            else:
                updates = self._feed(batch)
            if self.is_live and batch is not None and self._keys.vault.waiting:
                updates = updates + analyzer.pass_patience(time.monotonic_ns())
            self._done = batch is None and analyzer.is_over
        except BaseException as error:
            said = f"{self.reader.name}: reading it was broken off by {error!r}"
            self._failure = error if isinstance(error, CaptureError) else IncompleteError(said)
            raise
        for watcher in self._watchers:
            watcher.take(updates, analyzer.ended)
        closed = sorted(analyzer.pop_closed(), key=attrgetter("id")) if analyzer.keep is Keep.OPEN else []
        return Block(updates, closed)

    def _feed(self, batch: PacketBatch | None) -> list[Update]:
        if batch is None:
            return self.analyzer.close(CLOSED_AT_A_TIME)
        now = time.monotonic_ns()
        if batch.starts:
            self._came, self._last_packet = now, _last_number(batch)
            return self.analyzer.feed(batch)
        # By the clock here, from when the last packet came: the capturer's may go wrong.
        return self.analyzer.pass_time(max(0, now - self._came - DELAY))


def _last_number(batch: PacketBatch) -> int:
    return batch.first_number + len(batch.starts) - 1


def open_capture(
    *sources: Source,
    collect: Collect = False,
    ports: int | Iterable[int] = (),
    findings: bool = True,
    tls_keylog: Path | Iterable[Path] = (),
    tls_key: Path | Iterable[Path] = (),
) -> Capture:
    """Open a capture file (pcap, pcapng or snoop, also compressed), or `-` for standard input; several are read as one.

    Raises CaptureError where there is nothing to read. `ports` are read as DICOM even where none is recognized; with
    `collect`, every message brings its data set, or those do whose Command Fields it names. DICOM over TLS is read with
    what `tls_keylog` (files as SSLKEYLOGFILE makes them) and `tls_key` (a server's RSA private key in PEM) hold;
    KeyFileError says what is wrong with them. For the rest see `Capture`.
    """
    keys = KeyFiles(_paths(tls_keylog), _paths(tls_key))
    return Capture(open_source(sources), collect=collect, ports=ports, findings=findings, keys=keys)


def _paths(paths: Path | Iterable[Path]) -> Iterable[Path]:
    return (paths,) if isinstance(paths, str | os.PathLike) else paths


def open_source(sources: Sequence[Source], *, follow: bool = False) -> PacketSource:
    """Open captures as one source of packets; with `follow`, a single one is still growing."""
    if len(sources) == 1:
        return _reader(sources[0], follow=follow)
    opened: list[PacketSource] = []
    try:
        opened.extend(_reader(source) for source in sources)
    except CaptureError:
        for source in opened:
            source.close()
        raise
    from dicomsniff.capture.merge import MergedReader

    return MergedReader(opened)


def _reader(source: Source, *, follow: bool = False) -> PacketSource:
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if follow and path != "-":
            from dicomsniff.capture.following import FollowedFiles

            return FollowedFiles(path)
        return CaptureReader(path, follow=follow)
    if hasattr(source, "batches"):
        return cast("PacketSource", source)
    return read_object(source)
