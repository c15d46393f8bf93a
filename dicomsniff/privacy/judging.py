"""Which elements of a data set are withheld: by attribute, by VR, and by what a value is."""

import re

from dicomsniff.dimse.dataset_element import find_vr
from dicomsniff.privacy.profile import STRUCTURE, identifies, is_known_creator

UIDS = re.compile(r"\b[0-9]+(?:\.[0-9]+){3,}\b")
"""UIDs in a sentence: what has fewer components may be a number or an address."""


def is_withheld(tag: int, vr: str, text: str) -> bool:
    """Whether an element (tag 0xGGGGEEEE) with this value is withheld, whatever it stands in."""
    if vr == "UI" and find_vr(tag, "") == "UN":
        return not _is_uid(tag, vr, text)
    if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF and is_known_creator(text):
        return False
    return identifies(tag, vr)


def is_told_anywhere(tag: int, vr: str, text: str) -> bool:
    """Whether an element is shown although its sequence is withheld: a UID, or a term that tells structure only."""
    return _is_uid(tag, vr, text) or text in STRUCTURE.get(tag, ())


def _is_uid(tag: int, vr: str, text: str) -> bool:
    """Whether an element is a UID: by the dictionary, else, where its peer says so, by what it looks like."""
    if vr != "UI":
        return False
    known = find_vr(tag, "")
    return known == "UI" or (known == "UN" and all(map(UIDS.fullmatch, text.split("\\"))))
