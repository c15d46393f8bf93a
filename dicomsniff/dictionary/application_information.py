"""What each byte of the service-class-application-information says, service by service (PS3.7 §D.3.3.5, PS3.4)."""

from collections.abc import Mapping

from msgspec import Struct

from dicomsniff.dictionary.uids import is_non_patient_object, is_storage


class InformationByte(Struct, frozen=True):
    """One byte of the information: its name, and what its values mean. All are one byte long."""

    name: str
    meanings: Mapping[int, str] = {}


_SUPPORT = {0: "not supported", 1: "supported"}
_COMBINED = {0: "combined matching not performed", 1: "combined matching performed"}
_RESERVED = InformationByte("Reserved")

STORAGE = (  # PS3.4 §B.3.1, Tables B.3-1 and B.3-2
    InformationByte(
        "Level-of-support", {0: "level 0 SCP", 1: "level 1 SCP", 2: "level 2 SCP", 3: "not applicable, SCU only"}
    ),
    _RESERVED,
    InformationByte(
        "Level-of-Digital-Signature-support",
        {0: "unspecified, or no level 2 SCP", 1: "signature level 1", 2: "signature level 2", 3: "signature level 3"},
    ),
    _RESERVED,
    InformationByte(
        "Element-Coercion",
        {0: "does not coerce any Data Element", 1: "may coerce Data Elements", 2: "not applicable, SCU only"},
    ),
    _RESERVED,
)
QUERY = (  # PS3.4 §C.5.1.1, Tables C.5-1 and C.5-2
    InformationByte("Relational-queries", _SUPPORT),
    InformationByte("Date-time-matching", _COMBINED),
    InformationByte("Fuzzy-semantic-matching-of-person-names", _SUPPORT),
    InformationByte("Timezone-query-adjustment", _SUPPORT),
    InformationByte("Enhanced-Multi-Frame-Image-Conversion", _SUPPORT),
    InformationByte("Empty-value-matching", _SUPPORT),
    InformationByte("Multiple-value-matching", _SUPPORT),
)
RETRIEVE = (  # PS3.4 §C.5.2 and §C.5.3: C-MOVE and C-GET
    InformationByte("Relational-retrieval", _SUPPORT),
    InformationByte("Enhanced-Multi-Frame-Image-Conversion", _SUPPORT),
)
WORKLIST = (  # PS3.4 §K.5: its first two bytes "shall always be 1"
    _RESERVED,
    _RESERVED,
    InformationByte("Fuzzy-semantic-matching-of-person-names", _SUPPORT),
    InformationByte("Timezone-query-adjustment", _SUPPORT),
)

INFORMATION = {
    "1.2.840.10008.5.1.4.1.2.1.1": QUERY,  # Patient Root
    "1.2.840.10008.5.1.4.1.2.2.1": QUERY,  # Study Root
    "1.2.840.10008.5.1.4.1.2.3.1": QUERY,  # Patient/Study Only
    "1.2.840.10008.5.1.4.1.1.201.6": QUERY,  # Repository Query, PS3.4 §C.6.4.6
    "1.2.840.10008.5.1.4.1.2.1.2": RETRIEVE,
    "1.2.840.10008.5.1.4.1.2.1.3": RETRIEVE,
    "1.2.840.10008.5.1.4.1.2.2.2": RETRIEVE,
    "1.2.840.10008.5.1.4.1.2.2.3": RETRIEVE,
    "1.2.840.10008.5.1.4.1.2.3.2": RETRIEVE,
    "1.2.840.10008.5.1.4.1.2.3.3": RETRIEVE,
    "1.2.840.10008.5.1.4.31": WORKLIST,  # Modality Worklist
    "1.2.840.10008.5.1.4.32.1": WORKLIST,  # General Purpose Worklist
    "1.2.840.10008.5.1.4.34.6.2": WORKLIST,  # Unified Procedure Step - Watch, PS3.4 §CC.3.2
    "1.2.840.10008.5.1.4.34.6.3": WORKLIST,  # Unified Procedure Step - Pull
    "1.2.840.10008.5.1.4.34.6.5": WORKLIST,  # Unified Procedure Step - Query
    "1.2.840.10008.5.1.4.38.2": WORKLIST,  # Hanging Protocol, PS3.4 §U.5
    "1.2.840.10008.5.1.4.39.2": WORKLIST,  # Color Palette, PS3.4 §X.5
    "1.2.840.10008.5.1.4.43.2": WORKLIST,  # Generic Implant Template, PS3.4 §BB.5
    "1.2.840.10008.5.1.4.44.2": WORKLIST,  # Implant Assembly Template
    "1.2.840.10008.5.1.4.45.2": WORKLIST,  # Implant Template Group
    "1.2.840.10008.5.1.4.20.1": WORKLIST,  # Defined Procedure Protocol, PS3.4 §HH.5
    "1.2.840.10008.5.1.4.1.1.200.4": WORKLIST,  # Protocol Approval, PS3.4 §II.5
}
"""The layout by SOP class; that of the storage SOP classes is STORAGE."""


def find_information_layout(sop_class_uid: str) -> tuple[InformationByte, ...]:
    """Return the layout of a SOP class's information, byte by byte; empty where this program knows of none."""
    layout = INFORMATION.get(sop_class_uid)
    if layout is None:
        return STORAGE if is_storage(sop_class_uid) and not is_non_patient_object(sop_class_uid) else ()
    return layout
