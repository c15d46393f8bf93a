"""What replaces values of one capture: stand-ins, and what is known of it that comments may tell."""

from dataclasses import dataclass, field

from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.privacy.stand_ins import StandIns


@dataclass(slots=True)
class Erasing:
    """Says what stands in the place of UIDs, AE titles and comments, wherever they are sent."""

    privacy: Privacy
    stand_ins: StandIns = field(init=False)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self.stand_ins, self.gate = StandIns(self.privacy.key), Gate(self.privacy)

    def uid(self, value: bytes) -> bytes:
        """Return what is shown of UIDs; what is none is text that anybody may have typed."""
        if not self.privacy.redact_uids and not set(value) - set(b"0123456789.\\*? \0"):
            return value
        return self.stand_ins.uid(value)

    def title(self, value: bytes) -> bytes:
        """Return what is shown of an AE title."""
        return self.stand_ins.text(value) if self.privacy.redact_network else value

    def comment(self, value: bytes) -> bytes:
        """Return what is shown of an Error Comment, in as many bytes."""
        parts = []
        for sent, shown in self.gate.comment_parts(value.decode("latin-1")):
            fits = len(sent) == len(shown) and shown.isascii()
            parts.append(shown.encode() if fits else self.stand_ins.text(sent.encode("latin-1")))
        return b"".join(parts)
