"""How rules are declared."""

import sys

from dicomsniff.dimse.message import Message
from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.rule import (
    CaptureRule,
    EntryRule,
    FinalRule,
    capture_rule,
    declared_in,
    entry_rule,
    final_rule,
)


@entry_rule(code="first", severity=Severity.ERROR, on=Message, follows=("own:other",), once=True)
def first(_association, _entry):
    """Something is wrong.

    It means this: a paragraph that goes on
    over two lines.

    What to do: Look at the sender, and at
    the receiver.
    """
    return ()


@final_rule(code="second", severity=Severity.NOTE, meaning=f"At most {2 + 2} of them.")
def second(_review):
    """There are too many.

    What to do: Take some away.
    """
    return ()


capture_rule(code="third", severity=Severity.WARNING, title="T", meaning="M", remedy="R")(lambda facts: ())

FIRST, SECOND, THIRD = declared_in(sys.modules[__name__])


def test_a_docstring_holds_title_meaning_and_remedy():
    assert (FIRST.title, FIRST.meaning, FIRST.remedy) == (
        "Something is wrong",
        "It means this: a paragraph that goes on over two lines.",
        "Look at the sender, and at the receiver.",
    )


def test_a_keyword_stands_for_a_paragraph():
    assert (SECOND.title, SECOND.meaning, SECOND.remedy) == (
        "There are too many",
        "At most 4 of them.",
        "Take some away.",
    )
    assert (THIRD.title, THIRD.meaning, THIRD.remedy) == ("T", "M", "R")


def test_the_decorator_says_what_a_rule_is_asked_about():
    assert isinstance(FIRST, EntryRule)
    assert (FIRST.events, FIRST.once, FIRST.follows) == ((Message,), True, ("own:other",))
    assert isinstance(SECOND, FinalRule)
    assert isinstance(THIRD, CaptureRule)


def test_a_declared_function_stays_callable():
    assert first(None, None) == ()


def test_only_modules_of_the_catalogue_are_asked():
    assert find_rule("first") is None
