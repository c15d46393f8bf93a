"""Which associations and messages an expression chooses."""

from collections.abc import Callable

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.fields import Decode, Field, Subject, find_field
from dicomsniff.filter.grammar import Comparison, Joined, Negation, Tree, Word, parse
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict

_Judge = Callable[[Subject], bool]
_SEARCHED = ("command", "sop_class", "instance", "transfer_syntax", "status_class")
"""Fields of a message that a word is searched for in."""


class Filter:
    """An expression, understood: `Filter("command == C-STORE and status >= 0xA000")`.

    A comparison with what is absent does not hold, whatever its operator. Of what has several values (`ae`, `address`,
    `finding.code`) one that fits is enough; for `!=` and `!~` all must. Raises FilterError where the expression cannot
    be understood.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._fields: list[Field] = []
        self._has_words = False
        self._judge = self._compile(parse(expression))

    def __repr__(self) -> str:
        return f"Filter({self.expression!r})"

    @property
    def asks_messages(self) -> bool:
        """Whether it is about messages too: an association is chosen where one of its messages is."""
        return self._has_words or any(field.of_message for field in self._fields)

    @property
    def reads_data(self) -> bool:
        """Whether it asks for values of data sets: `decode` is needed then."""
        return any(field.reads_data for field in self._fields)

    def chooses(self, association: Association, decode: Decode | None = None) -> bool:
        """Whether an association is chosen: for one of its messages, where it has any and they are asked about."""
        if any(field.of_message for field in self._fields) and association.messages:
            return any(self.matches(association, each, decode) for each in association.messages)
        if self._judge(Subject(association, None)):
            return True
        return self._has_words and any(self.matches(association, each, decode) for each in association.messages)

    def matches(self, association: Association, message: Message, decode: Decode | None = None) -> bool:
        """Whether a message is chosen."""
        return self._judge(Subject(association, message, decode))

    def _compile(self, tree: Tree) -> _Judge:
        if isinstance(tree, Comparison):
            return self._comparison(tree)
        if isinstance(tree, Word):
            self._has_words = True
            word = tree.text.casefold()
            return lambda subject: word in _said(subject)
        if isinstance(tree, Negation):
            denied = self._compile(tree.of)
            return lambda subject: not denied(subject)
        return self._joined(tree)

    def _joined(self, tree: Joined) -> _Judge:
        parts = [self._compile(part) for part in tree.parts]
        if tree.every:
            return lambda subject: all(part(subject) for part in parts)
        return lambda subject: any(part(subject) for part in parts)

    def _comparison(self, said: Comparison) -> _Judge:
        field = find_field(said.field, self.expression, said.at)
        self._fields.append(field)
        try:
            test = field.test(said.operator, said.value)
        except ValueError as error:
            raise FilterError(f"{said.field}: {error}", self.expression, said.value_at) from None
        values = field.values
        if said.operator in ("!=", "!~"):

            def none_is(subject: Subject) -> bool:
                found = list(values(subject))
                return bool(found) and all(map(test, found))

            return none_is
        return lambda subject: any(map(test, values(subject)))


def _said(subject: Subject) -> str:
    """What is searched for a word: what a reader sees of an association or message, and the UIDs behind it."""
    association, message = subject.association, subject.message
    if message is None:
        findings = findings_of(association)
        parties = [f"{each.ae_title or ''} {each.endpoint}" for each in (association.requestor, association.acceptor)]
        known = [*parties, f"#{association.id}", association.outcome, plain(verdict(association)), *findings.codes]
        return "\n".join(known).casefold()
    asked = [
        find_field(name, "", 0) for name in ("command", "sop_class", "instance", "transfer_syntax", "status_class")
    ]
    found = [str(value) for field in asked for value in field.values(subject)]
    status = message.command.status
    return "\n".join([*found, f"0x{status:04X} {status:04X}H" if status is not None else ""]).casefold()
