"""Writes traffic to a capture file and gives all that the program says of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import build
from traps.told import Told

Tell = Callable[[list[build.Packet]], Told]


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Tell]:
    """Give what is told of packets, through a real pcap file."""
    opened: list[Told] = []

    def write(packets: list[build.Packet]) -> Told:
        path = tmp_path / f"{len(opened)}.pcap"
        path.write_bytes(build.pcap(build.frames(packets)))
        opened.append(Told(path))
        return opened[-1]

    yield write
    for told in opened:
        told.close()
