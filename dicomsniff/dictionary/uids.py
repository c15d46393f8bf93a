"""Names of UIDs: SOP classes, transfer syntaxes (pydicom's registry, PS3.6 Annex A)."""

from collections import Counter
from functools import lru_cache

from dicomsniff.dictionary.registry import uids

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_RLE = "1.2.840.10008.1.2.5"
_NON_PATIENT_OBJECTS = frozenset(  # PS3.4 Annex GG
    [
        "1.2.840.10008.5.1.4.1.1.200.1",  # CT Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.200.3",  # Protocol Approval
        "1.2.840.10008.5.1.4.1.1.200.7",  # XA Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.201.1",  # Inventory
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol
        "1.2.840.10008.5.1.4.39.1",  # Color Palette
        "1.2.840.10008.5.1.4.43.1",  # Generic Implant Template
        "1.2.840.10008.5.1.4.44.1",  # Implant Assembly Template
        "1.2.840.10008.5.1.4.45.1",  # Implant Template Group
    ]
)


@lru_cache(maxsize=4096)
def find_uid_name(uid: str) -> str | None:
    """Return the registered name of a UID, or None where the registry has none."""
    found = uids().get(uid)
    return found[0] if found is not None else None


STANDARD_ROOT = "1.2.840.10008."
"""What UIDs of the standard begin with (PS3.5 §9.2.1)."""


def misspelt(uid: str) -> str | None:
    """Return the registered UID that was meant where its root is wrong, as in `1.2.840.1000.5.1.4.1.1.2`; else None.

    The numbers behind the root must be those of one: among UIDs of one root, one digit more or less is another UID.
    """
    numbers, root = uid.split("."), STANDARD_ROOT.rstrip(".").split(".")
    wrong = [pair for pair in zip(numbers, root, strict=False) if pair[0] != pair[1]]
    if len(wrong) != 1 or not _is_near(*wrong[0]):
        return None
    meant = STANDARD_ROOT + ".".join(numbers[len(root) :])
    return meant if find_uid_name(meant) is not None else None


@lru_cache(maxsize=256)
def retired(uid: str) -> str | None:
    """Return the UID of the same name that took a retired one's place, empty where none did; None of those in use."""
    name, *_, state, _ = uids().get(uid, ("", "", ""))
    if state != "Retired":
        return None
    return next((each for each, said in uids().items() if said[0] == name and each.startswith(uid + ".")), "")


def _is_near(number: str, other: str) -> bool:
    """Whether one digit more, less or other, or the order of the digits, makes one number of the other."""
    more, less = Counter(number) - Counter(other), Counter(other) - Counter(number)
    return more.total() <= 1 and less.total() <= 1


def is_storage(sop_class_uid: str) -> bool:
    """Whether a registered SOP class is one of instances that C-STORE sends (PS3.4 Annexes B and GG)."""
    name = (find_uid_name(sop_class_uid) or "").removesuffix(" (Retired)").split(" - ")[0].removesuffix(" SOP Class")
    return name.endswith(" Storage") and not name.startswith("Media Storage Directory")


def is_non_patient_object(sop_class_uid: str) -> bool:
    """Whether it belongs to the Non-Patient Object Storage service class (PS3.4 Annex GG)."""
    return sop_class_uid in _NON_PATIENT_OBJECTS


def is_get(sop_class_uid: str) -> bool:
    """Whether a registered SOP class is one of those of C-GET."""
    return (find_uid_name(sop_class_uid) or "").removesuffix(" (Retired)").endswith(" - GET")


def is_compressed(transfer_syntax: str) -> bool:
    """Whether pixel data is compressed in a registered transfer syntax (PS3.5 §A.4); deflated ones are not meant."""
    return transfer_syntax == _RLE or transfer_syntax.startswith("1.2.840.10008.1.2.4.")


_SHORT = {
    IMPLICIT_VR_LITTLE_ENDIAN: "ILE",
    EXPLICIT_VR_LITTLE_ENDIAN: "ELE",
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: "DEF",
    EXPLICIT_VR_BIG_ENDIAN: "EBE",
    _RLE: "RLE",
}
"""Transfer syntaxes as those who work with DICOM abbreviate them."""


def short_syntax(transfer_syntax: str) -> str:
    """Abbreviate a registered transfer syntax in four characters at most; empty where it is not registered.

    Those of images and videos go by the last number of their UID: `J50` is JPEG Baseline, 1.2.840.10008.1.2.4.50.
    """
    if transfer_syntax in _SHORT:
        return _SHORT[transfer_syntax]
    number = transfer_syntax.removeprefix("1.2.840.10008.1.2.4.")
    return f"J{number}" if number.isdecimal() and find_uid_name(transfer_syntax) is not None else ""


def uid_text(uid: str | None) -> str:
    """Return a UID's name, else the UID itself; `no UID` where there is none."""
    if not uid:
        return "no UID"
    return find_uid_name(uid) or uid
