"""What may be asked of each SOP class of queries and retrievals: levels, unique and required keys (PS3.4)."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct


class Level(NamedTuple):
    """A level of an information model: the value of Query/Retrieve Level, and its keys by tag.

    `optional` are some optional keys that are attributes of this level only. What has no `unique` key is named by
    `one_of` several.
    """

    name: str
    unique: int | None
    required: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()
    one_of: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys that are known to be of this level."""
        return ((self.unique,) if self.unique is not None else ()) + self.required + self.optional


class InformationModel(Struct, frozen=True):
    """An information model: its levels from the top down, none where there is no Query/Retrieve Level.

    `unique` are the unique keys of one without levels, where it has any; `returned` those attributes at top level that
    each of its matches has a value of, if it was asked for (type 1 return keys).
    """

    name: str
    clause: str
    levels: tuple[Level, ...] = ()
    unique: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()
    nested: tuple[tuple[int, tuple[int, ...]], ...] = ()
    """Sequences, each with the keys that count only inside it, not at top level."""
    returned_within: tuple[tuple[int, int], ...] = ()
    """As `returned`, inside items: the sequence, and what each of its items has a value of, if it was asked for."""
    single: tuple[int, ...] = ()
    """Keys of which each request has one value."""

    def find_level(self, name: str | None) -> int | None:
        """Return the place of a level, None where it has none of that name."""
        return next((place for place, level in enumerate(self.levels) if level.name == name), None)


PATIENT_ID = 0x00100020
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018

PATIENT_NAME = 0x00100010
_OF_PATIENT = (0x00100021, 0x00100030, 0x00100032, 0x00100040, 0x00101000, 0x00101001, 0x00102160, 0x00104000)
_PATIENT = Level(
    "PATIENT", PATIENT_ID, (PATIENT_NAME,), (*_OF_PATIENT, 0x00201200, 0x00201202, 0x00201204)
)  # Table C.6-1
_STUDY = Level(  # Table C.6-2
    "STUDY",
    STUDY_INSTANCE_UID,
    (0x00080020, 0x00080030, 0x00080050, 0x00200010),
    (0x00080061, 0x00080062, 0x00080090, 0x00081030, 0x00081060, 0x00081080, 0x00101010, 0x00201206, 0x00201208),
)
_STUDY_WITH_PATIENT = _STUDY._replace(  # Table C.6-5
    required=(*_STUDY.required, PATIENT_NAME, PATIENT_ID), optional=_STUDY.optional + _PATIENT.optional
)
_SERIES = Level("SERIES", SERIES_INSTANCE_UID, (0x00080060, 0x00200011), (0x00201209, 0x0008103E))  # Table C.6-3
_IMAGE = Level("IMAGE", SOP_INSTANCE_UID, (0x00200013,), (0x00080016,))  # Table C.6-4

_PATIENT_ROOT = InformationModel("Patient Root", "§C.6.1", (_PATIENT, _STUDY, _SERIES, _IMAGE))
_STUDY_ROOT = InformationModel("Study Root", "§C.6.2", (_STUDY_WITH_PATIENT, _SERIES, _IMAGE))
_PATIENT_STUDY_ONLY = InformationModel("Patient/Study Only", "§C.6.3", (_PATIENT, _STUDY))
_INSTANCE = Level("IMAGE", SOP_INSTANCE_UID)
_COMPOSITE_ROOT = InformationModel(
    "Composite Instance Root", "§Y.6.1", (_INSTANCE, Level("FRAME", None, one_of=(0x00081161, 0x00081162, 0x00081163)))
)
_WITHOUT_BULK_DATA = InformationModel("Composite Instance Retrieve Without Bulk Data", "§Z.4.2", (_INSTANCE,))
_OBJECTS = InformationModel("", "", unique=(SOP_INSTANCE_UID,), returned=(SOP_INSTANCE_UID,))
"""Models of objects that belong to no patient."""
_SCHEDULED_STEP = 0x00400100
"""Scheduled Procedure Step Sequence."""
_MODALITY_WORKLIST = InformationModel(  # Table K.6-1
    "Modality Worklist",
    "§K.6.1",
    returned=(PATIENT_NAME, PATIENT_ID, STUDY_INSTANCE_UID, _SCHEDULED_STEP, 0x00401001),
    nested=((_SCHEDULED_STEP, (0x00080060, *range(0x00400001, 0x00400013), 0x00400020)),),
    returned_within=tuple(
        (_SCHEDULED_STEP, each) for each in (0x00400001, 0x00400002, 0x00400003, 0x00080060, 0x00400009)
    ),
)
_RELEVANT_PATIENT = InformationModel(  # Table Q.4-1
    "Relevant Patient Information", "§Q.4.3.1.2", returned=(PATIENT_NAME, PATIENT_ID), single=(PATIENT_ID,)
)
_WORKLIST = InformationModel("", "")

MODELS: Mapping[str, InformationModel] = {
    **dict.fromkeys((f"1.2.840.10008.5.1.4.1.2.1.{service}" for service in (1, 2, 3)), _PATIENT_ROOT),
    **dict.fromkeys((f"1.2.840.10008.5.1.4.1.2.2.{service}" for service in (1, 2, 3)), _STUDY_ROOT),
    **dict.fromkeys((f"1.2.840.10008.5.1.4.1.2.3.{service}" for service in (1, 2, 3)), _PATIENT_STUDY_ONLY),
    "1.2.840.10008.5.1.4.1.2.4.2": _COMPOSITE_ROOT,
    "1.2.840.10008.5.1.4.1.2.4.3": _COMPOSITE_ROOT,
    "1.2.840.10008.5.1.4.1.2.5.3": _WITHOUT_BULK_DATA,
    "1.2.840.10008.5.1.4.31": _MODALITY_WORKLIST,
    "1.2.840.10008.5.1.4.32.1": _WORKLIST,  # General Purpose Worklist, §K.6.2
    "1.2.840.10008.5.1.4.34.6.2": _WORKLIST,  # Unified Procedure Step - Watch, §CC.2.8
    "1.2.840.10008.5.1.4.34.6.3": _WORKLIST,  # - Pull
    "1.2.840.10008.5.1.4.34.6.5": _WORKLIST,  # - Query
    **dict.fromkeys((f"1.2.840.10008.5.1.4.37.{kind}" for kind in (1, 2, 3)), _RELEVANT_PATIENT),
    "1.2.840.10008.5.1.4.41": _WORKLIST,  # Product Characteristics, §V.6.1
    "1.2.840.10008.5.1.4.42": _WORKLIST,  # Substance Approval, §V.6.2
    **dict.fromkeys((f"1.2.840.10008.5.1.4.38.{service}" for service in (2, 3, 4)), _OBJECTS),  # Hanging Protocol, §U.4
    **dict.fromkeys((f"1.2.840.10008.5.1.4.39.{service}" for service in (2, 3, 4)), _OBJECTS),  # Color Palette, §X.4
    **dict.fromkeys(  # Implant Templates, §BB.4
        (f"1.2.840.10008.5.1.4.{kind}.{service}" for kind in (43, 44, 45) for service in (2, 3, 4)), _OBJECTS
    ),
    **dict.fromkeys((f"1.2.840.10008.5.1.4.20.{service}" for service in (1, 2, 3)), _OBJECTS),  # Protocols, §HH.4
    **dict.fromkeys((f"1.2.840.10008.5.1.4.1.1.200.{service}" for service in (4, 5, 6)), _OBJECTS),  # §II.4
    **dict.fromkeys((f"1.2.840.10008.5.1.4.1.1.201.{service}" for service in (2, 3, 4)), _OBJECTS),  # Inventory, §JJ.3
}
"""The model by SOP class. Of one that is not here, as of a private one, nothing is known."""


def find_model(sop_class_uid: str | None) -> InformationModel | None:
    """Return the information model of a SOP class; None where this program knows of none."""
    return MODELS.get(sop_class_uid or "")
