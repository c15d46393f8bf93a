"""Keywords and names of attributes (PS3.6), looked up when first needed."""

from dicomsniff.dictionary.registry import attributes


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
