"""A stand-in for an interface: hands on the packets that a test gives it, block by block, and ends."""

from collections.abc import Iterable, Iterator

import build
from dicomsniff.capture.losses import LossCounter, Losses
from dicomsniff.capture.packets import CaptureError, PacketBatch, timed_batch
from dicomsniff.library import Capture


class Replayed:
    """Live by its own account; what it handed on cannot be read again."""

    is_live, is_file, format, resolution_digits, size, truncated, name = True, False, "pcapng", 6, None, "", "eth9"
    position = 0

    def __init__(self, blocks: Iterable[list[build.Packet]], lost: int = 0) -> None:
        self._blocks = blocks
        self._lost = lost
        self.losses = LossCounter()

    def pop_notices(self) -> list[str]:
        return []

    def take_key_logs(self) -> tuple[bytes, ...]:
        return ()

    def again(self) -> None:
        """Nothing that goes on is read again."""

    def batches(self) -> Iterator[PacketBatch]:
        number = 1
        for packets in self._blocks:
            batch = timed_batch(build.frames(packets), number, 1)
            number += len(batch.starts)
            yield batch
            if self._lost:
                self.losses.note(Losses(kernel=self._lost))

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        raise CaptureError("it is not kept")

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def replay(*blocks: list[build.Packet], lost: int = 0) -> Capture:
    return Capture(Replayed(blocks, lost))


def echo(status: int = 0, *, client: int = 40001) -> build.Talk:
    """An association with one C-ECHO, from its first packet to its last; the response comes after 1 ms."""
    talk = build.Talk(client=("10.0.0.1", client)).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp(status=status)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


def rejected(*, client: int = 40002) -> build.Talk:
    """An association that is refused."""
    talk = build.Talk(client=("10.0.0.1", client)).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_rj())
    return talk.close()
