"""The page: whole in itself, inert whatever a peer sent, and without a patient in it."""

import io
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

import build
from comparing.exchanges import exchanged, stored
from dicomsniff.association.association import Association
from dicomsniff.export.report import html, rows
from dicomsniff.export.view import Asked, write_view
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import Chosen, Selection
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from export.report.reports import NAMED, captured, hostile, written

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("**/*.pcap*"))
_VOID = {"meta", "br", "hr", "img", "input", "link", "rect", "line", "path"}


class Outline(HTMLParser):
    """Elements, ids and links of a page; what is not closed as it was opened is a mistake."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, each, value in self.attributes if each == name]


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_page_needs_nothing_but_itself(path):
    page = written("html", path)
    outline = Outline(page)
    assert set(outline.tags) & {"script", "link", "img", "iframe", "object", "embed", "form", "base"} == set()
    assert not set(outline.values("src") + outline.values("style"))
    assert not [name for _, name, _ in outline.attributes if name.startswith("on")]
    ids = outline.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in outline.values("href")} <= set(ids)
    assert set(" ".join(outline.values("aria-labelledby")).split()) <= set(ids)


def test_the_policy_allows_the_style_of_the_page_and_nothing_else(samples):
    page = written("html", samples / "c-echo.pcap")
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = re.findall('Content-Security-Policy" content="([^"]*)"', page)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import", style)


def test_markup_that_a_peer_sent_is_shown_and_means_nothing(tmp_path):
    path = captured(
        tmp_path / "x.pcap",
        hostile("</title><b>&", "\"'><svg/onload=1", "<img src=x onerror=y>{{ 7*7 }}", "<script>a()</b>"),
    )
    page = written("html", path, privacy=Privacy(keep_phi=True))
    outline = Outline(page)
    text = "".join(outline.text)
    for sent in ("</title><b>&", "\"'><svg/onload=1", "<img src=x onerror=y>{{ 7*7 }}", "<script>a()</b>"):
        assert sent in text
    assert set(outline.tags) & {"b", "img", "script"} == set()
    assert outline.tags.count("title") == 1


def test_characters_that_change_how_text_is_shown_are_escaped(tmp_path):
    path = captured(tmp_path / "x.pcap", hostile("AB", "CD", "a\u202eb\u0007c"))
    page = written("html", path, privacy=Privacy(keep_phi=True))
    assert "\u202e" not in page
    assert "\x07" not in page


def test_nobody_is_named_unless_that_is_asked_for(tmp_path):
    path = captured(tmp_path / "Doe.pcap", exchanged(stored(data=NAMED)))
    page = written("html", path)
    assert "Doe" not in page
    assert "4711" not in page
    assert "PatientName-1" in page
    assert "Withheld: protected health information." in page
    kept = written("html", path, privacy=Privacy(keep_phi=True))
    assert "Doe^Jane" in kept
    assert "handle this as the patient&#39;s record" in kept


def test_names_of_the_network_are_withheld_where_asked_for(samples):
    page = written("html", samples / "c-move.pcap", privacy=Privacy(redact_network=True))
    for name in ("10.20.0", "MOVER", "QRSCP", "MOVEDEST"):
        assert name not in page


def test_it_says_what_a_finding_means_and_what_to_do(samples):
    text = " ".join("".join(Outline(written("html", samples / "pairs/nul-padded-title-bad.pcap")).text).split())
    assert "pads the called AE title ARCHIVE with NUL, not with spaces (ae-title-padded, packet 4) [PS3.5 §6.2" in text
    assert "An acceptor that compares all 16 bytes does not recognize this one." in text
    assert "What to do: Look at the requestor's encoder." in text


def test_the_matrix_tells_what_was_proposed_and_accepted(samples):
    page = written("html", samples / "pairs/other-syntax-bad.pcap")
    rows_of = re.findall(r'<tr><td class="number">(\d+)</td><th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    cells = {number: re.findall(r"<td[^>]*>(.*?)</td>", rest) for number, _, rest in rows_of}
    assert cells["1"] == ["proposed", "", "", "", "transfer-syntaxes-not-supported (provider rejection)"]
    assert cells["3"] == ["", "proposed", "proposed", "accepted", "Implicit VR Little Endian"]


def test_every_entry_has_a_row_and_every_message_its_elements(samples):
    page = written("html", samples / "c-find-cancel.pcap")
    text = "".join(Outline(page).text)
    assert page.count('class="row"') == 13
    assert "(0000,0100)" in text
    assert re.search(r"\(0008,0052\) CS Query/Retrieve Level +STUDY", text)


def test_long_timelines_are_folded(tmp_path):
    path = captured(tmp_path / "x.pcap", exchanged(*[stored(number) for number in range(1, 251)]))
    page = written("html", path)
    assert re.findall(r"entries (\d+) to (\d+), from", page) == [("1", "200"), ("201", "400"), ("401", "506")]


def test_of_what_there_is_no_room_for_it_says_so(tmp_path, monkeypatch):
    path = captured(tmp_path / "x.pcap", exchanged(*[stored(number) for number in range(1, 10)]))
    monkeypatch.setattr(rows, "MAX_ROWS", 8)
    page = written("html", path)
    assert page.count('class="row"') == 8
    assert "entries are left out: the page has no room for more" in page
    monkeypatch.setattr(rows, "MAX_ROWS", 100)
    monkeypatch.setattr(rows, "MAX_DETAILS", 1)
    assert written("html", path).count("which is not listed here") == 9


def test_of_too_many_associations_the_first_are_shown_and_the_others_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(html, "MAX_ASSOCIATIONS", 2)
    packets = [
        each
        for number in range(4)
        for each in exchanged(stored(), port=41000 + number, start=build.START + number * 10**9)
    ]
    page = written("html", captured(tmp_path / "x.pcap", packets))
    assert page.count('<details class="association"') == 2
    assert "2 associations; 2 more left out: --filter or --association chooses" in page


def test_a_filter_chooses_what_is_shown(samples):
    selection = Selection(Filter("command == C-STORE"))
    page = written("html", samples / "c-move.pcap", selection=selection)
    assert "1 of 2 associations shown" in page
    assert "C-MOVE-RQ 5" not in page
    assert 'id="a2"' in page
    assert 'id="a1"' not in page


def test_data_sets_that_are_not_listed_are_let_go(tmp_path, monkeypatch):
    kept = []

    class Watched(html.HtmlReport):
        def closed(self, association: Association, chosen: Chosen) -> None:
            kept.extend(each.data_set.content for each in association.messages if each.data_set is not None)
            super().closed(association, chosen)

    monkeypatch.setattr(rows, "MAX_DETAILS", 0)
    path = captured(tmp_path / "x.pcap", exchanged(*[stored(number, data=NAMED) for number in range(1, 20)]))
    with Capture(str(path), collect=Watched.collect(Asked())) as capture:
        write_view(Watched, capture, io.StringIO(), Asked())
    assert kept == [None] * 19
