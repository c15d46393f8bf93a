"""The values that the scanner keeps from a data set, and the problems it reports about those it checks."""

from dicomsniff.dimse.effort import UNLIMITED, value_cost
from dicomsniff.dimse.scan.element_kinds import (
    CHARACTER_SET,
    FAILURE_REASON,
    KEPT_ELEMENTS,
    NUMBER_OF_FRAMES,
    REFERENCED_SOP_INSTANCE_UID,
)
from dicomsniff.dimse.scan.formats import CHECKED, format_problem, has_small_letters, length_problem
from dicomsniff.dimse.scan.outline import MINOR_VALUE, PixelDataInfo, ProblemList, Reference, named
from dicomsniff.dimse.scan.pixels import Fragments, codec_problem, encapsulation_problem
from dicomsniff.dimse.scan.values import Characters, native_length_problem, small_value, uid_problem, undefined_term
from dicomsniff.pdu.fields import plain_text
from dicomsniff.quantities import counted

MAX_REFERENCES = 64
"""Referenced instances that are kept; further ones are counted."""
_UNKNOWN = b"UN"
MAX_REASONS = 16
"""Failure reasons told apart in one data set."""


class KeptValues:
    """Small values of top-level elements, and the instances that top-level sequences refer to."""

    __slots__ = (
        "affordable",
        "agreed",
        "characters",
        "effort",
        "failure_reasons",
        "fragments",
        "native",
        "other_vr",
        "problems",
        "reference_counts",
        "referenced",
        "unusual",
        "values",
    )

    def __init__(self, problems: ProblemList) -> None:
        self.problems = problems
        self.agreed = ""
        """What was negotiated, in words."""
        self.effort = 0
        """What the values cost that were looked at closely."""
        self.affordable = UNLIMITED
        """What they may cost, with the headers (`effort`); dear values beyond that are not looked at."""
        self.values: dict[int, str | int] = {}
        self.referenced: list[Reference] = []
        self.reference_counts: dict[int, int] = {}
        self.failure_reasons: dict[int, int] = {}
        self.characters = Characters()
        self.fragments: Fragments | None = None
        """Encapsulated Pixel Data of the data set itself."""
        self.unusual = ""
        """The first thing that most receivers can handle."""
        self.other_vr = ""
        """The first element whose VR is another than the data dictionary's."""
        self.native = False
        """Whether it has native Pixel Data."""

    def check_uid(self, tag: int, value: bytes, offset: int, sequence: int | None) -> None:
        """Check a UID that is not plainly sound, perhaps in an item of a sequence."""
        if self.effort > self.affordable:
            return
        self.effort += value_cost(value)
        if problem := uid_problem(value):
            code = "data-set-uid" if sequence is None else MINOR_VALUE
            self.problems.add(code, f"{_placed(tag, sequence)} at byte {offset}: {problem}", offset, tag)
        elif sequence is None:
            pad = "is padded with a space instead of NUL" if value.endswith(b" ") else "is not padded with a single NUL"
            self.note_unusual(tag, offset, pad)

    def take(self, tag: int, value: bytes, offset: int, *, little: bool) -> None:
        """Take a short value of a top-level element, if it is kept."""
        if tag in KEPT_ELEMENTS and (kept := small_value(tag, value, little=little)) is not None:
            self.values[tag] = kept
            if tag == CHARACTER_SET:
                self.effort += value_cost(value)
                self.characters = Characters(str(kept))
                if unknown := undefined_term(str(kept)):
                    text, quoted = f"{named(tag)} names {unknown!r}, which is no defined term", repr(unknown)
                    self.problems.add("data-set-charset", text, offset, tag, quoted=quoted)

    def refer(self, sequence: int, tag: int, value: bytes, *, little: bool) -> None:
        """Take a UID, or a kept number, in an item of a top-level sequence."""
        if tag == REFERENCED_SOP_INSTANCE_UID:
            self.reference_counts[sequence] = self.reference_counts.get(sequence, 0) + 1
            if len(self.referenced) < MAX_REFERENCES:
                self.referenced.append(Reference(sequence, plain_text(value)))
        elif tag == FAILURE_REASON:
            reason = small_value(tag, value, little=little)
            if isinstance(reason, int) and (reason in self.failure_reasons or len(self.failure_reasons) < MAX_REASONS):
                self.failure_reasons[reason] = self.failure_reasons.get(reason, 0) + 1

    def check_text(self, tag: int, value: bytes, offset: int) -> None:
        """Check the characters of a top-level element."""
        if self.effort > self.affordable:
            return
        self.effort += value_cost(value)
        if problem := self.characters.problem(value):
            text, quoted = f"{named(tag)} at byte {offset} has {problem}", self.characters.quoted
            self.problems.add("data-set-charset", text, offset, tag, quoted=quoted if quoted in problem else "")

    def note_unusual(self, tag: int, offset: int, what: str) -> None:
        """Note what most receivers can handle; the first such thing is kept."""
        self.unusual = self.unusual or f"{named(tag)} at byte {offset} {what}"

    def note_other_vr(self, tag: int, vr: bytes, listed: bytes, offset: int, sequence: int | None) -> None:
        """Note a VR that the data dictionary does not list, perhaps in an item; UN stands for any (PS3.5 §6.2.2)."""
        if vr == _UNKNOWN:
            return
        if not self.other_vr:
            where = f"{_placed(tag, sequence)} at byte {offset}"
            self.other_vr = f"{where} has the VR {vr.decode()}; the data dictionary says {listed.decode()}"

    def check_length(self, tag: int, vr: bytes, value: bytes, offset: int, sequence: int | None) -> None:
        """Check the length of a person name, or of a short or long string, perhaps in an item of a sequence."""
        if problem := length_problem(vr, value):
            minor = vr != b"PN" or sequence is not None
            self._tell_value(tag, vr, value, offset, sequence, problem, minor=minor)

    def check_format(self, tag: int, vr: bytes, value: bytes, offset: int, sequence: int | None) -> None:
        """Check how a value is written, perhaps in an item of a sequence."""
        if tag == CHARACTER_SET:  # its terms are checked by themselves
            return
        self.effort += len(value)
        if len(value) > CHECKED or self.effort > self.affordable:
            return
        if problem := format_problem(vr, value):
            self._tell_value(tag, vr, value, offset, sequence, problem, minor=sequence is not None)
        elif sequence is None and has_small_letters(vr, value):
            self.note_unusual(tag, offset, "(CS) has small letters; codes are written in capitals")

    def _tell_value(
        self, tag: int, vr: bytes, value: bytes, offset: int, sequence: int | None, problem: str, *, minor: bool
    ) -> None:
        where = f"{_placed(tag, sequence)} at byte {offset}"
        text = f"{where} ({vr.decode()}, {counted(len(value), 'byte')}): {problem}"
        self.problems.add(MINOR_VALUE if minor else "data-set-value", text, offset, tag)

    def check_native_pixels(self, tag: int, length: int, offset: int, *, encapsulated: bool | None) -> None:
        """Check native Pixel Data of `length` bytes, where the transfer syntax says how it is sent."""
        self.native = True
        if encapsulated:
            text = f"{named(tag)} at byte {offset} is native (uncompressed), but {self.agreed} was agreed"
            self.problems.add("data-set-pixel-mismatch", text, offset, tag)
        if problem := native_length_problem(length, self.values):
            self.problems.add("data-set-pixel-length", f"{named(tag)} at byte {offset} has {problem}", offset, tag)

    def begin_fragments(self, tag: int, offset: int, *, encapsulated: bool | None) -> Fragments:
        """Encapsulated Pixel Data begins; return what its items are given to."""
        self.fragments = Fragments(offset)
        if encapsulated is False:
            text = f"{named(tag)} at byte {offset} is encapsulated (compressed), but {self.agreed} was agreed"
            self.problems.add("data-set-pixel-mismatch", text, offset, tag)
        return self.fragments

    def pixels(self) -> PixelDataInfo | None:
        """Describe encapsulated Pixel Data."""
        frames = self.values.get(NUMBER_OF_FRAMES)
        if self.fragments is None:
            return None
        return self.fragments.info(frames if isinstance(frames, int) else None)

    def check_fragments(self, tag: int, syntax: str | None) -> None:
        """Compare encapsulated Pixel Data that ended with what was agreed and with the number of frames."""
        fragments, info = self.fragments, self.pixels()
        if fragments is None or info is None:
            return
        frames = self.values.get(NUMBER_OF_FRAMES, 1)
        problems = [codec_problem(info.codec, syntax)]
        if info.ended and isinstance(frames, int):
            problems.append(encapsulation_problem(info, frames or 1, syntax))
        for problem in filter(None, problems):
            text = f"{named(tag)} at byte {fragments.offset}: {problem}"
            self.problems.add("data-set-pixel-mismatch", text, fragments.offset, tag)


def _placed(tag: int, sequence: int | None) -> str:
    return named(tag) if sequence is None else f"{named(tag)} of {named(sequence)}"
