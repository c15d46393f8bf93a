"""An association -> what a report says of it, in plain words, as the gate shows them."""

from collections.abc import Iterable
from typing import NamedTuple

from dicomsniff.association.agreement import NOT_SELECTED, selected_roles
from dicomsniff.association.association import Association, Party
from dicomsniff.findings.alike import Alike, fold
from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import shown, the_class, the_peers, the_uid
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import byte_size, duration
from dicomsniff.words.negotiation import consequences, limits, result_text, role_text
from dicomsniff.words.objects import StoredObject, stored_objects
from dicomsniff.words.times import answers, time_parts

MAX_SYNTAXES = 8
"""Transfer syntaxes up to which a negotiation is shown as a matrix; more are listed in each row."""
MAX_OBJECTS = 2000
"""Stored objects that are listed of an association; further ones are counted."""
SMALL = 200
"""A part of an association's time of which this many would fit in it is too short to be drawn."""


class Told(NamedTuple):
    """A finding with what it means, what to do, and what follows from it."""

    severity: str
    text: str
    code: str
    packet: int
    reference: str
    meaning: str
    remedy: str
    followers: "list[Told]"


class ContextRow(NamedTuple):
    """A presentation context: of each transfer syntax of the matrix whether it was proposed, and accepted."""

    id: int
    name: str
    cells: list[str]
    proposed: list[str]
    result: str
    is_accepted: bool
    roles: str


class Matrix(NamedTuple):
    """Presentation contexts; `syntaxes` is empty where there are too many to have a column each."""

    syntaxes: list[str]
    rows: list[ContextRow]
    notes: list[str]

    @property
    def has_roles(self) -> bool:
        """Whether roles were selected for any of them."""
        return any(row.roles for row in self.rows)


class Bar(NamedTuple):
    """A part of an association's time, and its share of the whole (0 to 1)."""

    name: str
    time: str
    share: float


class ObjectRow(NamedTuple):
    """A C-STORE: what was stored, how, how long that took."""

    number: int
    name: str
    instance: str
    syntax: str
    size: str
    status: str
    latency: str
    is_bad: bool


class Facts:
    """Tells about associations through a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def said(self, line: str) -> str:
        """Return a line, which may have marks, as it is shown."""
        return shown(line, self._gate)

    def findings(self, findings: Iterable[Finding]) -> list[Told]:
        """Return findings, those that are alike as one."""
        return [self._told(each) for each in fold(findings)]

    def titles(self, association: Association) -> list[str]:
        """Return the AE titles of requestor and acceptor."""
        return [self._gate.title(each.ae_title or "?") for each in (association.requestor, association.acceptor)]

    def party(self, party: Party) -> list[tuple[str, str]]:
        """Return what is known of a side, by name."""
        info = party.information
        said = [
            ("AE title", self._gate.title(party.ae_title or "?")),
            ("address", self._gate.endpoint(str(party.endpoint))),
        ]
        if info is not None:
            length = info.max_pdu_length
            said += [("maximum length", "none stated" if length is None else f"{length} bytes" if length else "any")]
            said += [("implementation", info.implementation_version_name or "?")]
            said += [("implementation class", self.said(the_uid(info.implementation_class_uid or "?")))]
        return said

    def who(self, association: Association) -> str:
        """Return who speaks with whom."""
        return self.said(the_peers(association, "→"))

    def matrix(self, association: Association) -> Matrix:
        """Return what was proposed and accepted."""
        contexts = association.contexts.values()
        syntaxes = list(dict.fromkeys(uid for each in contexts for uid in each.proposed_transfer_syntaxes))
        columns = syntaxes if len(syntaxes) <= MAX_SYNTAXES else []
        selected = selected_roles(association)
        rows = []
        for each in contexts:
            roles = selected.get(each.abstract_syntax or "", NOT_SELECTED)
            cells = ["accepted" if each.accepted and uid == each.transfer_syntax
                     else "proposed" if uid in each.proposed_transfer_syntaxes else "" for uid in columns]  # fmt: skip
            proposed = [self.said(the_class(uid)) for uid in each.proposed_transfer_syntaxes]
            name, result = self.said(the_class(each.abstract_syntax)), self.said(result_text(each))
            said = role_text(association, roles) if roles is not NOT_SELECTED else ""
            rows.append(ContextRow(each.id, name, cells, proposed, result, each.accepted, said))
        notes = [self.said(line) for line in (*limits(association), *consequences(association))]
        return Matrix([self.said(the_class(uid)) for uid in columns], rows, notes)

    def bars(self, association: Association) -> list[Bar]:
        """Return where the time went, the longest part first."""
        parts = time_parts(association.timing)
        return [Bar(part.name, duration(part.time), part.share) for part in parts if SMALL * part.share >= 1]

    def latencies(self, association: Association) -> list[tuple[str, int, str, str, str, int]]:
        """Return per service how often it was answered, how long that took at most of half, of 90 % and of all.

        The last is the message of the longest.
        """
        return [
            (each.service, each.number, duration(each.median), duration(each.ninth), duration(each.worst), each.message)
            for each in answers(association.timing)
        ]

    def objects(self, association: Association) -> list[ObjectRow]:
        """Return the objects that were sent, as far as they are listed."""
        return [self._object(each) for each in stored_objects(association)[:MAX_OBJECTS]]

    def _object(self, stored: StoredObject) -> ObjectRow:
        request, waited = stored.request, stored.answered_in
        return ObjectRow(
            request.number,
            self.said(the_class(request.sop_class_uid)),
            self._gate.uid(stored.instance),
            self.said(the_class(request.transfer_syntax)) if request.transfer_syntax else "?",
            byte_size(stored.size) if stored.size is not None else "none",
            stored.status,
            duration(waited) if waited is not None else "",
            stored.severity is not None,
        )

    def _told(self, alike: Alike) -> Told:
        finding = alike.finding
        rule = find_rule(finding.code)
        return Told(
            str(finding.severity),
            self.said(alike.text),
            finding.code,
            finding.span.first_packet,
            finding.reference,
            rule.meaning if rule is not None else "",
            rule.remedy if rule is not None else "",
            [self._told(each) for each in alike.followers],
        )
