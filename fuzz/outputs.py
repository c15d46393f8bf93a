"""Runs the program on a capture as its user does, and says what must hold of everything it prints."""

import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from tempfile import NamedTemporaryFile
from typing import NamedTuple, NoReturn
from xml.etree import ElementTree

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands import cli
from dicomsniff.commands.showing import ExitStatus
from dicomsniff.library import Capture
from dicomsniff.printable import PrintableStream
from dicomsniff.tui.detail import Detail, load_detail
from dicomsniff.tui.link_book import LinkBook
from fuzz.finds import CAPTURE, BrokenError

MAX_DETAILS = 20
"""Timeline entries of a capture that are shown in full."""
_READ = frozenset([ExitStatus.DONE, ExitStatus.UNREADABLE])
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_FOUND_AGAIN = "the data set was not found again where the message was"


class Said(NamedTuple):
    """What the program said."""

    status: int
    out: str
    err: str


class _Written(io.BytesIO):
    """Bytes that were written; they stay when the streams on top are closed."""

    def close(self) -> None:
        """Do nothing."""


@contextmanager
def capture_file(capture: bytes) -> Iterator[str]:
    """Put a capture in a file for a while; its path."""
    with NamedTemporaryFile(prefix=CAPTURE) as file:
        file.write(capture)
        file.flush()
        yield file.name


def run(*arguments: str) -> Said:
    """Run the program in this process."""
    written = (_Written(), _Written())
    out, err = (PrintableStream(each, encoding="utf-8", write_through=True) for each in written)
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run(list(arguments))
    texts = []
    for each in written:
        try:
            texts.append(each.getvalue().decode())
        except UnicodeDecodeError as error:
            raise BrokenError(f"what `{arguments[0]}` prints is not UTF-8: {error}", "not UTF-8") from None
    if (defect := texts[1].find("internal error")) >= 0:
        raise BrokenError(f"`{arguments[0]}`: {texts[1][defect:]}", re.sub(r"[^a-zA-Z0-9./]+", " ", texts[1][-80:]))
    return Said(status, *texts)


def check_printable(text: str, where: str) -> None:
    """A terminal only shows it: there is no control character but newline, and nothing that turns a line round."""
    if text.replace("\n", "").isprintable():
        return
    for place, char in enumerate(text):
        if char != "\n" and (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDI):
            before = text[max(0, place - 60) : place].rpartition("\n")[2]
            said = re.sub(r"[^a-zA-Z]+", " ", before)[:24]
            raise BrokenError(
                f"U+{ord(char):04X} in {where}, after {before!r}", f"a control character in {where}: {said}"
            )


def check_json(text: str, where: str) -> None:
    """JSON as RFC 8259 has it: without NaN and Infinity."""
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise BrokenError(f"{where} is not JSON: {error}", f"{where} is not JSON") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _check_lines(text: str, where: str) -> None:
    for line in text.split("\n")[:-1]:
        check_json(line, where)


def _check_xml(text: str, where: str) -> None:
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BrokenError(f"{where} is not XML: {error}", f"{where} is not XML") from None


class _Call(NamedTuple):
    arguments: tuple[str, ...]
    check: Callable[[str, str], None] = check_printable
    statuses: frozenset[ExitStatus] = _READ


_CHECKED = _READ | {ExitStatus.FOUND}
SHOW = _Call(("show", "--contexts"))
TRANSCRIPT = _Call(("export",), check_json)
CALLS = (
    _Call(("show",)),
    SHOW,
    TRANSCRIPT,
    _Call(("export", "--format", "jsonl"), _check_lines),
    _Call(("check",), statuses=_CHECKED),
    _Call(("check", "--format", "json", "--fail-on", "note"), check_json, _CHECKED),
    _Call(("check", "--format", "jsonl"), _check_lines, _CHECKED),
    _Call(("check", "--format", "sarif"), check_json, _CHECKED),
    _Call(("check", "--format", "junit"), _check_xml, _CHECKED),
)


def check_call(call: _Call, path: str) -> Said:
    """Run the program, and check what it says and how it ends."""
    where = " ".join(call.arguments)
    said = run(*call.arguments, path)
    if said.status not in call.statuses:
        raise BrokenError(f"`{where}` ends with {said.status}: {said.err}", f"`{where}` ends with {said.status}")
    if said.status != ExitStatus.UNREADABLE and said.err:
        raise BrokenError(f"`{where}` is done, and says {said.err}")
    if any(not line.startswith("dicomsniff: ") for line in said.err.splitlines()):
        raise BrokenError(
            f"the standard error of `{where}` has another line: {said.err}", f"standard error of `{where}`"
        )
    check_printable(said.out, where)
    check_printable(said.err, f"the standard error of {where}")
    if said.out:
        call.check(said.out, where)
    return said


def check_details(path: str) -> None:
    """What the terminal UI shows of entries, each with its bytes."""
    try:
        capture = Capture(path)
    except CaptureError:
        return
    with capture:
        entries = [(each, entry) for each in capture.associations for entry in each.timeline]
        book = LinkBook.of(capture.analyzer)
        for association, entry in entries[:: len(entries) // MAX_DETAILS + 1]:
            _check_detail(load_detail(capture, association, entry, book), association, entry)


def _check_detail(detail: Detail, association: Association, entry: Entry) -> None:
    if detail.problem and detail.problem != _NOT_FOUND_AGAIN:
        raise BrokenError(f"{entry.event.name} of association {association.id} has no detail: {detail.problem}")
    for row in detail.rows:
        check_printable(f"{row.name} {row.value}".replace("\n", "\r"), "a detail")
        if row.block is None:
            continue
        if not 0 <= row.start <= row.end <= detail.blocks[row.block].length:
            where = f"{row.start} to {row.end} of {detail.blocks[row.block].length} in {row.block}"
            raise BrokenError(
                f"a row of {entry.event.name} lies outside its bytes: {row.name}, {where}", "a row's place"
            )
