"""Identifiers planted wherever a peer can put one are nowhere in what the program says, unless that is asked for."""

import base64
import io
import re
from collections.abc import Iterable, Iterator
from contextvars import copy_context
from functools import cache
from pathlib import Path

import pytest

from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.export.formats import FORMATS, find_view
from dicomsniff.export.view import Asked, write_view
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.tui.detail import load_detail
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.said import use_gate
from privacy import plants as planted
from privacy.plants import CANARY, Plants

KEPT = Privacy(keep_phi=True)
GONE = "-"
BEGIN = 8
"""Characters of the beginning of what is sought."""
ALL_WITHHELD = Privacy(redact_uids=True, redact_network=True)


class Planted:
    """A capture in a file whose name is planted too, and all that is said of it."""

    def __init__(self, folder: Path, *, suffix: str = ".pcap") -> None:
        self.plants = Plants()
        self.name = self.plants.text("file name", "{}.of.Doe").decode()
        self.path = folder / (self.name + suffix)
        self.path.write_bytes(planted.capture(self.plants))
        self._said: dict[Privacy, dict[str, str]] = {}

    def said(self, privacy: Privacy) -> dict[str, str]:
        """What each view says, once."""
        if privacy not in self._said:
            self._said[privacy] = self.views(Gate(privacy))
        return self._said[privacy]

    def views(self, gate: Gate) -> dict[str, str]:
        """What each view says behind a gate: every format of every command, and the details of the terminal UI."""
        pairs = [(command, form.name) for form in FORMATS for command in form.commands]
        said = {f"{command} {form}": self.written(command, form, gate.privacy) for command, form in pairs}
        # The gate of the terminal UI is another one in there only, and no later test's.
        return said | {"details": copy_context().run(lambda: "\n".join(self._details(gate)))}

    def written(self, command: str, form: str, privacy: Privacy) -> str:
        view = find_view(command, form)
        asked = Asked(contexts=True, fail_on=Severity.NOTE, names=(str(self.path),), privacy=privacy)
        with io.StringIO() as out, Capture(str(self.path), collect=view.collects) as capture:
            write_view(view, capture, out, asked)
            return out.getvalue()

    def _details(self, gate: Gate) -> Iterator[str]:
        """The fields and bytes of every entry, as the terminal UI shows them."""
        use_gate(gate)
        with Capture(str(self.path)) as capture:
            for association in capture.associations:
                for entry in association.timeline:
                    detail = load_detail(capture, association, entry, LinkBook())
                    yield detail.title
                    yield from (f"{row.name} {row.value}" for row in detail.rows)
                    for block in detail.blocks:
                        yield from visible(block.data, block.holes)


def visible(data: bytes, holes: Iterable[tuple[int, int]]) -> Iterator[str]:
    """The bytes that the hex view shows, in hexadecimal and as characters."""
    seen = bytearray(data)
    for start, end in holes:
        seen[start:end] = bytes(max(0, min(end, len(seen)) - start))
    yield seen.hex(" ")
    yield seen.decode("latin-1")


@cache
def encodings(raw: bytes) -> set[str]:
    """How bytes may be written: in hexadecimal, and in base64 wherever they begin in it."""
    forms = {raw.hex(), raw.hex(" "), raw.hex().upper(), raw.hex(" ").upper()}
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode()
        forms.add(whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return forms


_CANARIES = re.compile("|".join(re.escape(each) for each in sorted({CANARY, *encodings(CANARY.encode())})))


def leaks(said: dict[str, str], texts: Iterable[str], raw: Iterable[bytes] = ()) -> list[str]:
    """What of the planted is found, and around it what was said."""
    sought = [each for each in texts if not each.startswith(CANARY)]
    forms = {form: each for each in sought for form in (each, *encodings(each.encode()))}
    forms |= {form: repr(each) for each in raw for form in encodings(each)}
    found = []
    for view, text in said.items():
        # Nearly none of many thousand forms is there: whether what one begins with is, a set tells much faster.
        begins = {text[at : at + BEGIN] for at in range(len(text))}
        there = [form for form in forms if (len(form) < BEGIN or form[:BEGIN] in begins) and form in text]
        found += [f"{view}: {forms[form]} in {around(text, text.index(form))}" for form in there]
    return found


def canaries(said: dict[str, str]) -> list[str]:
    return [f"{view}: {around(text, hit.start())}" for view, text in said.items() for hit in _CANARIES.finditer(text)]


def around(text: str, at: int) -> str:
    return text[max(0, at - 90) : at + 60]


class ClosedGate(Gate):
    """Lets nothing of a value through."""

    def filter(self, decoded: DecodedDataSet) -> DecodedDataSet:
        for element in decoded.elements:
            element.text, element.hidden = GONE, True
            if element.vr != "SQ":
                element.json.clear()
        decoded.why = decoded.problem = decoded.transfer_syntax = GONE
        return decoded

    def uid(self, uid: str) -> str:
        return uid if find_uid_name(uid) is not None else GONE

    def value(self, tag: int, text: str, vr: str = "") -> str:
        return GONE

    def command_value(self, tag: int, vr: str, text: str) -> str:
        return GONE

    def unknown_element(self, value: bytes) -> dict[str, str]:
        return {"vr": "UN"}

    def unknown_text(self, text: str) -> str:
        return GONE

    def octets(self, data: bytes) -> str:
        return GONE

    def hides_octets(self, data: bytes) -> bool:
        return True

    def words(self, text: str) -> str:
        return GONE

    def title(self, title: str) -> str:
        return GONE

    def address(self, address: str) -> str:
        return GONE

    def endpoint(self, endpoint: str) -> str:
        return GONE

    def file_name(self, name: str) -> str:
        return GONE

    def comment(self, text: str) -> str:
        return GONE


@pytest.mark.slow
def test_no_view_goes_around_the_gate(capture: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomsniff.export.view.Gate", ClosedGate)
    said = capture.views(ClosedGate())
    plants = capture.plants
    assert not canaries(said)
    assert not leaks(said, [*plants.texts, *plants.uids, *plants.network, *plants.kept], plants.raw)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"))


def test_nothing_that_identifies_somebody_is_said(capture: Planted) -> None:
    said = capture.said(Privacy())
    assert not canaries(said)
    assert not leaks(said, capture.plants.texts, capture.plants.raw)


@pytest.mark.slow
def test_all_of_it_is_said_where_that_is_asked_for(capture: Planted) -> None:
    said = "\n".join(capture.said(KEPT).values())
    places = {each: where for each, where in capture.plants.texts.items() if each not in said}
    assert not {where for where in places.values() if not is_never_said(where)}


def is_never_said(where: str) -> bool:
    """Whether a place is one of secrets, or its value is not there as a whole."""
    return any(each in where for each in ("identity", "user name", "passcode", "server response", "cut off"))


def test_what_the_profile_keeps_is_said(capture: Planted) -> None:
    said = capture.said(Privacy())["export json"]
    assert not [f"{each}: {where}" for each, where in capture.plants.kept.items() if each not in said]
    assert not [f"{each}: {where}" for each, where in capture.plants.network.items() if each not in said]
    for each in ('"Value": ["CT"]', '"Value": [512]', planted.IMAGE, "CT Image Storage"):
        assert each in said


@pytest.mark.slow
def test_uids_and_names_of_the_network_are_nowhere_where_that_is_asked_for(capture: Planted) -> None:
    said = capture.said(ALL_WITHHELD)
    assert not leaks(said, [*capture.plants.network, *capture.plants.uids])
    assert not canaries(said)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.commands[0]}-{form.name}")
def test_the_same_capture_is_written_the_same(capture: Planted, form: object) -> None:
    again = capture.written(form.commands[0], form.name, Privacy())
    assert again == capture.said(Privacy())[f"{form.commands[0]} {form.name}"]
