"""Conversations with loss, copies and disorder: seen the same, whatever is passed over on the way."""

from collections import Counter
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import ConflictingBytes
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.reread import read_message
from dicomsniff.side import Side
from fuzz.finds import BrokenError
from fuzz.forms import CONVERSATION, capture_of, input_of, pieces_of
from fuzz.outputs import capture_file
from fuzz.seeds import Material
from fuzz.targets import Target

_NOT_COUNTED = ("missing bytes", StrayFragment.name, "unexpected P-DATA-TF", ConflictingBytes.name)
"""Entries that are told together where they follow each other; bytes passed over are not compared with later copies."""
MAX_REREADS = 20
"""Messages of an input that are reread."""


def check(data: bytes) -> None:
    """Whether data sets are collected, and whether bytes are passed over, changes nothing that is seen."""
    if not data:
        return
    with capture_file(capture_of(data)) as path:
        careful = analyze(path, collect=False, careful=True)
        for collect in (False, True):
            if analyze(path, collect=collect) != careful:
                raise BrokenError(f"seen differently, {collect=}", f"seen differently, {'with' * collect} collecting")


def analyze(path: str, *, collect: bool, careful: bool = False) -> object:
    """Analyze a capture, reread its messages, and tell what was seen; `careful` passes over nothing."""
    try:
        reader = CaptureReader(path)
    except CaptureError:
        return None
    analyzer = Analyzer(collect=collect)
    if careful:
        analyzer._decoder = SegmentDecoder()  # one that follows no flow
    try:
        for batch in reader.batches():
            analyzer.feed(batch)
        analyzer.close()
        messages = [message for association in analyzer.associations for message in association.messages]
        for message in messages[:MAX_REREADS] if careful else ():
            found = read_message(reader, message)
            if found.data_set is not None:
                found.data_set.close()
        for message in messages:
            if message.data_set is not None and message.data_set.content is not None:
                message.data_set.content.close()
    finally:
        reader.close()
    return reader.truncated, sorted(analyzer.undecoded.items()), sorted(analyzer.foreign.items()), seen(analyzer)


def seen(analyzer: Analyzer) -> list[object]:
    """Tell of every association what does not depend on whether data sets are collected."""
    return [
        (
            association.outcome,
            # What would come between two that are joined may be passed over, and show later.
            Counter((e.event.name, e.side) for e in association.timeline if e.event.name not in _NOT_COUNTED),
            [sum(stray.length for stray in _strays(association, side)) for side in Side],
            [
                (
                    message.side,
                    message.context_id,
                    message.command.raw,
                    message.command_fragments,
                    (message.data_set.length, message.data_set.fragments, message.data_set.missing)
                    if message.data_set is not None
                    else None,
                    message.complete,
                    message.problem,
                    # Where fragments are passed over, the packet of the last one before a hole is not known exactly.
                    (message.span.first_packet, message.span.start, message.span.end),
                )
                for message in association.messages
            ],
            {side: dict(counts) for side, counts in association.pdu_counts.items()},
            association.missing_bytes,
        )
        for association in analyzer.associations
    ]


def _strays(association: Association, side: Side) -> list[StrayFragment]:
    entries = [entry.event for entry in association.timeline if entry.side is side]
    return [event for event in entries if isinstance(event, StrayFragment)]


def seeds(material: Material) -> Iterator[bytes]:
    """The capture itself, and its connections as conversations."""
    yield input_of(material.capture)
    if material.segments:
        yield bytes([CONVERSATION]) + material.segments


TARGET = Target(check, seeds, pieces_of, 1 << 17)
