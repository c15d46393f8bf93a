"""Keywords and names of attributes (PS3.6), looked up when first needed."""

from functools import cache

from dicomsniff.dictionary.registry import attributes

_TAG_DIGITS = 8
_HEX_DIGITS = "0123456789abcdefABCDEF"


def find_keyword(tag: int) -> str:
    """Return the keyword of an attribute (0xGGGGEEEE): `PatientID`; empty where the standard has none."""
    found = attributes().get(tag)
    if found is not None:
        return found[4]
    from pydicom.datadict import keyword_for_tag  # knows repeating groups too

    return keyword_for_tag(tag)


def find_attribute_name(tag: int) -> str:
    """Return the name of an attribute (0xGGGGEEEE): `Patient ID`; empty where the standard has none."""
    found = attributes().get(tag)
    if found is not None:
        return found[2]
    from pydicom.datadict import dictionary_description

    try:
        return dictionary_description(tag)
    except KeyError:
        return ""


def find_tag(keyword: str) -> int | None:
    """Return the tag of an attribute by its keyword or as eight hexadecimal digits; None where there is none."""
    found = _tags().get(keyword)
    if found is None and len(keyword) == _TAG_DIGITS and all(each in _HEX_DIGITS for each in keyword):
        return int(keyword, 16)
    return found


@cache
def _tags() -> dict[str, int]:
    return {keyword: tag for tag, (_, _, _, _, keyword) in attributes().items() if keyword}
