"""Text typed by the user -> the associations that match it."""

from dataclasses import dataclass, field

from dicomsniff.association.association import Association, Party
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict


class AssociationFilter:
    """Every word of the text must occur in an association: AE titles, addresses, outcome, services, SOP classes."""

    def __init__(self) -> None:
        self.text = ""
        self._known: dict[int, _Searched] = {}

    def keep(self, numbers: set[int]) -> None:
        """Let go of what is known of other associations."""
        self._known = {number: each for number, each in self._known.items() if number in numbers}

    def matches(self, association: Association) -> bool:
        """Whether an association has all the words, in any case of letters."""
        if not self.text:
            return True
        searched = self._known.get(association.id)
        if searched is None:
            searched = self._known[association.id] = _Searched(association)
        text = searched.text()
        return all(word in text for word in self.text.casefold().split())


@dataclass(slots=True)
class _Searched:
    """What a filter looks at in one association. Messages are looked at once each: there may be many."""

    association: Association
    messages: int = 0
    services: set[str] = field(default_factory=set)
    sop_classes: set[str] = field(default_factory=set)
    findings: int = 0
    severities: set[str] = field(default_factory=set)
    verdict: str = ""

    def text(self) -> str:
        """Of SOP classes those that messages name, those proposed where none does."""
        association = self.association
        for message in association.messages[self.messages :]:
            self.messages += 1
            self.services.add(message.command.service)
            self.sop_classes.add(message.sop_class_uid or "")
        for finding in findings_of(association).all[self.findings :]:
            self.findings += 1
            self.severities.add(finding.severity.value)
        if association.closed and not self.verdict:
            self.verdict = plain(verdict(association))
        used = self.sop_classes - {""}
        sop_classes = used or {context.abstract_syntax or "" for context in association.contexts.values()}
        parts = [
            f"#{association.id}",
            _party_text(association.requestor),
            _party_text(association.acceptor),
            association.outcome,
            self.verdict,
            *sorted(self.services),
            *(f"{uid_text(uid)} {uid}" for uid in sorted(sop_classes)),
            *sorted(self.severities),
        ]
        return "\n".join(parts).casefold()


def _party_text(party: Party) -> str:
    return f"{party.ae_title or ''} {party.endpoint}"
