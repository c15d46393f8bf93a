"""The language of filters -> what `dicomsniff filter` prints, and the page docs/filter.md."""

import textwrap
from collections.abc import Iterator

from dicomsniff.filter.fields import FIELDS

_WIDTH = 100
_LANGUAGE = (
    "A filter chooses associations, and of these the messages to list: `--filter EXPRESSION`, and / in the terminal "
    "UI. An association is chosen where one of its messages is, or, if nothing is asked about messages, where it is "
    "itself. Its heading, verdict and findings are always shown, and what else its timeline holds.",
    "An expression compares fields with values: `field operator value`. Comparisons are joined by `and`, `or` and "
    "`not`, where `not` binds first and `or` last; parentheses group.",
    "`==` and `!=` compare text whole and without regard to case; `~` and `!~` search it for a regular expression. "
    "`<`, `<=`, `>` and `>=` compare numbers, durations, sizes, times and severities; `in` says whether an address is "
    "in a network.",
    "A field that is absent fulfils no comparison. Of a field with several values one that fits is enough; for `!=` "
    "and `!~` all must.",
    'A value or word with spaces, parentheses or quotation marks stands in quotation marks: "CT Image Storage". '
    "Numbers are decimal or hexadecimal (0xA700, A700H), durations have a unit (ns, us, ms, s, min, h), sizes may have "
    "one (kB, MB, GB, KiB, MiB, GiB), times are in UTC: 14:30 of any day, or 2026-01-31T14:30:05.",
    "A word without operator is searched for in all that is said of an association or message: AE titles, addresses, "
    "outcome, verdict, codes and severities of findings, commands, SOP classes, transfer syntaxes, statuses. "
    "Words alone need no `and` between them: `mover failure`.",
    "Values are compared as they were sent, also those that are withheld in what is shown.",
)
EXAMPLES = (
    ("MOVER", "who or whatever is called MOVER"),
    ("outcome != released", "what was refused, aborted or cut off"),
    ("outcome == rejected and called == REALAE", "whom REALAE refused"),
    ("ae ~ '^STORE'", "either AE title begins with STORE"),
    ("address in 10.20.0.0/16 and port == 4242", "one address in a network, one port"),
    ("command == C-MOVE and status >= 0xA000", "retrievals that failed, the requests and their responses"),
    ("command == C-FIND-RSP and status_class == Pending", "the matches of queries"),
    ("command == C-STORE-RQ", "requests only"),
    ("status_class == Failure or status_class == Warning", "what did not simply succeed"),
    ('sop_class == "CT Image Storage"', "a SOP class by its name"),
    ("sop_class ~ Storage and not sop_class ~ SR", "all storage but structured reports"),
    ("transfer_syntax == 1.2.840.10008.1.2", "messages in Implicit VR Little Endian"),
    ("instance ~ '^1\\.2\\.'", "instances under a root"),
    ("latency > 100us", "answers that took longer than 100 µs, and what they answer"),
    ("size > 10kB and sender == requestor", "long data sets"),
    ("duration >= 1s", "associations that lasted a second or longer"),
    ("finding.severity >= warning", "associations with a warning or an error"),
    ("finding.code ~ rejected", "associations with findings of a kind; `dicomsniff rules` lists them"),
    ("time >= 01:00 and time < 02:00", "what began between one and two o'clock"),
    ("data[PatientID] != '' and command == C-STORE-RQ", "stores that say whose they are; data sets are read for it"),
)
"""Expressions, and what they choose."""


def filter_lines() -> Iterator[str]:
    """Yield all that is said of filters, as text."""
    for text in _LANGUAGE:
        yield from textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
        yield ""
    yield from ("fields of associations:", *_field_lines(of_message=False), "")
    yield from ("fields of messages:", *_field_lines(of_message=True), "")
    yield "examples:"
    for expression, says in EXAMPLES:
        yield f"  {expression}"
        yield f"      {says}"


def _field_lines(*, of_message: bool) -> Iterator[str]:
    known = _fields(of_message=of_message)
    width = max(len(name) for name, _ in known)
    return (f"  {name:<{width}}  {says}" for name, says in known)


def _fields(*, of_message: bool) -> list[tuple[str, str]]:
    found = [(name, field.says) for name, field in FIELDS.items() if field.of_message is of_message]
    return [*found, ("data[KEYWORD]", "the values of an attribute, by keyword or tag")] if of_message else found


def filter_page_lines() -> Iterator[str]:
    """Yield the page docs/filter.md."""
    yield "# Filters"
    yield ""
    yield "Made from the program by `make docs`; do not edit. `dicomsniff filter` prints the same."
    for text in _LANGUAGE:
        yield ""
        yield text
    for title, of_message in (("Fields of associations", False), ("Fields of messages", True)):
        yield from ("", f"## {title}", "", "| field | what it is |", "| --- | --- |")
        for name, says in _fields(of_message=of_message):
            yield f"| `{name}` | {says} |"
    yield from ("", "## Examples", "", "| filter | what it chooses |", "| --- | --- |")
    for expression, says in EXAMPLES:
        yield f"| `{expression}` | {says} |"
