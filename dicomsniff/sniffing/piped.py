"""Standard input as a capturer: another program captures, here or elsewhere, and its packets come through a pipe."""

import os
import select

from dicomsniff import __version__
from dicomsniff.capture import foreign
from dicomsniff.capture.compression import COMPRESSIONS
from dicomsniff.capture.pcap import MAGICS
from dicomsniff.capture.pcapng import MAGIC
from dicomsniff.sniffing.blocks import section_header
from dicomsniff.sniffing.movers import Counts, MoverError
from dicomsniff.sniffing.plan import STANDARD_INPUT, Plan
from dicomsniff.sniffing.translation import (
    NOTHING,
    PcapngTranslation,
    PcapTranslation,
    Taken,
    Translation,
    TranslationError,
)

READ = 1 << 20
"""Bytes read at a time."""
_PLAIN_RECORD = 16
_APPLICATION = f"dicomsniff {__version__} ({STANDARD_INPUT})"


class StandardInput:
    """Takes what comes until the pipe ends; pcap and pcapng."""

    name = f"whoever writes to {STANDARD_INPUT}"
    tick = 1000
    writes_losses, tells_late = True, False
    buffer = ""

    def __init__(self, _: Plan, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._has_begun = self._is_over = self._is_stopped = False
        self._head = b""
        self._translation: Translation | None = None

    def files(self) -> list[int]:
        """Return standard input; nothing before `take` has returned the header that needs nothing of it."""
        return [self._descriptor] if self._has_begun else []

    def take(self, most: int) -> Taken:
        """Return what has come; MoverError where that is no capture."""
        if not self._has_begun:
            # Nobody knows when the first packet comes: until then there is a file without interfaces.
            self._has_begun = True
            head = section_header(_APPLICATION)
            return Taken(head, 0, (head,))
        if not select.select([self._descriptor], [], [], 0)[0]:
            self._is_over = self._is_stopped
            return NOTHING
        data = os.read(self._descriptor, READ)
        self._is_over = not data or self._is_stopped
        if self._translation is None:
            data = self._head = self._head + data
            if not data or (len(data) < len(MAGIC) and not self._is_over):
                return NOTHING
            self._translation = _translation(data)
        try:
            return self._translation.feed(data, most)
        except TranslationError as error:
            raise MoverError(f"{STANDARD_INPUT}: it is damaged: {error}") from None

    def losses(self) -> dict[int, Counts]:
        """Return nothing: what was lost is told in what comes."""
        return {}

    def stop(self) -> None:
        """Take what is there by now, and no more."""
        self._is_stopped = True

    @property
    def is_over(self) -> bool:
        """Whether the pipe has ended."""
        return self._is_over

    def close(self) -> None:
        """Do nothing: standard input is not ours."""


def _translation(head: bytes) -> Translation:
    """Return what translates a stream that begins so."""
    if head.startswith(MAGIC):
        return PcapngTranslation()
    form = MAGICS.get(head[:4])
    if form is not None and form.record_header == _PLAIN_RECORD:
        return PcapTranslation(STANDARD_INPUT, "", _APPLICATION)
    for compression in COMPRESSIONS:
        if head.startswith(compression.magic):
            way = f"`{compression.name} -dc | dicomsniff live -`"
            raise MoverError(f"{STANDARD_INPUT}: it is compressed by {compression.name}; decompress it: {way}")
    if form is not None:
        raise MoverError(f"{STANDARD_INPUT}: a variant of pcap that only `dicomsniff show -` reads")
    raise MoverError(f"{STANDARD_INPUT}: {foreign.explain(head[: foreign.HEAD], '-', '')}")
