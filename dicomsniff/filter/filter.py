"""Which associations and messages an expression chooses."""

from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.fields import Decode, Field, Subject, find_field
from dicomsniff.filter.searched import Searched
from dicomsniff.filter.tree import Comparison, Joined, Negation, Tree, Word
from dicomsniff.findings.collector import Findings

_Judge = Callable[[Subject], bool]


class Filter:
    """An expression, understood: `Filter("command == C-STORE and status >= 0xA000")`.

    A comparison with what is absent does not hold, whatever its operator. Of what has several values (`ae`, `address`,
    `finding.code`) one that fits is enough; for `!=` and `!~` all must. Raises FilterError where the expression cannot
    be understood. Filters that are asked about the same associations may share what is `searched` for words.
    """

    def __init__(self, expression: str, searched: Searched | None = None) -> None:
        # Loads the parser's library, which most calls, having no expression, do without.
        from dicomsniff.filter.grammar import parse

        self.expression = expression
        self._fields: list[Field] = []
        self._has_words = False
        self._words = searched if searched is not None else Searched()
        self._judge = self._compile(parse(expression))

    def __repr__(self) -> str:
        return f"Filter({self.expression!r})"

    @property
    def asks_messages(self) -> bool:
        """Whether it is about messages too: an association is chosen where one of its messages is."""
        return self._has_words or self.compares_messages

    @property
    def reads_data(self) -> bool:
        """Whether it asks for values of data sets: `decode` is needed then."""
        return any(field.reads_data for field in self._fields)

    @property
    def compares_messages(self) -> bool:
        """Whether it compares something that each message has."""
        return any(field.of_message for field in self._fields)

    def knows(self, association: Association) -> bool:
        """Whether it needs nothing more of an association than it was told before."""
        return not self._fields and self._words.knows(association)

    def chooses(self, association: Association, found: Findings, decode: Decode | None = None) -> bool:
        """Whether an association, with what was found about it, is chosen.

        It is for one of its messages, where it has any and they are compared.
        """
        return any(self.choosing(association, found, decode))

    def choosing(self, association: Association, found: Findings, decode: Decode | None = None) -> Iterator[bool]:
        """Yield whether it is by what was looked at so far, a message a step: once it is, nothing else matters."""
        if self.compares_messages and association.messages:
            for message in association.messages:
                yield self.matches(association, found, message, decode)
            return
        subject = Subject(association, found, None)
        if self._has_words:
            for _ in self._words.reading(subject):
                yield False
        yield self._judge(subject)

    def matches(
        self, association: Association, found: Findings, message: Message, decode: Decode | None = None
    ) -> bool:
        """Whether a message is chosen."""
        return self._judge(Subject(association, found, message, decode))

    def _compile(self, tree: Tree) -> _Judge:
        if isinstance(tree, Comparison):
            return self._comparison(tree)
        if isinstance(tree, Word):
            self._has_words = True
            word = tree.text.casefold()
            return lambda subject: self._words.occurs(word, subject)
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
