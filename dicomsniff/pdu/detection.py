"""Whether a stream is DICOM: its first bytes wait until they tell."""

from dicomsniff.pdu.recognize import ENOUGH, Verdict, find_message_start, judge_cut_off, judge_start, name_foreign
from dicomsniff.pdu.tls import TlsStream
from dicomsniff.span import PacketMark


class Detection:
    """Collects a stream's first bytes and judges them; where the stream's own beginning is missing, searches them."""

    __slots__ = ("_fresh", "_latest", "_waiting", "at_start", "first", "foreign", "other", "tls")

    def __init__(self, *, known_start: bool) -> None:
        self.at_start = known_start
        """Whether the waiting bytes are where the stream begins, or where a message was found to begin."""
        self.first = PacketMark(0, 0, 0)
        """The packet of the first waiting byte."""
        self.other = False
        """Whether the stream was found to carry something else."""
        self.foreign = ""
        """The other protocol's name, where the stream's first bytes tell it."""
        self.tls: TlsStream | None = None
        """The handshake, where that protocol is TLS."""
        self._waiting = bytearray()
        self._latest = 0
        self._fresh = True
        """Whether all that came since the capture of the stream began still waits."""

    @property
    def underway(self) -> int:
        """The type of the PDU that the waiting bytes begin with, if any: the stream may turn out to be no DICOM."""
        return self._waiting[0] if self._waiting and (self.at_start or self._fresh) else 0

    def feed(self, data: bytes, mark: PacketMark) -> bool:
        """Take bytes; return whether the stream is DICOM."""
        if self.other:
            if self.tls is not None:
                self.tls.feed(data, mark)
            return False
        if not self._waiting:
            self.first = mark
        self._waiting += data
        self._latest = len(data)
        found = self._judge(complete=False)
        if self._latest >= len(self._waiting):
            self.first = mark
        return found

    def end(self) -> bool:
        """Decide at the end of the stream, or at a hole: return whether the waiting bytes look like DICOM."""
        return not self.other and self._judge(complete=True)

    def drop(self) -> None:
        """What follows a hole is not the stream's beginning, and does not continue what waits."""
        self.at_start = False
        self._waiting.clear()
        if self.tls is not None:
            self.tls.stop()

    def take(self) -> tuple[bytes, bytes]:
        """Hand over what waits: what came in an earlier packet, and what came in the latest."""
        waiting = bytes(self._waiting)
        self._waiting.clear()
        early = max(0, len(waiting) - self._latest)
        return waiting[:early], waiting[early:]

    def _judge(self, *, complete: bool) -> bool:
        waiting = self._waiting
        if self.at_start:
            verdict = judge_start(waiting)
            if verdict is Verdict.WAIT and (complete or len(waiting) >= ENOUGH):
                verdict = judge_cut_off(waiting)
            if verdict is Verdict.OTHER:
                self.other, self.at_start = True, False
                self.foreign = name_foreign(waiting)
                if self.foreign == "TLS":
                    self.tls = TlsStream()
                    self.tls.feed(bytes(waiting), self.first)
                waiting.clear()
            return verdict is Verdict.DICOM
        at = 0 if self._fresh and judge_start(waiting) is Verdict.DICOM else find_message_start(waiting)
        if at < 0:
            self._fresh = self._fresh and len(waiting) < ENOUGH
            del waiting[: -(ENOUGH - 1)]
            return False
        del waiting[:at]
        self.at_start = True
        return True
