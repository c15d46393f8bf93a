"""Sniffing, with a socket that needs no network: what scapy's sockets promise on every system."""

from typing import Any

import pytest
from scapy.all import conf

import build
from dicomsniff.capture.live import LiveReader, list_interfaces

FRAMES = [build.ethernet(build.ipv4(b"\1" * 4, b"\2" * 4, bytes([number]) * 20)) for number in range(3)]
SECOND = 1_700_000_000


class HeldBack:
    """Like scapy's sockets of BPF and Npcap: packets it holds make no file descriptor ready, and there may be none."""

    LL = conf.l2types.num2layer[1]

    def __init__(self, **_: Any) -> None:
        self.held: list[bytes | None] = [FRAMES[0], None, *FRAMES[1:]]

    @staticmethod
    def select(sockets: "list[HeldBack]", remain: float | None = None) -> "list[HeldBack]":
        return [each for each in sockets if each.held]

    def recv_raw(self, size: int) -> tuple[Any, bytes | None, float | None]:
        frame = self.held.pop(0)
        return (self.LL, frame, SECOND + 0.25) if frame is not None else (None, None, None)

    def close(self) -> None:
        self.held.clear()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conf, "L2listen", HeldBack)
    reader = LiveReader(list_interfaces()[0].name)
    yield reader
    reader.close()


def frames_of(packets):
    return [packets.data[start:end] for start, end in zip(packets.starts, packets.ends, strict=True)]


def test_the_socket_itself_is_asked_what_has_come(reader):
    batches = reader.batches()
    first, second = next(batches), next(batches)
    assert frames_of(first) == FRAMES
    assert first.first_number == 1
    assert (frames_of(second), second.first_number) == ([], 4)
    assert second.file_offset == first.file_offset + len(first.data)


def test_what_was_sniffed_is_read_again(reader):
    first = next(reader.batches())
    again = [frame for packets in reader.batches_from(first.file_offset, 1) for frame in frames_of(packets)]
    assert again == FRAMES
