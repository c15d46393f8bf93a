"""Markdown for issue trackers: within their limits, with a diagram, and inert."""

import re

import pytest

import build
from comparing.exchanges import echoed, exchanged, stored
from dicomsniff.export.report.markdown import MAX_ARROWS, MAX_LENGTH, escaped, label
from export.report.reports import NAMED, captured, hostile, written

GITHUB = 65_536
"""Characters that GitHub takes; GitLab takes a million."""


def diagrams(text: str) -> list[list[str]]:
    return [found.splitlines() for found in re.findall("```mermaid\n(.*?)\n```", text, re.DOTALL)]


def test_it_begins_with_how_the_capture_went(samples):
    lines = written("md", samples / "pairs/nul-padded-title-bad.pcap").splitlines()
    assert lines[0] == "## capture-1.pcap: 10 packets, 1 TCP connection, 1 association"
    assert lines[2].startswith("the association is in trouble: MODALITY pads the called AE title ARCHIVE with NUL")


def test_the_diagram_is_one_that_mermaid_draws(samples):
    (drawn,) = diagrams(written("md", samples / "c-find-cancel.pcap"))
    assert drawn[:3] == ["sequenceDiagram", "participant R as FINDSCU", "participant A as QRSCP"]
    assert "R->>A: A-ASSOCIATE-RQ" in drawn
    assert "A-xR: C-FIND-RSP 1: Cancel 0xFE00" in drawn
    assert all(re.fullmatch(r"(?:R(?:->>|-x)A|A(?:->>|-x)R): [^;#]+", line) for line in drawn[3:])


def test_of_a_long_exchange_the_middle_of_the_diagram_is_left_out(tmp_path):
    many = exchanged(*[each for number in range(60) for each in (echoed(number + 1), stored(number + 1))])
    (drawn,) = diagrams(written("md", captured(tmp_path / "x.pcap", many)))
    assert len(drawn) == 3 + MAX_ARROWS + 1
    assert sum(line.startswith("Note over R,A: ") for line in drawn) == 1


@pytest.mark.parametrize("count", [1, 40, pytest.param(400, marks=pytest.mark.slow)])
def test_it_fits_in_an_issue_and_says_what_it_left_out(tmp_path, count):
    packets = []
    for number in range(count):
        many = [stored(each, 0xA700 if number == count - 1 else 0) for each in range(1, 30)]
        packets += exchanged(*many, port=20000 + number, start=build.START + number * 10**9)
    text = written("md", captured(tmp_path / "x.pcap", packets))
    assert len(text) <= MAX_LENGTH < GITHUB
    assert ("left out in detail" in text) == (count > 1)
    # Those in trouble come first, wherever they are.
    assert f"### Association {count}:" in text
    assert text.index(f"### Association {count}:") == text.index("### Association ")


def test_it_fits_even_where_every_character_takes_five(tmp_path):
    packets = []
    for number in range(150):
        talk = build.Talk(client=("10.0.0.1", 20000 + number), start=build.START + number * 10**9).open()
        talk.client(build.associate_rq(called="<" * 16, calling="&" * 16))
        talk.server(build.associate_rj())
        packets += talk.close().packets
    assert len(written("md", captured(tmp_path / "x.pcap", packets))) <= MAX_LENGTH


def test_markup_that_a_peer_sent_is_shown_and_means_nothing(tmp_path):
    packets = hostile("[x](//y.z) `a`", "@everyone #1 <b>", "</details>")
    text = written("md", captured(tmp_path / "x.pcap", packets))
    outside = re.sub("```mermaid\n.*?\n```|<pre>.*?</pre>", "", text, flags=re.DOTALL)
    for sent in ("[x]", "`a`", "@everyone", " #1", "<b>"):
        assert sent not in outside
    assert text.count("</details>") == text.count("<details>")
    (drawn,) = diagrams(text)
    assert drawn[1] == "participant R as #64;everyone #35;1 #60;b#62;"
    assert drawn[2] == "participant A as [x](//y.z) #96;a#96;"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b*c_d~e", "a&#124;b&#42;c&#95;d&#126;e"),
        ("- item", "&#45; item"),
        ("1. item", "&#49;. item"),
        ("see https://x.y and www.x.y", "see https&#58;//x.y and www&#46;x.y"),
        (":smile: 10:30", "&#58;smile: 10:30"),
        ("a\nb", "a&#92;nb"),
        ("$x$ \\(", "&#36;x&#36; &#92;("),
    ],
)
def test_what_means_something_in_markdown_is_escaped(text, expected):
    assert escaped(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("END", "E#78;D"),
        ("weekend", "weekend"),
        ("A;B", "A#59;B"),
        ("a->>b", "a-#62;#62;b"),
        ("%%{init}", "#37;#37;#123;init#125;"),
    ],
)
def test_what_means_something_in_mermaid_is_escaped(text, expected):
    assert label(text) == expected


def test_nobody_is_named(tmp_path):
    text = written("md", captured(tmp_path / "Doe.pcap", exchanged(stored(1, 0xC000, data=NAMED, comment="Doe^Jane"))))
    assert "Doe" not in text
