"""The data elements and UIDs of PS3.6, as pydicom ships them."""

from functools import cache

from dicomsniff.dictionary.tables import execute

Attribute = tuple[str, str, str, str, str]
"""(VR, VM, name, "Retired" or nothing, keyword)."""
RegisteredUid = tuple[str, str, str, str, str]
"""(name, type, further information, "Retired" or nothing, keyword)."""


@cache
def attributes() -> dict[int, Attribute]:
    """Return the data elements of PS3.6 by tag (0xGGGGEEEE); those with a group or element of `xx` are not in it."""
    table: dict[int, Attribute] = execute("pydicom", "_dicom_dict").DicomDictionary
    return table


@cache
def uids() -> dict[str, RegisteredUid]:
    """Return the registered UIDs (PS3.6 Annex A)."""
    table: dict[str, RegisteredUid] = execute("pydicom", "_uid_dict").UID_dictionary
    return table
