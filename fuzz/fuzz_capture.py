"""Any bytes, taken for a capture, through the reader and the whole analyzer: with and without passing over data sets.

`make fuzz` runs it with the samples as its first inputs. `check` states what must hold; tests/fuzz calls it too.
"""

import argparse
import os
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MAX_LENGTH = 1 << 17
"""Bytes of an input; the largest sample is shorter."""
MAX_REREADS = 20
"""Messages of an input that are reread."""
_HEADER = struct.Struct(">BBH")

if "atheris" in sys.modules or __name__ == "__main__":
    import atheris

    with atheris.instrument_imports(include=["dicomsniff", "dpkt"]):
        from dicomsniff.analyzer import Analyzer
        from dicomsniff.capture.decode import SegmentDecoder
        from dicomsniff.capture.packets import CaptureError
        from dicomsniff.capture.reader import CaptureReader
        from dicomsniff.reread import read_message
else:
    from dicomsniff.analyzer import Analyzer
    from dicomsniff.capture.decode import SegmentDecoder
    from dicomsniff.capture.packets import CaptureError
    from dicomsniff.capture.reader import CaptureReader
    from dicomsniff.reread import read_message


class Form(NamedTuple):
    """What the first byte of an input chooses: what is put before the rest, or how a capture is made of it."""

    name: str
    make: Callable[[bytes], bytes]


def _behind(prefix: bytes) -> Callable[[bytes], bytes]:
    return lambda body: prefix + body


def _conversation(body: bytes) -> bytes:
    """Make a pcap of a TCP connection: steps of (kind, repeats, length) and that many bytes.

    `kind` has the side in bit 0; bit 1 loses the bytes, 2 sends them twice, 3 swaps the last two packets, 4 cuts
    off what a short snaplen would, 5 ends the side.
    """
    frames: list[bytes] = []
    sequence = [1000, 5000]
    for side, flags in ((0, 0x02), (1, 0x12), (0, 0x10)):
        frames.append(_frame(side, sequence, flags, b""))
        sequence[side] += flags >> 1 & 1
    for kind, data in steps(body):
        side = kind & 1
        frame = _frame(side, sequence, 0x11 if kind & 0x20 else 0x10, data)
        sequence[side] = (sequence[side] + len(data) + (kind >> 5 & 1)) & 0xFFFFFFFF
        if kind & 0x10:
            frame = frame[: max(len(frame) - len(data) // 2, 54)]
        frames += [] if kind & 2 else [frame] * (2 if kind & 4 else 1)
        if kind & 8 and len(frames) > 1:
            frames[-2:] = frames[:-3:-1]
    records = [struct.pack("<LLLL", 1, number, len(frame), len(frame)) + frame for number, frame in enumerate(frames)]
    return b"\xd4\xc3\xb2\xa1" + struct.pack("<HHlLLL", 2, 4, 0, 0, 262144, 1) + b"".join(records)


def steps(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the steps of a conversation, each as often as it says."""
    at = 0
    while at + _HEADER.size <= len(body):
        kind, repeats, length = _HEADER.unpack_from(body, at)
        at += _HEADER.size
        data = body[at : at + length % 1461]
        at += len(data)
        for _ in range(1 + repeats % 16):
            yield kind, data


def step(side: int, data: bytes) -> bytes:
    """Return the step that sends up to 1460 bytes."""
    return _HEADER.pack(side, 0, len(data)) + data


def _frame(side: int, sequence: list[int], flags: int, data: bytes) -> bytes:
    ends = [(b"\x0a\0\0\x01", 40001), (b"\x0a\0\0\x02", 104)]
    (source, source_port), (target, target_port) = ends[side], ends[1 - side]
    numbers = sequence[side], sequence[1 - side]
    tcp = struct.pack(">HHLLBBHHH", source_port, target_port, *numbers, 0x50, flags, 65535, 0, 0) + data
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + source + target
    return bytes(12) + b"\x08\x00" + ip + tcp


FORMS = (
    Form("pcap", _behind(b"\xd4\xc3\xb2\xa1")),
    Form("pcapng", _behind(b"\x0a\x0d\x0d\x0a")),
    Form("snoop", _behind(b"snoop\0\0\0")),
    Form("conversation", _conversation),
    Form("pcap, big endian", _behind(b"\xa1\xb2\xc3\xd4")),
    Form("pcap, long records", _behind(b"\x34\xcd\xb2\xa1")),
    Form("anything", _behind(b"")),
)


def check(data: bytes) -> None:
    """Raise where an input shows a defect."""
    if not data:
        return
    capture = FORMS[data[0] % len(FORMS)].make(data[1:])
    with tempfile.NamedTemporaryFile(prefix="dicomsniff-fuzz-") as file:
        file.write(capture)
        file.flush()
        careful = analyze(file.name, collect=False, careful=True)
        for collect in (False, True):
            assert analyze(file.name, collect=collect) == careful, f"seen differently, {collect=}"


def analyze(path: str, *, collect: bool, careful: bool = False) -> object:
    """Analyze a capture, reread its messages, and tell what was seen; `careful` passes over nothing."""
    try:
        reader = CaptureReader(path)
    except CaptureError:
        return None
    analyzer = Analyzer(collect=collect)
    if careful:
        analyzer._decoder = SegmentDecoder()  # one that follows no flow
    packets = 0
    try:
        for batch in reader.batches():
            assert batch.first_number == packets + 1, "packets are numbered consecutively"
            for start, end in zip(batch.starts, batch.ends, strict=True):
                assert batch.layout.header <= start <= end <= len(batch.data), "a frame lies in its block"
            packets += len(batch.starts)
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
    assert packets == analyzer.packets
    return reader.truncated, sorted(analyzer.undecoded.items()), sorted(analyzer.foreign.items()), seen(analyzer)


def seen(analyzer: Analyzer) -> list[object]:
    """Tell of every association what does not depend on whether data sets are collected."""
    return [
        (
            association.outcome,
            # An answer that shows a hole may itself be passed over: the hole shows later, joined with the next.
            Counter((e.event.name, e.from_requestor) for e in association.timeline if e.event.name != "missing bytes"),
            [
                (
                    message.from_requestor,
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
            {sender: dict(counts) for sender, counts in association.pdu_counts.items()},
            association.missing_bytes,
        )
        for association in analyzer.associations
    ]


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield (name, input) for each sample: the capture itself, and its connections as conversations."""
    anything = len(FORMS) - 1
    for path in sorted((ROOT / "samples").glob("*.pcap*")):
        data = path.read_bytes()
        form = next((each for each in range(anything) if data.startswith(FORMS[each].make(b""))), anything)
        yield path.stem, bytes([form]) + data[len(FORMS[form].make(b"")) :]
        yield f"{path.stem}-conversation", bytes([3]) + as_conversation(str(path))


def as_conversation(path: str) -> bytes:
    """Return the steps that send again what the first connection of a capture sent."""
    reader, decoder, first = CaptureReader(path), SegmentDecoder(), b""
    script = []
    for batch in reader.batches():
        for _, _, _, flow, _, _, _, _, data, start, end, _ in decoder.segments(batch):
            first = first or flow
            side = 0 if flow == first else 1 if set(flow) == set(first) else 2
            script += [step(side, data[at : min(at + 1460, end)]) for at in range(start, end, 1460) if side < 2]
    reader.close()
    return b"".join(script)


def main() -> None:
    """Fuzz, for a time or for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=0, help="how long; 0 is until interrupted or something is found")
    parser.add_argument("--corpus", default=str(ROOT / "build" / "fuzz"), help="where inputs are kept")
    parser.add_argument("inputs", nargs="*", help="check these inputs only")
    options = parser.parse_args()
    if options.inputs:
        for path in options.inputs:
            check(Path(path).read_bytes())
            sys.stdout.write(f"{path}: nothing found\n")
        return
    corpus = Path(options.corpus)
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (corpus / name).write_bytes(data)
    os.chdir(corpus.parent)  # where libFuzzer leaves what it finds
    limits = [f"-max_len={MAX_LENGTH}", "-rss_limit_mb=1024", "-timeout=20", f"-max_total_time={options.seconds}"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
