"""Captures cut into several at given packets, and what a survey's tables hold."""

import struct
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from pyarrow import parquet

from dicomsniff.privacy.gate import Privacy
from dicomsniff.surveying.part import Options
from dicomsniff.surveying.survey import Survey

SECRET = bytes(range(32))
PRIVACY = Privacy(key=b"not for patients")
MAGICS = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
"""Of pcap files in little-endian order."""
Rows = list[tuple[object, ...]]


def records(capture: bytes) -> list[bytes]:
    """Return the packet records of a pcap file."""
    at, found = 24, []
    while at + 16 <= len(capture):
        (length,) = struct.unpack_from("<L", capture, at + 8)
        found.append(capture[at : at + 16 + length])
        at += 16 + length
    return found


def cut(path: Path, directory: Path, cuts: Iterable[int]) -> list[str]:
    """Write the packets of a pcap file to as many files as cuts make; return their paths."""
    capture = path.read_bytes()
    there = records(capture)
    places = sorted({0, len(there), *(each % (len(there) + 1) for each in cuts)})
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (first, last) in enumerate(pairwise(places)):
        piece = directory / f"piece{number:03}.pcap"
        piece.write_bytes(capture[:24] + b"".join(there[first:last]))
        paths.append(str(piece))
    return paths


def surveyed(paths: Iterable[str], directory: Path, privacy: Privacy = PRIVACY, **options: object) -> Survey:
    """Survey captures in this process."""
    survey = Survey(str(directory), SECRET, Options(privacy, **options), lambda _: None)
    survey.run([str(path) for path in paths], None)
    return survey


def rows(directory: Path, table: str, *, without: tuple[str, ...] = ()) -> Rows:
    """Return the rows of a table, sorted, without some columns."""
    read = parquet.read_table(directory / f"{table}.parquet")
    kept = [name for name in read.column_names if name not in without]
    columns = [read[name].cast("int64").to_pylist() if "timestamp" in str(read[name].type) else read[name].to_pylist()
               for name in kept]  # fmt: skip
    return sorted(zip(*columns, strict=True), key=repr)
