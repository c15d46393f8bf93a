"""Attribute keywords (pydicom's copy of PS3.6), looked up when first needed."""


def find_keyword(tag: int) -> str:
    """Return the keyword of an attribute (0xGGGGEEEE): `PatientID`; empty where the standard has none."""
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(tag)
