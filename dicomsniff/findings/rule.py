"""How a rule is declared: as one decorated function, whose docstring is what `dicomsniff rules` says of it.

    @final_rule(code="window-closed", severity=Severity.NOTE)
    def window_closed(review: Review) -> Iterator[Hit]:
        '''A receiver closed its TCP window.

        The receiving program read more slowly than data came, until there was no room left.

        What to do: Look at what the receiver does with objects as they come.
        '''

`entry_rule` is asked about timeline entries of certain types (`on`) as they come, `final_rule` once about an
association when nothing more can come, `where` it has what the rule looks at, `capture_rule` once about a capture that
is over. A `judging_rule` is an entry rule that is also given what was found about the association before. They have
keywords in common:

- `follows` names the codes of which this is a mere consequence when they are found before it: `own:CODE` where the same
  side must have caused it, `peer:CODE` where the other side must, `CODE` where either may.
- `title`, `meaning` and `remedy` stand for the paragraphs of the docstring where it cannot hold them.

The clause of the standard that a rule judges by, and what it demands, is in the table of `findings/clauses.py`.

Rules are listed and asked in the order of their modules in `findings/catalogue.py`, and of their functions there.
"""

from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import Any, NamedTuple, Protocol, Required, TypedDict, TypeVar, Unpack

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import FailedHandshake
from dicomsniff.association.links import Linker
from dicomsniff.association.neighbours import Neighbours
from dicomsniff.association.strangers import Stranger
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.losses import Losses
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.message import Message
from dicomsniff.findings.clauses import Clause, clause_of
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.review import Review
from dicomsniff.side import Side
from dicomsniff.span import Span

_REMEDY = "What to do: "


class Hit(NamedTuple):
    """What a rule saw: one line of text (`findings/parts.py`), and what differs from where the rule was asked to look.

    `earliest_cause` is the earliest packet that its cause may lie in, `latest_cause` the latest (-1: the
    association's end). A rule on a whole capture may name the `association` and the message's `number` in it.
    `severity` is told where it is less than the rule's. `only` are the codes of which alone it may be a consequence,
    where these are fewer than what the rule `follows`. `reference` is the clause, where it is another than the
    rule's. `instead` is a finding that this one says again, and more: it is listed in its place. `amount` are bytes
    that are summed where a rule that is told `once` finds the like again.
    """

    text: str
    span: Span | None = None
    about: Message | None = None
    side: Side | None = None
    earliest_cause: int = 0
    latest_cause: int = 0
    association: int | None = None
    number: int | None = None
    listed_at: int = 0
    severity: Severity | None = None
    only: tuple[str, ...] = ()
    reference: str | None = None
    instead: Finding | None = None
    amount: int = 0


class CaptureFacts(Protocol):
    """What rules on a whole capture are asked about: the analyzer, at its end."""

    @property
    def foreign(self) -> dict[str, int]:
        """Connections without DICOM, by protocol where it is known, else under an empty name."""

    @property
    def association_count(self) -> int:
        """Associations recognized."""

    @property
    def losses(self) -> Losses:
        """Packets that the capturer lost."""

    @property
    def given_up(self) -> int:
        """Connections no longer followed because too many were open at a time."""

    @property
    def links(self) -> Linker:
        """What belongs together across associations."""

    @property
    def handshakes(self) -> list[FailedHandshake]:
        """TLS handshakes that failed in sight."""

    @property
    def strangers(self) -> list[Stranger]:
        """Connections without DICOM on which the other side did not answer."""

    @property
    def tls_servers(self) -> Collection[str]:
        """Addresses and ports that answered in TLS what carried no DICOM that could be read."""

    @property
    def unreachable(self) -> Iterable[Unreachable]:
        """ICMP errors about TCP packets."""

    @property
    def neighbours(self) -> Neighbours:
        """Associations that can be held against one another."""


EntryCheck = Callable[[Association, Entry], Iterable[Hit]]
Judgement = Callable[[Association, Entry, Findings], Iterable[Hit]]
FinalCheck = Callable[[Review], Iterable[Hit]]
CaptureCheck = Callable[[CaptureFacts], Iterable[Hit]]
Condition = Callable[[Association, Message], bool]
Form = Callable[[Command], bool]
Ground = Callable[[Review], bool]


class Rule(Struct, frozen=True, kw_only=True):
    """What is common to all rules.

    `title` says in a line what is wrong, `meaning` in a paragraph what that means, `remedy` what to do.
    """

    code: str
    severity: Severity
    title: str
    meaning: str
    remedy: str
    follows: tuple[str, ...]

    @property
    def clause(self) -> Clause:
        """The clause of a standard by which it judges; an empty one where no standard says anything of it."""
        return clause_of(self.code)


class EntryRule(Rule, frozen=True, kw_only=True):
    """A rule asked about every timeline entry of certain types, as it comes.

    Messages are many, and most are as they should be: where it has a `condition`, it is asked about those only that
    meet it. Rules that share one cost no more than one of them. With `once`, what a side does again and again is one
    finding: those that differ in nothing but numbers are counted in the first.
    """

    events: tuple[type, ...]
    check: EntryCheck
    condition: Condition | None
    once: bool
    form: Form | None = None
    """A condition on the command set alone: equal ones are looked at once."""
    judge: Judgement | None = None
    """Asked instead of `check` where it is there."""


class FinalRule(Rule, frozen=True, kw_only=True):
    """A rule asked once about an association, when nothing more can come."""

    check: FinalCheck
    where: Ground | None = None
    """Asked only where this is so (`findings/grounds.py`)."""


class CaptureRule(Rule, frozen=True, kw_only=True):
    """A rule asked once about a capture, when it is over."""

    check: CaptureCheck


AnyRule = EntryRule | FinalRule | CaptureRule
Check = TypeVar("Check", bound=Callable[..., Iterable[Hit]])
_DECLARED: dict[str, list[AnyRule]] = {}
"""Rules by the name of the module that declares them."""


class Described(TypedDict, total=False):
    """What any rule may be given beside its code and causes."""

    severity: Required[Severity]
    title: str
    meaning: str
    remedy: str


class Catalogued(Described, total=False):
    """The keywords of every rule."""

    code: Required[str]
    follows: tuple[str, ...]


def entry_rule(
    *,
    on: type | tuple[type, ...],
    condition: Condition | None = None,
    form: Form | None = None,
    once: bool = False,
    **row: Unpack[Catalogued],
) -> Callable[[EntryCheck], EntryCheck]:
    """Declare a rule asked about timeline entries of some types; see `EntryRule`."""
    events = on if isinstance(on, tuple) else (on,)

    def declare(check: EntryCheck) -> EntryCheck:
        return _declare(
            check,
            EntryRule(events=events, check=check, condition=condition, form=form, once=once, **_row(check, row)),
        )

    return declare


def judging_rule(
    *, on: type | tuple[type, ...], condition: Condition | None = None, **row: Unpack[Catalogued]
) -> Callable[[Judgement], Judgement]:
    """Declare an entry rule that is given what was found about the association before."""
    events = on if isinstance(on, tuple) else (on,)

    def declare(judge: Judgement) -> Judgement:
        told = _row(judge, row)
        return _declare(
            judge,
            EntryRule(events=events, check=_finds_nothing, condition=condition, once=False, judge=judge, **told),
        )

    return declare


def _finds_nothing(_: Association, __: Entry) -> Iterable[Hit]:
    return ()


def final_rule(*, where: Ground | None = None, **row: Unpack[Catalogued]) -> Callable[[FinalCheck], FinalCheck]:
    """Declare a rule asked about an association that is over."""
    return lambda check: _declare(check, FinalRule(check=check, where=where, **_row(check, row)))


def capture_rule(**row: Unpack[Catalogued]) -> Callable[[CaptureCheck], CaptureCheck]:
    """Declare a rule asked about a capture that is over."""
    return lambda check: _declare(check, CaptureRule(check=check, **_row(check, row)))


def declared_in(*modules: ModuleType) -> tuple[AnyRule, ...]:
    """Return the rules that modules declare, in their order."""
    return tuple(rule for module in modules for rule in _DECLARED[module.__name__])


def _declare(check: Check, rule: AnyRule) -> Check:
    _DECLARED.setdefault(check.__module__, []).append(rule)
    return check


def _row(check: Callable[..., object], row: Catalogued) -> dict[str, Any]:
    """Return what all rules have, with the paragraphs of the docstring where they are not told otherwise."""
    title, *paragraphs = [" ".join(each.split()) for each in (check.__doc__ or "").split("\n\n")]
    remedy = next((each for each in paragraphs if each.startswith(_REMEDY)), "")
    meaning = next((each for each in paragraphs if each != remedy), "")
    said = {"title": title.removesuffix("."), "meaning": meaning, "remedy": remedy.removeprefix(_REMEDY)}
    return {"follows": (), **said, **row}
