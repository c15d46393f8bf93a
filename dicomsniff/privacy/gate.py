"""The one place that turns a value of the wire into text or JSON, and knows what may be shown.

A view has a `Gate` and shows of a value what the gate returns, nothing else. By default that withholds whatever may
identify somebody, and says beside it what debugs: VR, length, form, and a name that is the same for the same value.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from dicomsniff.dictionary.attributes import find_attribute_name, find_keyword
from dicomsniff.dictionary.commands import is_retired
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.dataset_element import BINARY_VRS, DecodedDataSet, Element, find_vr
from dicomsniff.privacy.judging import UIDS, is_told_anywhere, is_withheld
from dicomsniff.privacy.placeholders import Placeholders
from dicomsniff.privacy.profile import FREE_TEXT, identifies
from dicomsniff.privacy.shape import shape
from dicomsniff.quantities import counted

ERROR_COMMENT = 0x00000902
MAX_REMEMBERED = 50_000
"""Withheld values that a comment is searched for; the oldest are forgotten first."""
MAX_TITLES = 1000
"""AE titles known in comments; further ones are taken for words like others."""
LATEST_REMEMBERED = 5_000
"""The same where there is no end."""
LEAST_REMEMBERED = 3
"""Characters: a shorter value, as a patient's sex, would be found in every sentence."""
_LONGEST = 12
"""Words of a value that a comment is searched for."""
_SHORTEST = 3
"""Characters of a word of letters and digits that is taken for somebody's number."""
_SUFFIX = re.compile(r"(\.(pcap|pcapng|cap|snoop|gz|zst|lz4)){1,2}")
_PORT = re.compile(r"(\[.*\]|[^:]*):(\d+)")
_DIGITS = re.compile(r"\d{4,}")
_CARET = re.compile(r"[^\s\"',;:()\[\]]*\^[^\s\"',;:()\[\]]*")
_WORD = re.compile(r"[^\W_]+")
_TAG_OR_WORD = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)|[^\W_]+")
_HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{1,8}")
_ENDS = re.compile(r"^[\W_]+|[\W_]+$")
_UID = re.compile(r"[0-9.*?]*")
"""A UID, or a key that asks for some."""
_FIRST_OF_TEXT = 0x20


class Privacy(NamedTuple):
    """What is to be withheld: identifying values unless `keep_phi`; UIDs and names of the network where asked for."""

    keep_phi: bool = False
    redact_uids: bool = False
    redact_network: bool = False
    key: bytes | None = None
    """Makes placeholders the same in every run; None where they are numbered as values come."""

    @property
    def said(self) -> dict[str, str]:
        """What a transcript says of it."""
        told = {"phi": "kept" if self.keep_phi else "redacted"}
        told |= {"uids": "redacted"} if self.redact_uids else {}
        return told | ({"network": "redacted"} if self.redact_network else {})


class Known(Struct, frozen=True):
    """What a gate knows that comments may tell."""

    withheld: tuple[tuple[str, str], ...] = ()
    """Values, and what stands for each."""
    titles: frozenset[str] = frozenset()


class Gate:
    """Says what may be shown of values; remembers which it withheld, so that comments do not tell them.

    It keeps no value longer than MAX_REMEMBERED others, and no file. With `watches`, what it sees has no end.
    """

    def __init__(self, privacy: Privacy | None = None, *, watches: bool = False) -> None:
        self.privacy = privacy or Privacy()
        self._names = Placeholders(self.privacy.key, watches=watches)
        self._room = LATEST_REMEMBERED if watches else MAX_REMEMBERED
        self._titles: set[str] = set()
        self._withheld: OrderedDict[str, str] = OrderedDict()

    @property
    def numbered(self) -> int:
        """How often something was shown that another gate might number differently."""
        return self._names.asked

    def filter(self, decoded: DecodedDataSet) -> DecodedDataSet:
        """Withhold in a decoded data set what may not be shown, in place, and return it: text and JSON of elements."""
        for element, identifying in _judged(decoded):
            if identifying and not self.privacy.keep_phi:
                self._withhold(element)
            elif element.vr == "UI":
                self._replace_each(element, self.uid)
            elif element.vr == "AE":
                self._replace_each(element, self.title)
        decoded.transfer_syntax = self.uid(decoded.transfer_syntax)
        decoded.why, decoded.problem = self.words(decoded.why), self.words(decoded.problem)
        return decoded

    def value(self, tag: int, text: str, vr: str = "") -> str:
        """Return what may be shown of an element's value (tag 0xGGGGEEEE), given as text.

        Without a VR it is the dictionary's.
        """
        vr = vr or find_vr(tag, "").partition(" or ")[0]
        if vr == "UI":
            return "\\".join(map(self.uid, text.split("\\")))
        if not text or self.privacy.keep_phi or not identifies(tag, vr):
            return text
        return _with_form(*self._stand_in(tag, vr, text))

    def uid(self, uid: str) -> str:
        """Return a UID, or what stands for it; those that the standard registers are always shown.

        What is no UID although it should be one is text that anybody may have typed.
        """
        is_uid = self.privacy.keep_phi or _UID.fullmatch(uid) is not None
        if is_uid and (not self.privacy.redact_uids or not uid or find_uid_name(uid) is not None):
            return uid
        return _with_form(self._names.name("UID", uid), "" if is_uid else shape(uid))

    def uid_or_none(self, uid: str | None) -> str | None:
        """Return a UID that may be absent, or what stands for it."""
        return self.uid(uid) if uid is not None else None

    def command_value(self, tag: int, vr: str, text: str) -> str:
        """Return what may be shown of the text of a command element: UIDs, AE titles, Error Comment."""
        if tag == ERROR_COMMENT:
            return self.comment(text)
        if vr == "AE":
            return self.title(text)
        return self.unknown_text(text) if is_retired(tag) else self.value(tag, text, vr)

    def unknown_element(self, value: bytes) -> dict[str, Any]:
        """Return the JSON model of an element that no dictionary knows."""
        if not value:
            return {"vr": "UN"}
        if self.privacy.keep_phi:
            return {"vr": "UN", "Value": [value.hex()]}
        return {"vr": "UN", "length": len(value), "withheld": self._names.name("Unknown", value)}

    def unknown_text(self, text: str) -> str:
        """Return what may be shown of the value of an element that no dictionary knows."""
        return text if self.privacy.keep_phi or not text else self._names.name("Unknown", text)

    def octets(self, data: bytes) -> str:
        """Return bytes that may be anything in hexadecimal; `??` stands for those of text in any character set."""
        if self.privacy.keep_phi:
            return data.hex(" ")
        return " ".join([f"{byte:02x}" if byte < _FIRST_OF_TEXT else "??" for byte in data])

    def hides_octets(self, data: bytes) -> bool:
        """Whether of these bytes some are not shown."""
        return not self.privacy.keep_phi and any(byte >= _FIRST_OF_TEXT for byte in data)

    def words(self, text: str) -> str:
        """Return a sentence of ours with what may be shown of the UIDs in it."""
        return UIDS.sub(lambda found: self.uid(found[0]), text) if self.privacy.redact_uids else text

    def title(self, title: str) -> str:
        """Return an AE title, or what stands for it."""
        return self._names.name("AE", title) if self.privacy.redact_network and title.strip() else title

    def address(self, address: str) -> str:
        """Return a network address or host name, or what stands for it."""
        return self._names.name("host", address) if self.privacy.redact_network and address else address

    def endpoint(self, endpoint: str) -> str:
        """Return an address with or without a port, its address shown or not; the port is nobody's secret."""
        if not self.privacy.redact_network:
            return endpoint
        found = _PORT.fullmatch(endpoint)
        return f"{self.address(found[1])}:{found[2]}" if found else self.address(endpoint)

    def file_name(self, name: str) -> str:
        """Return what stands for the name of a capture's file, which people name after patients; its suffix stays."""
        if self.privacy.keep_phi or not name:
            return name
        stem, dot, suffix = name.partition(".")
        kept = "".join(part for part in f"{dot}{suffix}".partition(".")[1:] if part)
        return self._names.name("capture", stem) + (kept if _SUFFIX.fullmatch(kept) else "")

    def comment(self, text: str) -> str:
        """Return free text of a peer that debugs, as Error Comment: its words, but nothing that identifies somebody.

        Withheld are values that were withheld elsewhere in the capture, runs of four digits and more, and names of
        persons in DICOM's form. The tag of an attribute, as in `(2010,0050)`, is shown.
        """
        if self.privacy.keep_phi or not text:
            return text
        return "".join(shown for _, shown in self.comment_parts(text))

    def comment_parts(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield a comment in parts: each as it was sent, and what may be shown of it."""
        at = 0
        for found in _CARET.finditer(text):
            yield from self._without_withheld(text[at : found.start()])
            yield found[0], shape(found[0]) or "^"
            at = found.end()
        yield from self._without_withheld(text[at:])

    @property
    def known(self) -> Known:
        """What it knows, for another gate."""
        return Known(tuple(self._withheld.items()), frozenset(self._titles))

    def know(self, known: Known) -> None:
        """Take what another one knows; with a key, what stands for a value is the same for both."""
        for title in sorted(known.titles):
            self.know_title(title)
        for key, name in known.withheld:
            self._keep_withheld(key, name)

    def know_title(self, title: str | None) -> None:
        """Take note of an AE title of the capture, which a comment may name."""
        if title and len(self._titles) < MAX_TITLES:
            self._titles.add(title)

    def remember(self, value: str) -> None:
        """Take note of an identifying value that is not shown, for comments."""
        self._remember(value, "")

    def learn(self, decoded: DecodedDataSet) -> None:
        """Remember the identifying values of a data set that is not shown, for comments."""
        for element, identifying in _judged(decoded):
            if identifying and element.text:
                self._remember(element.text, self._names.name(_kind(element.tag), element.text))

    def _replace_each(self, element: Element, replaced: Callable[[str], str]) -> None:
        """Put in the place of each value of an element what may be shown of it."""
        said = "\\".join(map(replaced, element.text.split("\\")))
        if said == element.text:
            return
        element.text, element.hidden = said, True
        if element.json.get("Value"):
            element.json["Value"] = [replaced(str(each)) for each in element.json["Value"]]

    def _withhold(self, element: Element) -> None:
        if not element.text and not element.length:
            return
        name, form = self._stand_in(element.tag, element.vr, element.text)
        length = "undefined length" if element.length is None else counted(element.length, "byte")
        element.text, element.hidden = _with_form(name, form or length), True
        told = {"vr": element.vr, "length": element.length, "withheld": name}
        # In place, as the sequence that it stands in holds it already.
        element.json.clear()
        element.json.update(told | ({"shape": form} if form else {}))

    def _stand_in(self, tag: int, vr: str, text: str) -> tuple[str, str]:
        """Return what stands for an element's value, and its form where that may be told."""
        name = self._names.name(_kind(tag), text)
        self._remember(text, name)
        return name, shape(text) if vr not in BINARY_VRS | FREE_TEXT else ""

    def _remember(self, text: str, name: str) -> None:
        for part in {text, *text.split("\\"), *re.split(r"[\\^=]", text)}:
            key = _ENDS.sub("", part).casefold()
            if len(key) >= LEAST_REMEMBERED:
                self._keep_withheld(key, name)

    def _keep_withheld(self, key: str, name: str) -> None:
        self._withheld[key] = name
        self._withheld.move_to_end(key)
        while len(self._withheld) > self._room:
            self._withheld.popitem(last=False)

    def _without_withheld(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield part of a comment in pieces: values that were withheld elsewhere, the longest first, and the rest."""
        words = list(_WORD.finditer(text))
        at, index = 0, 0
        while index < len(words):
            start = words[index].start()
            for last in range(min(len(words), index + _LONGEST) - 1, index - 1, -1):
                end = words[last].end()
                name = self._withheld.get(text[start:end].casefold())
                if name is not None:
                    yield text[at:start], self._unnumbered(text[at:start])
                    yield text[start:end], name
                    at, index = end, last
                    break
            index += 1
        yield text[at:], self._unnumbered(text[at:])

    def _unnumbered(self, text: str) -> str:
        """Return part of a comment without numbers, and words that look like such; titles of AEs are shown as ever."""
        return _TAG_OR_WORD.sub(lambda found: found[0] if _is_tag(found) else self._words(found[0]), text)

    def _words(self, text: str) -> str:
        return _WORD.sub(lambda found: self._word(found[0]), text)

    def _word(self, word: str) -> str:
        if word in self._titles:
            return self.title(word)
        if _is_mixed(word):
            return shape(word) or "#"
        return _DIGITS.sub(lambda found: "9" * len(found[0]), word)


def _with_form(name: str, form: str) -> str:
    return f"{name} ({form})" if form else name


def _is_tag(found: re.Match[str]) -> bool:
    """Whether part of a comment is the tag of an attribute that the standard defines, not two numbers of somebody."""
    return found[1] is not None and bool(find_attribute_name(int(found[1] + found[2], 16)))


def _is_mixed(word: str) -> bool:
    """Whether a word is of letters and digits, as somebody's number may be."""
    mixed = not word.isalpha() and not word.isdigit()
    return mixed and len(word) >= _SHORTEST and _HEXADECIMAL.fullmatch(word) is None


def _judged(decoded: DecodedDataSet) -> Iterator[tuple[Element, bool]]:
    """Yield the elements that have values, each with whether it is withheld: by itself, or with its sequence."""
    outer: int | None = None  # the depth of the sequence that is withheld with all its items
    for element in decoded.elements:
        if outer is not None and element.depth <= outer:
            outer = None
        if element.vr == "SQ":
            if outer is None and identifies(element.tag, "SQ"):
                outer = element.depth
        else:
            judged = element.tag, element.vr, element.text
            yield element, is_withheld(*judged) if outer is None else not is_told_anywhere(*judged)


def _kind(tag: int) -> str:
    """Name what a placeholder stands for: the attribute's keyword."""
    return find_keyword(tag) or ("Private" if tag >> 16 & 1 else "Unknown")
