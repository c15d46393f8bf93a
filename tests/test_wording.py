"""What people read is plain English: numbers agree with their nouns, one thing has one name, nothing is said twice.

Only what a machine can tell is tested here, in every text of a rule, in the help of every command, in the pages, and in
what every sample prints.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dicomsniff.commands import cli
from dicomsniff.export.filters import filter_page_lines
from dicomsniff.findings.catalogue import RULES
from dicomsniff.quantities import counted, is_are, of_all
from dicomsniff.tui.keys import KEYS
from docs.console import pages
from docs.manual import commands

ROOT = Path(__file__).parents[1]
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if path.suffix in (".pcap", ".pcapng"))

_THINGS = (
    "associations bytes C-STOREs characters connections contexts entries errors findings fragments frames instances "
    "items keys matches messages notes objects operations packets pauses PDUs PDVs pieces places requests responses "
    "segments sub-operations times tries UIDs values warnings waits"
).replace(" ", "|")
_OF_WHAT_KIND = "failed|further|malformed|more|other|outstanding|pending|presentation|storage|TCP"
WRONG = {
    "a number that does not agree": rf"(?<![\w.,:-])1 (?:(?:{_OF_WHAT_KIND}) )*(?:{_THINGS})\b",
    "a verb that does not agree": rf"(?<![\w.,:-])(?:1 byte|1 \w+) are\b|(?<!of )(?<!\d)\d+ (?:{_THINGS}) is\b",
    "all of one, none of one": r"(?<![\w.,])[01] of 1\b",
    "a wait of nothing": r"\b(?:in|after|for) 0 (?:s|ns|ms)\b",
    "a word twice": r"\b(?!had|that)([A-Za-z]{2,}) \1\b",
    "a before a vowel": r"\b[Aa] (?:[aeio][a-z]|u(?!ni|se|rl|ti)[a-z]|A-|AE |N-|SC[PU]\b|RST\b|MTU\b|MPPS\b|FIN-)",
    "an before a consonant": r"\b[Aa]n (?!hour)(?:[b-df-hj-np-tv-z][a-z]|C-|DICOM|PD[UV]|UID|TCP|TLS|P-DATA)",
    "punctuation": r" [,;:.!](?= |$)|,,|;;|(?<!\.)\.\.(?!\.)|\(\)|\( | \)|: ?[;:]",
    "a value that is not there": r"\bNone\b|\bTrue\b|\bFalse\b|<[A-Z]\w+ object",
    "two names of one thing": r"\bprotocol machines?\b|\bthe provider\b|\b(?:is|are) not in the capture\b|\bfor ever\b",
    "words in the order of another language": (
        r"\bthat (?:is|are) none\b|, which it is in\b|\bis there again\b|\bthere twice\b|\bstands where\b"
        r"|\bwhat is no\b|\bcan be no\b|\bhas not the\b|\bnothing looks like it\b|\btold once\b|\bto no avail\b"
    ),
}


def slips(text: str) -> list[tuple[str, str]]:
    """Return what is wrong in a text, and where."""
    found = ((name, re.search(pattern, text)) for name, pattern in WRONG.items())
    return [(name, text[max(0, at.start() - 40) : at.end() + 40]) for name, at in found if at is not None]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("the response counts 1 objects", "a number that does not agree"),
        ("1 more contexts", "a number that does not agree"),
        ("1 byte are missing", "a verb that does not agree"),
        ("1 of 1 association in trouble", "all of one, none of one"),
        ("nothing found in 0 of 1 association", "all of one, none of one"),
        ("got no final response in 0 s before the capture ends", "a wait of nothing"),
        ("this is is wrong", "a word twice"),
        ("a error", "a before a vowel"),
        ("a A-ABORT", "a before a vowel"),
        ("an C-STORE", "an before a consonant"),
        ("wrong , here", "punctuation"),
        ("a length of None", "a value that is not there"),
        ("the provider's log", "two names of one thing"),
        ("any file that is none", "words in the order of another language"),
    ],
)
def test_a_slip_is_noticed(text: str, wrong: str) -> None:
    assert [name for name, _ in slips(text)] == [wrong]


@pytest.mark.parametrize(
    "text",
    [
        "1 object, 21 objects, 0.1 bytes, 1 of 12 contexts, 11 of 12",
        "a UID, a user, a unique key, an SCP, an N-CREATE, an hour",
        "in 0.5 s; 10 s; 2 bytes are missing; 1 byte is missing … and so on",
    ],
)
def test_good_english_passes(text: str) -> None:
    assert slips(text) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_texts_of_a_rule_are_plain(rule) -> None:
    for text in (rule.title, rule.meaning, rule.remedy, rule.clause.demand):
        assert slips(text) == []
        assert "  " not in text


def test_the_help_of_every_command_is_plain() -> None:
    for command in (cli.cli, *dict(commands()).values()):
        texts = [command.help or "", *(each.help or "" for each in command.params if isinstance(each, click.Option))]
        for text in texts:
            assert slips(" ".join(text.split())) == []


def test_the_keys_and_the_page_of_filters_are_plain() -> None:
    for text in (*(key.meaning for key in KEYS), *filter_page_lines()):
        assert slips(text) == []


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.name)
def test_a_page_is_plain(page: Path) -> None:
    text = re.sub(r"<!--.*?-->\n|(?<=\])\([^()\s]*\)", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    prose = re.sub(r"```.*?```|`[^`]*`", "code", text, flags=re.DOTALL)
    for paragraph in prose.split("\n\n"):
        assert slips(" ".join(paragraph.split())) == []


def sentences(said: object) -> Iterator[str]:
    """Yield every string of a transcript that has words in it."""
    match said:
        case str() if " " in said:
            yield said
        case list():
            for each in said:
                yield from sentences(each)
        case dict():
            for each in said.values():
                yield from sentences(each)


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_a_sample_says_is_plain(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["show", "--contexts", str(path)])
    cli.run(["check", str(path)])
    for line in capsys.readouterr().out.splitlines():
        assert slips(" ".join(line.split())) == [], line
    cli.run(["export", str(path)])
    said = json.loads(capsys.readouterr().out)
    found = [said["verdict"], *sentences(said["links"]), *sentences(said["findings"])]
    for association in said["associations"]:
        found += [association["verdict"], *sentences(association["findings"])]
    for text in found:
        assert slips(text) == []
        assert "  " not in text


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 1, "no context"),
        (1, 1, "1 context"),
        (0, 3, "none of 3 contexts"),
        (1, 3, "1 of 3 contexts"),
        (2, 2, "both contexts"),
        (3, 3, "all 3 contexts"),
    ],
)
def test_shares_are_said_in_words(part: int, whole: int, said: str) -> None:
    assert of_all(part, whole, "context") == said


def test_counts_agree_with_noun_and_verb() -> None:
    assert [f"{counted(each, 'match')} {is_are(each)}" for each in (0, 1, 2)] == [
        "0 matches are",
        "1 match is",
        "2 matches are",
    ]
    assert counted(12345, "packet", ",") == "12,345 packets"
