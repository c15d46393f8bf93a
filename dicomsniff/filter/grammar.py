"""An expression -> its tree: comparisons and words, joined by `and`, `or` and `not` (not binds first, or last).

Words alone need not be joined: all of them must occur.
"""

import re
from functools import cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.tree import RESERVED, Comparison, Joined, Negation, Tree, Word

MAX_LENGTH = 4096
"""Characters of an expression."""
MAX_DEPTH = 64
"""Parentheses and negations within each other."""

_WORDS = re.compile(r"""[^()"'=!<>~]*""")
_GRAMMAR = r"""
start: either
?either: both (_OR both)*
?both: unless (_AND unless)*
?unless: _NOT unless -> negation
    | "(" either ")" -> group
    | NAME OPERATOR value -> comparison
    | (NAME | STRING) -> word
value: VALUE | STRING

_OR.3: /or(?![^\s()])/i
_AND.3: /and(?![^\s()])/i
_NOT.3: /not(?![^\s()])/i
OPERATOR.2: "==" | "!=" | "<=" | ">=" | "<" | ">" | "!~" | "~" | "=" | /in(?![^\s("])/i
STRING.4: /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/
NAME.1: /[^\s()"'=!<>~]+/
VALUE.1: /[^\s()"']+/
%ignore /\s+/
"""


def parse(expression: str) -> Tree:
    """Take an expression apart. Raises FilterError, which says where it cannot be understood, and what is expected."""
    if not expression.strip():
        raise FilterError("the filter is empty", expression, 0)
    if len(expression) > MAX_LENGTH:
        raise FilterError(f"the filter is longer than {MAX_LENGTH} characters", "", 0)
    if expression.count("(") > MAX_DEPTH or expression.casefold().split().count("not") > MAX_DEPTH:
        raise FilterError(f"the filter nests more than {MAX_DEPTH} deep", "", 0)
    if _WORDS.fullmatch(expression) and RESERVED.isdisjoint(words := expression.casefold().split()):
        return Joined(every=True, parts=tuple(map(Word, words)))
    try:
        return cast(Tree, _Trees().transform(_parser().parse(expression)))
    except UnexpectedInput as error:
        raise FilterError(_problem(error, expression), expression, _place(error, expression)) from None


def expected(beginning: str) -> frozenset[str]:
    """Return which kinds of tokens may follow the beginning of an expression; none where it is wrong already."""
    if len(beginning) > MAX_LENGTH:
        return frozenset()
    try:
        parser = _parser().parse_interactive(beginning)
        parser.exhaust_lexer()
    except UnexpectedInput:
        return frozenset()
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _place(error: UnexpectedInput, expression: str) -> int:
    token = getattr(error, "token", None)
    if isinstance(error, UnexpectedEOF) or (token is not None and token.type == "$END"):
        return len(expression)
    at = token.start_pos if token is not None else error.pos_in_stream
    return at if at is not None else len(expression)


def _problem(error: UnexpectedInput, expression: str) -> str:
    if isinstance(error, UnexpectedCharacters):
        expected, found = set(error.allowed or ()), expression[error.pos_in_stream or 0]
    elif isinstance(error, UnexpectedToken):
        expected, found = set(error.accepts or error.expected), str(error.token)
    else:
        expected, found = set(), ""
    if found in ("'", '"'):
        return "a quotation mark without its second one"
    wanted = _wanted(expected)
    return f"expected {wanted}, not {found!r}" if found else f"expected {wanted} at the end"


def _wanted(expected: set[str]) -> str:
    if "VALUE" in expected:
        return "a value"
    if "OPERATOR" in expected:
        return "an operator (== != < <= > >= ~ !~ in), and, or, or the end"
    if "NAME" in expected:
        return "a field or a word"
    return "and, or, or the end" if "RPAR" not in expected else "and, or, or a closing parenthesis"


class _Trees(Transformer[Token, Any]):
    """Turns the parser's trees into ours."""

    def start(self, parts: list[Tree]) -> Tree:
        return parts[0]

    def group(self, parts: list[Tree]) -> Tree:
        return parts[0]

    def either(self, parts: list[Tree]) -> Tree:
        return Joined(every=False, parts=tuple(parts))

    def both(self, parts: list[Tree]) -> Tree:
        return Joined(every=True, parts=tuple(parts))

    def negation(self, parts: list[Tree]) -> Tree:
        return Negation(parts[0])

    def word(self, parts: list[Token]) -> Tree:
        return Word(_unquoted(parts[0]))

    def value(self, parts: list[Token]) -> Token:
        return parts[0]

    def comparison(self, parts: list[Token]) -> Tree:
        field, operator, value = parts
        said = {"=": "=="}.get(operator, operator.casefold())
        return Comparison(str(field), said, _unquoted(value), field.start_pos or 0, value.start_pos or 0)


def _unquoted(token: Token) -> str:
    if token.type != "STRING":
        return str(token)
    return str(token)[1:-1].replace('\\"', '"').replace("\\'", "'").replace("\\\\", "\\")
