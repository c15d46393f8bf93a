"""Names of UIDs: SOP classes, transfer syntaxes (pydicom's registry, PS3.6 Annex A)."""

from functools import lru_cache

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"


@lru_cache(maxsize=4096)
def find_uid_name(uid: str) -> str | None:
    """Return the registered name of a UID, or None where the registry has none."""
    from pydicom._uid_dict import UID_dictionary  # pydicom's UID class warns about what is no UID

    known = UID_dictionary.get(uid)
    return known[0] if known is not None else None


def uid_text(uid: str | None) -> str:
    """Return a UID's name, else the UID itself; `(no UID)` where there is none."""
    if not uid:
        return "(no UID)"
    return find_uid_name(uid) or uid
