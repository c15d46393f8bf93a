"""What raises the rules on limits, being long or more than packets; of those that take too much, how much."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import build
from dicomsniff.association.moves import MAX_MOVES
from dicomsniff.dimse.queries import MAX_QUERIES
from dicomsniff.engine.kept import MAX_LISTED
from dicomsniff.findings.finding import Finding
from dicomsniff.library import open_capture
from dicomsniff.tcp.connection import MAX_CONNECTIONS
from export.test_losses import ASKED_AND_NEVER_ANSWERED, captured
from findings.found import found_in
from findings.traffic import associate_ac, associate_rq, opened, released

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def lost() -> list[Finding]:
    """A capture whose capturer counted what it lost."""
    with tempfile.TemporaryDirectory() as folder:
        path = captured(Path(folder) / "lossy", ASKED_AND_NEVER_ANSWERED[:-3], (1000, 5), ASKED_AND_NEVER_ANSWERED[-3:])
        with open_capture(path) as capture:
            assert capture.associations
            return capture.analyzer.findings


def asked_often() -> list[Finding]:
    """One query more than is read, on one association."""
    talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_FIND)), associate_ac(build.answer(1)))
    study = build.element(0x00080052, b"STUDY ")
    for number in range(MAX_QUERIES + 1):
        command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: number, 0x0700: 0, 0x0800: 1})
        talk.client(build.message(1, command, study))
    return found_in(released(talk))


LONG: dict[str, Callable[[], list[Finding]]] = {"packets-lost": lost, "identifiers-not-read": asked_often}
TOO_LONG = {
    "entries-not-listed": f"it takes more than {MAX_LISTED:,} entries of one association",
    "links-not-listed": f"it takes more than {MAX_MOVES:,} C-MOVEs, or about as many other things that belong together",
    "connections-given-up": f"it takes more than {MAX_CONNECTIONS:,} TCP connections that are open at a time",
}
"""Why the page about rules has no example of these."""
