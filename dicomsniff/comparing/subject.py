"""One side of a comparison: an association, what was found about it, and how its data sets are read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from dicomsniff.association.association import Association
from dicomsniff.dictionary.reasons import NO_REASONS
from dicomsniff.dictionary.statuses import DONE
from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.overview import Fate, fate

Read = Callable[[Association, Message], DecodedDataSet | None]
"""Rereads a data set from the capture."""


@dataclass
class Subject:
    """An association that is compared; without `read`, its data sets are not."""

    association: Association
    found: Findings = field(default_factory=Findings)
    read: Read | None = None

    @cached_property
    def fate(self) -> Fate:
        """What became of it."""
        return fate(self.association, self.found)

    @cached_property
    def operations(self) -> list[Operation]:
        """Its operations, as far as they are listed."""
        return self.association.operations.operations

    @cached_property
    def used(self) -> set[str]:
        """The SOP classes of its operations."""
        return {uid for each in self.operations if (uid := each.request.sop_class_uid)}

    @cached_property
    def done(self) -> set[str]:
        """The SOP classes of which an operation succeeded."""
        return {uid for each in self.operations if each.category in DONE and (uid := each.request.sop_class_uid)}

    @property
    def was_not_accepted(self) -> bool:
        """Whether it was proposed, and refused or broken off or left without an answer."""
        return self.association.request is not None and self.association.accept is None

    def was_refused_for(self, *codes: tuple[int, int]) -> bool:
        """Whether it was not accepted for a reason with one of these sources and reasons, or without a reason."""
        return self.was_refused_expressly_for(*codes, *NO_REASONS) or (
            self.was_not_accepted and self.association.rejection is None
        )

    def was_refused_expressly_for(self, *codes: tuple[int, int]) -> bool:
        """Whether it was refused for a reason with one of these sources and reasons."""
        rejection = self.association.rejection
        return rejection is not None and (rejection.source, rejection.reason) in codes
