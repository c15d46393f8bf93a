"""Identifiers planted wherever a peer can put one are nowhere in what the program says, unless that is asked for."""

import base64
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from functools import cache
from pathlib import Path

import pytest
from textual.pilot import Pilot

import build
from dicomsniff.comments import CommentReader
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.export.formats import DataSets, find_view
from dicomsniff.export.view import Asked
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.tui.detail import load_detail
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.said import use_gate
from privacy import plants as planted
from privacy.plants import CANARY, Plants
from tui.screens import LARGE, notices, opened, screen_text, settle, walk
from views import said_by, view_names

KEPT = Privacy(keep_phi=True)
Talks = Callable[[Plants], Iterable[build.Talk]]
GONE = "-"
BEGIN = 8
"""Characters of the beginning of what is sought."""
ALL_WITHHELD = Privacy(redact_uids=True, redact_network=True)


class Pipe(io.BytesIO):
    """Bytes that are gone once they are read."""

    def seekable(self) -> bool:
        return False


class Planted:
    """A capture in a file whose name is planted too, and all that is said of it."""

    def __init__(self, folder: Path, *, others: bool = False, talks: Talks = planted.everything) -> None:
        self.plants = Plants(others=others)
        self.name = self.plants.text("file name", "{}.of.Doe").decode()
        self.path = folder / f"{self.name}.pcap"
        self.path.write_bytes(planted.capture(self.plants, talks))
        self._said: dict[Privacy, dict[str, str]] = {}

    def said(self, privacy: Privacy) -> dict[str, str]:
        """What each view says, once."""
        if privacy not in self._said:
            self._said[privacy] = self.views(Gate(privacy))
        return self._said[privacy]

    def views(self, gate: Gate) -> dict[str, str]:
        """What each view says behind a gate: every format of every command, and the details of the terminal UI."""
        said = {f"{command} {form}": self.written(command, form, gate.privacy) for command, form in view_names()}
        # The gate of the terminal UI is another one in there only, and no later test's.
        return said | {"details": copy_context().run(lambda: "\n".join(self._details(gate)))}

    def written(
        self, command: str, form: str, privacy: Privacy, data_sets: DataSets = DataSets.ALL, *, piped: bool = False
    ) -> str:
        view, names = find_view(command, form), (str(self.path),)
        asked = Asked(contexts=True, fail_on=Severity.NOTE, names=names, privacy=privacy, data_sets=data_sets)
        source = Pipe(self.path.read_bytes()) if piped else str(self.path)
        with Capture(source, collect=view.collect(asked), heads=view.heads(asked)) as capture:
            return said_by(view, capture, asked)

    def _details(self, gate: Gate) -> Iterator[str]:
        """The fields and bytes of every entry, as the terminal UI shows them."""
        use_gate(gate)
        with Capture(str(self.path)) as capture:
            comments = CommentReader(capture, gate)
            for association in capture.associations:
                comments.take((association, entry) for entry in association.timeline)
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


LEAST = 6
"""Characters of a form that is sought: shorter ones stand in any digest."""


@cache
def encodings(raw: bytes) -> set[str]:
    """How bytes may be written: in hexadecimal, and in base64 wherever they begin in it."""
    forms = {raw.hex(), raw.hex(" "), raw.hex().upper(), raw.hex(" ").upper()}
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode()
        forms.add(whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return {form for form in forms if len(form) >= LEAST}


def forms_of(text: str) -> set[str]:
    """How a text may be written: in either case, in UTF-8 and UTF-16, as text and as bytes."""
    cases = {text, text.upper(), text.lower()}
    wide = {each.encode(order) for each in cases for order in ("utf-16-le", "utf-16-be")}
    said = cases.union(*(encodings(each.encode()) for each in cases), *map(encodings, wide))
    return said | {each for each in (raw.decode("latin-1") for raw in wide) if len(each) >= LEAST}


_WHOLE_DIGEST = re.compile(r'"fragments": \d+, "sha256": "[0-9a-f]{64}"')
_CANARIES = re.compile("|".join(re.escape(each) for each in sorted(forms_of(CANARY))))


def leaks(said: dict[str, str], texts: Iterable[str], raw: Iterable[bytes] = ()) -> list[str]:
    """What of the planted is found, and around it what was said."""
    sought = [each for each in texts if not each.startswith(CANARY)]
    forms = {
        form: each for each in sought for case in (each, each.upper()) for form in (case, *encodings(case.encode()))
    }
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
def test_what_is_said_depends_on_no_withheld_value(tmp_path: Path) -> None:
    """The proof that no view goes around the gate, whatever it would make of a value.

    An import contract proves less: every view must import the model, whose objects hold values. And who searches for
    values finds them only in the forms that are sought. Here are two captures that differ in nothing but withheld
    values. If a view let one out in whatever form, or its digest, the two would be told differently. Only the digests
    of whole data sets are, which the README says.
    """
    one, other = (Planted(tmp_path, others=others, talks=planted.sound) for others in (False, True))
    told = one.said(Privacy()), other.said(Privacy())
    for view in told[0]:
        lines = [_WHOLE_DIGEST.sub("", each[view]).splitlines() for each in told]
        assert [pair for pair in zip(*lines, strict=False) if pair[0] != pair[1]][:1] == [], view
        assert len(lines[0]) == len(lines[1]), view


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


@pytest.mark.slow
def test_nothing_that_identifies_somebody_is_said(capture: Planted) -> None:
    said = capture.said(Privacy())
    assert not canaries(said)
    assert not leaks(said, capture.plants.texts, capture.plants.raw)


@pytest.mark.slow
async def test_no_screen_of_the_terminal_ui_says_it(capture: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a size at which nothing is left out for lack of room."""
    seen: list[str] = []

    async def watched(pilot: Pilot[None]) -> None:
        await settle(pilot)
        seen.append(f"{screen_text(pilot.app)}\n{notices(pilot.app)}\n{pilot.app.title}\n{pilot.app.sub_title}")

    monkeypatch.setattr("tui.screens.settle", watched)
    async with opened(capture.path, LARGE, Privacy()) as (app, pilot):
        assert await walk(app, pilot, associations=2, entries=1) > 0
    said = {"screens": "\n".join(seen)}
    assert "PatientName-" in said["screens"]
    assert not canaries(said)
    assert not leaks(said, capture.plants.texts, capture.plants.raw)


@pytest.mark.slow
def test_no_name_that_a_key_makes_tells_it(capture: Planted) -> None:
    said = capture.said(Privacy(key=b"a secret of some length"))
    assert not canaries(said)
    assert not leaks(said, capture.plants.texts, capture.plants.raw)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [DataSets.IDENTIFIERS, DataSets.NONE])
def test_what_is_said_of_less_of_data_sets_tells_no_more(capture: Planted, depth: DataSets) -> None:
    said = {form: capture.written("export", form, Privacy(), depth) for form in ("json", "jsonl")}
    assert not canaries(said)
    assert not leaks(said, capture.plants.texts)


@pytest.mark.slow
def test_of_a_pipe_nothing_is_said_that_came_before(capture: Planted) -> None:
    said = {
        "show": capture.written("show", "text", Privacy(), piped=True),
        "export": capture.written("export", "jsonl", Privacy(), DataSets.NONE, piped=True),
    }
    later = [each for each, where in capture.plants.texts.items() if "comes later" in where]
    assert len(later) == 1
    assert not canaries(said)
    assert not leaks(said, set(capture.plants.texts) - set(later))


@pytest.mark.slow
def test_all_of_it_is_said_where_that_is_asked_for(capture: Planted) -> None:
    said = "\n".join(capture.said(KEPT).values())
    places = {each: where for each, where in capture.plants.texts.items() if each not in said}
    assert not {where for where in places.values() if not is_never_said(where)}


def is_never_said(where: str) -> bool:
    """Whether a place is one of secrets, or its value is not there as a whole."""
    return any(each in where for each in ("identity", "user name", "passcode", "server response", "cut off"))


@pytest.mark.slow
def test_what_the_profile_keeps_is_said(capture: Planted) -> None:
    said = capture.written("export", "json", Privacy())
    assert not [f"{each}: {where}" for each, where in capture.plants.kept.items() if each not in said]
    assert not [f"{each}: {where}" for each, where in capture.plants.network.items() if each not in said]
    for each in ('"Value": ["CT"]', '"Value": [512]', planted.IMAGE, "CT Image Storage"):
        assert each in said


@pytest.mark.slow
def test_uids_and_names_of_the_network_are_nowhere_where_that_is_asked_for(capture: Planted) -> None:
    said = capture.said(ALL_WITHHELD)
    assert not leaks(said, [*capture.plants.network, *capture.plants.uids])
    assert not canaries(said)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "form"), view_names(), ids=lambda name: name)
def test_the_same_capture_is_written_the_same(capture: Planted, command: str, form: str) -> None:
    assert capture.written(command, form, Privacy()) == capture.said(Privacy())[f"{command} {form}"]
